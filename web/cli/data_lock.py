"""One server for each data folder: who has it, and where that listens."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from web.cli.terminal import FAILED, Mistake

HOLDER = "server.json"


@contextmanager
def held(data: Path) -> Iterator[Callable[[str], None]]:
    """Hold a data folder; what it gives is to be called with the address. Raises Mistake if another server has it.

    The system lets go of the lock when the process ends, however it does. Who holds it stands in a file beside it: on
    some systems a locked file cannot be read.
    """
    holder = data / HOLDER
    lock = FileLock(data / "server.lock", blocking=False, thread_local=False)
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise Mistake(f"{data} is in use by another server{_who(holder)}; choose another with --data", FAILED) from None
    except OSError as error:
        raise Mistake(f"cannot use {data}: {error.strerror or error}", FAILED) from None

    def tell(address: str) -> None:
        with suppress(OSError):  # as on a full disk; it is only to be shown
            holder.write_text(json.dumps({"pid": os.getpid(), "address": address}))

    try:
        holder.unlink(missing_ok=True)  # of one that was killed
        yield tell
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _who(holder: Path) -> str:
    try:
        told = json.loads(holder.read_text())
        return f", process {told['pid']}, at {told['address']}"
    except (OSError, ValueError, KeyError, TypeError):  # it is just starting
        return ""
