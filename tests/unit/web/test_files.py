"""/view and the uploads."""

import io
import json
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import FormData
from PIL import ExifTags, Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from engine.bus import Bus
from engine.folders import Folders
from engine.jobs_sqlite import SqliteQueue
from tests.unit.web.conftest import FakePool, Server
from web.app import make_app
from web.keys import Parts
from web.settings import Settings


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A half-transparent red PNG among the outputs."""
    path = tmp_path / "output" / "cat.png"
    text = PngInfo()
    text.add_text("prompt", "{}")
    Image.new("RGBA", (8, 4), (255, 0, 0, 128)).save(path, pnginfo=text)
    return path


async def view(server: Server, **query: str) -> tuple[int, str, bytes]:
    async with server.get("/view", params=query) as response:
        return response.status, response.headers.get("Content-Type", ""), await response.read()


async def test_a_file_comes_as_it_is(server: Server, picture: Path) -> None:
    content = picture.read_bytes()  # noqa: ASYNC240 - small, and nothing else is going on
    async with server.get("/api/view", params={"filename": "cat.png", "rand": "0.1"}) as response:
        assert response.headers["Content-Type"] == "image/png"
        assert response.headers["Content-Disposition"] == 'filename="cat.png"'
        assert response.headers["ETag"]
        assert await response.read() == content


async def test_an_annotation_overrides_the_type(server: Server, picture: Path) -> None:
    assert (await view(server, filename="cat.png [output]", type="input"))[0] == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 404),
        ({"filename": ""}, 400),
        ({"filename": "../cat.png"}, 400),
        ({"filename": "/etc/passwd"}, 400),
        ({"filename": "a\0b.png"}, 400),
        ({"filename": "cat.png", "type": "secret"}, 400),
        ({"filename": "cat.png", "type": "user"}, 400),
        ({"filename": "cat.png", "subfolder": "../input"}, 403),
        ({"filename": "cat.png", "subfolder": "/etc"}, 403),
        ({"filename": "cat.png", "subfolder": "..\\input"}, 403),
        ({"filename": "dog.png"}, 404),
        ({"filename": "x" * 5000}, 404),
        ({"filename": "cat.png", "subfolder": "elsewhere"}, 404),
    ],
)
async def test_a_bad_reference_is_refused(server: Server, picture: Path, query: dict[str, str], status: int) -> None:
    assert (await view(server, **query))[0] == status


@pytest.mark.parametrize(
    ("wanted", "channel", "kind"),
    [
        ("webp;80", "", "webp"),
        ("jpeg;", "", "jpeg"),
        ("jpeg;80", "rgb", "jpeg"),
        ("jpeg", "a", "webp"),
        ("?", "", "webp"),
    ],
)
async def test_a_preview_is_smaller_in_kind(
    server: Server, picture: Path, wanted: str, channel: str, kind: str
) -> None:
    status, media_type, data = await view(server, filename="cat.png", preview=wanted, channel=channel)
    assert (status, media_type) == (200, f"image/{kind}")
    assert Image.open(io.BytesIO(data)).format == kind.upper()


async def test_channels_come_apart(server: Server, picture: Path) -> None:
    _, media_type, data = await view(server, filename="cat.png", channel="rgb")
    assert media_type == "image/png"
    assert Image.open(io.BytesIO(data)).getpixel((0, 0)) == (255, 0, 0)
    _, _, data = await view(server, filename="cat.png", channel="a")
    assert Image.open(io.BytesIO(data)).getpixel((0, 0)) == (0, 0, 0, 128)


async def test_what_is_no_picture_has_no_preview(server: Server, tmp_path: Path) -> None:
    (tmp_path / "output" / "notes.png").write_text("no picture")
    assert (await view(server, filename="notes.png", preview="webp"))[0] == 400
    assert (await view(server, filename="notes.png", channel="a"))[0] == 400


@pytest.mark.parametrize("name", ["page.html", "code.js", "style.css", "drawing.svg", "data.xml"])
async def test_what_a_browser_would_run_is_only_saved(server: Server, tmp_path: Path, name: str) -> None:
    (tmp_path / "output" / name).write_text("<script>alert(1)</script>")
    async with server.get("/view", params={"filename": name}) as response:
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment")


async def test_a_drawing_stays_visible_within_a_page(server: Server, tmp_path: Path) -> None:
    (tmp_path / "output" / "a.svg").write_text("<svg/>")
    async with server.get("/view?filename=a.svg", headers={"Sec-Fetch-Dest": "image"}) as response:
        assert response.headers["Content-Type"] == "image/svg+xml"
        assert response.headers["Vary"] == "Sec-Fetch-Dest"


async def test_a_name_cannot_end_its_header(server: Server, tmp_path: Path) -> None:
    (tmp_path / "output" / 'a"\r\nX 1.txt').write_text("x")
    async with server.get("/view", params={"filename": 'a"\r\nX 1.txt'}) as response:
        assert response.headers["Content-Disposition"] == 'filename="a___X 1.txt"'


async def upload(server: Server, name: str, data: bytes, path: str = "/upload/image", **fields: str) -> tuple[int, Any]:
    form = FormData(quote_fields=False)
    form.add_field("image", data, filename=name)
    for field, value in fields.items():
        form.add_field(field, value)
    async with server.post(path, data=form) as response:
        return response.status, await response.json()


async def test_an_upload_is_kept(server: Server, tmp_path: Path) -> None:
    assert await upload(server, "a.png", b"one", subfolder="s") == (
        200,
        {"name": "a.png", "subfolder": "s", "type": "input"},
    )
    assert (tmp_path / "input" / "s" / "a.png").read_bytes() == b"one"


async def test_equal_content_is_kept_once_and_other_content_beside_it(server: Server, tmp_path: Path) -> None:
    names = [(await upload(server, "a.png", data))[1]["name"] for data in (b"one", b"one", b"two", b"two", b"three")]
    assert names == ["a.png", "a.png", "a (1).png", "a (1).png", "a (2).png"]
    _, answer = await upload(server, "a.png", b"four", overwrite="true")
    assert answer["name"] == "a.png"
    assert (tmp_path / "input" / "a.png").read_bytes() == b"four"


async def test_a_file_system_without_links_will_do(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    names = [(await upload(server, "a.png", data))[1]["name"] for data in (b"one", b"one", b"two")]
    assert names == ["a.png", "a.png", "a (1).png"]
    assert files_below(tmp_path / "temp") == []


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="needs a second file system")
async def test_a_folder_may_be_on_another_disk(
    aiohttp_client: Callable[..., Awaitable[Server]], pool: FakePool, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        folders = Folders(tmp_path, Path(elsewhere))
        server = await aiohttp_client(make_app(Parts(SqliteQueue(":memory:"), pool, Bus(), folders, Settings())))
        for data in (b"one", b"two"):
            assert (await upload(server, "a.png", data, type="output"))[0] == 200
        contents = {path.name: path.read_bytes() for path in files_below(Path(elsewhere))}
        assert contents == {"a.png": b"one", "a (1).png": b"two"}
    assert files_below(tmp_path / "temp") == []


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("../a.png", {}),
        ("a.png", {"subfolder": "../.."}),
        ("a.png", {"subfolder": "/tmp"}),
        ("a.png", {"type": "user"}),
        ("x" * 300, {}),
        (".", {}),
        ("./", {"subfolder": "s"}),
    ],
)
async def test_an_upload_stays_in_its_folder(server: Server, tmp_path: Path, name: str, fields: dict[str, str]) -> None:
    status, answer = await upload(server, name, b"x", **fields)
    assert status == 400
    assert answer["error"]["type"] == "invalid_upload"
    assert files_below(tmp_path) == []


async def test_a_form_without_file_is_refused(server: Server) -> None:
    for body in ({"data": b"x"}, {"data": {"image": "text"}}, {"json": {}}):
        async with server.post("/upload/image", **body) as response:
            assert response.status == 400
    broken = {"Content-Type": "multipart/form-data"}
    async with server.post("/upload/image", data=b"--x", headers=broken) as response:
        assert response.status == 400


@pytest.mark.protocol("http.0.u")
@pytest.mark.parametrize("path", ["/upload/image", "/prompt"])
async def test_too_large_a_body_is_refused(server: Server, path: str) -> None:
    form = FormData()
    form.add_field("image", io.BytesIO(b"x" * (1 << 20) + b"x"), filename="a.png")
    async with server.post(path, data=form) as response:
        assert response.status == 413


async def test_a_mask_becomes_the_alpha_of_the_original(server: Server, tmp_path: Path, picture: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 4), (0, 0, 0, 7)).save(buffer, "PNG")
    ref = json.dumps({"filename": "cat.png"})
    status, answer = await upload(server, "m.png", buffer.getvalue(), "/upload/mask", original_ref=ref)
    assert (status, answer["name"]) == (200, "m.png")
    with Image.open(tmp_path / "input" / "m.png") as masked:
        assert masked.getpixel((0, 0)) == (255, 0, 0, 7)
        assert masked.text == {"prompt": "{}"}  # type: ignore[attr-defined]


async def test_what_is_masked_is_the_picture_as_nodes_load_it(server: Server, tmp_path: Path) -> None:
    """A photo lying on its side, as cameras write them, is upright; so is its preview, and the mask fits that."""
    photo = Image.new("RGB", (8, 4), (255, 0, 0))
    photo.paste((0, 0, 255), (0, 0, 4, 4))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    photo.save(tmp_path / "input" / "photo.png", exif=exif)
    buffer = io.BytesIO()
    Image.new("RGBA", (4, 8), (0, 0, 0, 7)).save(buffer, "PNG")
    ref = json.dumps({"filename": "photo.png", "type": "input"})
    status, _ = await upload(server, "m.png", buffer.getvalue(), "/upload/mask", original_ref=ref)
    assert status == 200
    with Image.open(tmp_path / "input" / "m.png") as masked, Image.open(tmp_path / "input" / "photo.png") as original:
        loaded = ImageOps.exif_transpose(original)
        assert masked.convert("RGB").tobytes() == loaded.convert("RGB").tobytes()
        assert ExifTags.Base.Orientation not in masked.getexif()
    for query in ({"preview": "jpeg"}, {"channel": "rgb"}):
        _, _, content = await view(server, filename="photo.png", type="input", **query)
        assert Image.open(io.BytesIO(content)).size == (4, 8)


async def test_a_mask_hides_no_colours(server: Server, tmp_path: Path) -> None:
    """Not those of what is fully transparent, be it so already, nor of what has more than 8 bits."""
    colours = np.random.default_rng(0).integers(0, 256, (4, 8, 3), dtype=np.uint8)
    clear = np.zeros((4, 8, 1), dtype=np.uint8)
    Image.fromarray(np.concatenate((colours, clear), 2)).save(tmp_path / "input" / "clear.png")
    Image.fromarray(np.linspace(0, 65535, 32, dtype=np.uint16).reshape(4, 8)).save(tmp_path / "input" / "deep.png")
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 4), (0, 0, 0, 0)).save(buffer, "PNG")
    for name in ("clear.png", "deep.png"):
        ref = json.dumps({"filename": name, "type": "input"})
        await upload(server, f"masked-{name}", buffer.getvalue(), "/upload/mask", original_ref=ref)
    with Image.open(tmp_path / "input" / "masked-clear.png") as masked:
        assert np.array_equal(np.asarray(masked)[..., :3], colours)
    with Image.open(tmp_path / "input" / "masked-deep.png") as masked:
        grey = np.asarray(masked)[..., 0]
        assert len(np.unique(grey)) == 32
        assert (grey.min(), grey.max()) == (0, 255)


@pytest.mark.parametrize(
    "ref", ["", "[]", "{}", '{"filename": 3}', '{"filename": "../x"}', '{"filename": "none.png"}', '{"filename": "/e"}']
)
async def test_a_mask_needs_its_original(server: Server, ref: str) -> None:
    assert (await upload(server, "m.png", b"x", "/upload/mask", original_ref=ref))[0] == 400
