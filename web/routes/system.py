"""What this server is and runs on."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from aiohttp import web

from web.answers import SystemStats
from web.keys import settings_key, sockets_key
from web.operations import operation
from web.replies import reply

routes = web.RouteTableDef()

COMFYUI_VERSION = "0.33.0"
"""The protocol spoken here; clients parse it."""
COMFY_PACKAGES = ("comfyui-frontend-package",)
"""Packages of ComfyUI's that may be served from here."""


def version_of(package: str) -> str | None:
    """The installed version of a package, without importing it."""
    from importlib import metadata  # not before it is asked for: the server is to answer at once

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@routes.get("/system_stats")
@operation("system", answers={200: SystemStats})
async def stats(request: web.Request) -> web.Response:
    """Memory and versions. This process does not touch devices, so the one it tells of is the CPU."""
    return reply(await asyncio.to_thread(_stats, request.app[settings_key].argv))


@routes.get("/features")
@operation("system", answers={200: dict[str, Any]})
async def features(request: web.Request) -> web.Response:
    """What this server can do."""
    return reply(request.app[settings_key].features())


@routes.get("/ws")
async def listen(request: web.Request) -> web.WebSocketResponse:
    """The websocket."""
    return await request.app[sockets_key].serve(request)


def _stats(argv: tuple[str, ...]) -> dict[str, Any]:
    import psutil  # only these figures need it

    memory = psutil.virtual_memory()
    system = {
        "os": sys.platform,
        "ram_total": memory.total,
        "ram_free": memory.available,
        "comfyui_version": COMFYUI_VERSION,
        "required_frontend_version": None,
        "installed_templates_version": None,
        "required_templates_version": None,
        "python_version": sys.version,
        "pytorch_version": version_of("torch") or "",
        "embedded_python": False,
        "deploy_environment": "local",
        "argv": list(argv),
        "comfy_package_versions": [
            {"name": name, "installed": installed, "required": None}
            for name in COMFY_PACKAGES
            if (installed := version_of(name))
        ],
        "wireloom_version": version_of("wireloom") or "0",
    }
    device = {"name": "cpu", "type": "cpu", "index": None}
    figures = {"vram_total": memory.total, "vram_free": memory.available}
    return {
        "system": system,
        "devices": [{**device, **figures, "torch_vram_total": memory.total, "torch_vram_free": memory.available}],
    }
