"""The context of a node that is called by itself."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from engine.context import Context
from engine.folders import Folders
from engine.graph import NodeRef
from engine.jobs import Job
from engine.services import Services
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Residency


def context(data: Path, *services: object, **extra_data: Any) -> tuple[Context, list[Any]]:
    """With folders below ``data``, a loader and further services; and the events that it emits."""
    events: list[Any] = []
    all_services = Services(Folders(data), Loader(Residency()), *services)
    job = Job(prompt={}, targets=(), extra_data=extra_data)
    return Context(job, NodeRef("1", "1", None, "1"), all_services, events.append, threading.Event()), events
