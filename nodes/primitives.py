"""Nodes that hold a plain value, and one that shows any."""

import json
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from engine.declare import node
from engine.lanes import INLINE
from engine.marks import Widget
from engine.node import Output
from nodes.types import Anything

LIMIT = 2**63 - 1

primitive = partial(node, category="utils/primitive", module="comfy_extras.nodes_primitive", lane=INLINE)


@primitive("PrimitiveString", title="String")
def string(value: Annotated[str, Widget(multiline=False)]) -> str:
    """A line of text."""
    return value


@primitive("PrimitiveStringMultiline", title="String (Multiline)")
def text(value: Annotated[str, Widget(multiline=True)]) -> str:
    """A text of several lines."""
    return value


@primitive("PrimitiveInt", title="Int")
def integer(value: Annotated[int, Field(ge=-LIMIT, le=LIMIT), Widget(control_after_generate=True)]) -> int:
    """A whole number."""
    return value


@primitive("PrimitiveFloat", title="Float")
def number(value: Annotated[float, Field(ge=-LIMIT, le=LIMIT)]) -> float:
    """A number."""
    return value


@primitive("PrimitiveBoolean", title="Boolean")
def boolean(value: bool) -> bool:
    """Yes or no."""
    return value


@node(
    "PreviewAny",
    title="Preview Any",
    category="utils",
    module="comfy_extras.nodes_preview_any",
    lane="cpu",
    is_output=True,
)
def preview_any(source: Anything) -> Output:
    """Show any value as text."""
    return Output(ui={"text": [shown(source)]})


def shown(value: Any) -> str:
    """Strings as they are, numbers as text, others as JSON where that works."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        return str(value)
