"""The format in which editors save workflows, schemas 0.4 and 1.0: nodes with widgets and places, links by number.

Both schemas are read into the same models. Keys that are not known here are kept.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from engine.errors import NotAWorkflow

UiId: TypeAlias = int | str
"""Node ids are numbers in what editors write; other tools write strings."""

MUTED, BYPASSED = 2, 4
SUBGRAPH_INPUT, SUBGRAPH_OUTPUT = "-10", "-20"
KEYS = ("id", "revision", "last_node_id", "last_link_id", "state", "nodes", "links", "groups", "definitions", "config")
NODE_KEYS = ("id", "type", "pos", "size", "flags", "order", "mode", "inputs", "outputs", "title", "properties")
LINK_FIELDS = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")


def _pair(value: Any) -> Any:
    """Old files hold typed arrays: ``{"0": x, "1": y}``."""
    return [value["0"], value["1"]] if isinstance(value, Mapping) and {"0", "1"} <= value.keys() else value


def _link(value: Any) -> Any:
    """Schema 0.4 writes links as arrays."""
    return dict(zip(LINK_FIELDS, value, strict=False)) if isinstance(value, list) else value


def _none_is_empty(value: Any) -> Any:
    return [] if value is None else value


Pair: TypeAlias = Annotated[Any, BeforeValidator(_pair)]
"""A place or a size. Nothing here depends on it, so it is not checked."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="allow", populate_by_name=True, defer_build=True)


class UiInput(_Model):
    """An input socket of a node; ``widget`` names the widget that it stands beside."""

    name: str
    type: Any = "*"
    link: UiId | None = None
    widget: dict[str, Any] | None = None


class UiOutput(_Model):
    """An output socket of a node."""

    name: str = ""
    type: Any = "*"
    links: list[UiId] | None = None
    widget: dict[str, Any] | None = None


class UiLink(_Model):
    """A link between sockets of one graph."""

    id: UiId
    origin_id: UiId
    origin_slot: int
    target_id: UiId
    target_slot: int
    type: Any = "*"


Inputs: TypeAlias = Annotated[list[UiInput], BeforeValidator(_none_is_empty)]
Outputs: TypeAlias = Annotated[list[UiOutput], BeforeValidator(_none_is_empty)]
Links: TypeAlias = Annotated[list[Annotated[UiLink, BeforeValidator(_link)]], BeforeValidator(_none_is_empty)]


class UiNode(_Model):
    """A node as it stands in an editor; ``type`` is a node type, a virtual one, or the id of a subgraph."""

    id: UiId
    type: str
    pos: Pair = None
    size: Pair = None
    mode: int = 0
    inputs: Inputs = Field(default_factory=list)
    outputs: Outputs = Field(default_factory=list)
    title: str | None = None
    properties: Annotated[dict[str, Any], BeforeValidator(lambda value: {} if value is None else value)] = Field(
        default_factory=dict
    )
    widgets_values: list[Any] | dict[str, Any] | None = None
    widgets_values_named: dict[str, Any] | None = None

    def input(self, name: str) -> UiInput | None:
        """The socket of this name; editors write them in any order."""
        return next((entry for entry in self.inputs if entry.name == name), None)


class UiPort(_Model):
    """An input or output of a subgraph as a whole."""

    name: str
    type: Any = "*"
    link_ids: Annotated[list[UiId], BeforeValidator(_none_is_empty)] = Field(
        default_factory=list, validation_alias=AliasChoices("linkIds", "link_ids"), serialization_alias="linkIds"
    )


Ports: TypeAlias = Annotated[list[UiPort], BeforeValidator(_none_is_empty)]


class Exposed(_Model):
    """A widget of an inner node that a subgraph shows."""

    id: UiId
    name: str


class Definitions(_Model):
    """What instances refer to."""

    subgraphs: Annotated[list[UiSubgraph], BeforeValidator(_none_is_empty)] = Field(default_factory=list)


class UiGraph(_Model):
    """Nodes and links: a whole workflow, or the inside of a subgraph."""

    nodes: list[UiNode]
    links: Links = Field(default_factory=list)
    definitions: Definitions | None = None
    extra: dict[str, Any] | None = None


class UiSubgraph(UiGraph):
    """A graph that nodes of type ``id`` stand for."""

    id: str
    name: str = ""
    inputs: Ports = Field(default_factory=list)
    outputs: Ports = Field(default_factory=list)
    widgets: Annotated[list[Exposed], BeforeValidator(_none_is_empty)] = Field(default_factory=list)


class UiWorkflow(UiGraph):
    """A document as an editor saves it; ``version`` 1 is the newer schema, every other number the older one."""

    version: float = 0.4

    def dump(self) -> dict[str, Any]:
        """As plain JSON data in the schema that ``version`` says."""
        plain = self.model_dump(by_alias=True, exclude_unset=True)
        if self.version != 1:
            plain["links"] = [[link[name] for name in LINK_FIELDS] for link in plain.get("links", [])]
        plain["nodes"] = [_ordered(node, NODE_KEYS) for node in plain["nodes"]]
        return _ordered(plain, KEYS)


def _ordered(plain: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Keys in the order in which editors write them, the others after them."""
    return {**{key: plain[key] for key in keys if key in plain}, **plain}


def read_ui(document: Any) -> UiWorkflow:
    """Parse either schema. Raises NotAWorkflow saying what is wrong and at which node."""
    try:
        return UiWorkflow.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        given = reprlib.repr(first["input"])
        raise NotAWorkflow(f"workflow: at {place}{_who(document, first['loc'])}: {first['msg']}, got {given}") from None


def _who(document: Any, place: tuple[int | str, ...]) -> str:
    """The node that a place in the document lies in."""
    found, who = document, ""
    for part in place:
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(found, Mapping) and "id" in found and "type" in found:
            who = f" (node {found['id']!r}, {found.get('title') or found['type']!r})"
    return who


Definitions.model_rebuild()
