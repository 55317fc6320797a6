"""Log records from one process to another: logged there as if they had been made there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from engine.log_where import Where

KEPT = (
    *("name", "levelno", "levelname", "created", "msecs", "process", "processName", "thread", "threadName", "taskName"),
    *("pathname", "filename", "module", "lineno", "funcName", "job_id", "node_id", "node_type", "client_id"),
)
"""What of a record travels beside its text, if it has it."""


class Relay(logging.Handler):
    """Hands each record to ``send`` as data, in the thread that logs; with the node that it comes from."""

    def __init__(self, send: Callable[[dict[str, Any]], object]) -> None:
        super().__init__()
        self._send = send
        self.addFilter(Where())

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(told_record(record))
        except Exception:
            self.handleError(record)


def told_record(record: logging.LogRecord) -> dict[str, Any]:
    """A record as JSON values: its text complete, its exception as text."""
    kept = {name: getattr(record, name) for name in KEPT if getattr(record, name, None) is not None}
    exception = record.exc_text or (logging.Formatter().formatException(record.exc_info) if record.exc_info else None)
    return {**kept, "msg": record.getMessage(), "exc_text": exception}


def log_again(told: Mapping[str, Any]) -> None:
    """Log a record of another process, if this one listens to its level."""
    known = {name: told[name] for name in (*KEPT, "msg", "exc_text") if name in told}
    logger = logging.getLogger(str(told["name"]))
    if logger.isEnabledFor(int(told["levelno"])):
        logger.handle(logging.makeLogRecord(known))
