"""Results in files named by key, shared between processes and kept between starts."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from engine.cache import TIERS, Codec, Tier
from engine.cache_entry import HEADER_BYTES, BrokenEntry, dump_entry, load_entry
from engine.cache_files import Files
from engine.keys import Key
from engine.memory import Remembered
from engine.node import Result

log = logging.getLogger(__name__)

MIN_S = 0.005
"""What took less is had again as quickly as it is read."""
QUEUE_BYTES = 256 * 1024 * 1024


class DiskCache:
    """At most ``budget_bytes`` of files below ``root``; the least recently used go first.

    Kept are results that took at least ``min_seconds`` or show something in the user interface, if the codec can
    store all of their values. ``salt`` is what results depend on besides their key, such as versions and the device.
    One thread writes, so that no run waits for it; what comes faster than the disk takes it is left out. A broken
    file is a miss, and so is a full disk: each is a line in the log, never an error.
    """

    def __init__(
        self, root: Path, budget_bytes: int, codec: Codec, salt: bytes = b"", *, min_seconds: float = MIN_S
    ) -> None:
        self._codec, self._salt, self._min_seconds = codec, salt, min_seconds
        self._files = Files(root, budget_bytes)
        self._folder = os.path.join(root, hashlib.blake2b(salt, digest_size=8).hexdigest())
        self._queued_bytes = 0
        self._missed: set[Key] = set()  # spares a fresh graph half of its looks at the disk
        self._closed = False

    async def get(self, key: Key) -> Result | None:
        found = await self.fetch(key)
        return found[0] if found else None

    async def fetch(self, key: Key) -> tuple[Result, float] | None:
        """A result and the seconds it took to compute."""
        return await asyncio.to_thread(self._read, key) if self.has(key) else None

    async def put(self, key: Key, result: Result, seconds: float = 0.0) -> None:
        """Have the result written, some time; ``flush`` waits for it."""
        if self._closed or (seconds < self._min_seconds and result.ui is None):
            return
        size = self._codec.size((*result.lists, result.ui))
        if self._queued_bytes and self._queued_bytes + size > QUEUE_BYTES:
            log.debug("%s is not kept on disk: the disk is behind", key.hex())
            return
        self._queued_bytes += size
        written = asyncio.get_running_loop().run_in_executor(self._writer, self._write, key, result, seconds)
        written.add_done_callback(lambda _: self._note_written(key, size))

    def has(self, key: Key) -> Tier | None:
        """What other processes write since a miss is seen by the next job."""
        if key in self._missed:
            return None
        if os.access(self._path(key), os.F_OK):
            return "disk"
        self._missed.add(key)
        return None

    def begin(self, keys: Collection[Key]) -> None:
        self._missed.clear()

    async def flush(self) -> None:
        """Wait until what was put is written."""
        await asyncio.get_running_loop().run_in_executor(self._writer, lambda: None)

    async def usage(self, tiers: Collection[Tier] = TIERS) -> Sequence[Remembered]:
        if "disk" not in tiers:
            return ()
        used = await asyncio.to_thread(self._files.used_bytes)
        return [Remembered("disk", used, budget_bytes=self._files.budget_bytes)]

    async def clear(self) -> None:
        """Remove all files, those of other salts too."""
        await asyncio.get_running_loop().run_in_executor(self._writer, self._files.clear)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await self.flush()
            self._writer.shutdown(wait=False)

    @cached_property
    def _writer(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, thread_name_prefix="disk cache")

    def _path(self, key: Key) -> str:
        name = key.hex()
        return f"{self._folder}/{name[:2]}/{name}"

    def _note_written(self, key: Key, size: int) -> None:
        self._queued_bytes -= size
        self._missed.discard(key)

    def _read(self, key: Key) -> tuple[Result, float] | None:
        path = self._path(key)
        try:
            with open(path, "rb") as file:
                header, body = file.read(HEADER_BYTES), file.read()
            entry = load_entry(header, body, self._codec, key, self._salt)
            with suppress(OSError):
                os.utime(path)  # used now, for whoever makes room
        except FileNotFoundError:  # it went meanwhile
            return None
        except OSError as error:
            log.warning("%s cannot be read: %s", path, error)
            return None
        except BrokenEntry as error:
            log.warning("%s is not used but removed: %s", path, error)
            with suppress(OSError):
                os.unlink(path)
            return None
        return entry

    def _write(self, key: Key, result: Result, seconds: float) -> None:
        try:
            parts = dump_entry(result, seconds, self._codec, key, self._salt)
        except Exception:  # the run that made it has gone on, and would not know what to do
            log.exception("%s is not kept on disk: it cannot be stored", key.hex())
            return
        if parts:
            self._files.write(self._path(key), parts)
