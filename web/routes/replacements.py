"""What takes the place of node types that are no longer there."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from engine.node import MISSING
from engine.replacements import NewInput, Replacement
from web.keys import pool_key
from web.operations import operation
from web.replies import reply
from web.schemas import Refusal
from web.shapes import Shape

routes = web.RouteTableDef()


class OutputMapping(Shape):
    new_idx: int
    old_idx: int


class NodeReplacement(Shape):
    """How a node becomes one of another type. ``input_mapping`` has ``{new_id, old_id}`` and ``{new_id, set_value}``;
    null: inputs, or outputs, stay as they are."""

    new_node_id: str
    old_node_id: str
    old_widget_ids: list[str] | None
    input_mapping: list[dict[str, Any]] | None
    output_mapping: list[OutputMapping] | None


@routes.get("/node_replacements")
@operation("nodes", answers={200: dict[str, list[NodeReplacement]], 503: Refusal})
async def every(request: web.Request) -> web.Response:
    """Replacements by the older type's name, the one that counts first."""
    found = await request.app[pool_key].replacements()
    return reply({old: [_shown(each).model_dump() for each in several] for old, several in found.items()})


def _shown(made: Replacement) -> NodeReplacement:
    outputs = made.outputs
    return NodeReplacement(
        new_node_id=made.new,
        old_node_id=made.old,
        old_widget_ids=None if made.old_widgets is None else list(made.old_widgets),
        input_mapping=None if made.inputs is None else [_input(each) for each in made.inputs],
        output_mapping=None
        if outputs is None
        else [OutputMapping(new_idx=new, old_idx=old) for old, new in outputs.items()],
    )


def _input(made: NewInput) -> dict[str, Any]:
    if made.value is MISSING:
        return {"new_id": made.name, "old_id": made.old}
    return {"new_id": made.name, "set_value": made.value}
