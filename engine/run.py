"""The executor: a node is a task, a link is an await.

Demand starts at the targets and goes upwards, so only what outputs need is run. Laziness, parallel branches,
expansion at run time and cancellation follow from that without states of their own.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from engine.cache import Cache
from engine.calls import blocked, merge, normalise, spread
from engine.context import Context, Emit, current
from engine.errors import Cancelled, CycleError, NodeFailed
from engine.events import NodeBlocked, NodeFinished, NodeStarted, RunStarted
from engine.graph import Graph, Link, Node, NodeId
from engine.jobs import Job
from engine.keys import Key, node_key
from engine.lanes import Lanes
from engine.node import Blocked, Expand, Lists, NodeDef, Output, Result
from engine.registry import Registry

T = TypeVar("T")


class Run:
    """One execution of a graph."""

    def __init__(self, job: Job, graph: Graph, registry: Registry, cache: Cache, lanes: Lanes, emit: Emit) -> None:
        self.job, self.graph, self.registry = job, graph, registry
        self.cache, self.lanes, self.emit = cache, lanes, emit
        self.cancelled = threading.Event()
        self.executed: list[NodeId] = []
        self.started: dict[NodeId, Node] = {}  # running now, in the order they began
        self._keys: dict[NodeId, Key] = {}
        self._rank: dict[NodeId, int] = {}
        self._tasks: dict[NodeId, asyncio.Task[Result]] = {}
        self._targets: frozenset[NodeId] = frozenset()
        self._one_at_a_time: defaultdict[Key, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._main: asyncio.Task[Any] | None = None

    async def execute(self, targets: Iterable[NodeId]) -> dict[NodeId, Result]:
        """Run what ``targets`` need; return their results. Raises NodeFailed, CycleError or Cancelled."""
        self._main = asyncio.current_task()
        targets = list(targets)
        self._targets = frozenset(targets)
        try:
            await self._admit(self.graph.order(targets))
            cached = [n for n in self.graph.nodes if n in self._keys and await self.cache.has(self._keys[n])]
            self.emit(RunStarted(self.job.id, tuple(cached)))
            async with asyncio.TaskGroup() as self._group:
                for target in targets:
                    self._demand(target)
        except BaseExceptionGroup as group:
            first = _first(group)
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

    def settled(self) -> tuple[NodeId, ...]:
        """The nodes whose results are there."""
        return tuple(node_id for node_id, task in self._tasks.items() if _succeeded(task))

    async def _admit(self, order: Iterable[NodeId]) -> None:
        """Give nodes their keys and ranks, dependencies first."""
        for node_id in order:
            if node_id in self._keys:
                continue
            node = self.graph[node_id]
            definition = self.registry[node.type]
            changed = None
            if self.registry.has_fingerprint(definition):
                literals = {name: value for name, value in node.inputs.items() if not isinstance(value, Link)}
                changed = await self._off_loop(partial(self.registry.fingerprint, definition, literals))
            self._keys[node_id] = node_key(node, definition, self._keys, changed)
            self._rank[node_id] = len(self._rank)

    def _demand(self, node_id: NodeId) -> asyncio.Task[Result]:
        if node_id not in self._tasks:
            self._tasks[node_id] = self._group.create_task(self._node(self.graph[node_id]), name=node_id)
        return self._tasks[node_id]

    async def _results(self, node_ids: Iterable[NodeId]) -> list[Result]:
        """What these nodes give. Waits beside their tasks, not on them: cancelling a chain must not recurse."""
        tasks = [self._demand(node_id) for node_id in node_ids]
        for task in tasks:
            if not task.done():
                await _after(task)
        return [task.result() for task in tasks]

    async def _node(self, node: Node) -> Result:
        key, definition = self._keys[node.id], self.registry[node.type]
        async with self._one_at_a_time[key]:  # equal nodes share one computation
            if result := await self.cache.get(key):
                self._tell_finished(node, result, cached=True)
                return result
            returned = await self._compute(node, definition)
            if not any(isinstance(r, Expand) for r in returned):
                return await self._finish(node, merge([r for r in returned if isinstance(r, Output)], definition))
        # Outside the lock, because what a node expands into may equal it.
        settled = await _all([self._settle(node, r) for r in returned])
        return await self._finish(node, merge(settled, definition))

    async def _finish(self, node: Node, result: Result) -> Result:
        await self.cache.put(self._keys[node.id], result)
        self.executed.append(node.id)
        self.started.pop(node.id, None)
        self._tell_finished(node, result, cached=False)
        return result

    def _tell_finished(self, node: Node, result: Result, *, cached: bool) -> None:
        is_output = node.id in self._targets
        self.emit(NodeFinished(self.job.id, self.graph.ref(node.id), result.ui, cached, is_output))

    async def _compute(self, node: Node, definition: NodeDef) -> Sequence[Output | Expand]:
        lists = await self._inputs(node, definition)
        self.started[node.id] = node
        self.emit(NodeStarted(self.job.id, self.graph.ref(node.id)))
        try:
            return await _all([self._call(node, definition, args) for args in spread(lists, definition)])
        except Exception as error:
            self.cancelled.set()  # threads of other branches stop at their next check
            raise NodeFailed(node, error, lists) from error

    async def _inputs(self, node: Node, definition: NodeDef) -> Lists:
        lists = {name: [value] for name, value in node.inputs.items() if not isinstance(value, Link)}
        links = {name: value for name, value in node.inputs.items() if isinstance(value, Link)}
        wanted = [name for name in links if name not in definition.lazy]
        while True:
            results = await self._results([links[name].node for name in wanted])
            for name, result in zip(wanted, results, strict=True):
                lists[name] = result.lists[links[name].slot]
            wanted = await self._lazily_wanted(node, definition, lists, links)
            if not wanted:
                break
        if definition.lazy:
            lists = {**{name: [None] for name in links if name not in lists}, **lists}
        return {name: lists[name] for name in node.inputs}

    async def _lazily_wanted(
        self, node: Node, definition: NodeDef, lists: Lists, links: Mapping[str, Link]
    ) -> list[str]:
        """Which lazy inputs the node asks for next, now that it has ``lists``."""
        if not definition.needs:
            return []
        asked = await self._off_loop(partial(definition.needs, lists))
        if unknown := asked - node.inputs.keys():
            error = ValueError(f"it says it needs input {', '.join(sorted(unknown))}, which is not connected")
            raise NodeFailed(node, error, lists)
        return [name for name in links if name in asked and name not in lists]

    async def _call(self, node: Node, definition: NodeDef, arguments: dict[str, Any]) -> Output | Expand:
        if block := blocked(arguments, definition):
            if block.reason is not None:
                ref = self.graph.ref(node.id)
                self.emit(NodeBlocked(self.job.id, ref, node.type, block.reason, tuple(self.executed)))
            return normalise(Blocked(), definition)
        context = Context(self.job, self.graph.ref(node.id), self.registry.services, self.emit, self.cancelled)
        if definition.wants_context:
            arguments = {"ctx": context, **arguments}
        token = current.set(context)
        try:
            if inspect.iscoroutinefunction(definition.fn):
                return normalise(await definition.fn(**arguments), definition)
            call = partial(definition.fn, **arguments)
            return normalise(await self.lanes.run(definition.lane, self._rank[node.id], call), definition)
        finally:
            current.reset(token)

    async def _settle(self, node: Node, returned: Output | Expand) -> Output:
        """Run an expansion, if that is what the call returned, and put values for its links."""
        if not isinstance(returned, Expand):
            return returned
        self.graph.add(returned.nodes)
        roots = [n.id for n in returned.nodes if self.registry[n.type].is_output]
        roots += [value.node for value in returned.values if isinstance(value, Link)]
        order = self.graph.order(roots, done=[n for n, task in self._tasks.items() if task.done()])
        if node.id in order:
            raise CycleError((node.id, *(n.id for n in returned.nodes), node.id))
        await self._admit(order)
        await self._results(roots)
        return Output(tuple(self._value(value) for value in returned.values), returned.ui)

    def _value(self, value: Any) -> Any:
        if not isinstance(value, Link):
            return value
        items = self._tasks[value.node].result().lists[value.slot]
        return items[0] if len(items) == 1 else items

    async def _off_loop(self, hook: Callable[[], T]) -> T:
        return await self.lanes.run("hook", 0, hook)


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


def _succeeded(task: asyncio.Task[Result]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


async def _all(coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Like gather, but if one fails the others are cancelled and waited for."""
    if len(coroutines) == 1:
        return [await coroutines[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(c) for c in coroutines]
    except BaseExceptionGroup as failures:
        first = _first(failures)
        raise first from first.__cause__
    return [task.result() for task in tasks]
