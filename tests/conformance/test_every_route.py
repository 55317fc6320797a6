"""What holds for all routes: the form of answers, who may ask, what is not there."""

from __future__ import annotations

import json

import pytest

from tests.conformance.asking import SLOW
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance

READ = ("/prompt", "/queue", "/history", "/object_info", "/models", "/embeddings", "/system_stats", "/features")


@pytest.mark.protocol("http.0.c")
@pytest.mark.parametrize("path", READ)
async def test_json_says_that_it_is(server: Server, path: str) -> None:
    async with server.get(path) as response:
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        json.loads((await response.read()).decode("utf-8"))
    async with server.head(path) as response:
        assert response.status == 200


@pytest.mark.protocol("http.0.d")
@pytest.mark.parametrize("path", ["/queue", "/history", "/interrupt", "/free"])
async def test_a_success_with_nothing_to_say_is_empty(server: Server, path: str) -> None:
    async with server.post(path, json={}) as response:
        assert (response.status, await response.read()) == (200, b"")


@pytest.mark.protocol("http.0.e")
@pytest.mark.usefixtures("small_nodes")
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", "x/y"])
async def test_a_body_is_read_whatever_it_is_called(server: Server, kind: str) -> None:
    data = json.dumps({"prompt": SLOW})
    async with server.post("/prompt", data=data, headers={"Content-Type": kind}) as response:
        assert response.status == 200, await response.text()


@pytest.mark.protocol("http.0.h")
@pytest.mark.parametrize("path", ["/prompt", "/queue", "/history", "/free"])
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_is_refused_with_a_reason(server: Server, path: str, body: bytes) -> None:
    async with server.post(path, data=body) as response:
        assert response.status == 400
        assert (await response.json())["error"]["message"]


@pytest.mark.protocol("http.0.f")
@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere", "/api", "/jobs/a/b/c"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_path_is_404(server: Server, method: str, path: str) -> None:
    async with server.request(method, path) as response:
        assert response.status in (404, 405) if method != "GET" else response.status == 404


@pytest.mark.protocol("http.jobs.za", "http.9.b")
@pytest.mark.parametrize(
    "path", ["/jobs/x/assets", "/user", "/secrets", "/providers", "/hub/x", "/workspace/x", "/viewvideo", "/v2/manager"]
)
async def test_what_belongs_to_the_cloud_or_to_packs_is_404(server: Server, path: str) -> None:
    async with server.get("/api" + path) as response:
        assert response.status == 404


@pytest.mark.protocol("http.0.i")
@pytest.mark.parametrize("origin", ["http://elsewhere.example", "http://127.0.0.1:1", "null", "", "file://"])
async def test_pages_from_elsewhere_are_turned_away(server: Server, origin: str) -> None:
    for path in ("/prompt", "/api/prompt", "/ws", "/"):
        async with server.get(path, headers={"Host": "127.0.0.1:8188", "Origin": origin}) as response:
            assert response.status == 403, path


@pytest.mark.protocol("http.0.j")
@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8188", "http://127.0.0.1:8188"),
        ("localhost:8188", "http://LocalHost:8188"),
        ("LOCALHOST:8188", "http://localhost:8188"),
        ("localhost:8188", "http://localhost"),
        ("localhost", "http://localhost:8188"),
    ],
)
async def test_its_own_pages_are_answered(server: Server, host: str, origin: str) -> None:
    async with server.get("/prompt", headers={"Host": host, "Origin": origin}) as response:
        assert response.status == 200


@pytest.mark.protocol("http.0.k")
async def test_what_a_browser_calls_cross_site_is_refused(server: Server) -> None:
    for said, status in (("cross-site", 403), ("same-origin", 200), ("none", 200)):
        async with server.get("/prompt", headers={"Sec-Fetch-Site": said}) as response:
            assert response.status == status


@pytest.mark.protocol("http.0.l")
@pytest.mark.parametrize("path", ["/prompt", "/api/upload/image", "/userdata/x"])
async def test_options_are_answered_by_nothing(server: Server, path: str) -> None:
    async with server.options(path) as response:
        assert (response.status, await response.read()) == (200, b"")
        assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.protocol("http.0.v")
@pytest.mark.parametrize("user", ["", "default", "somebody", "__system"])
async def test_a_server_for_one_user_does_not_ask_who_that_is(server: Server, user: str) -> None:
    for path in ("/queue", "/api/settings", "/api/users"):
        async with server.get(path, headers={"Comfy-User": user}) as response:
            assert response.status == 200


@pytest.mark.protocol("http.0.q", "http.5.f")
async def test_the_first_page_is_always_fetched_anew(server: Server) -> None:
    async with server.get("/") as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        assert response.headers["Cache-Control"] == "no-store, must-revalidate"
        assert response.headers["Pragma"] == "no-cache"
        assert response.headers["Expires"] == "0"
