"""Where the editor is served, and how long browsers keep it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.web.conftest import Server
from web.settings import Settings

PAGE = "<!doctype html><title>editor</title>"
FORM = "<!doctype html><title>form</title>"
SCRIPT = "export {};\n"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A small one."""
    bundle = tmp_path / "bundle"
    (bundle / "editor" / "deep").mkdir(parents=True)
    (bundle / "index.html").write_text(PAGE)
    (bundle / "form.html").write_text(FORM)
    (bundle / "BUILD").write_text("sources 0\n")
    (bundle / "editor" / "index-a1b2.js").write_text(SCRIPT)
    (bundle / "editor" / "index-a1b2.css").write_text("")
    return bundle


@pytest.fixture
def settings(bundle: Path) -> Settings:
    return Settings(editor=bundle)


async def test_the_editor_is_the_first_page_and_is_asked_for_anew_each_time(server: Server) -> None:
    async with server.get("/") as response:
        assert (response.status, await response.text()) == (200, PAGE)
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store, must-revalidate"


@pytest.mark.parametrize("query", ["", "?workflow=text_to_image", "?workflow=nobody"])
async def test_forms_are_a_page_beside_it(server: Server, query: str) -> None:
    async with server.get(f"/form{query}") as response:
        assert (response.status, await response.text()) == (200, FORM)
        assert response.headers["Cache-Control"] == "no-store, must-revalidate"


@pytest.mark.parametrize("path", ["/", "/form"])
async def test_its_pages_may_run_scripts_of_this_server_only(server: Server, path: str) -> None:
    async with server.get(path) as response:
        policy = dict(rule.split(maxsplit=1) for rule in response.headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'self'"
        assert not {"script-src", "connect-src", "worker-src"} & policy.keys()  # so they are as by default
        assert policy["img-src"] == "'self' blob: data:"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("index-a1b2.js", "text/javascript; charset=utf-8"), ("index-a1b2.css", "text/css; charset=utf-8")],
)
async def test_its_parts_are_kept_for_good_since_their_names_change_with_them(
    server: Server, name: str, kind: str
) -> None:
    async with server.get(f"/editor/{name}") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == kind
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/editor/none.js", "/editor/deep", "/editor/", "/BUILD", "/index.html", "/form.html"])
async def test_nothing_else_of_its_folder_is_served(server: Server, path: str) -> None:
    async with server.get(path) as response:
        assert response.status == 404
        assert "immutable" not in response.headers.get("Cache-Control", "")


@pytest.mark.parametrize("name", ["..%2Findex.html", "..%2F..%2Fsecret", "%00", "C:%5Csecret"])
async def test_names_of_parts_never_lead_out_of_their_folder(server: Server, bundle: Path, name: str) -> None:
    (bundle.parent / "secret").write_text("secret")
    async with server.get(f"/editor/{name}") as response:
        assert response.status in (400, 404)


async def test_the_status_page_is_beside_it(server: Server) -> None:
    async with server.get("/status") as response:
        assert "Queue:" in await response.text()


class TestWithoutABundle:
    """A checkout whose editor was not built."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(editor=tmp_path / "none")

    async def test_the_status_page_is_the_first(self, server: Server) -> None:
        async with server.get("/") as response:
            assert "Queue:" in await response.text()


class TestWithAnotherFrontEnd:
    """One that was made elsewhere."""

    @pytest.fixture
    def settings(self, bundle: Path, tmp_path: Path) -> Settings:
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "index.html").write_text("other")
        return Settings(editor=bundle, frontend=tmp_path / "other")

    async def test_that_is_the_first_page_and_the_editor_is_not_there(self, server: Server) -> None:
        async with server.get("/") as response:
            assert await response.text() == "other"
        for path in ("/editor/index-a1b2.js", "/form", "/app.webmanifest"):
            async with server.get(path) as response:
                assert response.status == 404, path
