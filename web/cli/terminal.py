"""How commands speak: results to stdout, complaints to stderr."""

from __future__ import annotations

import json
import sys
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
