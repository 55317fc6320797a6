"""What a safetensors file tells about itself in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.safetensors_header import read_header


def read_metadata(path: Path, largest: int) -> dict[str, Any] | None:
    """The ``__metadata__`` of the header; None if there is none, or no header of ``largest`` bytes. Raises OSError."""
    found = (read_header(path, largest) or {}).get("__metadata__")
    return found if isinstance(found, dict) else None
