"""A folder served as the front end, and which folder that is."""

from __future__ import annotations

import asyncio
import mimetypes
from importlib import metadata
from pathlib import Path

import pytest

from engine.errors import UnsafePath
from tests.unit.web.conftest import Server
from web.cli.frontend import find_frontend
from web.cli.terminal import Mistake
from web.frontend import core_extensions, find, media_type
from web.settings import Settings

SCRIPT = "export const app = window.app;\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small front end."""
    files = {
        "index.html": "<!doctype html>",
        "scripts/app.js": SCRIPT,
        "assets/app-1.js": SCRIPT,
        "assets/logo.webp": "RIFF",
        "extensions/core/b.js": "",
        "extensions/core/a/deep.js": "",
        "extensions/core/style.css": "",
    }
    root = tmp_path / "front end"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def settings(root: Path) -> Settings:
    return Settings(frontend=root)


@pytest.mark.protocol("http.0.q", "http.5.f")
async def test_the_page_is_asked_for_anew_each_time(server: Server) -> None:
    async with server.get("/") as response:
        assert await response.text() == "<!doctype html>"
        assert response.content_type == "text/html"
        assert response.headers["Cache-Control"] == "no-store, must-revalidate"
        assert (response.headers["Pragma"], response.headers["Expires"]) == ("no-cache", "0")


@pytest.mark.protocol("http.5.e", "http.0.s")
@pytest.mark.parametrize("path", ["/scripts/app.js", "/assets/app-1.js", "/extensions/core/b.js"])
async def test_scripts_are_called_scripts_whatever_the_system_calls_them(
    server: Server, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mimetypes, "guess_type", lambda name: ("text/plain", None))
    async with server.get(path) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.protocol("http.0.r")
async def test_a_file_is_sent_in_parts_and_only_once(server: Server) -> None:
    async with server.get("/scripts/app.js", headers={"Range": "bytes=0-5"}) as response:
        assert (response.status, await response.text()) == (206, "export")
        assert {"ETag", "Last-Modified"} <= response.headers.keys()
        tag = response.headers["ETag"]
    async with server.get("/scripts/app.js", headers={"If-None-Match": tag}) as response:
        assert response.status == 304


@pytest.mark.parametrize("path", ["/nothing.js", "/assets", "/assets/", "/scripts/none.js", "/extensions/core/none.js"])
async def test_what_is_not_there_is_not_found(server: Server, path: str) -> None:
    async with server.get(path) as response:
        assert response.status == 404


async def test_a_style_sheet_that_nobody_made_is_empty(server: Server, root: Path) -> None:
    async with server.get("/user.css") as response:
        assert (response.status, response.content_type, await response.text()) == (200, "text/css", "")
    (root / "user.css").write_text("body {}")
    async with server.get("/user.css") as response:
        assert await response.text() == "body {}"


@pytest.mark.protocol("http.5.f")
@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/userdata/user.css", ""),
        ("/api/userdata/comfy.templates.json", "[]"),
        ("/api/userdata/workflows%2F.index.json", '{"favorites": []}'),
        ("/api/userdata?dir=workflows&recurse=true&split=false&full_info=true", "[]"),
        ("/api/userdata?dir=subgraphs&recurse=true&split=false&full_info=true", "[]"),
    ],
)
async def test_what_a_front_end_asks_a_new_user_for_is_empty(server: Server, path: str, answer: str) -> None:
    async with server.get(path) as response:
        assert (response.status, await response.text()) == (200, answer)


async def test_the_servers_own_routes_come_first(server: Server, root: Path) -> None:
    (root / "queue").write_text("not this")
    async with server.get("/queue") as response:
        assert await response.json() == {"queue_running": [], "queue_pending": []}


@pytest.mark.parametrize(
    "target",
    [
        "/../secret",
        "/%2e%2e/secret",
        "/assets/..%2f..%2fsecret",
        "/..%5csecret",
        "//etc/passwd",
        "/%00",
        "/C:%5csecret",
    ],
)
async def test_names_never_lead_out_of_the_folder(server: Server, root: Path, target: str) -> None:
    (root.parent / "secret").write_text("secret")
    reader, writer = await asyncio.open_connection(server.host, server.port)  # a client library would tidy the path up
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {server.host}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.split()[1] in (b"400", b"404")
    assert b"\r\n\r\nsecret" not in answer


def test_links_may_lead_anywhere_within_the_folder_but_not_out_of_it(root: Path) -> None:
    (root.parent / "secret.js").write_text("secret")
    (root / "out.js").symlink_to(root.parent / "secret.js")
    (root / "up").symlink_to(root.parent)
    (root / "in.js").symlink_to(root / "scripts" / "app.js")
    assert find(root, "out.js") is None
    assert find(root, "up/secret.js") is None
    assert find(root, "in.js") == root / "scripts" / "app.js"
    with pytest.raises(UnsafePath):
        find(root, "../secret.js")


@pytest.mark.protocol("http.2.d")
async def test_the_front_ends_own_scripts_are_listed_first(server: Server, root: Path) -> None:
    assert core_extensions(root) == ["/extensions/core/a/deep.js", "/extensions/core/b.js"]
    async with server.get("/extensions") as response:
        assert (await response.json())[:2] == core_extensions(root)


@pytest.mark.parametrize(
    ("name", "called"),
    [("a.JS", "text/javascript; charset=utf-8"), ("a.woff2", "font/woff2"), ("a.strange", "application/octet-stream")],
)
def test_media_types_go_by_the_ending(name: str, called: str) -> None:
    assert media_type(name) == called


def test_a_folder_with_a_page_is_a_front_end(root: Path) -> None:
    assert find_frontend(None) is None
    assert find_frontend(str(root)) == root
    with pytest.raises(Mistake, match=r"no index\.html"):
        find_frontend(str(root / "assets"))


def test_a_front_end_that_is_not_installed_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", nothing)
    with pytest.raises(Mistake, match=r"pip install 'wireloom\[comfy\]'"):
        find_frontend("comfy")
