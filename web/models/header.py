"""What a safetensors file says of itself, read without loading it."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any


def read_metadata(path: Path, largest: int) -> dict[str, Any] | None:
    """The ``__metadata__`` of the header: eight bytes of length, little-endian, then JSON.

    None if there is none, the header is broken or has more than ``largest`` bytes. Raises OSError.
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
    found = header.get("__metadata__") if isinstance(header, dict) else None
    return found if isinstance(found, dict) else None
