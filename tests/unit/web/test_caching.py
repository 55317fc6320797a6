"""How long browsers may keep what, and answers made small."""

import pytest

from tests.unit.web.conftest import Server
from web.caching import accepts_gzip, cache_control
from web.settings import Settings

DAY, HOUR = "public, max-age=86400", "public, max-age=3600"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/a.js", 200, "no-store"),
        ("/a/b.css", 404, "no-store"),
        ("/templates/index.de.json", 200, "no-store"),
        ("/reindex.json", 200, None),
        ("/index.d/a.json", 200, None),
        ("/a.mjs", 200, None),
        ("/a.PnG", 200, DAY),
        ("/a.tiff", 301, DAY),
        ("/a.jpg", 404, HOUR),
        ("/a.webp", 302, "no-cache"),
        ("/a.webp", 304, None),
        ("/a.webp", 500, None),
        ("/a.gif", 200, None),
        ("/view", 200, None),
    ],
)
def test_the_path_and_the_status_say_how_long(path: str, status: int, said: str | None) -> None:
    assert cache_control(path, status) == said


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("gzip; q=0", False),
        ("gzip;q=0.000", False),
        ("br", False),
        ("", False),
    ],
)
def test_gzip_is_accepted_if_it_is_named_and_not_refused(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


class TestCompression:
    """With ``--enable-compress-response-body``."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(compress=True)

    @pytest.mark.parametrize("path", ["/system_stats", "/models/gone"])
    async def test_json_is_compressed_for_who_accepts_it(self, server: Server, path: str) -> None:
        async with server.get(path, headers={"Accept-Encoding": "gzip, deflate"}) as response:
            assert response.headers["Content-Encoding"] == "gzip"
            assert response.headers["Vary"] == "Accept-Encoding"
            assert await response.json()
        async with server.get(path, headers={"Accept-Encoding": "identity"}) as response:
            assert "Content-Encoding" not in response.headers
            assert response.headers["Vary"] == "Accept-Encoding"
            assert await response.json()

    async def test_files_pages_and_empty_answers_are_not(self, server: Server) -> None:
        for path in ("/templates/text_to_image.json", "/"):
            async with server.get(path, headers={"Accept-Encoding": "gzip"}) as response:
                assert response.status == 200
                assert "Content-Encoding" not in response.headers
        async with server.post("/free", json={}, headers={"Accept-Encoding": "gzip"}) as response:
            assert (response.status, await response.read()) == (200, b"")


async def test_nothing_is_compressed_unasked(server: Server) -> None:
    async with server.get("/system_stats", headers={"Accept-Encoding": "gzip"}) as response:
        assert "Content-Encoding" not in response.headers
