"""GET /v1/jobs/{id}/events: what is told, and that nothing is lost or doubled wherever the line is cut."""

from __future__ import annotations

import asyncio
import base64
import random
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from tests.conformance.sse import Told, read

Server = TestClient[Any, Any]
pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("small_nodes")]


WHOLE = {"v": 1, "f": 0.5, "s": "a", "b": True, "c": "x", "c2": "p"}


def chain(length: int) -> dict[str, Any]:
    """Nodes one behind the other, each of which takes a moment; every third tells its progress."""
    prompt: dict[str, Any] = {"0": {"class_type": "TInt", "inputs": WHOLE}}
    for number in range(1, length):
        kind = "TSlow" if number % 3 == 0 else "TAsync"
        prompt[str(number)] = {"class_type": kind, "inputs": {"v": [str(number - 1), 0]}}
    prompt["out"] = {"class_type": "TOut", "inputs": {"v": [str(length - 1), 0]}}
    return prompt


async def submit(server: Server, prompt: dict[str, Any], **more: Any) -> str:
    async with server.post("/v1/jobs", json={"workflow": prompt, **more}) as response:
        assert response.status == 202, await response.text()
        job_id: str = (await response.json())["id"]
        return job_id


def names(events: list[Told]) -> list[str]:
    return [event.name for event in events]


async def test_a_job_is_told_from_the_queue_to_its_end(server: Server) -> None:
    job_id = await submit(server, chain(4))
    events = await read(server, job_id)
    assert names(events)[:2] == ["queued", "started"]
    assert events[1].data["attempt"] == 1
    assert names(events)[-1] == "succeeded"
    assert [event.id for event in events] == ["0-0", *(f"1-{n}" for n in range(1, len(events) - 1)), "1-end"]
    told = [(event.name, event.data["node_id"]) for event in events if event.name.startswith("node_")]
    assert set(told) == {(name, n) for name in ("node_started", "node_finished") for n in ("0", "1", "2", "3", "out")}
    assert all(told.index(("node_started", n)) < told.index(("node_finished", n)) for n in "0123")
    finished = {event.data["node_id"]: event.data for event in events if event.name == "node_finished"}
    assert finished["out"]["data"] == {"text": ["2"]}
    assert all(each["how"] == "ran" and each["seconds"] >= 0 for each in finished.values())
    assert events[-1].data["id"] == job_id
    assert events[-1].data["outputs"]["out"]["data"] == {"text": ["2"]}


async def test_the_last_of_a_nodes_progress_is_told_before_its_end(server: Server) -> None:
    events = await read(server, await submit(server, chain(5)))
    mine = [event for event in events if event.data.get("node_id") == "3"]
    assert mine[0].name == "node_started"
    assert [event.name for event in mine][-2:] == ["progress", "node_finished"]
    assert (mine[-2].data["value"], mine[-2].data["total"]) == (2, 2)


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_is_lost_or_doubled_wherever_the_line_is_cut(server: Server, seed: int) -> None:
    """Several readers, each cut off at its own random places, while the job runs and after its end."""
    job_id = await submit(server, chain(30))

    async def cut_often(chance: random.Random) -> list[Told]:
        heard: list[Told] = []
        for _ in range(10_000):
            last = heard[-1].id if heard else None
            heard += await read(server, job_id, last, cut_after=chance.choice([1, 60, 300, 900, 40_000]))
            if heard and heard[-1].name == "succeeded":
                return heard
            await asyncio.sleep(chance.choice([0, 0, 0.02]))
        raise AssertionError("it did not end")

    whole, *cut = await asyncio.gather(
        read(server, job_id), *(cut_often(random.Random(100 * seed + number)) for number in range(3))
    )
    ids = [event.id for event in whole]
    assert len(set(ids)) == len(ids) > 60
    for heard in cut:
        assert heard == whole
    assert await read(server, job_id) == whole


async def test_a_reader_that_has_all_is_told_so(server: Server) -> None:
    job_id = await submit(server, chain(2))
    last = (await read(server, job_id))[-1].id
    async with server.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": str(last)}) as response:
        assert response.status == 204
    async with server.get(f"/v1/jobs/{job_id}/events?last_event_id={last}") as response:
        assert response.status == 204


async def test_who_has_events_of_another_attempt_gets_all_of_this_one(server: Server) -> None:
    job_id = await submit(server, chain(2))
    whole = await read(server, job_id)
    assert await read(server, job_id, "7-3") == whole[1:]
    assert await read(server, job_id, "1-999999") == whole[1:]


async def test_previews_come_if_asked_for_and_cannot_be_resumed_from(server: Server) -> None:
    job_id = await submit(server, {**chain(30)})
    with_previews, without = await asyncio.gather(read(server, job_id, query="?previews=1"), read(server, job_id))
    previews = [event for event in with_previews if event.name == "preview"]
    assert previews
    assert all(event.id is None for event in previews)
    head, _, picture = previews[0].data["image"].partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(picture).startswith(b"\xff\xd8")
    assert [event for event in with_previews if event.name != "preview"] == without


@pytest.mark.parametrize("wrong", ["1", "1-x", "-1-2", "1-2-3", "9" * 5000 + "-1"])
async def test_what_is_no_event_id_is_refused(server: Server, wrong: str) -> None:
    job_id = await submit(server, chain(2))
    async with server.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": wrong}) as response:
        assert response.status == 400
        assert "no id of an event" in (await response.json())["error"]["message"]


async def test_an_unknown_job_has_no_events(server: Server) -> None:
    async with server.get("/v1/jobs/nobody/events") as response:
        assert response.status == 404


async def test_a_failure_is_the_last_event(server: Server) -> None:
    prompt = {
        "1": {"class_type": "TInt", "inputs": WHOLE},
        "2": {"class_type": "TErr", "inputs": {"v": ["1", 0]}},
        "3": {"class_type": "TOut", "inputs": {"v": ["2", 0]}},
    }
    events = await read(server, await submit(server, prompt))
    assert events[-1].name == "failed"
    assert events[-1].data["error"]["node_id"] == "2"
    assert events[-1].data["error"]["message"] == "boom"


async def test_a_job_that_is_removed_while_pending_ends_its_events(server: Server) -> None:
    long = await submit(server, {"1": {"class_type": "TLong", "inputs": {"v": 1}}})
    waiting = await submit(server, chain(2))
    reading = asyncio.ensure_future(read(server, waiting))
    await asyncio.sleep(0.05)
    async with server.post("/queue", json={"delete": [waiting]}) as response:
        assert response.status == 200
    events = await asyncio.wait_for(reading, 5)
    assert names(events) == ["queued", "cancelled"]
    async with server.delete(f"/v1/jobs/{long}"):
        pass
    assert names(await read(server, long))[-1] == "cancelled"


async def test_a_reader_that_takes_nothing_keeps_nobody_waiting(server: Server) -> None:
    job_id = await submit(server, chain(30))
    async with server.get(f"/v1/jobs/{job_id}/events?previews=1"):
        began = asyncio.get_running_loop().time()
        assert names(await read(server, job_id))[-1] == "succeeded"
        assert asyncio.get_running_loop().time() - began < 5
