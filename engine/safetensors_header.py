"""What a safetensors file says of itself, read without loading it."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.identity import Stamp

KNOWN = 1_000
"""Layouts kept in memory."""
LARGEST_BYTES = 100_000_000
"""Of a header, as the format has it."""


def read_header(path: Path, largest: int = LARGEST_BYTES) -> dict[str, Any] | None:
    """Eight bytes of length, little-endian, then JSON: tensors by name, and ``__metadata__``.

    None if the file is of another kind, its header is broken or has more than ``largest`` bytes. Raises OSError.
    """
    with path.open("rb") as file:
        start = file.read(8)
        if len(start) < 8:
            return None
        (length,) = struct.unpack("<Q", start)
        if length > largest:
            return None
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError):
            return None
    return header if isinstance(header, dict) else None


def tensor_layout(path: Path) -> str | None:
    """SHA-256 of the names, dtypes and shapes of a file's tensors, whatever they hold and in which order they lie.

    None for a file that is no safetensors. Raises OSError.
    """
    stamp = Stamp.of(path)
    return _read_layout(stamp) if stamp.settles_in_s() else _known_layout(stamp)


def _read_layout(stamp: Stamp) -> str | None:
    header = read_header(Path(stamp.path))
    if header is None:
        return None
    lines = []
    for name, told in header.items():
        if name == "__metadata__":
            continue
        if not isinstance(told, Mapping):
            return None
        lines.append(json.dumps([name, told.get("dtype"), told.get("shape")]))
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


_known_layout = lru_cache(maxsize=KNOWN)(_read_layout)
"""The same, remembered: thousands of tensors take tens of milliseconds, and each picture that is saved asks."""
