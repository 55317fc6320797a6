"""How long browsers may keep an answer, and when they get it as it was."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.conformance.asking import own_name, picture, upload
from tests.conformance.conftest import Server
from web.app import make_app
from web.keys import Parts
from web.settings import Settings

pytestmark = pytest.mark.conformance

THUMBNAIL = "/templates/text_to_image-1.webp"
DAY, HOUR = "public, max-age=86400", "public, max-age=3600"


@pytest.mark.protocol("http.0.n")
@pytest.mark.parametrize("path", ["/templates/index.json", "/templates/index_logo.json", "/gone.js", "/a/gone.css"])
async def test_scripts_styles_and_indexes_are_not_kept(server: Server, path: str) -> None:
    async with server.get(path) as response:
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.protocol("http.0.o")
@pytest.mark.parametrize(("path", "said"), [(THUMBNAIL, DAY), ("/gone.png", HOUR), ("/templates/gone.JPeG", HOUR)])
async def test_pictures_are_kept_for_a_day_and_their_absence_for_an_hour(server: Server, path: str, said: str) -> None:
    async with server.get(path) as response:
        assert response.headers["Cache-Control"] == said


@pytest.mark.protocol("http.0.p")
async def test_other_answers_do_not_say_how_long_they_keep(server: Server) -> None:
    name = own_name(".png")
    await upload(server, name, picture())
    async with server.get("/view", params={"filename": name, "type": "input"}) as response:
        assert response.status == 200
        assert "Cache-Control" not in response.headers
    for path in ("/templates/text_to_image.json", "/queue", "/gone"):
        async with server.get(path) as response:
            assert "Cache-Control" not in response.headers


@pytest.mark.protocol("http.0.r")
async def test_a_file_is_sent_again_only_if_it_has_changed(server: Server) -> None:
    async with server.get(THUMBNAIL) as response:
        headers = response.headers
        assert headers["Accept-Ranges"] == "bytes"
    for name, value in (("If-None-Match", headers["ETag"]), ("If-Modified-Since", headers["Last-Modified"])):
        async with server.get(THUMBNAIL, headers={name: value}) as response:
            assert (response.status, await response.read()) == (304, b"")
            assert "Cache-Control" not in response.headers


@pytest.mark.protocol("http.0.r")
async def test_a_part_of_a_file_can_be_asked_for(server: Server) -> None:
    async with server.get(THUMBNAIL) as response:
        whole = await response.read()
    async with server.get(THUMBNAIL, headers={"Range": "bytes=2-5"}) as response:
        assert (response.status, await response.read()) == (206, whole[2:6])
        assert response.headers["Content-Range"] == f"bytes 2-5/{len(whole)}"
    async with server.get(THUMBNAIL, headers={"Range": f"bytes={len(whole)}-"}) as response:
        assert response.status == 416


@pytest.mark.protocol("http.0.t")
async def test_json_and_text_are_compressed_if_that_is_asked_for(
    aiohttp_client: Callable[..., Awaitable[Server]], parts: Parts
) -> None:
    server = await aiohttp_client(make_app(replace(parts, settings=Settings(compress=True))))
    for accepted, encoding in (("gzip, deflate, br", "gzip"), ("br", None), ("gzip;q=0", None)):
        async with server.get("/system_stats", headers={"Accept-Encoding": accepted}) as response:
            assert response.headers.get("Content-Encoding") == encoding
            assert response.headers["Vary"] == "Accept-Encoding"
            assert (await response.json())["system"]
