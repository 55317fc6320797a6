"""/v1/jobs: submitting, waiting, looking, listing, cancelling."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

Server = TestClient[Any, Any]
pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("small_nodes")]

WHOLE = {"f": 0.5, "s": "a", "b": True, "c": "x", "c2": "p"}
LONG = {"1": {"class_type": "TLong", "inputs": {"v": 1}}}
UI = {
    "version": 0.4,
    "nodes": [
        {
            "id": 1,
            "type": "TInt",
            "title": "Number",
            "properties": {"wireloom": {"inputs": {"s": "word", "v": "number"}}},
            "outputs": [
                {"name": "INT", "type": "INT", "links": []},
                {"name": "STRING", "type": "STRING", "links": [1]},
            ],
            "widgets_values": [3, 0.5, "hello", True, "x", "p"],
        },
        {
            "id": 2,
            "type": "TOut",
            "properties": {"wireloom": {"output": "said"}},
            "inputs": [{"name": "v", "type": "INT,STRING", "link": 1}],
        },
    ],
    "links": [[1, 1, 1, 2, 0, "STRING"]],
}


def workflow(v: Any = 1) -> dict[str, Any]:
    return {
        "1": {"class_type": "TInt", "inputs": {"v": v, **WHOLE}, "_meta": {"title": "Number"}},
        "2": {"class_type": "TOut", "inputs": {"v": ["1", 0]}, "_meta": {"title": "Show"}},
        "3": {"class_type": "TOut", "inputs": {"v": ["1", 1]}, "_meta": {"title": "Show"}},
    }


def exposing() -> dict[str, Any]:
    made = workflow()
    made["1"]["_meta"]["wireloom"] = {"inputs": {"v": "number", "s": "word"}}
    made["2"]["_meta"]["wireloom"] = {"output": "count"}
    return made


async def post(server: Server, body: Any, query: str = "", status: int = 202) -> Any:
    async with server.post(f"/v1/jobs{query}", json=body) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def get(server: Server, path: str, status: int = 200) -> Any:
    async with server.get(path) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def delete(server: Server, job_id: str, *statuses: int) -> Any:
    async with server.delete(f"/v1/jobs/{job_id}") as response:
        assert response.status in statuses, await response.text()
        return await response.json()


async def ended(server: Server, job_id: str) -> Any:
    for _ in range(500):
        job = await get(server, f"/v1/jobs/{job_id}")
        if job["state"] not in ("pending", "running"):
            return job
        await asyncio.sleep(0.01)
    raise AssertionError("it did not end")


async def test_a_job_is_accepted_and_has_a_place(server: Server) -> None:
    async with server.post("/v1/jobs", json={"workflow": workflow()}) as response:
        assert response.status == 202
        job = await response.json()
        assert response.headers["Location"] == job["links"]["self"] == f"/v1/jobs/{job['id']}"
    done = await ended(server, job["id"])
    assert done["state"] == "succeeded"
    assert done["created"] <= done["started"] <= done["finished"]
    assert done["created"].endswith("Z")
    assert done["seconds"]["running"] >= 0


async def test_who_waits_gets_the_outputs_in_the_same_answer(server: Server) -> None:
    job = await post(server, {"workflow": workflow(4), "metadata": {"mine": [1]}}, "?wait=20", 200)
    assert job["state"] == "succeeded"
    assert job["metadata"] == {"mine": [1]}
    assert [output["data"] for output in job["outputs"].values()] == [{"text": ["4"]}, {"text": ["a"]}]
    assert list(job["outputs"]) == ["Show", "Show (3)"]
    assert job["error"] is None


async def test_the_wait_ends_with_its_time(server: Server) -> None:
    began = time.monotonic()
    job = await post(server, {"workflow": LONG}, "?wait=0.2", 202)
    assert 0.2 <= time.monotonic() - began < 5
    assert job["state"] == "running"
    await delete(server, job["id"], 200, 202)
    assert (await ended(server, job["id"]))["state"] == "cancelled"


@pytest.mark.parametrize("wait", ["-1", "601", "soon", "nan", "inf"])
async def test_a_wait_that_is_no_number_of_seconds_is_refused(server: Server, wait: str) -> None:
    refused = await post(server, {"workflow": workflow()}, f"?wait={wait}", 400)
    assert "wait" in refused["error"]["message"]


async def test_the_editors_format_runs_with_exposed_names(server: Server) -> None:
    job = await post(server, {"workflow": UI, "inputs": {"word": "goodbye"}}, "?wait=20", 200)
    assert job["outputs"] == {"said": {"node_id": "2", "files": [], "data": {"text": ["goodbye"]}}}
    assert job["inputs"] == {"word": "goodbye"}


async def test_an_input_of_a_subgraph_is_set_by_the_name_that_its_node_gives(server: Server) -> None:
    """Two nodes inside get the value of one widget outside."""
    shown = {"name": "s", "type": "STRING", "widget": {"name": "s"}}
    numbers = [
        {**UI["nodes"][0], "id": at, "properties": {}, "inputs": [{**shown, "link": at}]}  # type: ignore[index]
        for at in (1, 2)
    ]
    sinks = [
        {"id": at + 2, "type": "TOut", "inputs": [{"name": "v", "type": "INT,STRING", "link": at + 2}]} for at in (1, 2)
    ]
    inside = {
        "id": "sub",
        "name": "Sub",
        "inputs": [{"name": "s", "type": "STRING", "linkIds": [1, 2]}],
        "nodes": [*numbers, *sinks],
        "links": [
            *({"id": at, "origin_id": -10, "origin_slot": 0, "target_id": at, "target_slot": 0} for at in (1, 2)),
            *(
                {"id": at + 2, "origin_id": at, "origin_slot": 1, "target_id": at + 2, "target_slot": 0}
                for at in (1, 2)
            ),
        ],
    }
    marks = {"wireloom": {"inputs": {"s": "word"}}}
    instance = {"id": 9, "type": "sub", "inputs": [shown], "widgets_values": ["hello"], "properties": marks}
    document = {"version": 1, "nodes": [instance], "links": [], "definitions": {"subgraphs": [inside]}}
    job = await post(server, {"workflow": document, "inputs": {"word": "goodbye"}}, "?wait=20", 200)
    assert [output["data"]["text"] for output in job["outputs"].values()] == [["goodbye"], ["goodbye"]]


@pytest.mark.parametrize("name", ["number", "1.v", "Number.v", "TInt.v"])
async def test_an_input_is_named_by_its_public_name_or_its_address(server: Server, name: str) -> None:
    job = await post(server, {"workflow": exposing(), "inputs": {name: 7}}, "?wait=20", 200)
    assert job["outputs"]["count"]["data"] == {"text": ["7"]}


async def test_an_exposed_input_without_a_value_can_be_set(server: Server) -> None:
    lacking = exposing()
    del lacking["1"]["inputs"]["s"]
    job = await post(server, {"workflow": lacking, "inputs": {"word": "b"}}, "?wait=20", 200)
    assert job["outputs"]["Show"]["data"] == {"text": ["b"]}


async def test_only_the_outputs_asked_for_are_computed(server: Server) -> None:
    job = await post(server, {"workflow": exposing(), "outputs": ["count"]}, "?wait=20", 200)
    assert list(job["outputs"]) == ["count"]
    by_id = await post(server, {"workflow": exposing(), "outputs": ["3"]}, "?wait=20", 200)
    assert list(by_id["outputs"]) == ["Show"]


async def test_unknown_names_are_told_with_those_there_are(server: Server) -> None:
    refused = await post(server, {"workflow": exposing(), "inputs": {"nummber": 1}}, status=400)
    assert refused["error"]["type"] == "unknown_input"
    assert "did you mean 'number'" in refused["error"]["details"]
    refused = await post(server, {"workflow": workflow(), "inputs": {"Number.w": 1}}, status=400)
    assert "its inputs are: v, f, s" in refused["error"]["details"]
    refused = await post(server, {"workflow": exposing(), "outputs": ["cuont"]}, status=400)
    assert refused["error"]["type"] == "unknown_output"
    assert "did you mean 'count'" in refused["error"]["details"]
    refused = await post(server, {"workflow": exposing(), "inputs": {"number": 1, "1.v": 2}}, status=400)
    assert "give one" in refused["error"]["details"]


async def test_a_wrong_value_is_told_at_its_node(server: Server) -> None:
    refused = await post(server, {"workflow": exposing(), "inputs": {"number": "many"}}, status=400)
    assert refused["node_errors"]["1"]["errors"][0]["extra_info"]["input_name"] == "v"


async def test_a_workflow_of_which_a_part_cannot_run_is_refused_unless_that_part_is_not_wanted(server: Server) -> None:
    broken = {**workflow(), "4": {"class_type": "TOut", "inputs": {}}}
    refused = await post(server, {"workflow": broken}, status=400)
    assert list(refused["node_errors"]) == ["4"]
    assert (await post(server, {"workflow": broken, "outputs": ["2"]}, "?wait=20", 200))["state"] == "succeeded"


async def test_a_public_name_that_two_nodes_give_is_refused_with_both(server: Server) -> None:
    twice = exposing()
    twice["3"]["_meta"]["wireloom"] = {"output": "count"}
    refused = await post(server, {"workflow": twice}, status=400)
    assert refused["error"]["type"] == "invalid_exposure"
    assert "node 2 (Show)" in refused["error"]["details"]
    assert "node 3 (Show)" in refused["error"]["details"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "workflow"),
        ({"workflow": {}, "imputs": {}}, "imputs"),
        ({"workflow": 3}, "workflow"),
        ({"workflow": {}, "inputs": []}, "inputs"),
        ({"workflow": {}, "front": "yes"}, "front"),
        ({"workflow": {}, "priority": "high"}, "priority"),
        ({"workflow": {}, "metadata": None}, "metadata"),
        ({"workflow": {}, "webhook": {"url": "file:///etc/passwd"}}, "webhook.url"),
        ({"workflow": {}, "webhook": {"url": "http://a", "states": ["running"]}}, "webhook.states"),
        ({"workflow": {}, "outputs": []}, "outputs"),
    ],
)
async def test_a_body_that_is_wrong_is_told_by_its_field(server: Server, body: Any, named: str) -> None:
    refused = await post(server, body, status=400)
    assert named in refused["error"]["message"]


async def test_a_webhook_to_where_none_may_go_is_refused_and_no_secret_is_shown(server: Server) -> None:
    hook = {"url": "http://169.254.169.254/latest", "secret": "quiet"}
    refused = await post(server, {"workflow": workflow(), "webhook": hook}, status=403)
    assert "169.254.169.254" in refused["error"]["details"]


async def test_a_failed_job_says_where_and_why(server: Server) -> None:
    prompt = {
        "1": {"class_type": "TInt", "inputs": {"v": 1, **WHOLE}},
        "2": {"class_type": "TErr", "inputs": {"v": ["1", 0]}},
        "3": {"class_type": "TOut", "inputs": {"v": ["2", 0]}},
    }
    job = await post(server, {"workflow": prompt}, "?wait=20", 200)
    assert job["state"] == "failed"
    error = job["error"]
    assert (error["node_id"], error["node_type"], error["message"]) == ("2", "TErr", "boom")
    assert error["exception_type"] == "ValueError"


async def test_a_pending_job_has_a_position_and_stays_in_history_when_cancelled(server: Server) -> None:
    long = await post(server, {"workflow": LONG})
    first, second = [await post(server, {"workflow": workflow(v)}) for v in (1, 2)]
    front = await post(server, {"workflow": workflow(3), "priority": 0.002})
    before = await post(server, {"workflow": workflow(4), "priority": 0.001})
    for _ in range(200):
        if (await get(server, f"/v1/jobs/{long['id']}"))["state"] == "running":
            break
        await asyncio.sleep(0.01)
    jobs = [before, front, first, second]
    assert [(await get(server, f"/v1/jobs/{job['id']}"))["position"] for job in jobs] == [0, 1, 2, 3]
    gone = await delete(server, first["id"], 200)
    assert (gone["state"], gone["started"], gone["position"]) == ("cancelled", None, None)
    assert gone["finished"] is not None
    assert await delete(server, first["id"], 200) == gone
    assert (await get(server, f"/v1/jobs/{second['id']}"))["position"] == 2
    await delete(server, long["id"], 200, 202)
    assert (await ended(server, long["id"]))["state"] == "cancelled"
    assert (await ended(server, second["id"]))["state"] == "succeeded"
    assert (await get(server, f"/v1/jobs/{first['id']}"))["state"] == "cancelled"


@pytest.mark.parametrize("urgent", [{"front": True}, {"priority": -1_000_000}])
async def test_an_urgent_job_does_not_wait_for_the_one_that_runs(server: Server, urgent: Any) -> None:
    long = await post(server, {"workflow": LONG})
    quick = {"1": {"class_type": "TShow", "inputs": {"ui": '{"text": ["quick"]}'}}}
    waits = await post(server, {"workflow": quick})
    assert (await post(server, {"workflow": quick, **urgent}, "?wait=20", 200))["state"] == "succeeded"
    assert (await get(server, f"/v1/jobs/{long['id']}"))["state"] == "running"
    assert (await get(server, f"/v1/jobs/{waits['id']}"))["state"] == "pending"
    await delete(server, long["id"], 200, 202)


async def test_it_is_told_how_often_a_job_was_taken_up_and_what_is_to_be_known_of_it(server: Server) -> None:
    job = await post(server, {"workflow": workflow()}, "?wait=20", 200)
    assert (job["attempts"], job["deaths"], job["notes"]) == (1, 0, [])


async def test_who_waits_for_a_job_that_is_cancelled_hears_of_it(server: Server) -> None:
    long = await post(server, {"workflow": LONG})
    waiting = asyncio.ensure_future(post(server, {"workflow": workflow()}, "?wait=30", 200))
    removed = asyncio.ensure_future(post(server, {"workflow": workflow(2)}, "?wait=30", 200))
    for _ in range(500):
        pending = (await get(server, "/v1/jobs?state=pending"))["jobs"]
        if len(pending) == 2:
            break
        await asyncio.sleep(0.01)
    await delete(server, pending[1]["id"], 200)
    async with server.post("/queue", json={"delete": [pending[0]["id"]]}):
        pass
    assert [(await job)["state"] for job in (waiting, removed)] == ["cancelled", "cancelled"]
    await delete(server, long["id"], 200, 202)


async def test_an_ended_job_is_left_as_it_is_by_delete(server: Server) -> None:
    job = await post(server, {"workflow": workflow()}, "?wait=20", 200)
    assert (await delete(server, job["id"], 200))["state"] == "succeeded"


async def test_an_unknown_job_is_not_found(server: Server) -> None:
    assert "nobody" in (await get(server, "/v1/jobs/nobody", 404))["error"]["details"]
    await delete(server, "nobody", 404)


async def test_pages_have_each_job_once_while_others_arrive(server: Server) -> None:
    made = [(await post(server, {"workflow": workflow(n)}, "?wait=20", 200))["id"] for n in range(5)]
    page = await get(server, "/v1/jobs?limit=2")
    seen = [job["id"] for job in page["jobs"]]
    while page["next"]:
        await post(server, {"workflow": workflow()}, "?wait=20", 200)
        page = await get(server, f"/v1/jobs?limit=2&cursor={page['next']}")
        seen += [job["id"] for job in page["jobs"]]
    assert seen == made[::-1]


async def test_jobs_are_listed_by_state(server: Server) -> None:
    done = await post(server, {"workflow": workflow()}, "?wait=20", 200)
    long = await post(server, {"workflow": LONG})
    waiting = await post(server, {"workflow": workflow()})
    unfinished = await get(server, "/v1/jobs?state=pending,running")
    assert [job["id"] for job in unfinished["jobs"]] == [waiting["id"], long["id"]]
    assert [job["id"] for job in (await get(server, "/v1/jobs?state=succeeded"))["jobs"]] == [done["id"]]
    await delete(server, long["id"], 200, 202)
    await ended(server, waiting["id"])


async def test_jobs_of_a_saved_workflow_are_listed_with_what_was_given(server: Server) -> None:
    path = "/userdata/workflows%2Flisted.json"
    async with server.post(f"{path}?overwrite=true", json=UI) as response:
        assert response.status == 200
    done = await post(server, {"workflow": "listed", "inputs": {"word": "hey"}}, "?wait=20", 200)
    await post(server, {"workflow": workflow()}, "?wait=20", 200)
    async with server.delete(path) as response:
        assert response.status == 204
    (found,) = (await get(server, "/v1/jobs?workflow=listed"))["jobs"]
    assert (found["id"], found["workflow"], found["inputs"]) == (done["id"], "listed", {"word": "hey"})
    assert (await get(server, "/v1/jobs?workflow=list"))["jobs"] == []


@pytest.mark.parametrize("query", ["state=done", "limit=0", "limit=x", "cursor=x", "statee=failed", "workflow="])
async def test_a_query_that_is_wrong_is_refused(server: Server, query: str) -> None:
    await get(server, f"/v1/jobs?{query}", 400)


async def test_jobs_of_the_classic_route_are_seen_too(server: Server) -> None:
    extra = {"wireloom": "mine", "webhook": {"url": "http://127.0.0.1:9/x", "secret": "quiet", "states": ["failed"]}}
    async with server.post("/prompt", json={"prompt": workflow(), "extra_data": extra}) as response:
        job_id = (await response.json())["prompt_id"]
    assert (await ended(server, job_id))["state"] == "succeeded"
    for path in (f"/v1/jobs/{job_id}", "/history", f"/api/jobs/{job_id}", "/v1/jobs"):
        async with server.get(path) as response:
            assert "quiet" not in await response.text()
