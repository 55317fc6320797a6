"""The gallery of workflows that the front end shows."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.conformance.asking import get
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance

LARGEST_THUMBNAIL_BYTES = 15 * 1024


async def entries(server: Server) -> list[dict[str, Any]]:
    return [entry for category in await get(server, "/templates/index.json") for entry in category["templates"]]


@pytest.mark.protocol("http.2.n")
async def test_the_index_says_of_each_workflow_what_a_card_shows(server: Server) -> None:
    categories = await get(server, "/templates/index.json")
    assert [set(category) >= {"moduleName", "title", "type", "templates"} for category in categories]
    assert {category["moduleName"] for category in categories} == {"default"}
    for entry in await entries(server):
        assert all(entry[key] for key in ("name", "title", "description", "mediaType", "mediaSubtype", "tags"))


@pytest.mark.protocol("http.2.n")
@pytest.mark.parametrize("name", ["index.de.json", "index.zh-TW.json", "index.json"])
async def test_the_index_is_json_in_any_language_and_not_kept(server: Server, name: str) -> None:
    async with server.get(f"/templates/{name}") as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert await response.json() == await get(server, "/templates/index.json")


@pytest.mark.protocol("http.2.n")
async def test_logos_are_an_object(server: Server) -> None:
    assert await get(server, "/templates/index_logo.json") == {}


@pytest.mark.protocol("http.2.o")
async def test_each_workflow_in_the_index_opens_and_has_its_picture(server: Server) -> None:
    listed = await entries(server)
    assert "text_to_image" in [entry["name"] for entry in listed]
    for entry in listed:
        workflow = await get(server, f"/templates/{entry['name']}.json")
        assert {"nodes", "links", "version"} <= workflow.keys()
        async with server.get(f"/templates/{entry['name']}-1.{entry['mediaSubtype']}") as response:
            assert response.status == 200
            assert response.content_type == "image/webp"
            data = await response.read()
        assert len(data) <= LARGEST_THUMBNAIL_BYTES
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.size == (256, 256)
            assert picture.getcolors(1000) is None  # a real picture, not a patch of colour


@pytest.mark.protocol("http.2.o")
@pytest.mark.parametrize("name", ["gone.json", "%2e%2e%2ftext_to_image.json", "..%5ctext_to_image.json", "ui"])
async def test_nothing_else_is_there(server: Server, name: str) -> None:
    async with server.get(f"/templates/{name}") as response:
        assert response.status in (400, 404)
