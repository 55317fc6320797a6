"""/v1/bundles: a workflow with its files as one file, and back; and files that are none, or are made to do harm."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any
from urllib.parse import quote

import pytest

from tests.conformance.asking import get, own_name, picture, post, upload
from tests.conformance.conftest import Server
from tests.conformance.test_shares import loads

pytestmark = pytest.mark.conformance


async def bundle(server: Server, path: str = "/v1/bundles", body: Any = None) -> bytes:
    async with server.get(path) if body is None else server.post(path, json=body) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "application/zip"
        return await response.read()


async def take(server: Server, packed: bytes, status: int = 200, **query: str) -> Any:
    async with server.post("/v1/bundles/import", data=packed, params=query) as response:
        assert response.status == status, await response.text()
        return await response.json() if response.content_type == "application/json" else await response.text()


def packed(about: Any = None, workflow: Any = None, files: dict[str, bytes] | None = None) -> bytes:
    """A bundle that somebody else made."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        told = {"format": "wireloom-bundle", "version": 1, "name": "theirs", **(about or {})}
        archive.writestr("wireloom.json", json.dumps(told))
        archive.writestr("workflow.json", json.dumps({} if workflow is None else workflow))
        for name, content in (files or {}).items():
            archive.writestr(name, content)
    return file.getvalue()


def with_file(name: str, content: bytes = b"x") -> bytes:
    return packed({"files": [{"value": "a.png", "name": name, "entry": "input/a.png"}]}, files={"input/a.png": content})


async def test_a_workflow_goes_into_a_bundle_with_its_files_and_comes_back(server: Server) -> None:
    name, content = own_name(), picture()
    await upload(server, name, content)
    body = {"name": "two", "workflow": loads(name)}
    made = await bundle(server, body=body)
    assert made == await bundle(server, body=body)  # to the byte
    await upload(server, name, picture((0, 0, 255)), overwrite="true")
    taken = await take(server, made)
    assert (taken["name"], taken["saved"]) == ("two", None)
    async with server.get("/view", params={"filename": taken["inputs"][name], "type": "input"}) as response:
        assert await response.read() == content


async def test_a_workflow_of_the_library_takes_its_picture_and_its_tags_along(server: Server) -> None:
    folder = uuid.uuid4().hex
    name = f"{folder}/mine"
    await keep(server, f"workflows/{name}.json", json.dumps(loads()).encode())
    await keep(server, f"wireloom/thumbnails/{name}.webp", b"a picture")
    async with server.put("/v1/tags", params={"workflow": name}, json={"tags": ["one"]}) as response:
        assert response.status == 200
    made = await bundle(server, f"/v1/bundles/{quote(name)}")
    for expected in (f"{folder}/theirs", f"{folder}/theirs (2)"):
        taken = await take(server, made, save=f"{folder}/theirs")
        assert taken["saved"] == expected
        assert (await get(server, "/v1/tags"))["workflows"][expected] == ["one"]
        async with server.get(f"/userdata/{quote(f'wireloom/thumbnails/{expected}.webp', safe='')}") as response:
            assert await response.read() == b"a picture"
    for none in (f"{folder}/none", "a" * 300):
        await get(server, f"/v1/bundles/{none}", 404)


async def keep(server: Server, path: str, content: bytes) -> None:
    async with server.post(f"/userdata/{quote(path, safe='')}", data=content) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "name",
    [
        "../a.png",
        "/etc/a.png",
        "a/../../b.png",
        "C:a.png",
        "..\\a.png",
        ".hidden.png",
        "",
        "a" * 300,
        "d" * 300 + "/a.png",
    ],
)
async def test_no_file_of_a_bundle_leads_out_of_the_inputs(server: Server, name: str) -> None:
    assert "file" in (await take(server, with_file(name), 400))["error"]["details"]


async def test_what_is_no_bundle_is_refused_with_a_reason(server: Server) -> None:
    whole = packed()
    for data, reason in (
        (b"", "zip"),
        (b"no zip", "zip"),
        (whole[:40], "zip"),
        (packed({"version": 2}), "version"),
        (packed({"name": ""}), "name"),
        (packed({"files": [{"value": "a", "name": "a.png", "entry": "input/a.png"}]}), "input/a.png"),
        (packed(workflow=[]), ""),
    ):
        error = (await take(server, data, 400))["error"]
        assert reason in error["details"] + error["message"], error


async def test_what_would_be_too_much_unpacked_is_not_unpacked(server: Server) -> None:
    bomb = with_file("a.png", bytes(101 * 1024 * 1024))
    assert len(bomb) < 1_000_000
    assert "more than" in (await take(server, bomb, 400))["error"]["details"]
    many = packed(files={f"{n}": b"" for n in range(600)})
    assert "entries" in (await take(server, many, 400))["error"]["details"]


async def test_a_damaged_file_in_it_is_refused(server: Server) -> None:
    made = bytearray(with_file("a.png", bytes(range(256)) * 40))
    at = made.index(b"input/a.png") + 30
    made[at : at + 8] = b"\xff" * 8
    assert "zip" in (await take(server, bytes(made), 400))["error"]["details"]


async def test_a_name_that_cannot_be_saved_is_refused(server: Server) -> None:
    await take(server, packed(), 403, save="../../a")


async def test_bodies_say_what_they_lack(server: Server) -> None:
    assert (await post(server, "/v1/bundles", {"name": "a"}, 400))["error"]["message"].startswith("workflow")
