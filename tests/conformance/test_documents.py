"""What the server says of its own routes, and help that it has not."""

from __future__ import annotations

import re
import uuid

import pytest

from tests.conformance.asking import get
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance


async def test_the_routes_are_described(server: Server) -> None:
    document = await get(server, "/openapi.json")
    assert document["openapi"].startswith("3.1")
    for path in ("/prompt", "/queue", "/history/{prompt_id}", "/view", "/upload/image", "/userdata/{file}"):
        assert path in document["paths"]


@pytest.mark.protocol("http.0.s")
async def test_the_page_on_them_brings_its_own_scripts(server: Server) -> None:
    async with server.get("/docs") as response:
        assert response.content_type == "text/html"
        scripts = re.findall(r'<script[^>]* src="([^"]*)"', await response.text())
    assert scripts
    for script in scripts:
        async with server.get("/" + script.lstrip("/")) as answer:
            assert answer.status == 200
            assert answer.content_type in ("text/javascript", "application/javascript")


@pytest.mark.protocol("http.2.p")
@pytest.mark.parametrize("path", ["/docs/KSampler/en.md", "/docs/gone.js"])
async def test_there_is_no_help_on_nodes(server: Server, path: str) -> None:
    async with server.get(path) as response:
        assert response.status == 404


async def test_a_job_that_never_was_is_not_explained(server: Server) -> None:
    assert (await get(server, f"/explain/{uuid.uuid4()}", 404))["error"]["type"] == "not_found"
