"""The forms of a log line: text for a terminal, JSON for programs that collect logs."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from engine.context import current

TEXT = "%(levelname)s %(name)s: %(message)s"
FIELDS = ("job_id", "node_id", "node_type", "client_id", "attempt", "outcome", "seconds")
"""What a JSON line has besides, of records that have it: given as ``extra``, or by ``Where``."""


class Where(logging.Filter):
    """Lets every record pass, and says which job and node it comes from, if a node logs and has not said so."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = current.get(None)
        if context is not None and not hasattr(record, "job_id"):
            record.job_id, record.client_id = context.job.id, context.job.client_id
            record.node_id, record.node_type = context.node.id, context.node.type
        return True


class JsonForm(logging.Formatter):
    """One JSON object a line: ``time`` (RFC 3339, UTC), ``level``, ``logger``, ``message``, any of ``FIELDS`` that is
    known, and ``exception`` with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line: dict[str, Any] = {
            "time": time,
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: value for name in FIELDS if (value := getattr(record, name, None)) not in (None, "")})
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:  # one that comes from another process has its text only
            line["exception"] = record.exc_text
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return json.dumps(line, default=str)
