"""What POST /prompt refuses, and how it says so."""

import json
from typing import Any

import pytest

from tests.conformance.conftest import Server

pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("small_nodes")]

OUT = {"1": {"class_type": "TOut", "inputs": {"v": 1}}}


async def refused(server: Server, body: bytes) -> dict[str, Any]:
    async with server.post("/api/prompt", data=body) as response:
        answer: dict[str, Any] = await response.json()
        assert response.status == 400, answer
    assert list(answer) == ["error", "node_errors"]
    assert list(answer["error"]) == ["type", "message", "details", "extra_info"]
    return answer


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"\xff\xfe", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b"[]", "invalid_request"),
        (b"{}", "no_prompt"),
        (b'{"prompt": 3}', "invalid_request"),
        (b'{"prompt": {"1": 3}}', "invalid_prompt"),
        (b'{"prompt": {"1": {"class_type": "TOut", "inputs": []}}}', "invalid_prompt"),
        (b'{"prompt": {}}', "prompt_no_outputs"),
        (b'{"prompt": {}, "number": "soon"}', "invalid_request"),
        (b'{"prompt": {}, "number": 1e999}', "invalid_json"),
        (b'{"prompt": {}, "extra_data": []}', "invalid_request"),
        (b'{"prompt": {}, "client_id": 7}', "invalid_request"),
        (b'{"prompt": {}, "partial_execution_targets": "1"}', "invalid_request"),
        (b'{"prompt": {}, "prompt_id": "A"}', "invalid_prompt_id"),
        (b'{"prompt": {}, "prompt_id": 5}', "invalid_prompt_id"),
    ],
)
async def test_a_bad_body_is_refused(server: Server, body: bytes, kind: str) -> None:
    assert (await refused(server, body))["error"]["type"] == kind


async def test_a_wrong_field_is_named_with_what_was_given(server: Server) -> None:
    answer = await refused(server, json.dumps({"prompt": OUT, "number": "soon"}).encode())
    assert "number" in answer["error"]["message"]
    assert "'soon'" in answer["error"]["message"]


async def test_a_job_id_in_use_is_refused(server: Server) -> None:
    long = {"1": {"class_type": "TLong", "inputs": {"v": 1}}}
    body = json.dumps({"prompt": long, "prompt_id": "0b5f4a86-9f6e-4a0e-8a54-0d7f5d3c9b11"}).encode()
    async with server.post("/prompt", data=body) as response:
        assert (await response.json())["prompt_id"] == "0b5f4a86-9f6e-4a0e-8a54-0d7f5d3c9b11"
    assert (await refused(server, body))["error"]["type"] == "duplicate_prompt_id"


async def test_outputs_that_fail_are_dropped_and_told(server: Server) -> None:
    prompt = {
        **OUT,
        "2": {"class_type": "TInt", "inputs": {"v": 99}},
        "3": {"class_type": "TOut", "inputs": {"v": ["2", 0]}},
    }
    async with server.post("/prompt", json={"prompt": prompt}) as response:
        assert response.status == 200
        answer = await response.json()
    assert answer["node_errors"]["2"]["dependent_outputs"] == ["3"]
    assert answer["node_errors"]["2"]["errors"][0]["type"] == "value_bigger_than_max"


async def test_partial_targets_choose_among_the_outputs(server: Server) -> None:
    prompt = {**OUT, "2": {"class_type": "TOut", "inputs": {"v": 2}}}
    answer = await refused(server, json.dumps({"prompt": prompt, "partial_execution_targets": ["9"]}).encode())
    assert answer["error"]["type"] == "prompt_no_outputs"
    async with server.post("/prompt", json={"prompt": prompt, "partial_execution_targets": ["2"]}) as response:
        assert response.status == 200
