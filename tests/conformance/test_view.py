"""``/view``: files as they are, as previews, and channel by channel."""

from __future__ import annotations

import io
import mimetypes
from typing import Any

import pytest
from PIL import Image

from tests.conformance.asking import own_name, picture, upload
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance


async def view(server: Server, status: int = 200, headers: dict[str, str] | None = None, **query: str) -> Any:
    """The content of the answer, and its headers."""
    async with server.get("/view", params=query, headers=headers) as response:
        assert response.status == status, await response.text()
        return await response.read(), response.headers


async def sent(server: Server, data: bytes, ending: str = ".png", **fields: str) -> str:
    """A new file among the inputs; its name."""
    return str((await upload(server, own_name(ending), data, **fields))["name"])


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.protocol("http.3.v", "http.3.w", "http.0.p")
async def test_a_file_comes_as_it_is(server: Server) -> None:
    name = await sent(server, picture())
    content, headers = await view(server, filename=name, type="input", rand="0.5", t="1")
    assert content == picture()
    assert headers["Content-Type"] == "image/png"
    assert headers["Content-Disposition"] == f'filename="{name}"'
    assert "max-age" not in headers.get("Cache-Control", "")


@pytest.mark.protocol("http.3.v")
@pytest.mark.parametrize("ending", [".jpg", ".webp", ".mp4", ".txt", ".json", ".unheard_of", ""])
async def test_the_kind_of_a_file_is_told_by_its_name(server: Server, ending: str) -> None:
    _, headers = await view(server, filename=await sent(server, b"content", ending), type="input")
    told = mimetypes.guess_type(f"a{ending}")[0] or "application/octet-stream"
    assert headers["Content-Type"].partition(";")[0] == told


@pytest.mark.protocol("http.3.v", "http.0.r")
async def test_a_part_of_a_file_can_be_asked_for(server: Server) -> None:
    name = await sent(server, b"0123456789", ".bin")
    content, headers = await view(server, 206, {"Range": "bytes=2-4"}, filename=name, type="input")
    assert content == b"234"
    assert headers["Content-Range"] == "bytes 2-4/10"
    _, headers = await view(server, filename=name, type="input")
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Last-Modified"]
    await view(server, 304, {"If-None-Match": headers["ETag"]}, filename=name, type="input")


@pytest.mark.protocol("http.3.o", "http.3.b")
@pytest.mark.parametrize("kind", ["input", "output", "temp"])
async def test_a_folder_in_brackets_goes_before_the_type(server: Server, kind: str) -> None:
    name = await sent(server, kind.encode(), ".bin", type=kind)
    other = "input" if kind != "input" else "output"
    for query in ({"filename": name, "type": kind}, {"filename": f"{name} [{kind}]", "type": other}):
        assert (await view(server, **query))[0] == kind.encode()
    await view(server, 404, filename=name, type=other)


@pytest.mark.protocol("http.3.n", "http.3.p")
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 404),
        ({"filename": ""}, 400),
        ({"filename": "/etc/passwd"}, 400),
        ({"filename": "../a.png"}, 400),
        ({"filename": "a/../b.png"}, 400),
        ({"filename": "a.png", "type": "secret"}, 400),
        ({"filename": "a.png", "subfolder": ".."}, 403),
        ({"filename": "a.png", "subfolder": "/etc"}, 403),
        ({"filename": "no-such-file.png"}, 404),
        ({"filename": "a.png", "subfolder": "no-such-folder"}, 404),
    ],
)
async def test_a_reference_that_leads_nowhere_is_refused(server: Server, query: dict[str, str], status: int) -> None:
    await view(server, status, **query)


@pytest.mark.protocol("http.3.p")
async def test_what_is_not_there_is_told_without_words(server: Server) -> None:
    async with server.get("/view?filename=no-such-file.png") as response:
        assert response.status == 404
        assert await response.read() in (b"", b"404: Not Found")


@pytest.mark.protocol("http.3.q")
async def test_only_the_last_part_of_a_name_counts(server: Server) -> None:
    name = await sent(server, b"here", ".bin", subfolder="s/t")
    for filename in (name, f"elsewhere/{name}"):
        assert (await view(server, filename=filename, type="input", subfolder="s/t"))[0] == b"here"
    await view(server, 404, filename=f"s/t/{name}", type="input")


@pytest.mark.protocol("http.3.r", "http.3.s", "http.3.w")
@pytest.mark.parametrize(
    ("wanted", "channel", "kind", "mode"),
    [
        ("webp;80", "", "webp", "RGBA"),
        ("webp", "rgb", "webp", "RGB"),
        ("jpeg;90", "", "jpeg", "RGB"),
        ("jpeg", "rgb", "jpeg", "RGB"),
        ("jpeg;80", "a", "webp", "RGBA"),
        ("jpeg;80", "rgba", "webp", "RGBA"),
        ("png;80", "", "webp", "RGBA"),
        ("?", "", "webp", "RGBA"),
    ],
)
async def test_a_preview_is_of_the_kind_asked_for(
    server: Server, wanted: str, channel: str, kind: str, mode: str
) -> None:
    name = await sent(server, picture())
    content, headers = await view(server, filename=name, type="input", preview=wanted, channel=channel)
    assert headers["Content-Type"] == f"image/{kind}"
    assert headers["Content-Disposition"] == f'filename="{name}"'
    assert (opened(content).format, opened(content).mode) == (kind.upper(), mode)


@pytest.mark.protocol("http.3.r")
async def test_the_quality_of_a_preview_is_the_one_asked_for(server: Server) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 80).save(buffer, "PNG")
    query = {"filename": await sent(server, buffer.getvalue()), "type": "input"}
    poor, good, usual, ninety = [
        len((await view(server, **query, preview=f"jpeg{quality}"))[0]) for quality in (";10", ";95", "", ";90")
    ]
    assert poor < usual < good
    assert usual == ninety


@pytest.mark.protocol("http.3.t", "http.3.u")
async def test_channels_come_apart(server: Server) -> None:
    query = {"filename": await sent(server, picture((10, 20, 30, 128))), "type": "input"}
    colours, headers = await view(server, **query, channel="rgb")
    assert headers["Content-Type"] == "image/png"
    assert (opened(colours).mode, opened(colours).getpixel((0, 0))) == ("RGB", (10, 20, 30))
    alpha, _ = await view(server, **query, channel="a")
    assert (opened(alpha).mode, opened(alpha).getpixel((0, 0))) == ("RGBA", (0, 0, 0, 128))
    whole, _ = await view(server, **query, channel="rgba")
    assert whole == picture((10, 20, 30, 128))


@pytest.mark.protocol("http.3.u")
async def test_a_picture_without_alpha_is_opaque(server: Server) -> None:
    name = await sent(server, picture((10, 20, 30)))
    alpha, _ = await view(server, filename=name, type="input", channel="a")
    assert opened(alpha).getpixel((0, 0)) == (0, 0, 0, 255)


@pytest.mark.protocol("http.3.x", "http.3.y")
@pytest.mark.parametrize("ending", [".html", ".xhtml", ".js", ".css", ".svg", ".xml"])
async def test_what_a_browser_would_run_is_only_saved(server: Server, ending: str) -> None:
    _, headers = await view(server, filename=await sent(server, b"<svg/>", ending), type="input")
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.protocol("http.3.y")
async def test_a_drawing_is_shown_within_a_page(server: Server) -> None:
    name = await sent(server, b"<svg/>", ".svg")
    _, headers = await view(server, headers={"Sec-Fetch-Dest": "image"}, filename=name, type="input")
    assert headers["Content-Type"] == "image/svg+xml"
    assert not headers["Content-Disposition"].startswith("attachment")
    assert headers["Vary"] == "Sec-Fetch-Dest"
    assert headers["Cache-Control"] == "no-store"
