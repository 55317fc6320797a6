"""Assets are not kept: each of their routes says so in one shape."""

import uuid

import pytest

from tests.conformance.asking import get
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance

ONE = f"/api/assets/{uuid.UUID(int=1)}"
ROUTES = [
    ("GET", "/api/assets?limit=20"),
    ("POST", "/api/assets"),
    ("GET", "/api/assets/tags/refine"),
    ("GET", "/api/assets/seed/status"),
    ("POST", "/api/assets/seed"),
    ("POST", "/api/assets/seed/cancel"),
    ("POST", "/api/assets/prune"),
    ("POST", "/api/assets/from-hash"),
    ("GET", ONE),
    ("PUT", ONE),
    ("DELETE", ONE),
    ("GET", ONE + "/content?disposition=inline"),
    ("POST", ONE + "/tags"),
    ("DELETE", ONE + "/tags"),
    ("GET", "/api/tags"),
]


@pytest.mark.protocol("http.8.a", "ws.1.s")
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_assets_are_off(server: Server, method: str, path: str) -> None:
    async with server.request(method, path) as response:
        assert response.status == 503
        error = (await response.json())["error"]
    assert (error["code"], error["details"]) == ("SERVICE_DISABLED", {})
    assert error["message"]
    assert (await get(server, "/features"))["assets"] is False


@pytest.mark.protocol("http.8.a")
async def test_asking_for_a_hash_is_answered_without_a_body(server: Server) -> None:
    async with server.head("/api/assets/hash/blake3:00") as response:
        assert response.status == 503


@pytest.mark.protocol("http.3.p")
async def test_a_file_named_by_its_hash_is_not_there(server: Server) -> None:
    async with server.get("/view", params={"filename": "blake3:" + "0" * 64}) as response:
        assert response.status == 404
