"""One graph of a UI workflow while it is lowered: the workflow itself, or the inside of one instance of a subgraph."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from engine.errors import InvalidWorkflow
from engine.graph import NodeId
from engine.problems import Problem
from engine.ui_workflow import SUBGRAPH_INPUT, SUBGRAPH_OUTPUT, UiGraph, UiInput, UiLink, UiNode, UiSubgraph

MAX_DEPTH = 100
"""Subgraphs within subgraphs. People nest a few."""


class Hop(NamedTuple):
    """A link, and the graph that it is in."""

    scope: Scope
    link: UiLink


Shown: TypeAlias = tuple[str, str]
"""Inner node id and widget name; the id is empty for a widget that is an input of the subgraph."""


@dataclass(frozen=True)
class Promoted:
    """What an instance says of the widgets inside it.

    ``inputs`` are values by input of the subgraph, ``widgets`` by inner node and widget; ``names`` are those under
    which the workflow offers them, ``private`` those whose values stay out of files.
    """

    inputs: Mapping[str, Any] = field(default_factory=dict)
    widgets: Mapping[Shown, Any] = field(default_factory=dict)
    names: Mapping[Shown, str] = field(default_factory=dict)
    private: Set[Shown] = frozenset()


class Scope:
    """Finds nodes, links and what lies on the other side of a subgraph's border.

    ``path`` is what the ids of its nodes begin with: the ids of the instances around it, each with a colon.
    Raises InvalidWorkflow for ids that are used twice.
    """

    def __init__(
        self,
        graph: UiGraph,
        parent: Scope | None = None,
        instance: UiNode | None = None,
        promoted: Promoted | None = None,
    ) -> None:
        self.graph, self.parent, self.instance = graph, parent, instance
        self.promoted = promoted or Promoted()
        self.path: str = f"{parent.path}{instance.id}:" if parent and instance else ""
        self.children: dict[str, Scope] = {}
        self.nodes: dict[str, UiNode] = {}
        for node in graph.nodes:
            if str(node.id) in self.nodes:
                raise self.refused(node, f"another node of the same graph has the id {node.id!r} too")
            self.nodes[str(node.id)] = node
        self._links: dict[str, UiLink] = {}
        for link in graph.links:
            if self._links.setdefault(str(link.id), link) != link:
                raise refusal(f"two links of {self._name()} have the id {link.id!r}")

    def id_of(self, node: UiNode) -> NodeId:
        """What the node is called in the API format."""
        return f"{self.path}{node.id}"

    def around(self) -> list[str]:
        """The types of the instances that it is inside of."""
        scope: Scope | None = self
        types = []
        while scope and scope.instance:
            types.append(scope.instance.type)
            scope = scope.parent
        return types

    def hop(self, node: UiNode, entry: UiInput | None) -> Hop | None:
        """The link at an input of one of its nodes; None if there is none. Found by id: slots may be stale."""
        if entry is None or entry.link is None:
            return None
        if link := self._links.get(str(entry.link)):
            return Hop(self, link)
        raise self.refused(node, f"its input {entry.name!r} names link {entry.link!r}, which is not in the workflow")

    def source(self, link: UiLink) -> UiNode:
        """The node that a link comes from."""
        if node := self.nodes.get(str(link.origin_id)):
            return node
        raise refusal(
            f"link {link.id!r} of {self._name()} comes from node {link.origin_id!r}, which is not there; "
            f"it goes to node {link.target_id!r}"
        )

    def comes_from_outside(self, link: UiLink) -> bool:
        """Whether a link begins at an input of the subgraph as a whole."""
        return isinstance(self.graph, UiSubgraph) and str(link.origin_id) == SUBGRAPH_INPUT

    def outside(self, link: UiLink) -> tuple[str, Hop | None]:
        """Of a link that comes from outside: the input's name, and what the instance has there."""
        assert isinstance(self.graph, UiSubgraph)
        assert self.parent
        assert self.instance
        ports, slot, entries = self.graph.inputs, link.origin_slot, self.instance.inputs
        if not 0 <= slot < len(ports):
            raise refusal(
                f"link {link.id!r} of {self._name()} comes from input {slot} of the subgraph, which has {len(ports)}"
            )
        name = ports[slot].name
        same_place = slot < len(entries) and entries[slot].name == name
        entry = entries[slot] if same_place else self.instance.input(name)
        return name, self.parent.hop(self.instance, entry)

    def feeding(self, instance: UiNode, slot: int) -> Hop | None:
        """For the inside of ``instance``: the link that leads to its output ``slot``; None if nothing does."""
        assert isinstance(self.graph, UiSubgraph)
        assert self.parent
        ports, entries = self.graph.outputs, instance.outputs
        name = entries[slot].name if 0 <= slot < len(entries) else None
        names = [port.name for port in ports]
        if not (0 <= slot < len(ports) and name in (None, names[slot])) and name in names:
            slot = names.index(name)
        if not 0 <= slot < len(ports):
            raise self.parent.refused(instance, f"output {slot} ({name}) is linked, but its subgraph has {len(ports)}")
        for link_id in ports[slot].link_ids:
            if str(link_id) not in self._links:
                raise refusal(f"output {names[slot]!r} of {self._name()} names link {link_id!r}, which is not there")
            return Hop(self, self._links[str(link_id)])
        at_border = (link for link in self.graph.links if str(link.target_id) == SUBGRAPH_OUTPUT)
        return next((Hop(self, link) for link in at_border if link.target_slot == slot), None)

    def refused(self, node: UiNode, why: str) -> InvalidWorkflow:
        """The error that says why a node cannot be brought to the API format."""
        return refusal(f"node {self.id_of(node)} ({_title(node)}): {why}", self.id_of(node), node)

    def _name(self) -> str:
        if isinstance(self.graph, UiSubgraph):
            return f"subgraph {self.graph.name or self.graph.id!r} (as node {self.path[:-1]})"
        return "the workflow"


def refusal(details: str, node_id: NodeId | None = None, node: UiNode | None = None) -> InvalidWorkflow:
    """A UI workflow that cannot be brought to the API format."""
    extra: dict[str, Any] = {}
    if node is not None:
        extra = {"node_id": node_id, "class_type": node.type, "node_title": node.title or node.type}
    message = "The workflow cannot be brought from the editor's format to the API format"
    return InvalidWorkflow(Problem("cannot_lower_workflow", message, details, extra))


def _title(node: UiNode) -> str:
    return f"{node.title!r}, {node.type}" if node.title else node.type
