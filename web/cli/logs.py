"""Where log lines of a process go, and in which form."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from engine.log_where import Where
from web.cli.terminal import Mistake
from web.logs.forms import TEXT, JsonForm

logger = logging.getLogger(__name__)


def set_up_logging(form: str) -> None:
    """Have all loggers write to stderr, in the form ``text`` or ``json``. Requests are told only if they fail."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonForm() if form == "json" else logging.Formatter(TEXT))
    handler.addFilter(Where())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    if form == "json":
        logging.captureWarnings(True)
        sys.excepthook = _log_death


@contextmanager
def logged_as(form: str) -> Iterator[None]:
    """Log in this form; as JSON also a Mistake, which then ends the process with its status."""
    set_up_logging(form)
    try:
        yield
    except Mistake as mistake:
        if form != "json":
            raise
        logger.critical("%s", mistake)
        raise SystemExit(mistake.status) from None


def _log_death(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    logger.critical("the process ends by an error", exc_info=(kind, error, traceback))
