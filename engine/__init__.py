"""The graph engine: what a workflow is, what runs it, and what remembers it. Knows no tensors."""

from engine.bus import Bus
from engine.cache import Cache, MemoryCache, NoCache
from engine.context import Context, current
from engine.declare import NodeFunction, node
from engine.folders import Folders
from engine.graph import Graph, Link, Node
from engine.jobs import Job, JobQueue, Outcome, Record
from engine.jobs_sqlite import SqliteQueue
from engine.marks import Choices, FileIn, Hidden, Lazy, MultiSelect, RawLink, Socket, Widget
from engine.node import Blocked, Expand, NodeDef, NodeInfo, Output, Result
from engine.plan import Plan, plan
from engine.pool import WorkerPool
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.replacements import NewInput, Replacement
from engine.run import Run
from engine.runner import Runner
from engine.services import Services
from engine.subgraph import Subgraph

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
    "plan",
]
