"""The Python client against a real server."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.conformance.conftest import Server
from tests.support.cutting import CuttingProxy
from web.client import CannotReach, Client, JobEvent, ServerRefused, streams
from web.keys import Parts
from web.settings import Settings

pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("small_nodes")]

T = TypeVar("T")

SHOW = {
    "1": {"class_type": "TSlow", "inputs": {"v": 3}, "_meta": {"title": "Add"}},
    "2": {"class_type": "TOut", "inputs": {"v": ["1", 0]}, "_meta": {"title": "Show"}},
}
LONG = {"1": {"class_type": "TLong", "inputs": {"v": 1}}}


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(str(server.make_url("/"))) as opened:
        yield opened


async def there(call: Callable[..., T], *args: Any, **more: Any) -> T:
    """The client waits; this server needs the loop meanwhile."""
    return await asyncio.to_thread(call, *args, **more)


async def test_a_job_runs_and_tells_what_happens(client: Client) -> None:
    heard: list[JobEvent] = []
    job = await there(client.run, SHOW, {"Add.v": 41}, on_event=heard.append, metadata={"mine": 1})
    assert (job.state, job.metadata) == ("succeeded", {"mine": 1})
    assert [output.data["text"] for output in job.outputs.values()] == [["42"]]
    assert heard[-1].type == "succeeded"
    assert {event.data["node_id"] for event in heard if event.type == "node_finished"} == {"1", "2"}


async def test_a_workflow_may_come_from_a_file(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "flow.json"
    file.write_text('{"1": {"class_type": "TOut", "inputs": {"v": "x"}}}')
    assert (await there(client.run, file)).state == "succeeded"


async def test_a_job_that_fails_is_an_answer(client: Client) -> None:
    failing = {
        "1": {"class_type": "TErr", "inputs": {"v": 1}},
        "2": {"class_type": "TOut", "inputs": {"v": ["1", 0]}},
    }
    job = await there(client.run, failing)
    assert job.state == "failed"
    assert job.error
    assert (job.error.node_id, job.error.message) == ("1", "boom")


async def test_a_workflow_that_cannot_run_is_refused_with_the_servers_words(client: Client) -> None:
    with pytest.raises(ServerRefused) as caught:
        await there(client.submit, {"1": {"class_type": "TOut", "inputs": {}}})
    assert caught.value.status == 400
    assert caught.value.node_errors["1"]["errors"][0]["type"] == "required_input_missing"


async def test_waiting_may_have_a_limit_and_a_job_can_be_cancelled(client: Client) -> None:
    job = await there(client.run, LONG, wait=0.3)
    assert job.state == "running"
    await there(client.cancel, job.id)
    last = (await there(list, client.events(job.id)))[-1]
    assert last.job
    assert (last.type, last.job.state) == ("cancelled", "cancelled")
    assert (await there(client.job, job.id)).state == "cancelled"


async def test_jobs_are_listed_over_all_pages(client: Client) -> None:
    made = [(await there(client.run, SHOW, {"Add.v": number})).id for number in range(3)]
    listed = await there(list, client.jobs("succeeded"))
    assert [job.id for job in listed][:3] == made[::-1]
    assert await there(list, client.jobs("pending")) == []


async def test_files_go_up_and_come_down(client: Client) -> None:
    content = random.randbytes(2000)
    assert await there(client.upload, content, "a.bin", subfolder="w") == "w/a.bin"
    assert "system" in await there(client.get, "/system_stats")
    got = await there(client.request, "GET", "/view", params={"filename": "a.bin", "subfolder": "w", "type": "input"})
    assert got.content == content
    assert await there(client.upload, b"other", "a.bin", subfolder="w") == "w/a (1).bin"


async def test_workflows_are_known_by_name(client: Client) -> None:
    names = [entry.name for entry in await there(client.workflows)]
    assert "text_to_image" in names


@pytest.mark.parametrize("seed", range(5))
async def test_cut_lines_lose_no_event_and_double_none(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(streams, "FIRST_PAUSE_S", 0.01)
    whole = [await there(client.submit, SHOW, {"Add.v": seed})]
    expected = await there(list, client.events(whole[0].id))
    dice = random.Random(seed)
    lengths = (dice.randrange(200, 900) for _ in range(8))
    async with CuttingProxy(server.port or 0, lengths) as proxy:
        with Client(proxy.url) as cut:
            heard = await there(list, cut.events(whole[0].id))
    assert heard == expected
    assert proxy.cuts > 0


async def test_a_line_that_is_never_whole_is_given_up(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "FIRST_PAUSE_S", 0.001)
    job = await there(client.run, SHOW)
    async with CuttingProxy(server.port or 0, iter([20] * 100)) as proxy:
        with Client(proxy.url) as cut, pytest.raises(CannotReach, match="cut"):
            await there(list, cut.events(job.id))
    assert proxy.cuts == streams.TRIES


class TestWithToken:
    @pytest.fixture
    def parts(self, parts: Parts) -> Parts:
        return replace(parts, settings=Settings(token="correct-horse"))

    async def test_a_client_that_knows_it_is_answered(self, parts: Parts, server: Server) -> None:
        url = str(server.make_url("/"))
        with Client(url, token="correct-horse") as client:
            assert (await there(client.run, SHOW)).state == "succeeded"
        with Client(url) as stranger, pytest.raises(ServerRefused) as caught:
            await there(stranger.workflows)
        assert caught.value.status == 401
