"""What the official front end asks for while it starts, in its order. That it really starts: tests/browser."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.asking import get, post
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance

BODIES = "recurse=true&split=false&full_info=true"
FIRST = ("/api/features", "/api/users", "/api/system_stats", "/api/settings", f"/api/userdata?dir=workflows&{BODIES}")
LATER = (
    *("/api/extensions", "/api/userdata/comfy.templates.json", f"/api/userdata?dir=subgraphs&{BODIES}"),
    *("/api/object_info", "/api/global_subgraphs"),
    *("/api/jobs?status=in_progress,pending&limit=200&offset=0",),
    *("/api/jobs?status=completed,failed,cancelled&limit=64&offset=0",),
    *("/api/workflow_templates", "/templates/index.json", "/templates/index_logo.json"),
    *("/api/experiment/models", "/internal/folder_paths"),
)
MAY_BE_ABSENT = ("/user.css", "/api/userdata/user.css", "/api/userdata", "/api/userdata/comfy.templates.json")
MAY_BE_ABSENT += ("/api/global_subgraphs", "/templates/index_logo.json")


async def ask(server: Server, path: str) -> Any:
    """The JSON of an answer, or None where the front end copes with its absence."""
    async with server.get(path, headers={"Comfy-User": ""}) as response:
        if response.status == 404 and path.partition("?")[0] in MAY_BE_ABSENT:
            return None
        assert response.status == 200, path
        return await response.json() if response.content_type == "application/json" else None


@pytest.mark.protocol("http.9.a", "http.5.g")
async def test_the_front_end_gets_what_it_asks_for(server: Server) -> None:
    for path in ("/user.css", "/api/userdata/user.css"):
        assert await ask(server, path) is None
    _, users, _, settings, _ = [await ask(server, path) for path in FIRST]
    assert users["storage"] == "server"
    assert isinstance(settings, dict)
    assert isinstance(await ask(server, "/api/i18n"), dict)
    async with server.post("/api/settings/Comfy.InstalledVersion", data='"1.58.1"') as response:
        assert (response.status, await response.read()) == (200, b"")
    assert (await get(server, "/api/settings"))["Comfy.InstalledVersion"] == "1.58.1"
    extensions, _, _, nodes, *_ = [await ask(server, path) for path in LATER]
    assert isinstance(extensions, list)
    assert nodes
    for path in extensions:
        async with server.get(path) as response:
            assert response.status == 200
            assert "javascript" in response.content_type
    async with server.ws_connect("/ws") as socket:
        assert (await socket.receive_json(timeout=5))["data"]["sid"]
    await post(server, "/api/settings", {"Comfy.TutorialCompleted": True})
