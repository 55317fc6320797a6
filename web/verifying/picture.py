"""A picture that is sent to be made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidLock, NotAWorkflow
from engine.folders import Folders
from engine.infotext import files_in, read_infotext
from engine.lock import LOCK, Lock
from engine.workflow import parse
from web.picture_texts import INFOTEXT, texts_in
from web.safety.limits import BadPicture
from web.verifying.locks import sent_lock
from web.verifying.sameness import check_picture

MAX_PIXELS = 500_000_000
"""Of all frames together."""


class NotVerifiable(Exception):
    """A file that cannot be made again; the text says why."""


@dataclass(frozen=True)
class Picture:
    """How it says it was made: ``workflow`` is in either format."""

    workflow: Mapping[str, Any]
    lock: Lock | None


def read(data: bytes, folders: Folders) -> Picture:
    """Raises NotVerifiable."""
    try:
        check_picture(data, MAX_PIXELS)
        texts = texts_in(data)
        if texts is None:
            raise NotVerifiable("it is no PNG, WebP, JPEG or GIF, so it cannot tell how it was made")
        return Picture(_workflow(texts, folders), sent_lock(texts[LOCK]) if LOCK in texts else None)
    except (BadPicture, NotAWorkflow, InvalidLock) as error:
        raise NotVerifiable(str(error)) from None


def _workflow(texts: Mapping[str, str], folders: Folders) -> Mapping[str, Any]:
    """As it ran, else as it was edited, else as a web UI says it in words. Raises NotAWorkflow."""
    for key in ("prompt", "workflow"):
        if key in texts:
            document = parse(texts[key])
            if not isinstance(document, dict):
                raise NotAWorkflow(f"its text {key!r} is no workflow")
            return document
    if INFOTEXT in texts:
        return read_infotext(texts[INFOTEXT], files_in(folders)).prompt
    raise NotAWorkflow("this picture carries no workflow")
