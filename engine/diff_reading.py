"""What of a workflow makes a difference: its nodes without places, sizes, colours and the ways that wires take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from engine.checks import is_link, unwrapped
from engine.errors import NotAWorkflow
from engine.exposed import OWN
from engine.graph import Link, NodeId
from engine.lower import lower, lower_read
from engine.lower_groups import PREFIXES, is_group
from engine.lower_links import VIRTUAL
from engine.lower_widgets import is_widget
from engine.node import MISSING, InputSpec, NodeDef
from engine.registry import Registry
from engine.ui_workflow import BYPASSED, MUTED, UiGraph, UiNode, UiSubgraph, UiWorkflow, read_ui
from engine.workflow import ApiNode, is_ui, read_api

Mode: TypeAlias = Literal["normal", "muted", "bypassed"]
MODES: Mapping[int, Mode] = {MUTED: "muted", BYPASSED: "bypassed"}
NOTES = frozenset({"Note", "MarkdownNote"})


@dataclass(frozen=True)
class Seen:
    """A node: its ``title`` is None if its author gave it none; ``around`` is the instance of a subgraph it is in.

    Such an instance is a node, too, of a type that no other node has: it holds and links nothing, its inside does.
    """

    id: NodeId
    type: str
    title: str | None = None
    mode: Mode = "normal"
    values: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)
    exposes: Any = None
    outputs: tuple[str, ...] = ()
    around: NodeId | None = None


SeenGraph: TypeAlias = Mapping[NodeId, Seen]


def read_workflow(document: Any, registry: Registry, *, lowered: bool) -> SeenGraph:
    """A workflow in either format; with ``lowered``, an editor's as it would be queued: what the API format knows.

    Raises NotAWorkflow, and InvalidWorkflow naming the node that cannot be lowered. Types that are not registered are
    no mistake, unless ``lowered`` asks for the names of their inputs.
    """
    if not is_ui(document):
        return _seen(document, registry)
    if lowered:
        return _seen(lower(document, registry), registry)
    try:
        return _drawn(document, registry)
    except RecursionError:
        raise NotAWorkflow("workflow: it is nested too deeply") from None


def _seen(document: Any, registry: Registry) -> dict[NodeId, Seen]:
    """The nodes of a workflow in API format."""
    nodes = read_api(document).root
    return {node_id: _seen_node(node_id, node, nodes, registry) for node_id, node in nodes.items()}


def _seen_node(node_id: NodeId, node: ApiNode, nodes: Mapping[NodeId, ApiNode], registry: Registry) -> Seen:
    if node.class_type is None:
        raise NotAWorkflow(f"workflow: node {node_id!r} has no class_type")
    definition = registry.get(node.class_type)
    linked = {name: value for name, value in node.inputs.items() if is_link(value) and value[0] in nodes}
    links = {name: Link(source, int(slot)) for name, (source, slot) in linked.items()}
    given = {name: unwrapped(value) for name, value in node.inputs.items() if name not in links and value is not None}
    return Seen(
        node_id,
        node.class_type,
        _own_title(node.title, node.class_type, definition.title if definition else ""),
        values={**(_defaults(definition, links) if definition else {}), **given},
        links=links,
        exposes=(node.meta or {}).get(OWN) or None,
        outputs=tuple(output.name for output in definition.outputs) if definition else (),
    )


def _defaults(definition: NodeDef, links: Mapping[str, Link]) -> dict[str, Any]:
    """What inputs that may be left out hold then: editors write it down, other programs do not."""
    optional = (spec for spec in definition.inputs if not spec.required and is_widget(spec) and spec.name not in links)
    found = {spec.name: spec.options.get("default") if _has_none(spec) else spec.default for spec in optional}
    return {name: value for name, value in found.items() if value is not None}


def _has_none(spec: InputSpec) -> bool:
    return spec.default is MISSING or spec.default is None


def _own_title(title: str | None, *known: str) -> str | None:
    """What a node is called anyway is no title of its own."""
    return None if not title or title in known else title


def _drawn(document: Any, registry: Registry) -> dict[NodeId, Seen]:
    """The nodes of an editor's workflow: also those that do not run, the notes, and the instances of subgraphs."""
    workflow, running = read_ui(document), read_ui(document)
    _let_run(running, registry)
    types = _AnyType(registry)
    inside = _seen(lower_read(running, types), types)
    definitions = _definitions(workflow)
    made: dict[NodeId, Seen] = {}
    for node_id, node in _walk(workflow, definitions):
        mode = MODES.get(node.mode, "normal")
        if node.type in NOTES:
            made[node_id] = Seen(node_id, node.type, _own_title(node.title, node.type), mode, _note(node))
        elif definition := definitions.get(node.type):
            made[node_id] = _instance(node_id, node, definition.name or definition.id, mode)
        elif is_group(node):
            made[node_id] = _instance(node_id, node, node.type[len(PREFIXES[0]) :], mode)
        elif node_id in inside:
            outputs = inside[node_id].outputs or tuple(output.name for output in node.outputs)
            made[node_id] = replace(inside[node_id], mode=mode, outputs=outputs)
    made = {**made, **{node_id: each for node_id, each in inside.items() if node_id not in made}}  # inside of groups
    return {node_id: replace(each, around=_around(node_id, made)) for node_id, each in made.items()}


def _instance(node_id: NodeId, node: UiNode, name: str, mode: Mode) -> Seen:
    return Seen(node_id, f"subgraph {name}", _own_title(node.title, name, node.type), mode)


def _note(node: UiNode) -> dict[str, Any]:
    given = node.widgets_values
    values = list(given.values()) if isinstance(given, dict) else given or []
    return {"text": values[0]} if values and values[0] is not None else {}


def _around(node_id: NodeId, made: SeenGraph) -> NodeId | None:
    outer = node_id.rpartition(":")[0]
    while outer and outer not in made:  # there may be colons in the node's own id
        outer = outer.rpartition(":")[0]
    return outer or None


def _definitions(graph: UiGraph) -> dict[str, UiSubgraph]:
    found: dict[str, UiSubgraph] = {}
    for definition in graph.definitions.subgraphs if graph.definitions else []:
        found |= {definition.id: definition, **_definitions(definition)}
    return found


def _walk(graph: UiGraph, definitions: Mapping[str, UiSubgraph], path: str = "") -> Iterator[tuple[NodeId, UiNode]]:
    """All nodes with their ids in the API format; of a workflow that could be lowered, so that there is an end."""
    for node in graph.nodes:
        yield f"{path}{node.id}", node
        if definition := definitions.get(node.type):
            yield from _walk(definition, definitions, f"{path}{node.id}:")


def _let_run(workflow: UiWorkflow, registry: Registry) -> None:
    """Wake what is muted or bypassed, so that it is lowered like the rest; virtual nodes stay: they only lead wires.

    Values of types that are not registered have no names: they get some by their places.
    """
    definitions = _definitions(workflow)
    for graph in (workflow, *definitions.values()):
        for node in graph.nodes:
            if node.type in VIRTUAL:
                continue
            node.mode = 0
            known = node.type in registry or node.type in definitions or is_group(node)
            if not known and isinstance(node.widgets_values, list):
                node.widgets_values = {f"widget {i}": value for i, value in enumerate(node.widgets_values, 1)}


class _AnyType(Registry):
    """The registered node types, and for every other name one that takes whatever it is given."""

    def __init__(self, known: Registry) -> None:
        super().__init__(known.services)
        self._known = known

    def __getitem__(self, name: str) -> NodeDef:
        return self._known.get(name) or NodeDef(name, _never, extra=InputSpec("", "*", required=False))


def _never() -> None:
    raise AssertionError("a type that is not registered is not run")
