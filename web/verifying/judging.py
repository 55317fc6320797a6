"""What came of a picture that was made again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from engine.folders import Folders
from engine.jobs import Job, Outcome
from web.routes.files import BadReference, locate
from web.safety.limits import BadPicture
from web.shapes import Shape
from web.v1.schemas import File, Links, State
from web.v1.views import location, shown
from web.verifying.kept import Compared, Kept, made_by, original_of
from web.verifying.telling import CLOSE_DB, Verdict, reasons, without_picture


class Verification(Shape):
    """A picture that is made again by job ``id``, and what came of it once that has ended.

    Without ``id`` it could not even begin. ``psnr_db`` is None for identical pixels, and where sizes leave nothing to
    compare. ``reasons`` is what is not as it was when the picture was saved, in words; ``compared`` all that was looked
    at; ``errors`` is what went wrong; ``again`` the picture that was compared, as long as the server keeps it.
    """

    id: str | None = None
    state: State = "failed"
    verdict: Verdict | None = None
    psnr_db: float | None = None
    close_from_db: float
    node: str | None = None
    text: str = ""
    has_lock: bool
    reasons: list[str]
    compared: list[Compared]
    errors: list[str] = Field(default_factory=list)
    again: File | None = None
    links: Links | None = None


def judged(job: Job, ended: Outcome, kept: Kept, folders: Folders) -> Verification:
    """The most alike of the pictures that were made by the node that saved this one, or by any if that is not told."""
    if ended.failure:
        where = f"{ended.failure.node_type} (node {ended.failure.node_id}): " if ended.failure.node_id else ""
        return _of(job, failed(kept, [f"{where}{ended.failure.message}"]), ended.status)
    try:
        found = _best(original_of(job, folders).read_bytes(), ended, kept, folders)
    except FileNotFoundError:
        found = failed(kept, ["the pictures are no longer kept: verify it once more"])
    except (BadReference, BadPicture) as error:
        found = failed(kept, [str(error)])
    return _of(job, found, ended.status)


def begun(job: Job, kept: Kept, state: State) -> Verification:
    """Of a job that has not ended, or was cancelled."""
    return _of(job, _verification(kept, None), state)


def failed(kept: Kept, errors: list[str]) -> Verification:
    """Of what could not be made again."""
    return _verification(kept, "failed").model_copy(
        update={"errors": errors, "text": without_picture(failed=bool(errors))}
    )


def _best(was: bytes, ended: Outcome, kept: Kept, folders: Folders) -> Verification:
    from web.verifying.sameness import compared  # Pillow comes with the first picture

    items = list(made_by(kept.node, ended.outputs))
    made = [(compared(was, _path(folders, item).read_bytes()), node, item) for node, item in items]
    if not made:
        return failed(kept, [])
    best, node, item = max(made, key=lambda each: each[0].rank)
    psnr = None if best.psnr in (None, math.inf) else round(best.psnr, 2)
    told = {"psnr_db": psnr, "text": best.text, "node": node, "again": shown({"": [item]}).files[0]}
    return _verification(kept, best.verdict).model_copy(update=told)


def _path(folders: Folders, item: Mapping[str, Any]) -> Path:
    return locate(folders, item["filename"], str(item.get("type") or "output"), str(item.get("subfolder") or ""))


def _verification(kept: Kept, verdict: Verdict | None) -> Verification:
    return Verification(
        verdict=verdict,
        close_from_db=CLOSE_DB,
        node=kept.node,
        has_lock=kept.told is not None,
        reasons=reasons(kept.told, verdict) if verdict else kept.told or [],
        compared=kept.compared,
    )


def _of(job: Job, found: Verification, state: State) -> Verification:
    links = Links(self=f"/v1/verify/{job.id}", events=f"{location(job.id)}/events")
    return found.model_copy(update={"id": job.id, "state": state, "links": links})
