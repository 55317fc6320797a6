"""The executor: a node is a task, a link is an await.

Demand starts at the targets and goes upwards, so only what outputs need is run. Laziness, parallel branches,
expansion at run time and cancellation follow from that without states of their own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Container, Iterable, Sequence
from typing import Any, TypeAlias

from engine.admission import Admission, expanded
from engine.cache import Cache, Tier
from engine.calling import Calling, waits_for
from engine.calls import join, merge, resolved
from engine.checkpoints import Checkpoints
from engine.context import Emit
from engine.cutoff import Cutoff
from engine.errors import Cancelled, CycleError, EngineError, NodeFailed
from engine.events import NodeFinished, NodeProgress, RunStarted
from engine.graph import Graph, Link, Node, NodeId
from engine.jobs import Job
from engine.keys import Digest, Key
from engine.lanes import Lanes, Owner
from engine.node import Expand, NodeDef, Output, Result
from engine.registry import Registry
from engine.tasks import all_of, first_of
from engine.trace import Fate

Computing: TypeAlias = dict[Key, list[asyncio.Future[None]]]
"""What is being computed now, and who waits for that because it needs the same."""


def no_digest(value: Any) -> bytes | None:
    """For runs that know no codec: nothing has a content to tell."""
    return None


class Run:
    """One execution of a graph.

    ``digest`` hashes the content of values that are not plain data; with ``cutoff`` a node whose inputs hold what they
    held when it ran last is not run again, however they were made. Runs that share ``computing`` do not compute the
    same at the same time. What nodes store in ``checkpoints`` is theirs again when the job is run once more.
    """

    def __init__(
        self,
        job: Job,
        graph: Graph,
        registry: Registry,
        cache: Cache,
        lanes: Lanes,
        emit: Emit,
        *,
        digest: Digest = no_digest,
        cutoff: Cutoff | None = None,
        computing: Computing | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self.job, self.graph, self.registry = job, graph, registry
        self.cache, self.emit, self.cutoff = cache, emit, cutoff
        self.checkpoints = checkpoints or Checkpoints()
        self.cancelled = threading.Event()
        self.executed: list[NodeId] = []
        self.inexact: set[NodeId] = set()
        self.fates: dict[NodeId, Fate] = {}
        lanes = lanes.of(Owner(job.urgency))
        self.admission = Admission(job, graph, registry, lanes, digest)
        self.calling = Calling(self, lanes)
        self._keys, self._uses = self.admission.keys, self.admission.uses
        self._tasks: dict[NodeId, asyncio.Task[Result]] = {}
        self._targets: frozenset[NodeId] = frozenset()
        self._first_of: dict[Key, NodeId] = {}
        self._tiers: dict[NodeId, Tier] = {}
        self._done: set[NodeId] = set()
        self._computing: Computing = {} if computing is None else computing
        self._main: asyncio.Task[Any] | None = None

    async def execute(self, targets: Iterable[NodeId]) -> dict[NodeId, Result]:
        """Run what ``targets`` need; return their results. Raises NodeFailed, CycleError or Cancelled."""
        self._main = asyncio.current_task()
        targets = list(targets)
        self._targets = frozenset(targets)
        try:
            order = self.graph.order(targets)
            await self.admission.admit(order)
            self.cache.begin(self._keys.values())
            cached = [n for n in self.graph.nodes if n in self._keys and await self._is_remembered(self.graph[n])]
            self.emit(RunStarted(self.job.id, tuple(cached)))
            async with asyncio.TaskGroup() as self._group:
                # Sources before their readers: most then find what they need without having to wait for it.
                for node_id in self._needed(order, frozenset(cached)):
                    self._demand(node_id)
        except BaseExceptionGroup as group:
            first = first_of(group)
            raise first from first.__cause__
        except asyncio.CancelledError:
            if self.cancelled.is_set():
                raise Cancelled from None
            raise
        return {target: self._tasks[target].result() for target in targets}

    def cancel(self) -> None:
        """Stop: tell the threads, then the tasks. ``execute`` raises once every thread has returned."""
        self.cancelled.set()
        if self._main:
            self._main.cancel()

    @property
    def started(self) -> dict[NodeId, Node]:
        """The nodes that are running now, in the order in which they began."""
        return self.calling.started

    def settled(self) -> tuple[NodeId, ...]:
        """The nodes that have given their results."""
        return tuple(node_id for node_id, fate in self.fates.items() if fate.ended)

    def _needed(self, order: Sequence[NodeId], remembered: Container[NodeId]) -> list[NodeId]:
        """Of nodes in order those that will be asked for: the targets, and what such a node needs that must run."""
        needed = set(self._targets)
        for node_id in reversed(order):
            if node_id in needed and node_id not in remembered:
                node = self.graph[node_id]
                needed.update(waits_for(node, self.registry[node.type]))
        return [node_id for node_id in order if node_id in needed]

    def _demand(self, node_id: NodeId) -> asyncio.Task[Result]:
        if node_id not in self._tasks:
            self._tasks[node_id] = self._group.create_task(self._node(self.graph[node_id]))
        return self._tasks[node_id]

    async def results(self, node_ids: Iterable[NodeId]) -> list[Result]:
        """What these nodes give. Waits beside their tasks, not on them: cancelling a chain must not recurse."""
        tasks = [self._demand(node_id) for node_id in node_ids]
        for task in tasks:
            if not task.done():
                await _after(task)
        return [task.result() for task in tasks]

    async def _node(self, node: Node) -> Result:
        key, definition = self._keys[node.id], self.registry[node.type]
        while key in self._computing:  # equal nodes share one computation
            await self._turn(key)
        self._computing[key] = []
        try:
            if known := await self._known(node, key, definition):
                return known
            lists = await self.calling.inputs(node, definition)
            self._taint(node, node.sources())
            cutoff = None if node.id in self.inexact else self.cutoff
            if cutoff and (known := await cutoff.find(self, node, definition, lists)):
                return await self._keep(node, known)
            returned = await self.calling.compute(node, definition, lists)
            del lists  # what it was given may go free while what it expanded into runs
            if not any(isinstance(each, Expand) for each in returned):
                return await self._finish(node, merge([r for r in returned if isinstance(r, Output)], definition))
        finally:
            for turn in self._computing.pop(key):
                if not turn.done():
                    turn.set_result(None)
        # From here others may go on, because what a node expands into may equal it.
        settled = await all_of([self._settle(node, definition, each) for each in returned])
        self.fates[node.id].lasted()
        return await self._finish(node, join(settled))

    async def _turn(self, key: Key) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._computing[key].append(turn)
        await turn

    async def _known(self, node: Node, key: Key, definition: NodeDef) -> Result | None:
        """What an equal node gave before, in this run or in an earlier one."""
        twin_id = self._first_of.get(key, "")
        twin = self._tasks.get(twin_id)
        if twin and twin.done():
            self.fates.setdefault(node.id, Fate("equal"))
            self._taint(node, [twin_id])
            return self._tell_finished(node, twin.result(), cached=True)
        tier = self._tiers.get(node.id) or self.cache.has(key)
        result = await self.cache.get(key) if tier else None
        if not tier or result is None or not await self.calling.is_intact(definition, result):
            return None
        self.fates.setdefault(node.id, Fate(tier))  # one that was let go of and is asked for again has its own
        return self._tell_finished(node, result, cached=True)

    async def _is_remembered(self, node: Node) -> bool:
        key, definition = self._keys[node.id], self.registry[node.type]
        tier = self.cache.has(key)
        if not tier or not definition.intact:
            return bool(tier)
        self._tiers[node.id] = tier  # asking for the result may move it
        result = await self.cache.get(key)
        return result is not None and await self.calling.is_intact(definition, result)

    async def _finish(self, node: Node, result: Result) -> Result:
        fate = self.fates[node.id].end()
        self._taint(node, node.sources())
        if node.id not in self.inexact:
            await self.cache.put(self._keys[node.id], result, fate.seconds)
        self.executed.append(node.id)
        self.calling.started.pop(node.id, None)
        return self._tell_finished(node, result, cached=False)

    async def _keep(self, node: Node, result: Result) -> Result:
        """A result that is known by the content of its inputs is remembered under this key too."""
        self.fates[node.id] = Fate("unchanged")
        await self.cache.put(self._keys[node.id], result)
        self.calling.started.pop(node.id, None)
        return self._tell_finished(node, result, cached=True)

    def _taint(self, node: Node, sources: Iterable[NodeId]) -> None:
        """What is made from an inexact result is no more exact."""
        if self.inexact and not self.inexact.isdisjoint(sources):
            self.inexact.add(node.id)

    def _tell_finished(self, node: Node, result: Result, *, cached: bool) -> Result:
        self._first_of.setdefault(self._keys[node.id], node.id)
        is_output = node.id in self._targets
        fate, ref = self.fates[node.id], self.graph.ref(node.id)
        self.emit(NodeFinished(self.job.id, ref, result.ui, cached, is_output, fate.how, fate.seconds))
        if node.id not in self._done:
            self._done.add(node.id)
            self._release(set(node.sources()))
        return result

    def _release(self, sources: Iterable[NodeId]) -> None:
        """Let go of results that nobody waits for any more. Whoever asks after all has them computed again."""
        for source in sources:
            self._uses[source] -= 1
            if self._uses[source] == 0 and source not in self._targets:
                self._tasks.pop(source, None)

    async def _settle(self, node: Node, definition: NodeDef, returned: Output | Expand) -> Result:
        """Run an expansion, if that is what the call returned, and put values for its links."""
        if not isinstance(returned, Expand):
            return merge([returned], definition)
        links = list(_links(returned.values))
        try:
            brought = expanded(returned.nodes, self.registry, self.graph)
            self.graph.add(brought)
            wanted = dict.fromkeys(link.node for link in links)
            roots = [*(n.id for n in brought if self.registry[n.type].is_output), *wanted]
            self.graph.waits(node.id, roots)
            order = self.graph.order(roots, done=_Ended(self.fates, self._keys))
        except CycleError:
            raise
        except (EngineError, KeyError) as error:
            raise NodeFailed(node, error, {}) from error
        if node.id in order:
            raise CycleError((node.id, *roots, node.id))
        await self.admission.admit(order)
        self._uses.update(wanted.keys())
        await self._run_expansion(node, roots, links, counts=returned.counts)
        self._taint(node, roots)
        result = Result(resolved(returned.values, definition, self._items), returned.ui)
        self._release(wanted)
        return result

    async def _run_expansion(self, node: Node, roots: list[NodeId], links: list[Link], *, counts: bool) -> None:
        for root in roots:
            self._demand(root)
        if counts:
            for done, link in enumerate(links):
                await self.results([link.node])
                self.emit(NodeProgress(self.job.id, self.graph.ref(node.id), done + 1, len(links)))
        await self.results(roots)

    def _items(self, link: Link) -> list[Any]:
        return self._tasks[link.node].result().lists[link.slot]


class _Ended:
    """The nodes that need not be looked at again when an expansion is put in order: they have ended."""

    def __init__(self, fates: dict[NodeId, Fate], keys: dict[NodeId, Key]) -> None:
        self._fates, self._keys = fates, keys

    def __contains__(self, node_id: object) -> bool:
        fate = self._fates.get(node_id)  # type: ignore[call-overload]
        return fate is not None and fate.ended


def _links(values: Iterable[Any]) -> Iterable[Link]:
    for value in values:
        if isinstance(value, Link):
            yield value
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, Link))


async def _after(task: asyncio.Task[Result]) -> None:
    """Wait until a task is done, however it ends; the leanest form of ``asyncio.wait``."""
    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake(_: asyncio.Task[Result]) -> None:
        if not waiter.done():
            waiter.set_result(None)

    task.add_done_callback(wake)
    try:
        await waiter
    finally:
        task.remove_done_callback(wake)
