"""What can go wrong in the engine.

EngineError
├── InvalidWorkflow        problem, node_problems
├── NotAWorkflow           a file that holds no workflow
├── InvalidLock            what a file tells of how it was made, broken
├── CycleError             the loop, named
├── DuplicateNode
├── NodeFailed             node, inputs, error
├── InvalidNode            a node declared wrongly
├── UnsafePath             a file name that leaves its folder
├── FolderNotFound
├── InvalidModelPaths      (engine.model_paths) section and key
├── QueueFileError         a queue file that cannot be used
│   └── DiskFull           what was to be kept cannot be stored
├── DuplicateJob           a job id in use
├── TicketReused           a key that came with another request
├── JobNotFound
├── WorkerDied             cause, innocent
├── Misconfigured          what it was told to run with is not there
├── FailedElsewhere        an error of another process: kind, text
└── WorkflowNotFound
Cancelled (BaseException)  interrupted; a node's ``except Exception`` does not swallow it
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.graph import Node
    from engine.problems import NodeProblems, Problem


class EngineError(Exception):
    """Anything the engine raises on purpose."""


class InvalidWorkflow(EngineError):
    """No output of the workflow can run; ``problem`` says why as a whole, ``node_problems`` node by node."""

    def __init__(self, problem: Problem, node_problems: Mapping[str, NodeProblems] | None = None) -> None:
        super().__init__(f"{problem.message}: {problem.details}" if problem.details else problem.message)
        self.problem = problem
        self.node_problems = dict(node_problems or {})


class NotAWorkflow(EngineError):
    """A document that is no workflow at all."""


class InvalidLock(EngineError):
    """A ``wireloom.lock`` that cannot be read."""


class InvalidNode(EngineError):
    """A node whose declaration cannot work."""


class CycleError(EngineError):
    """Nodes that wait for one another; ``loop`` lists them, the first again at the end."""

    def __init__(self, loop: tuple[str, ...]) -> None:
        super().__init__("dependency cycle: " + " -> ".join(loop))
        self.loop = loop


class DuplicateNode(EngineError):
    """An expansion that brings a node id which the graph has already."""


class NodeFailed(EngineError):
    """A node raised; the original error is the ``__cause__``, and ``inputs`` are what it was called with."""

    def __init__(self, node: Node, error: Exception, inputs: Mapping[str, list[Any]]) -> None:
        super().__init__(f"node {node.id} ({node.type}): {type(error).__name__}: {error}")
        self.node, self.error, self.inputs = node, error, dict(inputs)


class UnsafePath(EngineError):
    """A file name that would leave its folder."""


class FolderNotFound(EngineError):
    """A folder key that nobody registered."""


class WorkerDied(EngineError):
    """The process that ran a job has gone; ``cause`` says how. ``innocent``: it had to go because of another job."""

    def __init__(self, cause: str, *, innocent: bool = False) -> None:
        super().__init__(cause)
        self.cause, self.innocent = cause, innocent


class Misconfigured(EngineError):
    """What this process was told to run with is not there, so that no job can run; says what, and what there is."""


class FailedElsewhere(EngineError):
    """Something failed in the worker: ``kind`` is the error's type there; its traceback is a note."""

    def __init__(self, kind: str, text: str, where: str = "") -> None:
        super().__init__(f"{kind}: {text}")
        self.kind, self.text = kind, text
        if where:
            self.add_note(where)


class QueueFull(EngineError):
    """So many jobs wait already that no more are taken."""


class QueueFileError(EngineError):
    """The queue's file cannot be used: broken, from a newer version, or in use by another process."""


class DiskFull(QueueFileError):
    """The disk took nothing more: what was to be kept is not, what was kept before is as it was."""


class DuplicateJob(EngineError):
    """A job id that is in use already."""


class TicketReused(EngineError):
    """A key that should tell one request from others came with another one before."""


class JobNotFound(EngineError):
    """A job id that the queue does not know."""


class WorkflowNotFound(EngineError):
    """A name under which no workflow is saved."""


class Cancelled(BaseException):
    """The job was interrupted."""
