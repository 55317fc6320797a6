"""One node, from its inputs to what its calls return."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.calls import blocked, normalise, spread
from engine.context import Context, current
from engine.errors import NodeFailed
from engine.events import NodeBlocked, NodeStarted
from engine.graph import Link, Node, NodeId
from engine.lanes import Lanes
from engine.node import Blocked, Expand, Lists, NodeDef, Output, Result
from engine.relief import advise, relieved
from engine.tasks import all_of
from engine.trace import Fate

if TYPE_CHECKING:
    from engine.run import Run


class Calling:
    """Gathers what nodes are given, and calls them in their lanes."""

    def __init__(self, run: Run, lanes: Lanes) -> None:
        self._run: Run = weakref.proxy(run)  # no circle: what a run holds is large, and must go when it does
        self._lanes = lanes
        self.started: dict[NodeId, Node] = {}

    async def inputs(self, node: Node, definition: NodeDef) -> Lists:
        """The lists on the node's inputs: constants, raw links, computed values; None for what stays uncomputed."""
        lists: dict[str, list[Any]] = {}
        waiting: list[str] = []
        lazy: list[str] = []
        for name, value in node.inputs.items():
            if not isinstance(value, Link) or definition.is_raw(name):
                lists[name] = [value]
            elif definition.is_lazy(name):
                lazy.append(name)
            else:
                waiting.append(name)
        await self._fetch(node, waiting, lists)
        if lazy or definition.needs:
            await self._fetch_lazy(node, definition, lazy, lists)
        return lists if len(lists) < 2 else {name: lists[name] for name in node.inputs}

    async def _fetch(self, node: Node, names: Sequence[str], lists: dict[str, list[Any]]) -> None:
        links: list[Link] = [node.inputs[name] for name in names]
        results = await self._run.results([link.node for link in links])
        for name, link, result in zip(names, links, results, strict=True):
            lists[name] = result.lists[link.slot]

    async def _fetch_lazy(self, node: Node, definition: NodeDef, lazy: list[str], lists: dict[str, list[Any]]) -> None:
        """Ask the node which lazy inputs it needs, compute those, and ask again until it wants no more."""
        open_inputs = list(lazy)
        while definition.needs:
            self._tell_started(node)
            shown = {name: lists.get(name, [None]) for name in node.inputs}
            asked = await self._asked(node, definition, shown)
            wanted = [name for name in open_inputs if name in asked]
            if not wanted:
                break
            await self._fetch(node, wanted, lists)
            open_inputs = [name for name in open_inputs if name not in asked]
        lists.update({name: [None] for name in open_inputs})

    async def _asked(self, node: Node, definition: NodeDef, shown: Lists) -> set[str]:
        assert definition.needs
        try:
            found = await self._lanes.run("hook", 0, partial(definition.needs, shown))
            asked = await found if inspect.isawaitable(found) else found
        except Exception as error:
            raise NodeFailed(node, error, shown) from error
        if unknown := asked - node.inputs.keys():
            missing = ", ".join(sorted(unknown))
            wrong = ValueError(f"node {node.id} says it needs input {missing}, but nothing is connected to that")
            raise NodeFailed(node, wrong, shown)
        return asked

    async def compute(self, node: Node, definition: NodeDef, lists: Lists) -> Sequence[Output | Expand]:
        """Call the function as often as its inputs ask for. Raises NodeFailed."""
        self._run.fates[node.id] = Fate.running()
        try:
            calls = spread(lists, definition)
            if len(calls) == 1 or (definition.is_output and not definition.is_async):  # files are numbered in order
                return [await self._call(node, definition, each, i) for i, each in enumerate(calls)]
            return await all_of([self._call(node, definition, each, i) for i, each in enumerate(calls)])
        except Exception as error:
            self._run.cancelled.set()  # threads of other branches stop at their next check
            raise NodeFailed(node, error, lists) from error

    async def is_intact(self, definition: NodeDef, result: Result) -> bool:
        """Whether a remembered result can still be used."""
        if not definition.intact:
            return True
        return await self._lanes.run("hook", 0, partial(definition.intact, result, self._run.registry.services))

    def _begin(self, node: Node) -> None:
        """The node's turn has come: told once, however many calls it makes and lazy inputs it asks for."""
        if node.id not in self.started:
            self._run.fates[node.id].begin()
            self._tell_started(node)

    def _tell_started(self, node: Node) -> None:
        self.started[node.id] = node
        self._run.emit(NodeStarted(self._run.job.id, self._run.graph.ref(node.id)))

    async def _call(self, node: Node, definition: NodeDef, arguments: dict[str, Any], index: int) -> Output | Expand:
        run = self._run
        ref = run.graph.ref(node.id)
        if block := blocked(arguments, definition):
            self._begin(node)
            if block.reason is not None:
                run.emit(NodeBlocked(run.job.id, ref, node.type, block.reason, tuple(run.executed)))
            return normalise(Blocked(), definition)
        context = Context(
            run.job,
            ref,
            run.registry.services,
            run.emit,
            run.cancelled,
            run.graph,
            run.registry,
            index,
            run.admission.keys[node.id],
            run.checkpoints,
            inexact=run.inexact,
            embedded=run.admission.embedded,
        )
        if index == 0 and "PROMPT" in definition.hidden.values() and (private := run.admission.embedded.left_out()):
            context.note(private)
        try:
            try:
                return await self._once(node, definition, arguments, context)
            except Exception as error:
                if not await relieved(context, error):
                    raise
            return await self._once(node, definition, arguments, context)
        except Exception as error:
            advise(context, error)
            raise

    async def _once(
        self, node: Node, definition: NodeDef, arguments: dict[str, Any], context: Context
    ) -> Output | Expand:
        run = self._run
        context.check()
        if definition.wants_context:
            arguments = {"ctx": context, **arguments}
        if definition.hidden:
            arguments = {**arguments, **{name: context.hidden(kind) for name, kind in definition.hidden.items()}}
        token = current.set(context)
        fate = run.fates[node.id]
        try:
            if definition.is_async:
                self._begin(node)
                return normalise(await fate.timed_async(definition.fn(**arguments)), definition)
            call, rank, begin = (
                fate.timed(definition.fn, arguments),
                run.admission.rank[node.id],
                partial(self._begin, node),
            )
            return normalise(await self._lanes.run(definition.lane, rank, call, begin), definition)
        finally:
            current.reset(token)


def waits_for(node: Node, definition: NodeDef) -> Iterator[NodeId]:
    """The nodes that this one cannot do without: all it links to but by lazy and raw inputs."""
    if not definition.picks:
        return node.sources()
    links = ((name, value) for name, value in node.inputs.items() if isinstance(value, Link))
    return (link.node for name, link in links if not definition.is_lazy(name) and not definition.is_raw(name))
