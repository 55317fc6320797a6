"""Which node of one workflow is which of another.

Ids are the first witness, but not a sure one: whoever draws a workflow anew, pastes a part of it or passes it through
another program numbers its nodes otherwise. So there are two ways to pair, and the caller takes the second one only if
it leaves far less to tell. ``by_id`` begins with nodes of one id and one type; ``by_place`` begins with nothing. Both
go on with witnesses from the strictest to the weakest:

1. The node's surroundings: all that it is made of, all that is made of it, and what that is made of besides.
2. What it is made of: a Merkle hash of its own values and of its sources, like the key by which results are kept.
3. The node alone: its type, title, mode and values.
4. Its type and title.
5. Its type.

Nodes that the first two witnesses hold alike can stand for each other. By the others nodes are paired only if there is
just one such node left on either side. Each pair brings others along its links: the sources of one input, those that
use one output, as far as the witness holds them alike. So what is linked alike ends as it began, also among many nodes
that look the same. At last nodes of one id and two types are one that changed its type, if they have a neighbour in
common; otherwise the id was used anew.

Isomorphism of graphs in general is harder than this; it would take workflows of many equal nodes, linked in knots, to
be told a difference that another numbering does not have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from engine.diff_marks import Marks, marks_of, users_of
from engine.diff_reading import SeenGraph
from engine.graph import NodeId

Pairs: TypeAlias = dict[NodeId, NodeId]
"""Node of the one workflow -> node of the other."""


def by_id(one: SeenGraph, other: SeenGraph) -> Pairs:
    """Pairs of one id and one type, the rest by what they are and where they stand."""
    pairing = _Pairing(one, other)
    for node_id, node in one.items():
        if node_id in other and other[node_id].type == node.type:
            pairing.put(node_id, node_id)
    return pairing.grown()


def by_place(one: SeenGraph, other: SeenGraph) -> Pairs:
    """Pairs by what nodes are and where they stand, whatever their ids."""
    return _Pairing(one, other).grown()


@dataclass(frozen=True)
class _Witness:
    """Nodes with one mark are held alike; ``sure``: so much so that any of them can stand for any other."""

    one: Marks
    other: Marks
    sure: bool = False


class _Pairing:
    def __init__(self, one: SeenGraph, other: SeenGraph) -> None:
        self._one, self._other = one, other
        self._users, self._other_users = users_of(one), users_of(other)
        self._pairs: Pairs = {}
        self._taken: set[NodeId] = set()

    def put(self, a: NodeId, b: NodeId) -> None:
        self._pairs[a] = b
        self._taken.add(b)

    def grown(self) -> Pairs:
        """What is paired when every witness has spoken."""
        if self._left(self._one, self._pairs) and self._left(self._other, self._taken):
            for witness in self._witnesses():
                while self._spread(witness) or self._begin(witness):
                    pass
            self._retype()
        return self._pairs

    def _witnesses(self) -> Iterator[_Witness]:
        (down, up, own), (other_down, other_up, other_own) = marks_of(self._one), marks_of(self._other)
        yield _Witness(down, other_down, sure=True)
        yield _Witness(up, other_up, sure=True)
        yield _Witness(own, other_own)
        yield _Witness(_names(self._one), _names(self._other))
        yield _Witness(_types(self._one), _types(self._other))

    def _left(self, graph: SeenGraph, paired: Pairs | set[NodeId]) -> list[NodeId]:
        return [node_id for node_id in graph if node_id not in paired]

    def _spread(self, witness: _Witness) -> bool:
        """From all pairs along their links; return whether that gave any."""
        before = len(self._pairs)
        for a in self._edge():
            self._join(self._beside(a, self._pairs[a], witness), witness)
        return len(self._pairs) > before

    def _edge(self) -> list[NodeId]:
        """The nodes that have a pair and a neighbour without."""
        left = set(self._left(self._one, self._pairs))
        return [
            a
            for a in self._pairs
            if self._one[a].around in left
            or any(link.node in left for link in self._one[a].links.values())
            or any(user in left for users in self._users[a].values() for user in users)
        ]

    def _begin(self, witness: _Witness) -> bool:
        """Pair nodes that the witness holds alike, wherever they are; return whether there were any."""
        before = len(self._pairs)
        found = _by_mark(self._left(self._other, self._taken), witness.other)
        for mark, left in _by_mark(self._left(self._one, self._pairs), witness.one).items():
            right = found.get(mark, [])
            if witness.sure or len(left) == len(right) == 1:
                for pair in zip(left, right, strict=False):
                    self._join([pair], witness)
        return len(self._pairs) > before

    def _join(self, waiting: list[tuple[NodeId, NodeId]], witness: _Witness) -> None:
        """Pair these, and what is linked to them alike: the sources first, for an input has only one."""
        while waiting:
            a, b = waiting.pop()
            if a in self._pairs or b in self._taken or witness.one[a] != witness.other[b]:
                continue
            self.put(a, b)
            waiting += self._beside(a, b, witness)

    def _beside(self, a: NodeId, b: NodeId, witness: _Witness) -> list[tuple[NodeId, NodeId]]:
        """Neighbours of a pair that stand alike to it; the most certain ones come last."""
        found: list[tuple[NodeId, NodeId]] = []
        for place, users in self._users[a].items():
            theirs = (user for user in self._other_users[b].get(place, ()) if user not in self._taken)
            others = _by_mark(theirs, witness.other)
            for mark, ours in _by_mark((user for user in users if user not in self._pairs), witness.one).items():
                found += zip(ours, others.get(mark, []), strict=False)
        one, other = self._one[a], self._other[b]
        if one.around and other.around:
            found.append((one.around, other.around))
        for name, link in one.links.items():
            theirs_link = other.links.get(name)
            if theirs_link and theirs_link.slot == link.slot:
                found.append((link.node, theirs_link.node))
        return found

    def _retype(self) -> None:
        for node_id in self._left(self._one, self._pairs):
            if node_id in self._other and node_id not in self._taken and self._share_neighbour(node_id):
                self.put(node_id, node_id)

    def _share_neighbour(self, node_id: NodeId) -> bool:
        """Whether a source or a user of a node became one of the node of this id."""
        ours, theirs = self._one[node_id], self._other[node_id]
        sources = {self._pairs.get(link.node) for link in ours.links.values()}
        users = {self._pairs.get(user) for users in self._users[node_id].values() for user in users}
        return not sources.isdisjoint(link.node for link in theirs.links.values()) or not users.isdisjoint(
            user for users in self._other_users[node_id].values() for user in users
        )


def _by_mark(ids: Iterable[NodeId], marks: Marks) -> dict[str, list[NodeId]]:
    groups: dict[str, list[NodeId]] = defaultdict(list)
    for node_id in ids:
        groups[marks[node_id]].append(node_id)
    return groups


def _names(graph: SeenGraph) -> Marks:
    return {node_id: repr((node.type, node.title)) for node_id, node in graph.items()}


def _types(graph: SeenGraph) -> Marks:
    return {node_id: node.type for node_id, node in graph.items()}
