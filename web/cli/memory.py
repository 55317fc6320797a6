"""Memory that nobody uses but the C library keeps: after many jobs it lies in pieces, and the process grows."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable

EVERY_S = 1.0
"""Giving back takes milliseconds: it is for after a job, not for each of hundreds of small ones."""


def giver_back() -> Callable[[], None] | None:
    """What gives unused memory back to the system, as often as that makes sense; None where it cannot be asked for."""
    if not sys.platform.startswith("linux"):
        return None
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:  # another C library than glibc
        return None
    given_back = -EVERY_S

    def give_back() -> None:
        nonlocal given_back
        if time.monotonic() - given_back >= EVERY_S:
            trim(0)
            given_back = time.monotonic()

    return give_back
