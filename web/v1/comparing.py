"""``POST /v1/workflows/diff``: in what two workflows differ."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from pydantic import ConfigDict, Field

from engine.differences import LinkChange, NodeChange, NodeName, ValueChange
from web.keys import pool_key
from web.operations import operation
from web.replies import read_body, reply
from web.safety.limits import check_size
from web.schemas import Refusal
from web.shapes import Shape
from web.v1.workflows import read_named

routes = web.RouteTableDef()


class DiffRequest(Shape):
    """Two workflows, each in API format, as an editor saves it, or the name of a saved one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    a: dict[str, Any] | Annotated[str, Field(min_length=1)]
    b: dict[str, Any] | Annotated[str, Field(min_length=1)]


class WorkflowDifference(Shape):
    """What makes workflow ``b`` another than ``a``: nodes that only one of them has, those that changed their ``type``,
    ``title`` or ``mode`` or what they expose (``exposes``), and values and links of inputs."""

    equal: bool
    only_a: list[NodeName]
    only_b: list[NodeName]
    nodes: list[NodeChange]
    values: list[ValueChange]
    links: list[LinkChange]


@routes.post("/v1/workflows/diff")
@operation("workflows", body=DiffRequest, answers={200: WorkflowDifference, 400: Refusal, 404: Refusal, 503: Refusal})
async def diff(request: web.Request) -> web.Response:
    """What makes one workflow another than the other in what it means: values, links, nodes, titles, modes.

    Where nodes lie, how they look and what number they have is no difference. If one is in API format, which knows only
    what runs, both are compared in it.
    """
    asked = await read_body(request, DiffRequest)
    documents = [each if isinstance(each, dict) else await read_named(request, each) for each in (asked.a, asked.b)]
    for document in documents:
        check_size(document)
    found = await request.app[pool_key].diff(*documents)
    return reply(WorkflowDifference(equal=not found, **vars(found)).model_dump(mode="json"))
