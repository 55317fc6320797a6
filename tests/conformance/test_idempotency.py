"""``Idempotency-Key``: a request that is sent again is not taken twice."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from tests.conformance.asking import LONG, SLOW, ended, get, post
from tests.conformance.conftest import Server

pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("small_nodes")]

BODIES = {"/prompt": {"prompt": SLOW}, "/v1/jobs": {"workflow": SLOW}}
OTHER_BODIES = {"/prompt": {"prompt": SLOW, "front": True}, "/v1/jobs": {"workflow": SLOW, "front": True}}


async def send(server: Server, path: str, body: Any, key: str) -> tuple[int, Any]:
    async with server.post(path, json=body, headers={"Idempotency-Key": key}) as response:
        return response.status, await response.json()


def job_id(answer: Any) -> str:
    return str(answer.get("prompt_id") or answer["id"])


async def jobs(server: Server) -> int:
    return len((await get(server, "/v1/jobs"))["jobs"])


@pytest.mark.parametrize("path", BODIES)
async def test_a_request_sent_again_answers_the_same_job_before_and_after_its_end(server: Server, path: str) -> None:
    key = str(uuid.uuid4())
    first = await send(server, path, BODIES[path], key)
    again = await send(server, path, BODIES[path], key)
    await ended(server, job_id(first[1]))
    late = await send(server, path, BODIES[path], key)
    assert job_id(first[1]) == job_id(again[1]) == job_id(late[1])
    assert late[0] == 200
    assert await jobs(server) == 1


async def test_who_waits_may_send_again_while_the_job_runs(server: Server) -> None:
    key, body = str(uuid.uuid4()), {"workflow": LONG}
    waiting = asyncio.ensure_future(send(server, "/v1/jobs?wait=20", body, key))
    for _ in range(500):
        if running := (await get(server, "/v1/jobs?state=running"))["jobs"]:
            break
        await asyncio.sleep(0.01)
    status, again = await send(server, "/v1/jobs", body, key)
    assert (status, again["id"], again["state"]) == (202, running[0]["id"], "running")
    async with server.delete(f"/v1/jobs/{again['id']}"):
        pass
    status, done = await waiting
    assert (status, done["id"], done["state"]) == (200, again["id"], "cancelled")


@pytest.mark.parametrize("path", BODIES)
async def test_another_request_under_the_same_key_is_refused(server: Server, path: str) -> None:
    key = str(uuid.uuid4())
    await send(server, path, BODIES[path], key)
    status, refused = await send(server, path, OTHER_BODIES[path], key)
    assert (status, refused["error"]["type"]) == (422, "idempotency_key_reused")
    other_path = next(each for each in BODIES if each != path)
    assert (await send(server, other_path, BODIES[other_path], key))[0] == 422
    assert await jobs(server) == 1


async def test_the_same_json_written_otherwise_is_the_same_request(server: Server) -> None:
    key = str(uuid.uuid4())
    first = await send(server, "/prompt", {"client_id": "a", "prompt": SLOW}, key)
    again = await send(server, "/api/prompt", {"prompt": SLOW, "client_id": "a"}, f'"{key}"')
    assert first == again


@pytest.mark.parametrize("key", ["", "two words", '"open', "ü", "x" * 256, 'a"b'])
async def test_what_is_no_key_is_refused(server: Server, key: str) -> None:
    status, refused = await send(server, "/v1/jobs", BODIES["/v1/jobs"], key)
    assert (status, refused["error"]["type"]) == (400, "invalid_idempotency_key")
    assert await jobs(server) == 0


async def test_two_keys_are_refused(server: Server) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    async with server.post("/prompt", json=BODIES["/prompt"], headers=headers) as response:
        assert response.status == 400


async def test_requests_sent_at_once_make_one_job(server: Server) -> None:
    key = str(uuid.uuid4())
    answers = await asyncio.gather(*(send(server, "/v1/jobs", BODIES["/v1/jobs"], key) for _ in range(5)))
    taken = [answer["id"] for status, answer in answers if status in (200, 202)]
    assert len(set(taken)) == 1
    assert {status for status, _ in answers} <= {200, 202, 409}
    assert await jobs(server) == 1


async def test_a_request_that_was_refused_may_be_mended_under_its_key(server: Server) -> None:
    key = str(uuid.uuid4())
    assert (await send(server, "/prompt", {"prompt": {}}, key))[0] == 400
    assert (await send(server, "/prompt", {"prompt": SLOW}, key))[0] == 200


async def test_a_key_goes_with_its_job(server: Server) -> None:
    key = str(uuid.uuid4())
    _, first = await send(server, "/prompt", BODIES["/prompt"], key)
    await ended(server, first["prompt_id"])
    await post(server, "/history", {"delete": [first["prompt_id"]]})
    _, second = await send(server, "/prompt", BODIES["/prompt"], key)
    assert first["prompt_id"] != second["prompt_id"]
    await ended(server, second["prompt_id"])
