"""What is told of two workflows, ``a`` and ``b``: in what they are not the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from engine.graph import NodeId


@dataclass(frozen=True)
class NodeName:
    """A node, by its ids in the workflows ``a`` and ``b``; the id is None where it is not there. What is inside of a
    subgraph has the path to it as id, such as ``5:2``."""

    a: NodeId | None
    b: NodeId | None
    type: str
    title: str | None = None


@dataclass(frozen=True)
class Feed:
    """An output that feeds an input."""

    node: NodeName
    slot: int
    output: str


@dataclass(frozen=True)
class ValueChange:
    """A constant of a node; None where it is not given."""

    node: NodeName
    input: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class LinkChange:
    """What feeds an input. Where it is no link, it may be a constant: ``value``."""

    node: NodeName
    input: str
    before: Feed | None = None
    after: Feed | None = None
    value: Any = None


What: TypeAlias = Literal["type", "title", "mode", "exposes"]
WHAT: tuple[What, ...] = ("type", "title", "mode", "exposes")


@dataclass(frozen=True)
class NodeChange:
    """What a node is or how it is called."""

    node: NodeName
    what: What
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class Difference:
    """All that is not the same in two workflows, ``a`` and ``b``, in the order of their nodes."""

    only_a: tuple[NodeName, ...] = ()
    only_b: tuple[NodeName, ...] = ()
    nodes: tuple[NodeChange, ...] = ()
    values: tuple[ValueChange, ...] = ()
    links: tuple[LinkChange, ...] = ()

    def __len__(self) -> int:
        """How many differences there are."""
        return sum(map(len, (self.only_a, self.only_b, self.nodes, self.values, self.links)))
