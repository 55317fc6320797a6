"""Jobs that run aside: nothing that was remembered is used, nothing is remembered, and what they save is temporary.

So it shows whether the same comes of a workflow once more.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.events import Event, NodeFinished
from engine.folders import Folders
from engine.jobs import Job
from engine.registry import Registry
from engine.services import Services

FOLDER = "aside"
"""Below the folder of temporary files."""


def place_of(job: Job) -> str:
    """The folder for what a job saves, from that of temporary files; clients may name their jobs anyhow."""
    return f"{FOLDER}/{hashlib.sha256(job.id.encode()).hexdigest()[:32]}"


def registry_aside(registry: Registry, job: Job) -> Registry:
    """The node types, for which the output folder is the job's own; what is in the other one is found all the same."""
    folders = registry.services.find(Folders)
    if folders is None:
        return registry
    made = copy.copy(registry)
    made.services = Services(*registry.services, folders.writing_to(folders.directory("temp") / place_of(job)))
    return made


def retelling(emit: Callable[[Event], None], job: Job) -> Callable[[Event], None]:
    """Passes on what a job tells, files that it saved by their true places."""

    def tell(event: Event) -> None:
        if isinstance(event, NodeFinished) and event.ui:
            event = replace(event, ui={key: [_placed(item, job) for item in items] for key, items in event.ui.items()})
        emit(event)

    return tell


def _placed(item: Any, job: Job) -> Any:
    if not isinstance(item, Mapping) or "filename" not in item or item.get("type", "output") != "output":
        return item
    subfolder = "/".join(part for part in (place_of(job), str(item.get("subfolder") or "")) if part)
    return {**item, "type": "temp", "subfolder": subfolder}
