"""Why a job's nodes ran, or did not have to."""

from __future__ import annotations

from aiohttp import web

from web.answers import Explanation
from web.errors import complaint
from web.keys import pool_key
from web.operations import operation
from web.replies import reply
from web.schemas import Refusal

routes = web.RouteTableDef()


@routes.get("/explain/{prompt_id}")
@operation("history", answers={200: Explanation, 404: Refusal, 503: Refusal})
async def explain(request: web.Request) -> web.Response:
    """For each node of a job that ended: remembered (memory, disk) or run, and then what of its key had changed.

    404 for a job that is unknown, has not ended, or lies too far back.
    """
    job_id = request.match_info["prompt_id"]
    nodes = await request.app[pool_key].explain(job_id)
    if nodes is None:
        return complaint("not_found", "No explanation of that job is kept", f"prompt_id {job_id}", status=404)
    return reply({"prompt_id": job_id, "nodes": nodes})
