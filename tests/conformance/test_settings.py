"""Settings of the front end: JSON that is kept and handed back."""

import asyncio
import json
import uuid
from typing import Any

import pytest

from tests.conformance.conftest import Server
from web.keys import Parts

pytestmark = pytest.mark.conformance


@pytest.fixture
def name() -> str:
    """A setting that no other test uses."""
    return f"Test.{uuid.uuid4().hex}"


async def setting(server: Server, name: str) -> Any:
    async with server.get(f"/api/settings/{name}") as response:
        assert response.status == 200
        return await response.json()


@pytest.mark.protocol("http.6.e", "http.6.f", "http.6.h")
@pytest.mark.parametrize("value", [None, True, 0, 1.5, "", "é\N{PILE OF POO}", [], {"a": [{"b": None}]}])
async def test_any_json_is_kept_as_it_is(server: Server, name: str, value: object) -> None:
    async with server.post(f"/api/settings/{name}", data=json.dumps(value)) as response:
        assert response.status == 200
        assert await response.read() == b""
    assert await setting(server, name) == value
    async with server.get("/settings") as response:
        assert (await response.json())[name] == value


@pytest.mark.protocol("http.6.f")
async def test_what_was_never_set_is_null(server: Server, name: str) -> None:
    assert await setting(server, name) is None


@pytest.mark.protocol("http.6.g")
async def test_settings_are_merged_and_those_not_named_stay(server: Server, name: str) -> None:
    await server.post("/api/settings", json={name: 1, name + ".b": 2})
    async with server.post("/api/settings", json={name: 3}) as response:
        assert response.status == 200
    assert [await setting(server, name), await setting(server, name + ".b")] == [3, 2]


@pytest.mark.protocol("http.0.e")
async def test_the_body_is_read_whatever_type_it_claims(server: Server, name: str) -> None:
    await server.post(f"/settings/{name}", data=b'"x"', headers={"Content-Type": "text/plain;charset=UTF-8"})
    assert await setting(server, name) == "x"


async def test_a_name_may_hold_anything_that_an_address_can(server: Server, name: str) -> None:
    await server.post(f"/settings/{name}%2F..%20%C3%A9", data=b"1")
    async with server.get("/settings") as response:
        assert (await response.json())[f"{name}/.. é"] == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b"null", b"[" * 100_000, b"\xff", b"1" * 5000])
async def test_settings_that_are_no_object_are_refused(server: Server, body: bytes) -> None:
    async with server.post("/settings", data=body) as response:
        assert response.status == 400
        assert (await response.json())["error"]["type"] in ("invalid_json", "invalid_request")


@pytest.mark.parametrize(("body", "status"), [(b"NaN", 200), (b"-Infinity", 200), (b"1e999", 400)])
async def test_a_number_that_json_has_not_is_not_kept(server: Server, name: str, body: bytes, status: int) -> None:
    async with server.post(f"/settings/{name}", data=body) as response:
        assert response.status == status
    assert await setting(server, name) is None


async def test_of_changes_at_once_none_is_lost(server: Server, name: str) -> None:
    names = [f"{name}.{number}" for number in range(40)]
    await asyncio.gather(*(server.post(f"/settings/{each}", json=each) for each in names))
    async with server.get("/settings") as response:
        kept = await response.json()
    assert [kept.get(each) for each in names] == names


@pytest.mark.protocol("http.6.e")
@pytest.mark.parametrize("content", [b'{"a": 1', b"", b"[1]", b"\xff", b"[" * 100_000])
async def test_a_corrupt_file_counts_as_none_and_is_kept_beside_the_new_one(
    server: Server, parts: Parts, content: bytes
) -> None:
    file = parts.folders.directory("user") / "default" / "comfy.settings.json"
    file.parent.mkdir()
    file.write_bytes(content)
    async with server.get("/settings") as response:
        assert await response.json() == {}
    assert file.read_bytes() == content
    await server.post("/settings", json={"a": 2})
    assert json.loads(file.read_bytes()) == {"a": 2}
    assert file.with_name("comfy.settings.json.corrupt").read_bytes() == content


async def test_a_folder_in_the_place_of_the_settings_is_put_aside(server: Server, parts: Parts) -> None:
    (parts.folders.directory("user") / "default" / "comfy.settings.json" / "x").mkdir(parents=True)
    for value in (1, 2):
        async with server.post("/settings", json={"a": value}) as response:
            assert response.status == 200
    assert await setting(server, "a") == 2
