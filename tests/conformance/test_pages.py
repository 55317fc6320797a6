"""The pages for people: the editor, what it loads, and the plain page of what the server does."""

from __future__ import annotations

import re

import pytest

from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance


async def test_the_first_page_is_the_editor_and_all_that_it_names_is_there(server: Server) -> None:
    async with server.get("/") as response:
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


async def test_a_plain_page_says_what_the_server_does(server: Server) -> None:
    async with server.get("/status") as response:
        assert (response.status, response.content_type) == (200, "text/html")
        assert "running" in await response.text()
