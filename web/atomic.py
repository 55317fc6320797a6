"""Files that are whole or not there: written beside their place and then put into it."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, whose folder must exist; whoever reads meanwhile finds the old file. Raises OSError."""
    unfinished = path.with_name(f".{uuid.uuid4().hex}.tmp")  # hidden, so that no listing shows it
    try:
        with unfinished.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
