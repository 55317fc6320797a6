"""Where a log record comes from."""

from __future__ import annotations

import logging

from engine.context import current


class Where(logging.Filter):
    """Lets every record pass, and says which job and node it comes from, if a node logs and has not said so."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = current.get(None)
        if context is not None and not hasattr(record, "job_id"):
            record.job_id, record.client_id = context.job.id, context.job.client_id
            record.node_id, record.node_type = context.node.id, context.node.type
        return True
