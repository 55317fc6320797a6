"""Bodies that are no JSON, too much JSON, or JSON of the wrong types, for every route that takes one."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from tests.attacks.conftest import OUT, Server, job, strict_json, works

pytestmark = pytest.mark.conformance

FIELDS = [
    *["prompt", "prompt_id", "client_id", "extra_data", "number", "front", "partial_execution_targets"],
    *[
        "clear",
        "delete",
        "unload_models",
        "free_memory",
        "job_ids",
        "workflow",
        "inputs",
        "wait",
        "webhook",
        "username",
    ],
    *["clientId", "enabled", "priority", "only", "extra_pnginfo"],
]
WRONG: list[Any] = [
    *(
        None,
        True,
        0,
        -1,
        1.5,
        10**299,
        "",
        "x",
        "\0",
        "\U0001f600",
        [],
        [[]],
        [None],
        {},
        {"": None},
        {"a": {"b": []}},
    ),
    *(["x"] * 2000, {"webhook": {"url": "file:///etc/passwd"}}),
]
BODIES = [
    *[
        b"",
        b" ",
        b"{",
        b"null",
        b"3",
        b'"x"',
        b"[]",
        b"{}",
        b"[null]",
        b"NaN",
        b"\xef\xbb\xbf{}",
        b"\xff",
        b"\0",
        b"{}{}",
    ],
    *[
        b"[" * 50_000,
        b"[" * 500 + b"]" * 500,
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b"9" * 5000,
        b"1e999",
        b'{"a": -1e999}',
    ],
    *[b'{"a": 1, "a": 2}', b'"\\ud800"', b'{"\\udfff": 1}', b'{"a": NaN, "b": [Infinity, -Infinity]}', b"\x1f\x8b\x08"],
    "ä".encode("latin-1"),
    '{"a": 1}'.encode("utf-16"),
]


def targets(server: Server) -> Iterator[tuple[str, URL]]:
    """Each way to send a body, and each way to ask for something named ``x``."""
    for route in server.app.router.routes():
        info = route.get_info()
        path = re.sub(r"\{[^}]*\}", "x", info.get("path") or info.get("formatter", ""))
        if route.method not in ("HEAD", "OPTIONS", "*") and path and not path.endswith(("/ws", "/events")):
            yield route.method, URL(path)


async def answered(server: Server, method: str, url: URL, body: bytes | None = None, **more: Any) -> int:
    """The status, after a look at the answer."""
    async with server.request(method, url, data=body, **more) as response:
        text = await response.read()
        what = f"{method} {url} {(body or b'')[:60]!r}: {response.status} {text[:300]!r}"
        assert response.status < 500 or response.status == 503, what
        assert b"Traceback" not in text, what
        assert b"site-packages" not in text, what
        if response.content_type == "application/json":
            strict_json(text)
        return response.status


async def test_no_body_is_too_odd(server: Server) -> None:
    asked = 0
    for method, url in targets(server):
        if method == "GET":
            continue
        for body in BODIES:
            await answered(server, method, url, body)
            asked += 1
    assert asked > 500
    assert await works(server)


async def test_no_field_is_too_odd(server: Server) -> None:
    for method, url in targets(server):
        if method == "GET" or url.path.startswith("/api/"):
            continue
        alone = FIELDS if url.path in ("/prompt", "/v1/jobs", "/jobs/cancel") else []
        for value in WRONG:
            await answered(server, method, url, json.dumps(dict.fromkeys(FIELDS, value)).encode())
            for name in alone:
                body = {"prompt": OUT, "workflow": OUT, name: value}
                await answered(server, method, url, json.dumps(body).encode())
    assert await works(server)


async def test_no_query_is_too_odd(server: Server) -> None:
    names = [
        "max_items",
        "offset",
        "limit",
        "status",
        "sort_by",
        "dir",
        "recurse",
        "filename",
        "type",
        "preview",
        "channel",
    ]
    for value in ("", "x", "-1", "9" * 400, "1e999", "NaN", "\0", "[]", "\U0001f600", "٣"):
        for method, url in targets(server):
            if method == "GET":
                await answered(server, method, url, params=dict.fromkeys(names, value))


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ANY = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
LINKS = st.tuples(
    st.sampled_from(["1", "2", "9", 1, None, []]), st.sampled_from([0, 1, -1, 10**18, 1.5, "0", True, None])
)
NODES = st.fixed_dictionaries(
    {
        "class_type": st.sampled_from(["TOut", "TInt", "TExpand", "TLazy", "TList", "nothing"]) | ANY,
        "inputs": st.dictionaries(st.sampled_from(["v", "s", "c", "n", "sw", "a"]), LINKS.map(list) | ANY, max_size=3)
        | ANY,
    },
    optional={"_meta": ANY, "is_changed": ANY},
)
PROMPTS = st.dictionaries(st.sampled_from(["1", "2", "3", "", "a:b"]), NODES | ANY, max_size=3) | ANY


async def test_no_workflow_is_too_odd(server: Server) -> None:
    """Submitted, run, and read back in every form there is."""
    examples: list[bytes] = []

    @settings(max_examples=150, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(PROMPTS, ANY, ANY)
    def collect(prompt: Any, extra: Any, number: Any) -> None:
        body = {"prompt": prompt, "extra_data": {"a": extra, "extra_pnginfo": extra}, "number": number}
        examples.append(json.dumps(body).encode())

    collect()
    for body in examples:
        await answered(server, "POST", URL("/prompt"), body)
    assert await works(server)
    for path in ("/history", "/queue", "/api/jobs", "/v1/jobs", "/"):
        await answered(server, "GET", URL(path))


@pytest.mark.parametrize("text", ["\U0001f600", "\0", "\x1b[31m", "\u2028", "x" * 100_000], ids=ascii)
async def test_a_text_comes_back_as_it_went(server: Server, text: str) -> None:
    prompt = {"1": {"class_type": "TOut", "inputs": {"v": text}, "_meta": {"title": text}}}
    entry = await job(server, prompt)
    assert entry["outputs"] == {"1": {"text": [text]}}
    assert entry["prompt"][2] == prompt


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
async def test_what_is_no_number_comes_back_as_json(server: Server, number: str) -> None:
    """As pictures of other programs hold it: their nodes write ``"is_changed": [NaN]``."""
    body = json.dumps({"prompt": {"1": {**OUT["1"], "is_changed": [float(number)]}}})
    assert number in body
    async with server.post("/prompt", data=body.encode()) as response:
        assert response.status == 200
        prompt_id = (await response.json())["prompt_id"]
    for path in (f"/api/jobs/{prompt_id}", "/history", "/queue"):
        async with server.get(path) as response:
            strict_json(await response.read())


@pytest.mark.parametrize(
    "message",
    ["", "{", "null", "[]", "[" * 5000, '{"type": []}', '{"type": "feature_flags", "data": [1]}', "9" * 5000, "\0"],
)
async def test_a_websocket_may_say_anything(server: Server, message: str) -> None:
    async with server.ws_connect("/ws") as socket:
        await socket.send_str(message)
        await socket.send_bytes(message.encode())
        await socket.send_str('{"type": "feature_flags", "data": {}}')
        assert (await socket.receive_json(timeout=5))["type"] == "status"
        assert await works(server)


async def test_a_websocket_message_is_bounded(server: Server) -> None:
    async with server.ws_connect("/ws", max_msg_size=0) as socket:
        await socket.receive_json(timeout=5)
        await socket.send_str("x" * (2 << 20))
        async for _ in socket:
            pass
        assert socket.close_code == 1009
    assert await works(server)
