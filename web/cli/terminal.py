"""How commands speak: results to stdout, complaints to stderr."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

OK, FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130


class Mistake(Exception):
    """Something its user can put right: shown as one sentence, without a traceback."""

    def __init__(self, message: str, status: int = MISTAKE) -> None:
        super().__init__(message)
        self.status = status


def say(text: str) -> None:
    """A line on stdout, never wrapped: it may be a path that another program reads."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say_json(value: Any) -> None:
    """One JSON document on stdout."""
    say(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def complain(text: str) -> None:
    """A sentence on stderr."""
    sys.stderr.write(f"wireloom: {text}\n")


@contextmanager
def held_interrupt() -> Iterator[None]:
    """Ctrl-C is felt at the end of what is done within, a second one at once."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # as for what a shell runs in the background
    if ignored or threading.current_thread() is not threading.main_thread():
        yield
        return
    felt = False

    def hold(number: int, frame: FrameType | None) -> None:
        nonlocal felt
        if felt:
            raise KeyboardInterrupt
        felt = True

    before = signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if felt:
        raise KeyboardInterrupt
