"""A server with a token, and people without."""

import sys

import pytest
from aiohttp import WSServerHandshakeError

from tests.attacks.conftest import Serve, Server, raw, raw_get
from web.cli import build_parser
from web.cli.serve import build_settings
from web.cli.terminal import Mistake
from web.safety.access import HIDDEN, masked
from web.settings import Settings

pytestmark = pytest.mark.conformance

TOKEN = "an-old+secret&of=ours"


@pytest.fixture
def settings() -> Settings:
    return Settings(token=TOKEN, argv=masked(["wireloom", "--token", TOKEN, f"--token={TOKEN}"], TOKEN))


@pytest.mark.parametrize(
    "header",
    [
        "X: no token",
        "Authorization: Bearer ",
        "Authorization: Bearer wrong",
        f"Authorization: Basic {TOKEN}",
        f"Authorization: Bearer {TOKEN}x",
        "Authorization: Bearer \udcff\udcfe",
        f"Cookie: wireloom_token_8188={TOKEN}",
        "Cookie: wireloom_token_8188=",
    ],
)
async def test_they_are_answered_nothing(server: Server, header: str) -> None:
    for path in (
        "/",
        "/api/queue",
        "/ws",
        "/view?filename=x",
        "/openapi.json",
        "/nothing",
        "/internal/logs",
        "/?token=",
    ):
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\nConnection: close\r\n\r\n"
        answer = await raw(server, request.encode("utf-8", "surrogateescape"))
        assert answer.status == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
        assert b'"unauthorized"' in answer.body
        assert TOKEN.encode() not in answer.body


async def test_a_websocket_needs_it_too(server: Server) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await server.ws_connect("/ws")
    assert refused.value.status == 401
    async with server.ws_connect("/ws", headers={"Authorization": f"Bearer {TOKEN}"}) as socket:
        assert (await socket.receive_json(timeout=5))["type"] == "status"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_who_knows_it_is_answered(server: Server, scheme: str) -> None:
    async with server.get("/features", headers={"Authorization": f"{scheme} {TOKEN}"}) as response:
        assert response.status == 200
        assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("navigating", [{"Sec-Fetch-Mode": "navigate"}, {"Accept": "text/html,*/*;q=0.8"}], ids=str)
async def test_a_browser_is_given_a_cookie_and_led_on(server: Server, navigating: dict[str, str]) -> None:
    query = {"token": TOKEN, "x": "1"}
    async with server.get("/features", params=query, headers=navigating, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/features?x=1")
        cookie = response.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    async with server.get("/features") as response:  # the client keeps cookies, as browsers do
        assert response.status == 200
    async with server.ws_connect("/ws") as socket:
        assert (await socket.receive_json(timeout=5))["type"] == "status"


async def test_a_script_may_use_the_address_alone(server: Server) -> None:
    async with server.get("/features", params={"token": TOKEN}) as response:
        assert (response.status, (await response.json())["assets"]) == (200, False)


async def test_it_leads_to_no_other_server(server: Server) -> None:
    answer = await raw_get(
        server, "//evil.example/?token=an-old%2Bsecret%26of%3Dours", "Host: localhost", "Sec-Fetch-Mode: navigate"
    )
    assert answer.status == 303
    assert not answer.headers["location"].startswith("//")


async def test_it_is_shown_nowhere(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    await server.get("/view", params={"filename": "..", "token": TOKEN})
    await server.post("/prompt", params={"token": TOKEN}, data=b"{")
    for path in ("/system_stats", "/internal/logs", "/internal/logs/raw", "/features", "/openapi.json", "/"):
        async with server.get(path, headers=headers) as response:
            assert response.status == 200
            assert TOKEN not in await response.text()
    async with server.get("/system_stats", headers=headers) as response:
        argv = (await response.json())["system"]["argv"]
    assert argv == ["wireloom", "--token", HIDDEN, f"--token={HIDDEN}"]
    assert TOKEN not in caplog.text


async def test_a_foreign_page_is_refused_even_with_the_cookie(server: Server) -> None:
    await (await server.get("/features", params={"token": TOKEN})).read()
    async with server.get("/features", headers={"Origin": "https://evil.example"}) as response:
        assert response.status == 403


async def test_a_preflight_needs_none(serve: Serve) -> None:
    server = await serve(Settings(token=TOKEN, cors_origin="*"))
    async with server.options("/prompt", headers={"Origin": "https://art.example"}) as response:
        assert response.status == 200
        assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    async with server.get("/features", headers={"Origin": "https://art.example"}) as response:
        assert response.status == 401
        assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("token", ["", "short", "with a blank in it", "schlüssel-schlüssel", "line\nbreak-"])
def test_a_weak_or_odd_token_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        Settings(token=token)


def settings_of(*flags: str) -> Settings:
    return build_settings(build_parser().parse_args(["serve", *flags]))


class TestFlags:
    @pytest.fixture(autouse=True)
    def _nothing_around(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("WIRELOOM_TOKEN", raising=False)

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
    def test_this_machine_alone_needs_none(self, host: str) -> None:
        assert settings_of("--host", host).token is None

    @pytest.mark.parametrize("flags", [("--host", "0.0.0.0"), ("--host", "::"), ("--host", ""), ("--token",)])
    def test_one_is_made_where_it_is_needed_or_wanted(self, flags: tuple[str, ...]) -> None:
        one, other = settings_of(*flags).token, settings_of(*flags).token
        assert one
        assert other
        assert len(one) >= 43
        assert one != other

    def test_it_may_come_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WIRELOOM_TOKEN", TOKEN)
        assert settings_of().token == settings_of("--host", "0.0.0.0").token == TOKEN
        assert settings_of("--token", TOKEN + "2").token == TOKEN + "2"

    def test_it_is_masked_however_it_is_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "argv", ["wireloom", "serve", f"--tok={TOKEN}"])
        assert TOKEN not in str(settings_of("--token", TOKEN).argv)

    def test_a_weak_one_is_a_mistake(self) -> None:
        with pytest.raises(Mistake, match="token"):
            settings_of("--token", "short")
