"""A sweep: which input of which node a text means, and copies of all that depends on it with other values there."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from engine.checking import walk
from engine.exposed import Place, title_of
from engine.graph import Graph, Link, Node, NodeId
from engine.inputs import Inputs
from engine.loops import Body, Closes, Round
from engine.node import InputSpec, NodeDef
from engine.problems import Problem
from engine.registry import Registry
from engine.workflow import ApiNode, constant

NUMBERED = re.compile(r".*#(\S+)", re.DOTALL)
"""A name that ends in an id, such as ``KSampler #3``: what comes before is for people."""


class NoSuchInput(ValueError):
    """A text that means no input of a node that the sweep could change, or several."""


class Upstream:
    """What a node needs, itself included, sources first: the nodes that a sweep may change.

    ``types`` are the node types by name, ``prompt`` is the workflow in API format, for the titles. What nodes expanded
    into is no part of it, so that the answer does not hang on what ran already.
    """

    def __init__(self, graph: Graph, end: NodeId, types: Mapping[str, NodeDef], prompt: Mapping[str, Any]) -> None:
        self._graph, self._types, self._prompt = graph, types, prompt
        self.ids = list(walk([end], lambda node_id: graph[node_id].sources()))

    def find(self, address: str) -> Place:
        """What ``NODE.INPUT`` means; NODE is an id, a title, a type, or any of them before ``#ID``.

        Raises NoSuchInput, which says what there is.
        """
        name, dot, key = address.strip().rpartition(".")
        if not (dot and name and key):
            raise NoSuchInput(f"expected NODE.INPUT, such as KSampler.cfg or 3.cfg, got {address!r}")
        node_id = self._node(name)
        if not self._types[self._graph[node_id].type].accepts(key, link=True):
            known = [spec.name for spec in self._types[self._graph[node_id].type].inputs]
            raise NoSuchInput(f"node {self.label(node_id)} has no input {key!r}; {nearest(key, known)}")
        return Place(node_id, key)

    def spec(self, place: Place) -> InputSpec:
        """How the input at a place is declared."""
        definition = self._types[self._graph[place.node].type]
        known = definition.by_name.get(place.input)
        if known is None:
            assert definition.extra is not None  # ``find`` gives no other places
            return replace(definition.extra, name=place.input)
        return known

    def label(self, node_id: NodeId) -> str:
        """A node as messages name it: its id in the workflow and its title."""
        shown, node = self._graph.ref(node_id).shown_as, self._graph[node_id]
        return f"{shown} ({title_of(self._prompt.get(shown, {})) or node.type})"

    def _node(self, name: str) -> NodeId:
        numbered = NUMBERED.fullmatch(name)
        if numbered and any(numbered[1] in self._ids_of(node_id) for node_id in self.ids):
            name = numbered[1]
        for names in (self._ids_of, self._titles_of, self._types_of):
            found = [node_id for node_id in self.ids if name in names(node_id)]
            if len({self._graph.ref(node_id).shown_as for node_id in found}) == 1:
                return found[-1]  # of the rounds of a loop the last: that is the one which the picture comes from
            if found:
                several = ", ".join(map(self.label, found))
                raise NoSuchInput(f"{name!r} could be any of the nodes {several}; name one by its id")
        elsewhere = [n for n in self._graph.nodes if name in (*self._ids_of(n), *self._titles_of(n))]
        if elsewhere:
            raise NoSuchInput(f"node {self.label(elsewhere[0])} has no part in the picture that is plotted")
        there = ", ".join(map(self.label, self.ids))
        raise NoSuchInput(f"no node that the picture needs is called {name!r} (a muted one is not there): {there}")

    def _ids_of(self, node_id: NodeId) -> Collection[str]:
        return node_id, self._graph.ref(node_id).shown_as

    def _titles_of(self, node_id: NodeId) -> Collection[str]:
        return (title_of(self._prompt.get(self._graph.ref(node_id).shown_as, {})) or "",)

    def _types_of(self, node_id: NodeId) -> Collection[str]:
        definition = self._types[self._graph[node_id].type]
        return definition.name, definition.title

    def below(self, changed: Iterable[NodeId], closes: Closes) -> Body:
        """The nodes that give something else once those in ``changed`` do. A loop of which a part does is taken whole:
        its end finds its body from its start."""
        touched = set(changed)
        while True:
            inside = []
            for node_id in self.ids:
                if node_id in touched or not touched.isdisjoint(self._graph[node_id].sources()):
                    touched.add(node_id)
                    inside.append(node_id)
            starts = {start for node_id in inside if (start := closes(self._graph[node_id])) is not None}
            if starts <= touched:
                return Body("", inside)
            touched |= starts

    def standing(self, places: Iterable[Place]) -> str:
        """Where these places are among what the end's key stands for: two ends with one key, and places that stand
        alike in both, are swept alike."""
        marks: dict[NodeId, list[str]] = {}
        for i, place in enumerate(places):
            marks.setdefault(place.node, []).append(f"{i} {place.input}")
        digests: dict[NodeId, str] = {}
        for node_id in self.ids:
            links = [f"{n} {digests[v.node]}" for n, v in sorted(self._graph[node_id].inputs.items()) if is_link(v)]
            text = "\n".join([*marks.get(node_id, []), "links", *links])
            digests[node_id] = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        return digests[self.ids[-1]]


def refused(graph: Graph, registry: Registry, place: Place, value: Any) -> str | None:
    """What would be wrong with a workflow that had ``value`` at a place; None if nothing."""
    node = graph[place.node]
    inputs = {name: list(each) if isinstance(each, Link) else constant(each) for name, each in node.inputs.items()}
    given = ApiNode(class_type=node.type, inputs={**inputs, place.input: constant(value)})
    types = {node_id: registry[graph[node_id].type] for node_id in (node.id, *node.sources())}
    _, problems = Inputs({node.id: given}, types, registry).check(node.id, {})
    for problem in problems:
        if not isinstance(problem, Problem):
            return str(problem[0])
        if problem.extra_info.get("input_name", place.input) == place.input:
            return f"{problem.message}: {problem.details}"
    return None


def is_link(value: Any) -> bool:
    return isinstance(value, Link)


def copies(graph: Graph, body: Body, values: Mapping[Place, Any], parent: NodeId, prefix: str) -> Round:
    """Copies of the body's nodes with ``values`` in place of what stands there; their ids follow ``prefix``."""
    made = Round(graph, body, {}, parent, prefix)
    made.nodes = [with_values(node, source, values) for node, source in zip(made.nodes, body.inside, strict=True)]
    return made


def with_values(node: Node, source: NodeId, values: Mapping[Place, Any]) -> Node:
    """A copy of the node ``source`` with what it is given instead."""
    own = {place.input: value for place, value in values.items() if place.node == source}
    return replace(node, inputs={**node.inputs, **own}) if own else node


def nearest(name: str, known: Collection[str]) -> str:
    """What to say of a name that is not known: what it is like, and what there is."""
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    return f"{meant}it has: {', '.join(known) or 'none'}"
