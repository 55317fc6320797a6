"""Pages of others, in the browser of somebody who has this server running: by origin, by name, by websocket."""

import asyncio

import pytest

from tests.attacks.conftest import OUT, Serve, Server, raw, raw_get
from web.settings import Settings

pytestmark = pytest.mark.conformance

UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
)


@pytest.mark.parametrize(
    "lines",
    [
        ("Host: evil.example",),
        ("Host: localhost.evil.example",),
        ("Host: evil.example:8188", "Origin: http://evil.example:8188"),
        ("Host: 127.0.0.1.evil.example", "Origin: http://127.0.0.1.evil.example"),
        ("Host: localhost", "Origin: null"),
        ("Host: localhost", "Origin: https://evil.example"),
        ("Host: localhost", "Origin: http://localhost@evil.example"),
        ("Host: localhost", "Origin: http://evil.example@localhost"),
        ("Host: localhost", "Origin: http://evil.example#localhost"),
        ("Host: localhost", "Origin: http://localhost.evil.example"),
        ("Host: localhost", "Origin: file://"),
        ("Host: localhost", "Origin: localhost"),
        ("Host: localhost", "Origin: "),
        ("Host: localhost", "Origin: http://localhost", "Origin: http://evil.example"),
        ("Host: localhost:8188", "Origin: http://localhost:3000"),
        ("Host: localhost@evil.example",),
        ("Host: evil.example/localhost",),
        ("Host: [::1", "Origin: http://[::1"),
        ("Host: [::2]:8188",),
        ("Host: [::ffff:192.0.2.1]",),
        ("Host: localhost", "Host: evil.example"),
        ("Host: localhost:99999",),
        ("Host: localhost", "Sec-Fetch-Site: cross-site"),
        ("Host: ", "Origin: https://evil.example"),
    ],
)
async def test_they_are_refused(server: Server, lines: tuple[str, ...]) -> None:
    for start in (("GET /queue HTTP/1.1",), ("POST /free HTTP/1.1",), ("GET /ws HTTP/1.1", *UPGRADE)):
        answer = await raw(server, "\r\n".join([*start, *lines, "", ""]).encode())
        assert answer.status in (400, 403), start


@pytest.mark.parametrize(
    "lines",
    [
        ("Host: localhost:8188", "Origin: http://localhost:8188", "Sec-Fetch-Site: same-origin"),
        ("Host: [::1]:8188", "Origin: http://[::1]:8188"),
        ("Host: 127.0.0.1:8188", "Sec-Fetch-Site: none"),
        ("Host: LOCALHOST.",),
    ],
)
async def test_its_own_pages_are_not(server: Server, lines: tuple[str, ...]) -> None:
    assert (await raw_get(server, "/features", *lines)).status == 200
    answer = await raw(server, "\r\n".join(["GET /ws HTTP/1.1", *lines, *UPGRADE, "", ""]).encode())
    assert answer.status == 101


async def test_a_form_of_a_foreign_page_queues_nothing(server: Server) -> None:
    """No preflight is asked for text/plain, and the body is read whatever its type."""
    headers = {"Content-Type": "text/plain", "Origin": "https://evil.example"}
    async with server.post("/prompt", json={"prompt": OUT}, headers=headers) as response:
        assert response.status == 403
        assert (await response.json())["error"]["type"] == "forbidden"
    async with server.get("/history") as response:
        assert await response.json() == {}


async def test_answers_are_of_no_use_elsewhere(server: Server) -> None:
    async with server.get("/history") as response:
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors" in response.headers["Content-Security-Policy"]
        assert not [name for name in response.headers if name.startswith("Access-Control-")]


class TestOnePageMayCall:
    """``--enable-cors-header https://art.example``"""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(cors_origin="https://art.example")

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Origin": "https://art.example", "Sec-Fetch-Site": "cross-site"}, 200),
            ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
            ({"Origin": "https://art.example.evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Host": "evil.example"}, 403),
        ],
    )
    async def test_and_no_other(self, server: Server, headers: dict[str, str], status: int) -> None:
        async with server.post("/queue", json={}, headers=headers) as response:
            assert response.status == status
            assert response.headers["Access-Control-Allow-Origin"] == "https://art.example"

    async def test_and_show_pictures(self, server: Server) -> None:
        async with server.get("/features", headers={"Sec-Fetch-Site": "cross-site"}) as response:
            assert response.status == 200
            assert "Cross-Origin-Resource-Policy" not in response.headers


async def test_the_origin_counts_on_a_network_too(serve: Serve) -> None:
    server = await serve(Settings(host="0.0.0.0"))
    for origin, status in (("http://studio.lan:8188", 200), ("http://evil.example", 403), ("null", 403)):
        async with server.get("/features", headers={"Host": "studio.lan:8188", "Origin": origin}) as response:
            assert response.status == status


async def test_a_proxy_may_ask_under_another_name(serve: Serve) -> None:
    server = await serve(Settings(allowed_hosts=("art.example",)))
    for host in ("127.0.0.1:8188", "art.example"):
        async with server.get("/features", headers={"Host": host, "Origin": "https://art.example"}) as response:
            assert response.status == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /prompt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 30\r\n\r\n{}",
        b"POST /free HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /prompt HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n{}",
        b"POST /prompt HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /prompt HTTP/1.1\r\nHost: localhost\r\nContent-Length: +2\r\n\r\n{}",
        b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET /\r\nX HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"y" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
    ],
)
async def test_what_two_servers_would_read_differently_is_refused(server: Server, request_bytes: bytes) -> None:
    assert (await raw(server, request_bytes)).status == 400


async def test_a_slow_request_delays_nobody(server: Server) -> None:
    writers = []
    for _ in range(50):
        _, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"POST /upload/image HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\nContent-Ty")
        writers.append(writer)
    async with asyncio.timeout(2), server.get("/features") as response:
        assert response.status == 200
    for writer in writers:
        writer.close()
