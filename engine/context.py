"""What a running node may ask for and tell."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from engine.errors import Cancelled
from engine.events import Event, NodePreview, NodeProgress
from engine.graph import Graph, NodeId, NodeRef
from engine.jobs import Job
from engine.services import Services

S = TypeVar("S")
Emit: TypeAlias = Callable[[Event], None]


@dataclass(frozen=True)
class Context:
    """Given to nodes that declare ``ctx: Context``. Safe from any thread, but for ``graph``: that is the event loop's,
    so only async nodes and those of the ``inline`` lane may look at it."""

    job: Job
    node: NodeRef
    services: Services
    emit: Emit
    cancelled: threading.Event
    graph: Graph = field(default_factory=Graph)
    call: int = 0
    """Which of the node's mapped calls this is."""

    @property
    def node_id(self) -> NodeId:
        """The running node, inside expansions by its expanded id."""
        return self.node.id

    def progress(self, value: float, total: float) -> None:
        """Report that ``value`` of ``total`` is done. Raises Cancelled."""
        self.check()
        self.emit(NodeProgress(self.job.id, self.node, value, total))

    def preview(self, media_type: str, data: bytes) -> None:
        """Show an encoded picture of unfinished work."""
        self.emit(NodePreview(self.job.id, self.node, media_type, data))

    def check(self) -> None:
        """Raise Cancelled if the job was interrupted; long loops call this."""
        if self.cancelled.is_set():
            raise Cancelled

    def hidden(self, kind: str) -> Any:
        """What an input of this hidden type gets: ``UNIQUE_ID``, ``PROMPT`` ...; None if there is none."""
        if kind == "UNIQUE_ID":
            return self.node.id
        if kind == "PROMPT":
            return self.job.prompt
        if kind == "DYNPROMPT":
            return self.graph
        return self.job.extra_data.get(kind.lower())

    def service(self, kind: type[S]) -> S:
        """A shared object by type, such as ``Folders``."""
        return self.services.get(kind)


current: ContextVar[Context] = ContextVar("current")
"""The context of the running node, for code that cannot take an argument."""
