"""How a process ended, in words."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

VMSTAT = Path("/proc/vmstat")
SHOWN_LINES = 12
SHOWN_CHARACTERS = 200
CRASHES = {signal.SIGABRT, signal.SIGSEGV, signal.SIGFPE, signal.SIGILL}


def cause_of(status: int, last_lines: Iterable[str], *, killed_by_system: bool) -> str:
    """Why a process ended with ``status``, as subprocess gives it, and what it wrote to stderr last."""
    said = "\n".join(["", *(line[:SHOWN_CHARACTERS] for line in [*last_lines][-SHOWN_LINES:])])
    if status >= 0:
        return f"it ended by itself with exit status {status}{said}"
    number = -status
    name = signal.Signals(number).name if number in {*signal.Signals} else "unknown"
    if number == signal.SIGKILL:
        why = "the system ran out of memory" if killed_by_system else "perhaps the system ran out of memory"
        return f"it was killed by signal {number} ({name}): {why}"
    if number in CRASHES or name == "SIGBUS":
        return f"it crashed in native code with signal {number} ({name}){said}"
    return f"it was killed by signal {number} ({name}){said}"


def count_kills() -> int:
    """How many processes the system has killed for want of memory since it started; 0 where it does not say."""
    with suppress(OSError, ValueError):
        for line in VMSTAT.read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
