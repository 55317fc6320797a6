"""Uploads: pictures, masks, and where they may not go."""

from __future__ import annotations

import io
import json
import uuid
from pathlib import PurePosixPath
from typing import Any

import pytest
from aiohttp import FormData
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.conformance.asking import own_name, picture, upload
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance


async def content(server: Server, status: int = 200, **query: str) -> bytes:
    async with server.get("/view", params=query) as response:
        assert response.status == status
        return await response.read()


@pytest.mark.protocol("http.3.a", "http.3.b", "http.3.e")
@pytest.mark.parametrize("kind", ["input", "temp", "output"])
async def test_a_file_is_kept_where_it_is_told(server: Server, kind: str) -> None:
    name, subfolder = own_name(".bin"), f"new/{uuid.uuid4().hex}"
    answer = await upload(server, name, b"\0 any bytes", type=kind, subfolder=subfolder)
    assert answer == {"name": name, "subfolder": subfolder, "type": kind}
    assert await content(server, filename=name, type=kind, subfolder=subfolder) == b"\0 any bytes"


@pytest.mark.protocol("http.3.a", "http.3.b")
async def test_inputs_are_the_usual_place(server: Server) -> None:
    name = own_name()
    assert await upload(server, name, picture()) == {"name": name, "subfolder": "", "type": "input"}
    assert await content(server, filename=name, type="input") == picture()


@pytest.mark.protocol("http.3.f", "http.3.g")
async def test_equal_files_are_kept_once_and_others_get_a_number(server: Server) -> None:
    name = own_name()
    stem = PurePosixPath(name).stem
    names = [(await upload(server, name, data))["name"] for data in (b"1", b"1", b"2", b"2", b"3", b"1")]
    second, third = f"{stem} (1).png", f"{stem} (2).png"
    assert names == [name, name, second, second, third, name]
    assert await content(server, filename=second, type="input") == b"2"


@pytest.mark.protocol("http.3.h")
@pytest.mark.parametrize(("said", "kept"), [("true", b"2"), ("1", b"2"), ("false", b"1"), ("", b"1")])
async def test_a_file_is_replaced_only_if_that_is_said(server: Server, said: str, kept: bytes) -> None:
    name = own_name()
    await upload(server, name, b"1")
    answer = await upload(server, name, b"2", overwrite=said)
    assert (answer["name"] == name) is (kept == b"2")
    assert await content(server, filename=name, type="input") == kept


@pytest.mark.protocol("http.3.c")
@pytest.mark.parametrize("path", ["/upload/image", "/upload/mask"])
async def test_a_form_without_file_is_refused(server: Server, path: str) -> None:
    empty = FormData()
    empty.add_field("image", b"x", filename="")
    elsewhere = FormData()
    elsewhere.add_field("picture", b"x", filename="a.png")
    for form in (empty, elsewhere, {"image": "text"}, b"no form"):
        async with server.post(path, data=form) as response:
            assert response.status == 400


@pytest.mark.protocol("http.3.d")
@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("../a.png", {}),
        ("a.png", {"subfolder": "../.."}),
        ("a.png", {"subfolder": "/tmp"}),
        ("../../a.png", {"subfolder": "s"}),
        ("a.png", {"type": "user"}),
    ],
)
async def test_a_target_outside_is_refused(server: Server, name: str, fields: dict[str, str]) -> None:
    await upload(server, name, b"x", status=400, **fields)


def with_texts() -> bytes:
    """Half-transparent red, with two text chunks."""
    texts, buffer = PngInfo(), io.BytesIO()
    texts.add_text("prompt", '{"1": {}}')
    texts.add_text("workflow", "{}")
    Image.new("RGBA", (8, 4), (255, 0, 0, 128)).save(buffer, "PNG", pnginfo=texts)
    return buffer.getvalue()


async def masked(server: Server, original_ref: Any, status: int = 200, name: str = "") -> str:
    """Send a mask of alpha 7; the name under which the picture was kept."""
    said = original_ref if isinstance(original_ref, str) else json.dumps(original_ref)
    form = {"path": "/upload/mask", "status": status, "original_ref": said}
    return str((await upload(server, name or own_name(), picture((0, 0, 0, 7)), **form)).get("name"))


@pytest.mark.protocol("http.3.j", "http.3.k", "http.3.l")
@pytest.mark.parametrize("bracketed", [False, True])
@pytest.mark.parametrize("kind", ["output", "input"])
async def test_a_mask_becomes_the_alpha_of_the_original(server: Server, kind: str, bracketed: bool) -> None:
    original = own_name()
    await upload(server, original, with_texts(), type=kind, subfolder="drawn")
    ref = {"filename": f"{original} [{kind}]"} if bracketed else {"filename": original, "type": kind}
    name = await masked(server, {**ref, "subfolder": "drawn"})
    made = Image.open(io.BytesIO(await content(server, filename=name, type="input")))
    assert (made.format, made.mode, made.getpixel((0, 0))) == ("PNG", "RGBA", (255, 0, 0, 7))
    assert made.text == {"prompt": '{"1": {}}', "workflow": "{}"}


@pytest.mark.protocol("http.3.j")
async def test_outputs_are_the_usual_place_of_originals(server: Server) -> None:
    original = own_name()
    await upload(server, original, with_texts(), type="output")
    assert await masked(server, {"filename": original})


@pytest.mark.protocol("http.3.m")
@pytest.mark.parametrize(
    "ref",
    [
        *("", "[]", "{}", '{"filename": 3}', '{"filename": "no-such-file.png"}'),
        *('{"filename": ""}', '{"filename": "/etc/passwd"}', '{"filename": "../a.png"}'),
        '{"filename": "a.png", "subfolder": "../.."}',
    ],
)
async def test_without_an_original_nothing_is_written(server: Server, ref: str) -> None:
    name = own_name()
    await masked(server, ref, 400, name)
    await content(server, 404, filename=name, type="input")


@pytest.mark.protocol("http.3.j")
async def test_a_mask_must_fit(server: Server) -> None:
    original = own_name()
    await upload(server, original, picture(size=(9, 9)), type="output")
    await masked(server, {"filename": original}, 400)
