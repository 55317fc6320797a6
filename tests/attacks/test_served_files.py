"""Files of others that a browser would run as pages of this server."""

from pathlib import Path

import pytest

from tests.attacks.conftest import Server, png

pytestmark = pytest.mark.conformance

SCRIPT = "<html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></html>"
NAMES = [
    *[
        "a.html",
        "a.HTM",
        "a.xhtml",
        "a.xht",
        "a.svg",
        "a.SVGZ",
        "a.xml",
        "a.xsl",
        "a.xslt",
    ],
    *["a.js", "a.mjs", "a.css", "a.html.png.html"],
]


@pytest.mark.parametrize("dest", ["document", "iframe", "object", "embed", "script", "image", ""])
async def test_nothing_that_runs_is_shown(server: Server, data: Path, dest: str) -> None:
    headers = {"Sec-Fetch-Dest": dest} if dest else {}
    for name in NAMES:
        (data / "output" / name).write_text(SCRIPT)
        async with server.get("/view", params={"filename": name}, headers=headers) as response:
            assert response.status == 200
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            assert "sandbox" in response.headers["Content-Security-Policy"]
            if dest == "image" and name.startswith(("a.svg", "a.SVG")):
                assert response.headers["Content-Type"] == "image/svg+xml"
            else:
                assert response.headers["Content-Type"] == "application/octet-stream"
                assert response.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    "name", ["a", "a.", "a.txt", "a.json", "a.pdf", "a.swf", "a.hta", "a.mht", "a.wasm", "a.unknown"]
)
async def test_what_is_no_picture_could_do_nothing(server: Server, data: Path, name: str) -> None:
    (data / "output" / name).write_text(SCRIPT)
    async with server.get("/view", params={"filename": name}) as response:
        if response.status == 200:
            assert "sandbox" in response.headers["Content-Security-Policy"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"
        else:
            assert (name, response.status) == ("a.", 403)


async def test_a_page_called_a_picture_is_a_broken_picture(server: Server, data: Path) -> None:
    (data / "output" / "a.png").write_text(SCRIPT)
    async with server.get("/view", params={"filename": "a.png"}) as response:
        assert (response.content_type, response.headers["X-Content-Type-Options"]) == ("image/png", "nosniff")


async def test_a_picture_is_shown_as_it_is(server: Server, data: Path) -> None:
    (data / "output" / "a.png").write_bytes(png())
    async with server.get("/view", params={"filename": "a.png"}) as response:
        assert response.headers["Content-Security-Policy"] == "frame-ancestors 'self'"
        assert await response.read() == png()


async def test_user_files_are_only_saved(server: Server) -> None:
    for name in ("a.html", "a.svg", "a.json", "sub%2Fa.js"):
        async with server.post(f"/userdata/{name}", data=SCRIPT) as response:
            assert response.status == 200
        async with server.get(f"/userdata/{name}") as response:
            assert response.headers["Content-Disposition"].startswith("attachment")
            assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_name_is_no_page(server: Server) -> None:
    """Names and texts of workflows on the status page and in refusals are text."""
    evil = "<img src=x onerror=alert(1)>"
    async with server.post("/prompt", json={"prompt": {"1": {"class_type": evil, "inputs": {}}}}) as response:
        assert response.content_type == "application/json"
    async with server.get(f"/view?filename=x&type={evil}") as response:
        assert response.content_type == "application/json"
    async with server.get("/status") as response:
        assert evil not in await response.text()
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
