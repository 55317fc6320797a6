"""The document a user submits: ComfyUI's API format, read from JSON or out of a picture's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from engine.errors import NotAWorkflow
from engine.graph import NodeId
from engine.json_text import parse

__all__ = ["ApiNode", "ApiWorkflow", "constant", "is_api", "is_ui", "parse", "read_api", "unwrapped"]


class ApiNode(BaseModel):
    """One node of the API format. Unknown keys are kept: other tools put theirs there."""

    model_config = ConfigDict(extra="allow", populate_by_name=True, defer_build=True)

    class_type: str | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    meta: dict[str, Any] | None = Field(default=None, alias="_meta")

    @property
    def title(self) -> str | None:
        """The name its author gave the node."""
        title = (self.meta or {}).get("title")
        return title if isinstance(title, str) else None


class ApiWorkflow(RootModel[dict[NodeId, ApiNode]]):
    """Node id -> node."""

    def dump(self) -> dict[str, Any]:
        """As plain JSON data, as it came."""
        plain: dict[str, Any] = self.model_dump(by_alias=True, exclude_unset=True)
        return plain


def read_api(document: Any) -> ApiWorkflow:
    """Parse the API format. Raises NotAWorkflow saying what is wrong and where."""
    if not isinstance(document, Mapping):
        raise NotAWorkflow(f"a workflow is a JSON object of nodes, not {_kind(document)}")
    try:
        return ApiWorkflow.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise NotAWorkflow(f"workflow: at {where}: {first['msg']}, got {_kind(first['input'])}") from None


def is_api(document: Any) -> bool:
    """Whether a JSON document is a workflow in API format."""
    return (
        isinstance(document, Mapping)
        and bool(document)
        and all(
            isinstance(node, Mapping)
            and isinstance(node.get("class_type"), str)
            and isinstance(node.get("inputs"), Mapping)
            for node in document.values()
        )
    )


def is_ui(document: Any) -> bool:
    """Whether a JSON document is a workflow as editors save it, see ``ui_workflow``: its nodes are in an array."""
    return isinstance(document, Mapping) and isinstance(document.get("nodes"), list)


def constant(value: Any) -> Any:
    """A value as it stands in the API format: arrays are wrapped, or they would be taken for links."""
    return {"__value__": value} if isinstance(value, list) else value


def unwrapped(value: Any) -> Any:
    """A constant of the API format as it is: arrays stand there as ``{"__value__": [...]}``."""
    alone = isinstance(value, Mapping) and value.keys() == {"__value__"} and isinstance(value["__value__"], list)
    return value["__value__"] if alone else value


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), f"the number {value}" if isinstance(value, int | float) else type(value).__name__)
