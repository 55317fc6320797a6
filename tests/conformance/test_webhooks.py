"""The end of a job is told to its webhook, signed, until it arrives."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.bus import Bus
from engine.cache import MemoryCache
from engine.folders import Folders
from engine.jobs import Outcome
from engine.jobs_sqlite import SqliteQueue
from engine.lanes import Lanes
from engine.pool_local import LocalPool
from tests.conformance import tiny
from tests.conformance.conftest import OpenClient, Server
from tests.support.receiver import Call, Receiver
from tests.support.server import Server as Process
from web.app import make_app
from web.keys import Parts
from web.settings import Settings
from web.webhooks.outbox import Backoff, WebhookOutbox

pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("small_nodes")]

SHOW = {"1": {"class_type": "TOut", "inputs": {"v": "hello"}}}
LONG = {"1": {"class_type": "TLong", "inputs": {"v": 1}}}
FAILING = {"1": {"class_type": "TErr", "inputs": {"v": 1}}, "2": {"class_type": "TOut", "inputs": {"v": ["1", 0]}}}
SECRET = "whsec_" + base64.b64encode(b"a key of some length").decode()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as started:
        yield started


async def submit(server: Server, workflow: Any, **webhook: Any) -> dict[str, Any]:
    async with server.post("/v1/jobs", json={"workflow": workflow, "webhook": webhook}) as response:
        job: dict[str, Any] = await response.json()
        assert response.ok, job
        return job


def checked(call: Call, secret: str) -> dict[str, Any]:
    """The message, if it is genuine: as docs/python-client.md says."""
    found: dict[str, Any] = {}
    text = (Path(__file__).parents[2] / "docs" / "python-client.md").read_text()
    exec(text[text.index("import base64") :].partition("```")[0], found)
    assert found["is_genuine"](secret, call.headers, call.body)
    assert not found["is_genuine"]("other", call.headers, call.body)
    assert not found["is_genuine"](secret, call.headers, call.body + b" ")
    message: dict[str, Any] = json.loads(call.body)
    return message


@pytest.mark.parametrize("secret", [SECRET, "plain words"])
async def test_the_message_is_signed_and_holds_the_job(server: Server, receiver: Receiver, secret: str) -> None:
    job = await submit(server, SHOW, url=receiver.url, secret=secret)
    (call,) = await receiver.calls(1)
    message = checked(call, secret)
    assert call.headers["Content-Type"] == "application/json"
    assert (message["type"], message["data"]["id"]) == ("job.succeeded", job["id"])
    async with server.get(f"/v1/jobs/{job['id']}") as response:
        shown = await response.json()
    assert message["timestamp"] == shown["finished"]
    assert message["data"]["outputs"] == shown["outputs"]
    assert shown["webhook"]["tries"] <= 1
    assert secret not in json.dumps(shown)


async def test_without_a_secret_nothing_is_signed(server: Server, receiver: Receiver) -> None:
    await submit(server, SHOW, url=receiver.url)
    (call,) = await receiver.calls(1)
    assert "webhook-signature" not in call.headers
    assert abs(int(call.headers["webhook-timestamp"]) - time.time()) < 60


async def test_a_message_too_large_goes_without_what_makes_it_so(server: Server, receiver: Receiver) -> None:
    notes = {str(number): "x" * 100_000 for number in range(12)}
    body = {"workflow": SHOW, "metadata": notes, "webhook": {"url": receiver.url}}
    async with server.post("/v1/jobs", data=io.BytesIO(json.dumps(body).encode())) as response:
        assert response.ok, await response.text()
    (call,) = await receiver.calls(1)
    message = json.loads(call.body)
    assert message["data"]["state"] == "succeeded"
    assert "metadata" not in message["data"]


async def test_only_the_states_asked_for_are_told(server: Server, receiver: Receiver) -> None:
    await submit(server, SHOW, url=receiver.url, states=["failed"])
    failed = await submit(server, FAILING, url=receiver.url, states=["failed"])
    (call,) = await receiver.calls(1)
    message = json.loads(call.body)
    assert (message["type"], message["data"]["id"]) == ("job.failed", failed["id"])
    assert message["data"]["error"]["message"] == "boom"


async def test_jobs_that_are_cancelled_are_told_of_too(server: Server, receiver: Receiver) -> None:
    running = await submit(server, LONG, url=receiver.url)
    waiting = await submit(server, SHOW, url=receiver.url)
    for job in (waiting, running):
        async with server.delete(f"/v1/jobs/{job['id']}") as response:
            assert response.ok
    calls = await receiver.calls(2)
    told = {message["data"]["id"]: message["type"] for message in (json.loads(call.body) for call in calls)}
    assert told == {running["id"]: "job.cancelled", waiting["id"]: "job.cancelled"}


@pytest.mark.parametrize(
    ("webhook", "named"),
    [
        ({"url": "ftp://a.example/"}, "url"),
        ({"url": "http://169.254.169.254/latest"}, "metadata"),
        ({"url": "http://user:word@a.example/"}, "password"),
        ({"url": "http://a.example/", "secret": "whsec_???"}, "base64"),
        ({"url": "http://a.example/", "secret": ""}, "secret"),
        ({"url": "http://a.example/", "states": ["pending"]}, "states"),
        ({"url": "http://a.example/", "sates": ["failed"]}, "sates"),
        ({}, "url"),
    ],
)
async def test_webhooks_that_cannot_be_are_refused_at_once(server: Server, webhook: Any, named: str) -> None:
    async with server.post("/v1/jobs", json={"workflow": SHOW, "webhook": webhook}) as response:
        assert response.status in (400, 403)
        assert named in json.dumps(await response.json())


@pytest.mark.parametrize("path", ["/queue", "/history", "/api/jobs"])
async def test_no_list_shows_the_secret(server: Server, receiver: Receiver, path: str) -> None:
    job = await submit(server, SHOW, url=receiver.url, secret="between you and me")
    await receiver.calls(1)
    await submit(server, LONG, url=receiver.url, secret="between you and me")
    waiting = await submit(server, LONG, url=receiver.url, secret="between you and me")
    for where in (path, f"{path}/{job['id']}", f"{path}/{waiting['id']}"):
        async with server.get(where) as response:
            assert "between you and me" not in await response.text()
    async with server.post("/queue", json={"clear": True}), server.post("/interrupt"):
        await receiver.calls(3)


class TestQuickly:
    """With short pauses between the tries."""

    @pytest.fixture
    def parts(self, parts: Parts) -> Parts:
        return replace(parts, letters=WebhookOutbox(backoff=Backoff(first_s=0.02, factor=1.5)))

    @pytest.fixture(autouse=True)
    def _here(self, parts: Parts) -> None:
        """Not at WIRELOOM_URL: its pauses are long."""

    async def test_errors_are_tried_again_with_the_same_id_and_body(self, server: Server, receiver: Receiver) -> None:
        receiver.answers = [500, 503, 429, 200]
        job = await submit(server, SHOW, url=receiver.url, secret=SECRET)
        calls = await receiver.calls(4)
        assert len({(call.headers["webhook-id"], call.body) for call in calls}) == 1
        for call in calls:
            assert checked(call, SECRET)["data"]["id"] == job["id"]
        for _ in range(100):
            async with server.get(f"/v1/jobs/{job['id']}") as response:
                told = (await response.json())["webhook"]
            if told["delivered"]:
                break
            await asyncio.sleep(0.01)
        assert told == {"delivered": True, "tries": 4}

    async def test_redirects_are_not_followed(self, server: Server, receiver: Receiver) -> None:
        receiver.answers = [302]
        await submit(server, SHOW, url=receiver.url)
        await submit(server, {"1": {"class_type": "TOut", "inputs": {"v": "second"}}}, url=receiver.url)
        first, second = await receiver.calls(2)
        assert first.headers["webhook-id"] != second.headers["webhook-id"]

    async def test_any_submission_may_have_one_but_none_gets_where_it_should_not(
        self, server: Server, receiver: Receiver
    ) -> None:
        for hook in ({"url": "http://169.254.169.254/"}, {"url": receiver.url}, "nonsense"):
            async with server.post("/prompt", json={"prompt": SHOW, "extra_data": {"webhook": hook}}) as response:
                assert response.ok
        (call,) = await receiver.calls(1)
        assert json.loads(call.body)["type"] == "job.succeeded"


class TestRestart:
    """A server that comes back tells what the one before it could not."""

    @pytest.fixture
    def parts_of(self, folders: Folders, tmp_path: Path) -> Any:
        def made() -> Parts:
            pool = LocalPool(lambda: tiny.registry(folders), MemoryCache(1), Lanes({"gpu": 1, "cpu": 2, "hook": 1}))
            letters = WebhookOutbox(tmp_path / "webhooks.sqlite", Backoff(first_s=0.2))
            return Parts(SqliteQueue(tmp_path / "queue.sqlite"), pool, Bus(), folders, Settings(), letters=letters)

        return made

    async def test_what_was_not_delivered_is_sent_again(
        self, aiohttp_client: OpenClient, parts_of: Any, receiver: Receiver
    ) -> None:
        receiver.answers = [500]
        first = await aiohttp_client(make_app(parts_of()))
        await submit(first, SHOW, url=receiver.url)
        await receiver.calls(1)
        await first.close()
        await aiohttp_client(make_app(parts_of()))
        before, after = await receiver.calls(2)
        assert (before.headers["webhook-id"], before.body) == (after.headers["webhook-id"], after.body)

    async def test_a_job_that_waited_is_told_of_when_it_has_run(
        self, aiohttp_client: OpenClient, parts_of: Any, receiver: Receiver
    ) -> None:
        first = await aiohttp_client(make_app(parts_of()))
        before = await submit(first, LONG, url="http://127.0.0.1:9/")
        waiting = await submit(first, SHOW, url=receiver.url)
        await first.close()
        second = await aiohttp_client(make_app(parts_of()))
        await second.delete(f"/v1/jobs/{before['id']}")
        (call,) = await receiver.calls(1)
        assert json.loads(call.body)["data"]["id"] == waiting["id"]

    async def test_an_end_that_a_killed_server_did_not_write_down_is_told(
        self, aiohttp_client: OpenClient, parts_of: Any, receiver: Receiver
    ) -> None:
        """The queue knows of it: as if the process had died between the two files."""
        first = await aiohttp_client(make_app(parts_of()))
        await submit(first, LONG, url=receiver.url)
        await first.close()
        between = parts_of()
        job = await between.queue.claim()
        now = int(time.time() * 1000)
        await between.queue.finish(job.id, Outcome("succeeded", now, now))
        await between.queue.close()
        second = await aiohttp_client(make_app(parts_of()))
        (call,) = await receiver.calls(1)
        assert json.loads(call.body)["data"]["id"] == job.id
        await second.close()
        await aiohttp_client(make_app(parts_of()))
        assert len(receiver.heard) == 1


@pytest.mark.slow
async def test_a_server_that_is_killed_tells_the_rest_when_it_is_back(receiver: Receiver, tmp_path: Path) -> None:
    """SIGKILL after the first try failed; the second comes from the next process, with the same id and body."""
    receiver.answers = [500]
    server = Process(tmp_path)
    server.program = ("tests.conformance.serve",)
    with server:
        hook = {"url": receiver.url, "secret": SECRET}
        job = {"workflow": SHOW, "webhook": hook}
        status, _ = await asyncio.to_thread(server.post, "/v1/jobs", job)
        assert status == 202
        (before,) = await receiver.calls(1, within_s=60)
        await asyncio.to_thread(server.stop, signal.SIGKILL)
        await asyncio.to_thread(server.start)
        _, after = await receiver.calls(2, within_s=60)
    assert (before.headers["webhook-id"], before.body) == (after.headers["webhook-id"], after.body)
    checked(after, SECRET)
