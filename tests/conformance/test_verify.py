"""/v1/verify: pictures made again by their own workflows."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.conformance.asking import get, picture, post
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance

LOCK = "wireloom.lock"
USERS = {"folder": "user", "name": "default/comfy.settings.json", "size": 1, "sha256": "00"}


async def sent(server: Server, data: bytes, status: int = 202) -> Any:
    async with server.post("/v1/verify", data=data) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def verified(server: Server, data: bytes) -> Any:
    """What came of it, once it has ended."""
    begun = await sent(server, data)
    assert (begun["verdict"], begun["links"]["self"]) == (None, f"/v1/verify/{begun['id']}")
    for _ in range(600):
        if (found := await get(server, begun["links"]["self"]))["verdict"]:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"{found['id']} did not end")


def changed(data: bytes, alter: Callable[[Image.Image], Image.Image] | None = None, **texts: Any) -> bytes:
    """The picture with other pixels, or with other texts; None takes one away."""
    made, chunks = io.BytesIO(), PngInfo()
    with Image.open(io.BytesIO(data)) as image:
        for key, text in {**image.info, **texts}.items():
            if text is not None:
                chunks.add_text(key, text if isinstance(text, str) else json.dumps(text))
        (alter(image) if alter else image).save(made, "PNG", pnginfo=chunks)
    return made.getvalue()


def text_of(data: bytes, key: str) -> Any:
    with Image.open(io.BytesIO(data)) as image:
        return json.loads(image.info[key])


@pytest.fixture
async def made(core: Server) -> bytes:
    """A picture that this server has made."""
    inputs = {"text": "a red apple", "steps": 2, "seed": 7}
    job = await post(core, "/v1/jobs?wait=120", {"workflow": "text_to_image", "inputs": inputs})
    (file,) = job["outputs"]["picture"]["files"]
    async with core.get(file["url"]) as response:
        return await response.read()


async def test_an_untouched_picture_is_identical_and_nothing_is_left_in_the_output_folder(
    core: Server, made: bytes
) -> None:
    before = await get(core, "/internal/files/output")
    found = await verified(core, made)
    assert (found["verdict"], found["state"], found["psnr_db"]) == ("identical", "succeeded", None)
    assert (found["has_lock"], found["reasons"], found["errors"]) == (True, [], [])
    assert {each["status"] for each in found["compared"]} == {"same"}
    assert await get(core, "/internal/files/output") == before
    async with core.get(found["again"]["url"]) as response:
        again = await response.read()
    with Image.open(io.BytesIO(again)) as one, Image.open(io.BytesIO(made)) as other:
        assert one.tobytes() == other.tobytes()
        assert "prompt" not in one.info


async def test_what_is_not_as_it_was_is_told(core: Server, made: bytes) -> None:
    lock = text_of(made, LOCK)
    files = [{**each, "sha256": "0" * 64} for each in lock["files"]]
    found = await verified(core, changed(made, **{LOCK: {**lock, "engine": "0.0.1", "files": files}}))
    assert found["verdict"] == "identical"
    model, engine = found["reasons"]
    assert "has another content than when this was saved" in model
    assert "SHA-256 was 000000000000" in model
    assert engine.startswith("wireloom was 0.0.1")
    assert {each["name"]: each["status"] for each in found["compared"]}["wireloom"] == "different"


@pytest.mark.parametrize(("by", "verdict"), [(1, "close"), (60, "different")])
async def test_other_pixels_are_told(core: Server, made: bytes, by: int, verdict: str) -> None:
    found = await verified(
        core, changed(made, lambda image: image.point(lambda value: value + by if value < 128 else value - by))
    )
    assert (found["verdict"], found["close_from_db"]) == (verdict, 40)
    assert (found["psnr_db"] >= 40) == (verdict == "close")
    assert "its pixels were changed since" in found["reasons"][0]


async def test_without_a_lock_only_the_pixels_are_compared(core: Server, made: bytes) -> None:
    found = await verified(core, changed(made, **{LOCK: None}))
    assert (found["verdict"], found["has_lock"], found["reasons"]) == ("identical", False, [])


async def test_what_cannot_be_made_again_is_told_at_once(core: Server, made: bytes) -> None:
    prompt, lock = text_of(made, "prompt"), text_of(made, LOCK)
    (loader,) = [node for node in prompt.values() if node["class_type"] == "CheckpointLoaderSimple"]
    loader["inputs"]["ckpt_name"] = "gone.safetensors"
    files = [{**each, "name": "gone.safetensors", "sha256": "0" * 64, "layout": None} for each in lock["files"]]
    found = await sent(core, changed(made, prompt=prompt, **{LOCK: {**lock, "files": files}}), 200)
    assert (found["id"], found["verdict"], found["text"]) == (None, "failed", "it cannot be made again")
    assert "checkpoints/gone.safetensors is not here" in found["reasons"][0]
    assert "gone.safetensors" in found["errors"][0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "cannot identify image file"),
        (b"{}", "cannot identify image file"),
        (b"\x89PNG\r\n\x1a\nbroken", "cannot identify image file"),
        (picture(), "carries no workflow"),
        (picture(kind="TIFF"), "it is no PNG, WebP, JPEG or GIF"),
        (changed(picture(), prompt="[1]"), "'prompt' is no workflow"),
        (changed(picture(), prompt="{"), "not valid JSON"),
        (changed(picture(), prompt={}, **{LOCK: "{}"}), "its wireloom.lock is broken"),
        (
            changed(picture(), prompt={}, **{LOCK: {"format": 1, "engine": "1", "node": "1", "unnamed": ["x"] * 3000}}),
            "names 3000 things",
        ),
    ],
)
async def test_what_is_no_such_picture_is_refused_with_the_reason(server: Server, data: bytes, said: str) -> None:
    error = (await sent(server, data, 400))["error"]
    assert error["type"] == "not_verifiable"
    assert said in error["details"]


async def test_the_files_of_a_lock_are_found_again(core: Server, made: bytes) -> None:
    lock = text_of(made, LOCK)
    (file,) = lock["files"]
    (same,) = (await post(core, "/v1/workflows/files", {"lock": lock}))["files"]
    assert (same["found"], same["here"], same["sha256"]) == ("same", file["name"], file["sha256"])
    moved, other = {**file, "name": "moved.safetensors"}, {**file, "sha256": "0" * 64}
    gone = {**other, "name": "gone.safetensors", "layout": None}
    alike = {**other, "name": "alike.safetensors"}
    found = await post(core, "/v1/workflows/files", {"lock": {**lock, "files": [moved, other, alike, gone]}})
    assert [(each["found"], each["here"]) for each in found["files"]] == [
        ("renamed", file["name"]),
        ("replaced", file["name"]),
        ("similar", file["name"]),
        ("missing", None),
    ]
    assert f"is here as checkpoints/{file['name']}, the same content" in found["files"][0]["text"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"lock": {}}, "its wireloom.lock is broken: format"),
        ({"lock": {"format": 1, "engine": "1", "node": "1", "files": 5}}, "its wireloom.lock is broken: files"),
        ({"lock": {"format": 1, "engine": "1", "node": "1", "unnamed": ["x"] * 3000}}, "names 3000 things"),
        ({"lock": {"format": 1, "engine": "1", "node": "1", "files": [USERS]}}, "names files of users"),
        ({"lock": []}, "lock"),
        ({}, "lock"),
        ([], "body"),
    ],
)
async def test_what_is_no_lock_is_refused(server: Server, body: Any, said: str) -> None:
    error = (await post(server, "/v1/workflows/files", body, 400))["error"]
    assert said in error["message"] + error["details"]


@pytest.mark.usefixtures("small_nodes")
async def test_a_workflow_that_is_none_or_makes_no_picture_fails(server: Server) -> None:
    empty = await sent(server, changed(picture(), prompt={}), 200)
    assert (empty["verdict"], empty["has_lock"]) == ("failed", False)
    shows = {"1": {"class_type": "TShow", "inputs": {"ui": "{}"}}}
    found = await verified(server, changed(picture(), prompt=shows))
    assert (found["verdict"], found["text"]) == ("failed", "the workflow makes no such picture now")


async def test_only_jobs_that_verify_are_looked_up(server: Server) -> None:
    assert "nobody" in (await get(server, "/v1/verify/nobody", 404))["error"]["details"]
