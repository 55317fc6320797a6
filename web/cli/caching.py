"""What is remembered between jobs, and between starts, as the flags ask for it. Brings in no torch."""

from __future__ import annotations

import argparse
import platform
from functools import cached_property
from pathlib import Path

from engine.cache import Cache, Codec, MemoryCache, NoCache
from engine.cache_disk import DiskCache
from engine.cache_policies import ClassicCache, LruCache
from engine.cache_tiered import Tiered
from engine.versions import version_of
from web.cli.quantities import ALONE

MIB = 1024 * 1024
ACCELERATORS = ("/dev/nvidia0", "/dev/kfd", "/dev/dri/renderD128")
"""What Linux shows of graphics cards: where one comes or goes, ``auto`` means another device."""


class LazyCodec:
    """The codec of ``nodes``, imported when there is a value to ask about: torch is there already by then."""

    def size(self, value: object) -> int:
        return self._codec.size(value)

    def digest(self, value: object) -> bytes | None:
        return self._codec.digest(value)

    def dump(self, value: object) -> bytes | None:
        return self._codec.dump(value)

    def load(self, data: bytes) -> object:
        return self._codec.load(data)

    @cached_property
    def _codec(self) -> Codec:
        from nodes.codec import TensorCodec

        return TensorCodec()


def build_cache(data: Path, args: argparse.Namespace, codec: Codec) -> Cache:
    """Memory by the policy that was asked for, before files below ``data`` that all processes share."""
    if args.cache_none:
        return NoCache()
    memory = _memory(args, codec)
    if not args.disk_cache_mb:
        return memory
    return Tiered(memory, DiskCache(data / "cache" / "results", int(args.disk_cache_mb * MIB), codec, salt(args)))


def _memory(args: argparse.Namespace, codec: Codec) -> Cache:
    if args.cache_lru is not None:
        return LruCache(args.cache_lru, codec.size)
    return ClassicCache(codec.size) if args.cache_classic else MemoryCache(int(args.cache_mb * MIB), codec.size)


def salt(args: argparse.Namespace) -> bytes:
    """What results depend on besides their key: versions, the machine, where and in which numbers models compute.

    Those of joined evaluations are not to be taken for exact ones.
    """
    parts = [version_of("wireloom"), version_of("torch"), platform.machine(), args.device, args.dtype]
    parts += [path for path in ACCELERATORS if Path(path).exists()]
    if args.batch != ALONE:
        parts.append("joined")
    return "\n".join(parts).encode()
