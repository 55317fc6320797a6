"""Binary frames, byte by byte."""

from __future__ import annotations

import json
import struct
import uuid
from typing import Any

import pytest

from tests.conformance.asking import SLOW, submit
from tests.conformance.conftest import Listener, Server

pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("small_nodes")]

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
METADATA = ["node_id", "prompt_id", "display_node_id", "parent_node_id", "real_node_id", "image_type"]


def tells(text: str) -> dict[str, Any]:
    """A job whose node tells a line of text and a picture as PNG."""
    return {"a node": {"class_type": "TTell", "inputs": {"text": text}}}


def slow() -> dict[str, Any]:
    """A job whose second node shows two pictures as JPEG."""
    first: dict[str, Any] = SLOW["1"]["inputs"]  # type: ignore[assignment]
    return {**SLOW, "1": {"class_type": "TInt", "inputs": {**first, "s": uuid.uuid4().hex}}}


async def announce(listener: Listener, **flags: Any) -> None:
    await listener.socket.send_json({"type": "feature_flags", "data": flags})
    await listener.until("feature_flags")


async def frames(server: Server, listener: Listener, prompt: Any) -> dict[int, list[bytes]]:
    """What follows the code in each binary frame, by code."""
    await submit(server, prompt)
    found: dict[int, list[bytes]] = {}
    for message in await listener.until_done():
        if "binary" in message:
            (code,) = struct.unpack_from(">I", message["binary"])
            found.setdefault(code, []).append(message["binary"][4:])
    return found


@pytest.mark.protocol("ws.3.a", "ws.3.b", "ws.3.c", "ws.3.g")
async def test_pictures_come_plain_to_who_knows_no_metadata(server: Server, listener: Listener) -> None:
    await announce(listener)
    found = await frames(server, listener, slow())
    assert found.keys() == {1}
    assert len(found[1]) == 2
    for payload in found[1]:
        assert payload[:4] == b"\0\0\0\1"
        assert payload[4:].startswith(JPEG)


@pytest.mark.protocol("ws.3.g")
@pytest.mark.parametrize(("asked", "codes"), [({}, set()), ({"preview_method": "auto"}, {1})])
async def test_who_never_said_a_word_gets_previews_only_if_the_job_asks(
    server: Server, listener: Listener, asked: dict[str, str], codes: set[int]
) -> None:
    """Small clients take every binary frame for their picture, so what is unfinished would mislead them."""
    await submit(server, slow(), extra_data=asked)
    assert {message["binary"][3] for message in await listener.until_done() if "binary" in message} == codes


@pytest.mark.protocol("ws.3.a", "ws.3.e", "ws.3.f", "ws.3.g", "ws.3.c")
async def test_pictures_come_with_what_they_belong_to_for_who_asks(server: Server, listener: Listener) -> None:
    await announce(listener, supports_preview_metadata=True)
    prompt_id = await submit(server, slow())
    found = [m["binary"] for m in await listener.until_done() if "binary" in m]
    assert len(found) == 2
    for frame in found:
        code, length = struct.unpack_from(">II", frame)
        metadata = json.loads(frame[8 : 8 + length].decode())
        assert code == 4
        assert list(metadata) == METADATA
        assert list(metadata.values()) == ["2", prompt_id, "2", None, "2", "image/jpeg"]
        assert frame[8 + length :].startswith(JPEG)


@pytest.mark.protocol("ws.3.e", "ws.3.f")
async def test_a_picture_of_an_inner_node_names_the_outer_one(server: Server, listener: Listener) -> None:
    await announce(listener, supports_preview_metadata=True)
    prompt = {"outer": {"class_type": "TExpand", "inputs": {"v": 5}}, "2": {"class_type": "TOut", "inputs": {"v": 1}}}
    prompt["2"]["inputs"] = {"v": ["outer", 0]}
    payload = (await frames(server, listener, prompt))[4][0]
    (length,) = struct.unpack_from(">I", payload)
    metadata = json.loads(payload[4 : 4 + length])
    shown = [metadata[key] for key in ("node_id", "display_node_id", "parent_node_id", "real_node_id")]
    assert shown == ["outer.0.0.1", "outer", "outer", "outer"]


@pytest.mark.protocol("ws.1.v", "ws.3.g")
@pytest.mark.parametrize("flag", [False, 1, "true", None])
async def test_only_true_means_true(server: Server, listener: Listener, flag: Any) -> None:
    await announce(listener, supports_preview_metadata=flag)
    assert (await frames(server, listener, slow())).keys() == {1}


@pytest.mark.protocol("ws.3.b", "ws.3.k")
async def test_a_png_is_of_kind_2(server: Server, listener: Listener) -> None:
    (payload,) = (await frames(server, listener, tells("x")))[1]
    assert payload[:4] == b"\0\0\0\2"
    assert payload[4:].startswith(PNG)


@pytest.mark.protocol("ws.3.f")
async def test_a_png_says_so_in_its_metadata(server: Server, listener: Listener) -> None:
    await announce(listener, supports_preview_metadata=True)
    (payload,) = (await frames(server, listener, tells("y")))[4]
    (length,) = struct.unpack_from(">I", payload)
    assert json.loads(payload[4 : 4 + length])["image_type"] == "image/png"
    assert payload[4 + length :].startswith(PNG)


@pytest.mark.protocol("ws.3.a", "ws.3.d", "ws.1.u")
@pytest.mark.parametrize("flags", [{}, {"supports_progress_text_metadata": True}])
async def test_text_follows_the_length_and_the_id_of_its_node(
    server: Server, listener: Listener, flags: dict[str, bool]
) -> None:
    """The form is the short one, whatever the client can: this server does not say that it has the other."""
    await announce(listener, **flags)
    text = f"step 3 of 10, é {uuid.uuid4()}"
    (payload,) = (await frames(server, listener, tells(text)))[3]
    assert payload == b"\0\0\0\6a node" + text.encode()


@pytest.mark.protocol("ws.3.h", "ws.4.f")
async def test_pictures_and_texts_reach_their_client_alone(server: Server, listener: Listener) -> None:
    async with server.ws_connect("/ws") as socket:
        stranger = Listener(socket)
        await stranger.until("status")
        await frames(server, listener, slow())
        await frames(server, listener, tells(uuid.uuid4().hex))
        assert [(await stranger.hear())["type"] for _ in range(6)] == ["status"] * 6
