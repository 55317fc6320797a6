"""``/app.webmanifest``: what a browser needs to install the editor, or the form of one workflow, as an app."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from pydantic import ConfigDict, Field

from web.operations import Media, operation, read_query
from web.replies import dumps
from web.routes.status import FRESH
from web.schemas import Refusal
from web.shapes import Shape
from web.v1.workflows import find_named

NAME = "wireloom"
DARK = "#16181d"
"""The ground that the editor's pages have while they load."""
ICONS = (
    ("app-192-v1.png", "192x192", "any"),
    ("app-512-v1.png", "512x512", "any"),
    ("app-mask-512-v1.png", "512x512", "maskable"),
)
"""Browsers keep them for good: another picture gets another name."""


class ManifestQuery(Shape):
    """Query of GET /app.webmanifest."""

    model_config = ConfigDict(extra="forbid")

    workflow: str = Field(default="", description="The workflow whose form is the app; without it, the editor is.")


@operation(
    "front end",
    query=ManifestQuery,
    answers={200: Media("application/manifest+json"), 400: Refusal, 404: Refusal},
)
async def manifest(request: web.Request) -> web.Response:
    """A web app manifest. Its addresses are relative, so it is right below a path that a proxy puts it at."""
    name = read_query(request, ManifestQuery).workflow
    if not name:
        return _answer(_manifest(NAME, "./"))
    title = (await find_named(request, name)).title
    return _answer(_manifest(title, f"./form?{urlencode({'workflow': name})}"))


def _manifest(name: str, start: str) -> dict[str, Any]:
    """Each start is an app of its own, though all share one scope: without an ``id``, an app is known by its start."""
    return {
        "name": name,
        "short_name": name[:24],
        "start_url": start,
        "scope": "./",
        "display": "standalone",
        "background_color": DARK,
        "theme_color": DARK,
        "icons": [
            {"src": f"./editor/{file}", "sizes": sizes, "type": "image/png", "purpose": purpose}
            for file, sizes, purpose in ICONS
        ],
    }


def _answer(made: dict[str, Any]) -> web.Response:
    return web.Response(text=dumps(made), content_type="application/manifest+json", headers=FRESH)
