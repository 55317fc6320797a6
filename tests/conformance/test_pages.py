"""The pages for people: the editor, what it loads, and the plain page of what the server does."""

from __future__ import annotations

import re

import pytest

from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance


@pytest.mark.parametrize("path", ["/", "/form", "/form?workflow=text_to_image"])
async def test_the_editor_and_its_forms_are_pages_and_all_that_they_name_is_there(server: Server, path: str) -> None:
    async with server.get(path) as response:
        page = await response.text()
        assert (response.status, response.content_type) == (200, "text/html")
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    named = re.findall(r'(?:src|href)="\./(editor/[^"]+)"', page)
    assert any(name.endswith(".js") for name in named)
    for name in named:
        async with server.get(f"/{name}") as response:
            assert response.status == 200, name
            assert "immutable" in response.headers["Cache-Control"]
    async with server.get("/editor/nothing.js") as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("query", "name", "start"),
    [("", "wireloom", "./"), ("?workflow=text_to_image", "Text to image", "./form?workflow=text_to_image")],
)
async def test_editor_and_forms_can_be_installed(server: Server, query: str, name: str, start: str) -> None:
    async with server.get(f"/app.webmanifest{query}") as response:
        assert (response.status, response.content_type) == (200, "application/manifest+json")
        made = await response.json(content_type=None)
    assert (made["name"], made["start_url"], made["display"]) == (name, start, "standalone")
    assert {icon["sizes"] for icon in made["icons"] if icon["purpose"] == "any"} == {"192x192", "512x512"}
    for icon in made["icons"]:
        async with server.get(f"/{icon['src']}") as response:
            assert (response.status, response.content_type) == (200, icon["type"])


@pytest.mark.parametrize(("query", "status"), [("?workflow=nobody", 404), ("?workflow=../x", 400), ("?other=1", 400)])
async def test_what_is_no_form_has_no_manifest(server: Server, query: str, status: int) -> None:
    async with server.get(f"/app.webmanifest{query}") as response:
        assert response.status == status
        assert (await response.json())["error"]["message"]


async def test_a_plain_page_says_what_the_server_does(server: Server) -> None:
    async with server.get("/status") as response:
        assert (response.status, response.content_type) == (200, "text/html")
        assert "running" in await response.text()
