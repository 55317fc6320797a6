"""Memory that nobody uses but the C library keeps: after many jobs it lies in pieces, and the process grows."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable

EVERY_S = 1.0
"""Giving back takes milliseconds: it is for after a job, not for each of hundreds of small ones."""


def trimmer() -> Callable[[], None]:
    """What gives unused memory back to the system at once; nothing where it cannot be asked for."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform.startswith("linux") else None
    if trim is None:  # another system, or another C library than glibc
        return lambda: None
    return lambda: trim(0)


def giver_back() -> Callable[[], None]:
    """What gives unused memory back to the system, as often as that makes sense."""
    trim, given_back = trimmer(), -EVERY_S

    def give_back() -> None:
        nonlocal given_back
        if time.monotonic() - given_back >= EVERY_S:
            trim()
            given_back = time.monotonic()

    return give_back
