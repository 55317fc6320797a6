"""The forms of a log line: text for a terminal, JSON for programs that collect logs."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

TEXT = "%(levelname)s %(name)s: %(message)s"
FIELDS = ("job_id", "node_id", "node_type", "client_id", "attempt", "outcome", "seconds")
"""What a JSON line has besides, of records that have it: given as ``extra``, or by ``engine.log_where``."""


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
