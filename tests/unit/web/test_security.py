"""Which requests are turned away because of where they come from."""

from collections.abc import Awaitable, Callable

import pytest

from engine.bus import Bus
from engine.folders import Folders
from engine.jobs_sqlite import SqliteQueue
from tests.unit.web.conftest import FakePool, Server
from web.app import make_app
from web.keys import Parts
from web.settings import Settings


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8188"}, 200),
        ({"Host": "LOCALHOST:8188", "Origin": "http://localhost:8188"}, 200),
        ({"Host": "localhost:8188", "Origin": "http://localhost"}, 200),
        ({"Host": "[::1]:8188", "Origin": "http://[::1]:8188"}, 200),
        ({"Host": "wireloom.localhost"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "localhost:8188", "Origin": "http://localhost:9999"}, 403),
        ({"Host": "localhost:8188", "Origin": "http://127.0.0.1:8188"}, 403),
        ({"Host": "localhost:8188", "Origin": "https://evil.example"}, 403),
        ({"Host": "localhost:8188", "Origin": "null"}, 403),
        ({"Host": "localhost:8188", "Origin": "http://[bad"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 403),
        ({"Host": "192.0.2.7:8188"}, 403),
        ({"Host": "localhost:port"}, 403),
    ],
)
async def test_foreign_pages_are_turned_away(server: Server, headers: dict[str, str], status: int) -> None:
    async with server.get("/api/features", headers=headers) as response:
        assert response.status == status
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_websocket_is_guarded_too(server: Server) -> None:
    async with server.get("/ws", headers={"Origin": "https://evil.example"}) as response:
        assert response.status == 403


async def test_options_is_answered_with_nothing(server: Server) -> None:
    async with server.options("/prompt") as response:
        assert (response.status, await response.read()) == (200, b"")


class TestOpenToOthers:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(cors_origin="*")

    @pytest.mark.protocol("http.0.m")
    async def test_cors_replaces_the_check(self, server: Server) -> None:
        async with server.get("/features", headers={"Origin": "https://other.example"}) as response:
            assert response.status == 200
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert response.headers["Access-Control-Allow-Credentials"] == "true"

    @pytest.mark.protocol("http.0.m")
    async def test_a_preflight_is_told_the_methods(self, server: Server) -> None:
        async with server.options("/prompt", headers={"Origin": "https://other.example"}) as response:
            assert response.status == 200
            assert "POST" in response.headers["Access-Control-Allow-Methods"]


async def test_a_server_open_to_the_network_takes_any_host(
    aiohttp_client: Callable[..., Awaitable[Server]], pool: FakePool, folders: Folders
) -> None:
    parts = Parts(SqliteQueue(":memory:"), pool, Bus(), folders, Settings(host="0.0.0.0"))
    server = await aiohttp_client(make_app(parts))
    async with server.get("/features", headers={"Host": "studio.lan"}) as response:
        assert response.status == 200


async def test_a_known_name_is_accepted_behind_a_proxy(
    aiohttp_client: Callable[..., Awaitable[Server]], pool: FakePool, folders: Folders
) -> None:
    parts = Parts(SqliteQueue(":memory:"), pool, Bus(), folders, Settings(allowed_hosts=("Art.Example",)))
    server = await aiohttp_client(make_app(parts))
    async with server.get("/features", headers={"Host": "art.example"}) as response:
        assert response.status == 200
