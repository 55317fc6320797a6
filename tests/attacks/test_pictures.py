"""Pictures that are small on the disk and large in memory, or damaged, wherever a picture is opened."""

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from aiohttp import FormData
from PIL import Image

from nodes.diffusion import pictures
from tests.attacks.conftest import Server, job, loading, png, works

pytestmark = pytest.mark.conformance

MIB = 1 << 20


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def huge_png(width: int = 30_000, height: int = 30_000) -> bytes:
    """900 megapixels of one colour, of which only some rows are there."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = zlib.compress(bytes(1 + 3 * width) * 20, 9)
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def large_png() -> bytes:
    """More than this server opens, but less than Pillow refuses."""
    return huge_png(13_000, 13_000)


def text_bomb() -> bytes:
    """80 compressed texts of 1 MB."""
    texts = chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(MIB), 9)) * 80
    plain = png()
    return plain[:33] + texts + plain[33:]


def huge_text() -> bytes:
    """One compressed text of 60 MB."""
    plain = png()
    return plain[:33] + chunk(b"iTXt", b"x\0\1\0\0\0" + zlib.compress(bytes(60 * MIB), 9)) + plain[33:]


def huge_gif() -> bytes:
    return b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\0\0\0" + b"\x21\xf9\x04\0\0\0\0\0;"


def gif_of_many_frames() -> bytes:
    """3,000 frames of a megapixel: 36 GB as an image."""
    buffer = io.BytesIO()
    first, other = Image.new("P", (1000, 1000), 0), Image.new("P", (1000, 1000), 1)
    first.save(buffer, "GIF", save_all=True, append_images=[other], duration=[50, 60])
    whole = buffer.getvalue()
    start = whole.index(b"\x21\xf9\x04", whole.index(b"\x21\xf9\x04") + 1)
    return whole[:start] + whole[start:-1] * 3000 + b";"


def huge_bmp() -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, 40_000, 40_000, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


def huge_tiff() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (4, 4)).save(buffer, "TIFF")
    made = bytearray(buffer.getvalue())
    directory = struct.unpack_from("<I", made, 4)[0]
    for i in range(struct.unpack_from("<H", made, directory)[0]):
        place = directory + 2 + 12 * i
        if struct.unpack_from("<H", made, place)[0] in (256, 257):
            struct.pack_into("<HII", made, place + 2, 4, 1, 60_000)
    return bytes(made)


def huge_webp_header() -> bytes:
    """An extended header that says 16,777,216 x 16,777,216."""
    frame = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + b"\xff" * 6
    return b"RIFF" + struct.pack("<I", 4 + len(frame)) + b"WEBP" + frame


def jpeg_with_exif(size: int = 65_000) -> bytes:
    """EXIF data whose directory leads to itself, and says that it has 65,535 entries."""
    exif = (
        b"Exif\0\0" + b"MM\0*" + struct.pack(">I", 8) + struct.pack(">H", 65_535) + b"\x01\x12" + b"\xff" * (size - 20)
    )
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "JPEG")
    plain = buffer.getvalue()
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]


def cut_off() -> bytes:
    return png(64, 64)[:-40]


def postscript() -> bytes:
    """Pillow would start Ghostscript for it."""
    return (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n(x) (w) file closefile\nshowpage\n%%EOF\n"
    )


REFUSED: list[Callable[[], bytes]] = [
    *(huge_png, large_png, text_bomb, huge_text, huge_gif, huge_bmp, huge_tiff, huge_webp_header, cut_off, postscript),
    lambda: b"",
    lambda: b"\x89PNG\r\n\x1a\n",
    lambda: b"RIFF\0\0\0\0WEBP",
    lambda: b"GIF89a",
]


@pytest.fixture
def peak() -> Callable[[], int]:
    """How many bytes the process has grown by."""
    before = psutil.Process().memory_info().rss
    return lambda: psutil.Process().memory_info().rss - before


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
async def test_they_are_refused_without_being_opened(server: Server, data: Path, peak: Callable[[], int]) -> None:
    for make in REFUSED:
        content = make()
        for folder in ("output", "input"):
            (data / folder / "x.png").write_bytes(content)
        for query in ({"preview": "webp"}, {"preview": "jpeg;50"}, {"channel": "rgb"}, {"channel": "a"}):
            async with server.get("/view", params={"filename": "x.png", **query}) as response:
                assert response.status == 400, make
                assert (await response.json())["error"]["type"] == "not_an_image"
        form = FormData()
        form.add_field("image", png(), filename="m.png")
        form.add_field("original_ref", json.dumps({"filename": "x.png"}))
        async with server.post("/upload/mask", data=form) as response:
            assert response.status == 400, make
        entry = await job(server, loading("x.png"))
        assert "error" in entry or entry["status"]["status_str"] == "error", make
    assert await works(server)
    assert peak() < 400 * MIB


async def test_frames_count_together(server: Server, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 4_500_000)  # the real limit would be 1.6 GB here
    (data / "input" / "x.gif").write_bytes(gif_of_many_frames())
    async with server.get("/view", params={"filename": "x.gif", "type": "input", "preview": "webp"}) as response:
        assert response.status == 200, await response.text()  # the first frame is no harm
    entry = await job(server, loading("x.gif"))
    message = entry["status"]["messages"][-1][1]["exception_message"]
    assert "its frames have more than 4500000 pixels together" in message


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
async def test_odd_exif_does_no_harm(server: Server, data: Path) -> None:
    (data / "input" / "x.jpg").write_bytes(jpeg_with_exif())
    async with server.get("/view", params={"filename": "x.jpg", "type": "input", "preview": "webp"}) as response:
        assert response.status == 200
    entry = await job(server, loading("x.jpg"))
    assert entry.get("error") or entry["status"]["completed"], entry
    assert await works(server)
