"""The nodes of one workflow, checked one by one: each once, and after what it links to."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from engine.checks import is_link
from engine.graph import Graph, Link, Node, NodeId
from engine.inputs import Inputs
from engine.node import InputSpec, NodeDef
from engine.problems import NodeProblems, Problem
from engine.registry import Registry
from engine.workflow import ApiNode

SHOWN_LOOP = 100
"""Nodes of a cycle that are listed; at each node of a long one all of it would be a large answer."""

Loop: TypeAlias = Sequence[NodeId]


class Checking:
    """What ``outputs`` need, checked. ``failing`` are the nodes that cannot run, ``prompt`` the workflow as plain data,
    its constants brought to the declared types."""

    def __init__(
        self,
        given: Mapping[NodeId, ApiNode],
        types: Mapping[NodeId, NodeDef],
        registry: Registry,
        outputs: Sequence[NodeId],
    ) -> None:
        self._given, self._types, self._registry, self._outputs = given, types, registry, outputs
        self._inputs = Inputs(given, types, registry)
        self.prompt = {node_id: _document(node) for node_id, node in given.items()}
        self.failing: set[NodeId] = set()
        self._problems: dict[NodeId, list[Problem]] = {}
        self._nodes: dict[NodeId, Node] = {}
        self._sources: dict[NodeId, list[NodeId]] = {}
        self._loops: dict[NodeId, Problem] = {}
        for node_id in walk(outputs, self._find_sources, self._blame):
            self._check(node_id)

    def graph(self) -> Graph:
        """The checked nodes in the order of the workflow, and those that no output needs, as they are."""
        return Graph(self._nodes.get(node_id) or self._unneeded(node_id) for node_id in self._given)

    def rejected(self) -> dict[NodeId, NodeProblems]:
        """The nodes with problems of their own, and the outputs that need them."""
        dependents: dict[NodeId, list[NodeId]] = {node_id: [] for node_id in self._problems}
        for output in self._outputs if dependents else ():
            for node_id in walk([output], self._failing_sources):
                if node_id in dependents:
                    dependents[node_id].append(output)
        return {
            node_id: NodeProblems(tuple(problems), tuple(dependents[node_id]), self._types[node_id].name)
            for node_id, problems in self._problems.items()
        }

    def _check(self, node_id: NodeId) -> None:
        type_ = self._types[node_id]
        inputs, problems = self._inputs.check(node_id, self.prompt[node_id]["inputs"])
        found = [each if isinstance(each, Problem) else self._raised(node_id, *each) for each in problems]
        if node_id in self._loops:
            found.append(self._loops[node_id])
        if found:
            self._problems[node_id] = found
        if found or not self.failing.isdisjoint(self._sources[node_id]):
            self.failing.add(node_id)
        self._nodes[node_id] = Node(node_id, type_.name, inputs)

    def _find_sources(self, node_id: NodeId) -> list[NodeId]:
        """The nodes of the workflow that a node links to, by inputs that its type takes."""
        type_ = self._types[node_id]
        sources = self._sources[node_id] = [
            value[0]
            for name, value in self._given[node_id].inputs.items()
            if is_link(value) and value[0] in self._given and type_.accepts(name, link=True)
        ]
        return sources

    def _failing_sources(self, node_id: NodeId) -> list[NodeId]:
        return [source for source in self._sources[node_id] if source in self.failing]

    def _unneeded(self, node_id: NodeId) -> Node:
        inputs = {
            name: Link(value[0], int(value[1])) if is_link(value) else value
            for name, value in self._given[node_id].inputs.items()
            if self._types[node_id].accepts(name, link=is_link(value))
            and (not is_link(value) or value[0] in self._given)
        }
        return Node(node_id, self._types[node_id].name, inputs)

    def _blame(self, loop: Loop) -> None:
        """A cycle is told at each of its nodes, once at each."""
        fresh = [node_id for node_id in loop if node_id not in self._loops]
        if not fresh:
            return
        shown = [f"{node_id} ({self._types[node_id].name})" for node_id in loop[:SHOWN_LOOP]]
        if len(loop) > SHOWN_LOOP:
            shown.append(f"... {len(loop) - SHOWN_LOOP} more")
        details = " -> ".join([*shown, shown[0]])
        for node_id in fresh:
            extra = {"node_id": node_id, "cycle_nodes": list(loop[:SHOWN_LOOP])}
            self._loops[node_id] = Problem("dependency_cycle", "Dependency cycle detected", details, extra)

    def _raised(self, node_id: NodeId, error: Exception, hint: str) -> Problem:
        """ComfyUI tells an exception of the output node itself, or of another node as seen from its first user."""
        kind = type(error)
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        lines = traceback.format_tb(error.__traceback__)
        extra: dict[str, Any] = {"exception_type": name, "traceback": lines, "hint": hint}
        if node_id not in self._first_users:
            return Problem("exception_during_validation", "Exception when validating node", str(error), extra)
        spec, link = self._first_users[node_id]
        config = self._inputs.shown(spec)
        seen_from = {"input_name": spec.name, "input_config": config, "exception_message": str(error)}
        message = "Exception when validating inner node"
        inner = {**seen_from, **extra, "linked_node": link}
        return Problem("exception_during_inner_validation", message, str(error), inner)

    @cached_property
    def _first_users(self) -> Mapping[NodeId, tuple[InputSpec, list[Any]]]:
        """For each node that is no output: the input from which it was reached first, and the link there."""
        users: dict[NodeId, tuple[InputSpec, list[Any]]] = {}
        entered: set[NodeId] = set(self._outputs)
        waiting = list(reversed(self._outputs))
        while waiting:
            node_id = waiting.pop()
            links = [
                (spec, value)
                for spec, value in self._inputs.of(node_id)
                if is_link(value) and value[0] in self._given and value[0] not in entered
            ]
            for spec, value in links:
                users.setdefault(value[0], (spec, value))
                entered.add(value[0])
            waiting.extend(value[0] for _, value in reversed(links))
        return users


def walk(
    targets: Iterable[NodeId],
    sources: Callable[[NodeId], Iterable[NodeId]],
    on_loop: Callable[[Loop], None] = lambda loop: None,
) -> Iterator[NodeId]:
    """What the targets need, sources first, depth first; each once. Links that close a loop are told and not followed.

    Iterative, so that depth costs no stack.
    """
    seen: set[NodeId] = set()
    for target in targets:
        if target in seen:
            continue
        seen.add(target)
        path = {target: iter(sources(target))}  # the nodes being entered, in order
        while path:
            current = next(reversed(path))
            for source in path[current]:
                if source not in seen:
                    seen.add(source)
                    path[source] = iter(sources(source))
                    break
                if source in path:
                    entered = list(path)
                    on_loop(entered[entered.index(source) :])
            else:
                path.popitem()
                yield current


def _document(node: ApiNode) -> dict[str, Any]:
    """The node as plain JSON data; its inputs can be changed without changing what was given."""
    meta = {} if node.meta is None else {"_meta": node.meta}
    return {"class_type": node.class_type, "inputs": dict(node.inputs), **meta, **(node.model_extra or {})}
