"""The memory of a process: a limit for it, and what the C library keeps of it though nobody uses it any more."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable

from web.cli.terminal import Mistake

MIB = 1024 * 1024
EVERY_S = 1.0
"""Giving back takes milliseconds: it is for after a job, not for each of hundreds of small ones."""


def hold_to(limit_mb: float) -> None:
    """Have the system refuse this process more memory than that, instead of killing it when there is none left.

    Counted is what it asked for (RLIMIT_DATA), which is some hundred MB more than what it uses. Raises Mistake.
    """
    if not sys.platform.startswith("linux"):
        raise Mistake("--memory-mb: only Linux can limit the memory of a process")
    import resource

    limit, most = int(limit_mb * MIB), resource.getrlimit(resource.RLIMIT_DATA)[1]
    if most != resource.RLIM_INFINITY and limit > most:
        raise Mistake(f"--memory-mb {limit_mb:g}: no more than {most // MIB} are allowed here (ulimit -Hd)")
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def trimmer() -> Callable[[], None]:
    """What gives unused memory back to the system at once: after many jobs it lies in pieces, and the process grows.

    Nothing where the C library cannot be asked for that.
    """
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
