"""/v1/shares: a workflow with its files behind a link, and nothing else behind it."""

from __future__ import annotations

import io
import secrets
import uuid
from typing import Any

import pytest
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from tests.conformance.asking import get, own_name, picture, post, upload
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance


def loads(*names: str) -> dict[str, Any]:
    """A workflow as an editor saves it, with a node for each of these files and one within a subgraph."""
    nodes = [
        {"id": n, "type": "LoadImage", "pos": [0, 0], "widgets_values": [name, "image"]} for n, name in enumerate(names)
    ]
    inner = {"id": str(uuid.uuid4()), "name": "inner", "nodes": nodes[-1:], "links": []}
    return {"version": 0.4, "nodes": nodes, "links": [], "definitions": {"subgraphs": [inner]}}


def telling(words: str) -> bytes:
    """A picture whose file says something, in both ways in which nodes write that."""
    file, texts, exif = io.BytesIO(), PngInfo(), Image.Exif()
    texts.add_text("prompt", words)
    exif[ExifTags.Base.Make] = words
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=texts, exif=exif)
    return file.getvalue()


async def share(server: Server, workflow: dict[str, Any], **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await post(server, "/v1/shares", {"name": "mine", "workflow": workflow, **more}, 201)
    return made


async def test_a_share_shows_the_workflow_and_its_files_as_they_were(server: Server) -> None:
    name, content = own_name(), picture()
    await upload(server, name, content)
    made = await share(server, loads(name, "gone.png", "a cat"))
    await upload(server, name, picture((0, 255, 0)), overwrite="true")
    shown = await get(server, made["links"]["self"])
    assert shown["name"] == "mine"
    assert shown["workflow"] == {**loads(name, "gone.png", "a cat"), "definitions": shown["workflow"]["definitions"]}
    assert [file["name"] for file in shown["files"]] == [name]
    async with server.get(shown["files"][0]["url"]) as response:
        assert await response.read() == content
        assert response.content_type == "image/png"


async def test_its_picture_tells_nothing_of_how_it_was_made(server: Server) -> None:
    sent = await upload(server, own_name(), telling("what nobody is to know"), type="output")
    made = await share(server, loads(), picture={"filename": sent["name"], "type": "output"})
    assert made["has_picture"]
    async with server.get((await get(server, made["links"]["self"]))["picture"]) as response:
        assert response.content_type == "image/webp"
        shown = await response.read()
    assert shown[8:12] == b"WEBP"
    assert b"nobody" not in shown
    gone = {"filename": own_name(), "type": "output"}
    refused = await post(server, "/v1/shares", {"name": "a", "workflow": {}, "picture": gone}, 400)
    assert gone["filename"] in refused["error"]["details"]


async def test_files_can_be_left_out(server: Server) -> None:
    name = own_name()
    await upload(server, name, picture())
    assert (await share(server, loads(name), inputs=False))["inputs"] == []


async def test_shares_are_listed_newest_first_and_can_be_revoked(server: Server) -> None:
    first, second = await share(server, loads()), await share(server, loads())
    tokens = [entry["token"] for entry in (await get(server, "/v1/shares"))["shares"]]
    assert tokens.index(second["token"]) < tokens.index(first["token"])
    for status in (204, 404):
        async with server.delete(first["links"]["self"]) as response:
            assert response.status == status
    for path in ("", "/bundle", "/files/picture.webp"):
        await get(server, first["links"]["self"] + path, 404)
    await post(server, f"{first['links']['self']}/copy", status=404)
    await get(server, second["links"]["self"])


@pytest.mark.parametrize("token", ["x", "..%2F..", "*", "a" * 43, "%00", "?" * 43])
async def test_a_token_that_nobody_was_given_leads_nowhere(server: Server, token: str) -> None:
    await share(server, loads())
    async with server.get(f"/v1/shares/{token}") as response:
        assert response.status == 404


async def test_of_a_share_only_its_own_files_can_be_had(server: Server) -> None:
    made = await share(server, loads())
    for entry in ("share.json", "wireloom.json", "workflow.json", "..%2F..%2Fqueue.sqlite", "input/a.png"):
        await get(server, f"{made['links']['self']}/files/{entry}", 404)


async def test_what_is_made_ones_own_has_its_files_beside_those_that_are_there(server: Server) -> None:
    name, content = own_name(), picture()
    await upload(server, name, content)
    made = await share(server, loads(name))
    kept = await post(server, f"{made['links']['self']}/copy")
    assert kept["inputs"] == {name: name}  # it is there as it is
    await upload(server, name, picture((0, 0, 255)), overwrite="true")
    copied = await post(server, f"{made['links']['self']}/copy")
    other = copied["inputs"][name]
    assert other != name
    assert copied["workflow"]["nodes"][0]["widgets_values"][0] == other
    assert copied["workflow"]["definitions"]["subgraphs"][0]["nodes"][0]["widgets_values"][0] == other
    async with server.get("/view", params={"filename": other, "type": "input"}) as response:
        assert await response.read() == content


async def test_what_is_asked_for_wrongly_is_told(server: Server) -> None:
    for body in (
        {},
        {"name": "", "workflow": {}},
        {"name": "a", "workflow": []},
        {"name": "a", "workflow": {}, "x": 1},
    ):
        assert (await post(server, "/v1/shares", body, 400))["error"]["message"]


async def test_a_link_opens_the_editor(server: Server) -> None:
    token = secrets.token_urlsafe(32)
    async with server.get(f"/share/{token}", allow_redirects=False) as response:
        if response.status == 404:
            pytest.skip("this server has no editor")
        assert response.status == 303
        assert response.headers["Location"] == f"../#share={token}"
