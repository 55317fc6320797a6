"""The graph engine: what a workflow is, what runs it, and what remembers it. Knows no tensors."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from engine.bus import Bus
from engine.context import Context, current
from engine.declare import NodeFunction, node
from engine.folders import Folders
from engine.graph import Graph, Link, Node
from engine.jobs import Job, JobQueue, Outcome, Record
from engine.jobs_sqlite import SqliteQueue
from engine.marks import Choices, FileIn, Hidden, Lazy, MultiSelect, RawLink, Socket, Widget
from engine.node import Blocked, Expand, NodeDef, NodeInfo, Output, Result
from engine.pool import WorkerPool
from engine.registry import Registry
from engine.replacements import NewInput, Replacement
from engine.runner import Runner
from engine.services import Services

if TYPE_CHECKING:
    from engine.cache import Cache, MemoryCache, NoCache
    from engine.plan import Plan
    from engine.pool_local import LocalPool
    from engine.run import Run
    from engine.subgraph import Subgraph

RUNNING = {
    "Cache": "engine.cache",
    "LocalPool": "engine.pool_local",
    "MemoryCache": "engine.cache",
    "NoCache": "engine.cache",
    "Plan": "engine.plan",
    "Run": "engine.run",
    "Subgraph": "engine.subgraph",
}
"""What runs workflows is imported when it is asked for: a server has others run them, and is to answer at once."""

__all__ = [
    "Blocked",
    "Bus",
    "Cache",
    "Choices",
    "Context",
    "Expand",
    "FileIn",
    "Folders",
    "Graph",
    "Hidden",
    "Job",
    "JobQueue",
    "Lazy",
    "Link",
    "LocalPool",
    "MemoryCache",
    "MultiSelect",
    "NewInput",
    "NoCache",
    "Node",
    "NodeDef",
    "NodeFunction",
    "NodeInfo",
    "Outcome",
    "Output",
    "Plan",
    "RawLink",
    "Record",
    "Registry",
    "Replacement",
    "Result",
    "Run",
    "Runner",
    "Services",
    "Socket",
    "SqliteQueue",
    "Subgraph",
    "Widget",
    "WorkerPool",
    "current",
    "node",
]


def __getattr__(name: str) -> Any:
    if name not in RUNNING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(RUNNING[name]), name)
