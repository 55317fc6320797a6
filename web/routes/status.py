"""``/status``: a plain page that shows what the server is doing. It needs no script to be built."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib import resources
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from engine.jobs import Job, Record
from web.keys import queue_key
from web.operations import Media, operation
from web.routes.system import COMFYUI_VERSION, version_of

routes = web.RouteTableDef()

NEWEST, PICTURES = 20, 12
FRESH = {"Cache-Control": "no-store, must-revalidate", "Pragma": "no-cache", "Expires": "0"}
"""Headers of a page that is asked for anew each time."""
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LINKS = {
    "queue": "What runs and waits",
    "history": "What has run",
    "object_info": "Node types",
    "models": "Model folders",
    "system_stats": "Versions and memory",
    "features": "Feature flags",
    "metrics": "Figures for Prometheus",
}
DONE = {"succeeded": "done", "failed": "failed", "cancelled": "cancelled"}


@routes.get("/status")
@operation("system", answers={200: Media("text/html")})
async def page(request: web.Request) -> web.Response:
    """The status page."""
    queue = request.app[queue_key]
    pending, running = await queue.pending(), await queue.running()
    records = (await queue.history(NEWEST, -1))[::-1]
    template = await asyncio.to_thread(_template)
    blocks = {
        "version": escape(version_of("wireloom") or "development"),
        "protocol": escape(COMFYUI_VERSION),
        "counts": f"<b>{len(running)}</b> running, <b>{len(pending)}</b> waiting",
        "jobs": _jobs(running, pending, records),
        "pictures": _pictures(records),
        "links": "".join(f'<li><a href="{path}"><code>/{path}</code></a> {text}</li>' for path, text in LINKS.items()),
    }
    for name, block in blocks.items():
        template = template.replace(f"<!--{name}-->", block)
    headers = {**FRESH, "Content-Security-Policy": POLICY}
    return web.Response(text=template, content_type="text/html", headers=headers)


def _template() -> str:
    return resources.files("web").joinpath("status.html").read_text(encoding="utf-8")


def _jobs(running: Iterable[Job], pending: Sequence[Job], records: Iterable[Record]) -> str:
    rows = [_row(job, "running", "") for job in running]
    rows += [_row(job, "waiting", "") for job in pending[:NEWEST]]
    rows += [_row(record.job, DONE[record.outcome.status], _took(record)) for record in records]
    return "".join(rows) or '<tr><td colspan="4" class="quiet">Nothing yet. POST a workflow to /prompt.</td></tr>'


def _row(job: Job, status: str, note: str) -> str:
    nodes = f"{len(job.prompt)} node{'' if len(job.prompt) == 1 else 's'}"
    return (
        f'<tr class="{status}"><td><span class="badge">{status}</span></td><td><code>{escape(job.id[:8])}</code></td>'
        f"<td>{nodes}</td><td>{escape(note)}</td></tr>"
    )


def _took(record: Record) -> str:
    outcome = record.outcome
    seconds = f"{(outcome.finished_ms - outcome.started_ms) / 1000:.1f} s"
    if outcome.failure and outcome.status == "failed":
        return f"{seconds} · {outcome.failure.exception_type}: {outcome.failure.message}"[:200]
    return seconds


def _pictures(records: Iterable[Record]) -> str:
    shown = [item for record in records for item in _images(record)][:PICTURES]
    figures = []
    for item in shown:
        name = str(item["filename"])
        place = {"filename": name, "subfolder": str(item.get("subfolder", "")), "type": str(item.get("type", "output"))}
        full, small = (escape("view?" + urlencode(place | more)) for more in ({}, {"preview": "webp;80"}))
        figures.append(f'<a href="{full}"><img loading="lazy" src="{small}" alt="{escape(name)}"></a>')
    return "".join(figures) or '<p class="quiet">No pictures yet.</p>'


def _images(record: Record) -> Iterator[dict[str, Any]]:
    for shown in record.outcome.outputs.values():
        for item in shown.get("images", []):
            if isinstance(item, dict) and "filename" in item:
                yield item
