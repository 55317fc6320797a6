"""What is kept of a picture that is made again: it is among the data of the job that does it, and lasts as long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from engine.aside import place_of
from engine.exposed import OWN
from engine.folders import Folders
from engine.jobs import Job
from engine.lock import Lock
from engine.lock_compare import Comparison
from web.shapes import Shape

KEY = "verify"
ORIGINAL = "original"
"""The name of the picture that was sent, in the folder of its job."""


class Compared(Shape):
    """One thing that the lock names, beside what is here: see ``engine.lock_compare.Item``."""

    about: str
    name: str
    status: Literal["same", "different", "missing"]
    text: str


class Kept(Shape):
    """``node`` saved the picture, if that is known; ``told`` is what is not as it was; None without a lock."""

    node: str | None = None
    told: list[str] | None = None
    compared: list[Compared] = Field(default_factory=list)

    @classmethod
    def of(cls, lock: Lock | None, comparison: Comparison | None) -> Kept:
        if lock is None or comparison is None:
            return cls()
        items = [Compared.model_validate(vars(item)) for item in comparison.items]
        return cls(node=lock.node, told=[each.text for each in comparison.reasons], compared=items)

    def as_extra_data(self) -> dict[str, Any]:
        """For a job that runs aside, and whose pictures tell nothing."""
        return {"aside": True, "embed": "none", OWN: {KEY: self.model_dump(mode="json")}}


def kept_of(job: Job) -> Kept | None:
    """None for a job that does something else."""
    own = job.extra_data.get(OWN)
    try:
        return Kept.model_validate(own[KEY]) if job.is_aside and isinstance(own, Mapping) and KEY in own else None
    except ValidationError:  # other ways of submitting may put anything there
        return None


def original_of(job: Job, folders: Folders) -> Path:
    """Where the picture lies that was sent."""
    return folders.directory("temp") / place_of(job) / ORIGINAL


def made_by(node: str | None, outputs: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """The pictures that a node showed, or all if that is not known, each with its node."""
    for name, ui in outputs.items():
        for items in ui.values() if node in (None, name) else ():
            for item in items if isinstance(items, list) else ():
                if isinstance(item, Mapping) and str(item.get("filename", "")).endswith((".png", ".webp", ".gif")):
                    yield name, item
