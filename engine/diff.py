"""The difference of two workflows in what they mean. Where nodes lie, how they look and what number they have is none.

Compared are values, links, types, titles, modes (muted, bypassed), what is exposed by name, notes, and which subgraphs
there are. Reroutes, primitives and the borders of subgraphs are seen through: a difference is told at the input that it
arrives at. If one of the workflows is in API format, which knows only what runs, both are compared in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from engine.diff_marks import value_token
from engine.diff_pairs import Pairs, by_id, by_place
from engine.diff_reading import Seen, SeenGraph, read_workflow
from engine.differences import WHAT, Difference, Feed, LinkChange, NodeChange, NodeName, ValueChange
from engine.errors import InvalidWorkflow, NotAWorkflow
from engine.graph import Link
from engine.registry import Registry
from engine.workflow import is_ui

T = TypeVar("T")

DOUBT = 3
"""How many times as much there must be to tell by ids, until they are taken for a new numbering."""


def difference(a: Any, b: Any, registry: Registry, names: tuple[str, str] = ("a", "b")) -> Difference:
    """What makes ``b`` another workflow than ``a``; each is in either format.

    Raises NotAWorkflow or InvalidWorkflow, as ``read_workflow`` does; ``names`` says in it which of the two is meant.
    """
    lowered = not (is_ui(a) and is_ui(b))
    one, other = (_read(doc, registry, name, lowered) for doc, name in zip((a, b), names, strict=True))
    found = _Comparison(one, other, by_id(one, other)).difference()
    if not found:
        return found
    anew = _Comparison(one, other, by_place(one, other)).difference()
    return anew if len(anew) * DOUBT <= len(found) else found


def _read(document: Any, registry: Registry, name: str, lowered: bool) -> SeenGraph:
    try:
        return read_workflow(document, registry, lowered=lowered)
    except NotAWorkflow as error:
        raise NotAWorkflow(f"{name}: {error}") from None
    except InvalidWorkflow as error:
        said = f"{name}: {error.problem.details}"
        raise InvalidWorkflow(replace(error.problem, details=said), error.node_problems) from None


class _Comparison:
    """Two workflows whose nodes are paired."""

    def __init__(self, one: SeenGraph, other: SeenGraph, pairs: Pairs) -> None:
        self._one, self._other, self._pairs = one, other, pairs
        self._back = {b: a for a, b in pairs.items()}

    def difference(self) -> Difference:
        return Difference(
            tuple(self._name_a(node) for node_id, node in self._one.items() if node_id not in self._pairs),
            tuple(self._name_b(node) for node_id, node in self._other.items() if node_id not in self._back),
            tuple(self._each(self._nodes)),
            tuple(self._each(self._values)),
            tuple(self._each(self._links)),
        )

    def _each(self, told: Callable[[Seen, Seen], Iterator[T]]) -> Iterator[T]:
        for node_id, node in self._one.items():
            if node_id in self._pairs:
                yield from told(node, self._other[self._pairs[node_id]])

    def _nodes(self, one: Seen, other: Seen) -> Iterator[NodeChange]:
        for what in WHAT:
            before, after = getattr(one, what), getattr(other, what)
            if value_token(before) != value_token(after):
                yield NodeChange(self._name_b(other), what, before, after)

    def _values(self, one: Seen, other: Seen) -> Iterator[ValueChange]:
        both = one.values.keys() & other.values.keys()
        for name in dict.fromkeys([*one.values, *other.values]):
            if one.type != other.type and name not in both:
                continue  # another type has other inputs
            before, after = one.values.get(name), other.values.get(name)
            linked = name in one.links or name in other.links
            if not linked and value_token(before) != value_token(after):
                yield ValueChange(self._name_b(other), name, before, after)

    def _links(self, one: Seen, other: Seen) -> Iterator[LinkChange]:
        for name in dict.fromkeys([*one.links, *other.links]):
            before, after = one.links.get(name), other.links.get(name)
            if before and after and after == (self._pairs.get(before.node), before.slot):
                continue
            value = one.values.get(name, other.values.get(name))
            yield LinkChange(
                self._name_b(other),
                name,
                self._feed(before, self._one, self._name_a),
                self._feed(after, self._other, self._name_b),
                value,
            )

    def _feed(self, link: Link | None, graph: SeenGraph, name: Callable[[Seen], NodeName]) -> Feed | None:
        if link is None:
            return None
        node, slot = graph[link.node], link.slot
        known = 0 <= slot < len(node.outputs) and node.outputs[slot]
        return Feed(name(node), slot, known or str(slot))

    def _name_a(self, node: Seen) -> NodeName:
        return NodeName(node.id, self._pairs.get(node.id), node.type, node.title)

    def _name_b(self, node: Seen) -> NodeName:
        return NodeName(self._back.get(node.id), node.id, node.type, node.title)
