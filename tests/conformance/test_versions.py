"""/v1/versions and /v1/tags: what is kept beside saved workflows, and that ComfyUI's clients see none of it."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

import pytest

from tests.conformance.asking import get
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance


@pytest.fixture
def name() -> str:
    """A workflow that no other test uses."""
    return f"{uuid.uuid4().hex}/a b"


def at(name: str) -> str:
    return f"/userdata/{quote(f'workflows/{name}.json', safe='')}"


async def save(server: Server, name: str, content: bytes) -> None:
    async with server.post(at(name), data=content) as response:
        assert response.status == 200


async def held(server: Server, name: str) -> bytes:
    async with server.get(at(name)) as response:
        return await response.read()


async def versions(server: Server, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await get(server, "/v1/versions", workflow=name))["versions"]
    return found


async def change(server: Server, method: str, path: str, name: str, body: Any = None, status: int = 200) -> Any:
    async with server.request(method, path, params={"workflow": name}, json=body) as response:
        assert response.status == status, await response.text()
        return json.loads(await response.text())


async def content(server: Server, name: str, version: str) -> bytes:
    async with server.get(f"/v1/versions/{version}", params={"workflow": name}) as response:
        assert response.status == 200
        return await response.read()


async def test_each_save_keeps_what_was_there_before_once(server: Server, name: str) -> None:
    for text in (b"1", b"2", b"2", b"1", b"3"):
        await save(server, name, text)
    found = await versions(server, name)
    assert [await content(server, name, each["id"]) for each in found] == [b"1", b"2"]  # 1 was there twice


async def test_a_version_comes_back_and_what_was_there_is_one_then(server: Server, name: str) -> None:
    await save(server, name, b"old")
    await save(server, name, b"new")
    [old] = await versions(server, name)
    await change(server, "POST", f"/v1/versions/{old['id']}/restore", name)
    assert await held(server, name) == b"old"
    kept = [await content(server, name, each["id"]) for each in await versions(server, name)]
    assert kept == [b"new", b"old"]
    assert (await get(server, "/v1/versions", workflow=name))["current"] == old["id"]


async def test_versions_have_names_if_they_are_given_any(server: Server, name: str) -> None:
    await save(server, name, b"first")
    made = await change(server, "POST", "/v1/versions", name, {"name": "as sent"}, 201)
    await save(server, name, b"second")
    [only] = await versions(server, name)
    assert (only["id"], only["name"]) == (made["id"], "as sent")
    for new in ("final", None):
        assert (await change(server, "PATCH", f"/v1/versions/{only['id']}", name, {"name": new}))["name"] == new
    await change(server, "PATCH", f"/v1/versions/{only['id']}", name, {"name": ""}, 400)


async def test_what_is_not_there_is_told(server: Server, name: str) -> None:
    await save(server, name, b"1")
    nothing = "0" * 32
    for method, path, body in (
        ("GET", f"/v1/versions/{nothing}", None),
        ("PATCH", f"/v1/versions/{nothing}", {"name": "a"}),
        ("POST", f"/v1/versions/{nothing}/restore", None),
        ("GET", "/v1/versions/index.json", None),
    ):
        refused = await change(server, method, path, name, body, 404)
        assert "has no version" in refused["error"]["details"]
    for workflow, status in ((f"{name}2", 404), ("../../x", 403)):
        async with server.get("/v1/versions", params={"workflow": workflow}) as response:
            assert response.status == status
    await get(server, "/v1/versions", 400)


async def test_versions_and_tags_go_along_with_a_new_name_and_go_with_their_workflow(server: Server, name: str) -> None:
    await save(server, name, b"1")
    await save(server, name, b"2")
    await change(server, "PUT", "/v1/tags", name, {"tags": [" Portrait ", "portrait", "b"]})
    assert (await get(server, "/v1/tags"))["workflows"][name] == ["Portrait", "b"]
    other = f"{name} too"
    async with server.post(f"{at(name)}/move/{quote(f'workflows/{other}.json', safe='')}") as response:
        assert response.status == 200
    assert len(await versions(server, other)) == 1
    tags = (await get(server, "/v1/tags"))["workflows"]
    assert (tags.get(name), tags[other]) == (None, ["Portrait", "b"])
    await server.delete(at(other))
    await save(server, other, b"another")
    assert await versions(server, other) == []
    assert other not in (await get(server, "/v1/tags"))["workflows"]


async def test_who_is_replaced_by_another_is_a_version(server: Server, name: str) -> None:
    other = f"{name} too"
    await save(server, name, b"1")
    await save(server, other, b"2")
    async with server.post(f"{at(name)}/move/{quote(f'workflows/{other}.json', safe='')}") as response:
        assert response.status == 200
    assert [await content(server, other, each["id"]) for each in await versions(server, other)] == [b"2"]


async def test_tags_are_short_and_for_workflows_that_are_there(server: Server, name: str) -> None:
    await change(server, "PUT", "/v1/tags", name, {"tags": ["a"]}, 404)
    await save(server, name, b"1")
    for tags in (["x" * 41], [""], ["a\nb"], [str(n) for n in range(31)], "a", [1]):
        await change(server, "PUT", "/v1/tags", name, {"tags": tags}, 400)


async def test_clients_of_userdata_see_none_of_it(server: Server, name: str) -> None:
    folder = name.split("/")[0]
    await save(server, name, b"1")
    await save(server, name, b"2")
    await change(server, "PUT", "/v1/tags", name, {"tags": ["a"]})
    assert await get(server, "/userdata", dir=f"workflows/{folder}", recurse="true") == ["a b.json"]
    everything = await get(server, "/v2/userdata")
    assert [entry["path"] for entry in everything if "__" in entry["path"]] == []
