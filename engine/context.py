"""What a running node may ask for and tell."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from engine.checkpoints import Checkpoints, Stored
from engine.errors import Cancelled
from engine.events import Event, NodeNote, NodePreview, NodeProgress, NodeText
from engine.graph import Graph, Node, NodeId, NodeRef
from engine.jobs import Job
from engine.keys import Key
from engine.marks import EMBEDDED
from engine.registry import Registry
from engine.services import Services

if TYPE_CHECKING:  # a server has contexts described, and runs nothing
    from engine.embedding import Embedded

S = TypeVar("S")
Emit: TypeAlias = Callable[[Event], None]

METHODS = ("auto", "latent2rgb", "taesd")
"""What a job may say that wants to see unfinished work."""


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
    registry: Registry = field(default_factory=Registry)
    call: int = 0
    """Which of the node's mapped calls this is."""
    key: Key = b""
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    rungs: list[str] = field(default_factory=list)
    """What was done in this call because memory ran out."""
    inexact: set[NodeId] = field(default_factory=set)
    """The run's nodes whose results are not quite what their keys stand for: they are not remembered."""
    embedded: Embedded | None = None
    """What may be told of the workflow; None is all."""

    @property
    def node_id(self) -> NodeId:
        """The running node, inside expansions by its expanded id."""
        return self.node.id

    @property
    def wants_previews(self) -> bool:
        """Not if the job's ``preview_method`` is ``none``. What others ask for, and anything else, counts as yes."""
        return self.preview_method != "none"

    @property
    def preview_method(self) -> object:
        """What the job says about previews: one of ``METHODS``, ``none``, or anything else, such as nothing."""
        return self.job.extra_data.get("preview_method")

    def progress(self, value: float, total: float) -> None:
        """Report that ``value`` of ``total`` is done. Raises Cancelled."""
        self.check()
        self.emit(NodeProgress(self.job.id, self.node, value, total))

    def preview(self, media_type: str, data: bytes) -> None:
        """Show an encoded picture of unfinished work, if the job ``wants_previews``: ask before making one."""
        if self.wants_previews:
            asked = self.preview_method in METHODS
            self.emit(NodePreview(self.job.id, self.node, media_type, data, asked=asked))

    def send(self, media_type: str, data: bytes) -> None:
        """Send the job's client a finished picture, which is kept nowhere else."""
        self.emit(NodePreview(self.job.id, self.node, media_type, data, finished=True))

    def say(self, text: str) -> None:
        """Show a line of text about unfinished work."""
        self.emit(NodeText(self.job.id, self.node, text))

    def note(self, text: str) -> None:
        """Tell what a user should know of how this result came about; it stays in the job's history."""
        self.emit(NodeNote(self.job.id, self.node, text))

    def rung(self, text: str, *, differs: bool = False) -> None:
        """Tell what was done because memory ran out. ``differs``: the result will not be quite the same as with enough
        of it, so neither it nor what is made from it is remembered."""
        self.rungs.append(text)
        if differs:
            self.inexact.add(self.node.id)
        self.note(f"out of memory: {text}")

    @property
    def stored(self) -> Stored:
        """A place for what this call needs to go on where it is, should the process die. The next attempt finds it if
        the inputs are still the same; it goes when the job has ended. What is not quite what ``key`` stands for is not
        stored, since the next attempt would not know: that goes on from what was stored last before."""
        return self.checkpoints.of_call(self.job.id, self.node.id, self.call, self.key, lambda: self._is_exact)

    @property
    def _is_exact(self) -> bool:
        return self.node.id not in self.inexact

    @property
    def deeds(self) -> Stored:
        """A place of the same kind for what this call did that is not undone, such as which files it made: the next
        attempt finds it whatever the inputs are then."""
        return self.checkpoints.of_deeds(self.job.id, self.node.id, self.call)

    def lineage(self) -> list[Node]:
        """What the running node is made from, and itself at the end, also nodes that others expanded into.

        From any thread: these have ended, and looking them up is not disturbed by others that are added.
        """
        return [self.graph[node_id] for node_id in self.graph.order([self.node.id])]

    def check(self) -> None:
        """Raise Cancelled if the job was interrupted; long loops call this."""
        if self.cancelled.is_set():
            raise Cancelled

    def hidden(self, kind: str) -> Any:
        """What an input of this hidden type gets: ``UNIQUE_ID``, ``PROMPT`` ...; None if there is none."""
        if kind == "UNIQUE_ID":
            return self.node.id
        if self.embedded and kind in EMBEDDED:
            return self.embedded.hidden(kind, self.node.id)
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
