"""``/api/jobs``: queue and history in one list, as the newer front ends read them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.conformance.asking import FAILS, LONG, SLOW, ended, get, post, run, running, shows, submit
from tests.conformance.conftest import Listener, Server

pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("small_nodes")]

STATUSES = {"pending", "in_progress", "completed", "failed", "cancelled"}
AT_BOOT = (
    "status=in_progress,pending&limit=200&offset=0",
    "status=completed,failed,cancelled&limit=64&offset=0",
    "status=completed,failed,cancelled&limit=200&offset=0",
)


async def listed(server: Server, query: str = "") -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = (await get(server, f"/api/jobs?{query}"))["jobs"]
    return jobs


async def one_of_each(server: Server, listener: Listener) -> dict[str, str]:
    """A job of each status, by status."""
    made = {"completed": await run(server, SLOW), "failed": await run(server, FAILS)}
    await listener.until_done()
    await listener.until_done()
    made["cancelled"] = await running(server, listener)
    await post(server, "/interrupt")
    await ended(server, made["cancelled"])
    made["in_progress"] = await running(server, listener)
    return {**made, "pending": await submit(server, LONG)}


@pytest.mark.protocol("http.jobs.a", "http.jobs.n", "http.jobs.m", "http.jobs.j", "http.jobs.l")
async def test_jobs_are_chosen_by_status(server: Server, listener: Listener) -> None:
    made = await one_of_each(server, listener)
    jobs = await listed(server)
    assert {job["status"]: job["id"] for job in jobs} == made
    assert made.keys() == STATUSES
    for job in jobs:
        assert isinstance(job["id"], str)
        assert isinstance(job["create_time"], int)
        assert None not in job.values()
        if job["status"] in ("pending", "in_progress"):
            assert job.keys() == {
                *("id", "status", "priority", "create_time", "outputs_count", "previewable_outputs_count")
            }
            assert (job["outputs_count"], job["previewable_outputs_count"]) == (0, 0)
        assert [found["id"] for found in await listed(server, f"status={job['status']}")] == [job["id"]]
    both = await listed(server, "status=failed,cancelled")
    assert {job["status"] for job in both} == {"failed", "cancelled"}


@pytest.mark.protocol("http.jobs.b", "http.jobs.d", "http.jobs.e", "http.jobs.f", "http.jobs.g")
@pytest.mark.parametrize(
    "query", ["status=odd", "status=pending,odd", "sort_by=name", "sort_order=up", "limit=0", "limit=x", "offset=x"]
)
async def test_a_bad_question_is_refused(server: Server, query: str) -> None:
    answer = await get(server, f"/api/jobs?{query}", 400)
    assert isinstance(answer["error"], str)
    if "status" in query:
        assert answer["error"] == "Invalid status value(s): odd"


@pytest.mark.protocol("http.jobs.c", "http.jobs.p")
async def test_jobs_are_chosen_by_workflow(server: Server) -> None:
    mine = await run(server, SLOW, extra_data={"extra_pnginfo": {"workflow": {"id": "mine"}}})
    await run(server, SLOW)
    (job,) = await listed(server, "workflow_id=mine")
    assert (job["id"], job["workflow_id"]) == (mine, "mine")
    created = (await get(server, f"/history/{mine}"))[mine]["prompt"][3]["create_time"]
    assert job["create_time"] == created


@pytest.mark.protocol("http.jobs.e", "http.jobs.f", "http.jobs.g", "http.jobs.h", "http.jobs.v")
async def test_jobs_come_in_pages(server: Server) -> None:
    ids = [await run(server, shows({"text": [str(n)]})) for n in range(3)]
    assert [job["id"] for job in await listed(server, "sort_order=asc")] == ids
    assert [job["id"] for job in await listed(server)] == ids[::-1]
    answer = await get(server, "/api/jobs?sort_order=asc&limit=2&offset=1")
    assert list(answer) == ["jobs", "pagination"]
    assert [job["id"] for job in answer["jobs"]] == ids[1:]
    assert answer["pagination"] == {"offset": 1, "limit": 2, "total": 3, "has_more": False}
    assert (await get(server, "/api/jobs?limit=1"))["pagination"]["has_more"] is True
    without = (await get(server, "/api/jobs?offset=-5"))["pagination"]
    assert without == {"offset": 0, "limit": None, "total": 3, "has_more": False}


@pytest.mark.protocol("http.jobs.d", "http.jobs.v", "http.jobs.o")
async def test_jobs_are_sorted_by_how_long_they_ran(server: Server, listener: Listener) -> None:
    long = await running(server, listener)
    await submit(server, shows({"text": ["a"]}))
    await post(server, "/interrupt")
    await ended(server, long)
    short = await run(server, shows({"text": ["b"]}))
    jobs = await listed(server, "sort_by=execution_duration")
    took = [job["execution_end_time"] - job["execution_start_time"] for job in jobs]
    assert took == sorted(took, reverse=True)
    messages = (await get(server, f"/history/{short}"))[short]["status"]["messages"]
    (job,) = [job for job in jobs if job["id"] == short]
    assert job["execution_start_time"] == messages[0][1]["timestamp"]
    assert job["execution_end_time"] == messages[-1][1]["timestamp"]


@pytest.mark.protocol("http.jobs.i", "http.jobs.h")
@pytest.mark.parametrize("query", AT_BOOT)
async def test_what_the_front_end_asks_first_has_the_shape_it_insists_on(server: Server, query: str) -> None:
    await run(server, SLOW)
    answer = await get(server, f"/api/jobs?{query}")
    pagination = answer["pagination"]
    assert [type(pagination[key]) for key in ("offset", "limit", "total", "has_more")] == [int, int, int, bool]
    assert all(isinstance(job["create_time"], int | float) for job in answer["jobs"])


@pytest.mark.protocol("http.jobs.k")
async def test_a_failed_job_tells_its_error(server: Server) -> None:
    prompt_id = await run(server, FAILS, number=12)
    (job,) = await listed(server, "status=failed")
    assert job["priority"] == 12
    assert job["execution_error"]["node_type"] == "TErr"
    assert job["execution_error"]["prompt_id"] == prompt_id
    assert job["execution_error"]["exception_message"] == "boom\n"


def item(name: str, kind: str = "output", **more: Any) -> dict[str, Any]:
    return {"filename": name, "subfolder": "", "type": kind, **more}


SHOWN: dict[str, tuple[dict[str, Any], int, int, dict[str, Any] | None]] = {
    "pictures": ({"images": [item("a.png"), item("b.png")], "animated": [True]}, 2, 2, item("a.png")),
    "kept before passing": ({"images": [item("a.png", "temp"), item("b.png")]}, 2, 2, item("b.png")),
    "passing alone": ({"images": [item("a.png", "temp")]}, 1, 1, item("a.png", "temp")),
    "by format": ({"gifs": [item("a.mp4", format="video/h264-mp4")]}, 1, 1, item("a.mp4", format="video/h264-mp4")),
    "sounds": ({"audio": [item("a.flac")]}, 1, 1, item("a.flac")),
    "named 3D files": ({"result": ["a.glb", "no file", None]}, 1, 1, item("a.glb", mediaType="3d")),
    "others": ({"files": [item("a.bin")]}, 1, 0, None),
    "text files last": ({"files": [item("a.txt")], "images": [item("b.png", "temp")]}, 2, 2, item("b.png", "temp")),
    "text files": ({"files": [item("a.json")]}, 1, 1, item("a.json")),
    "texts": ({"text": ["some words"]}, 0, 0, {"content": "some words"}),
    "long texts": ({"text": ["x" * 2000]}, 0, 0, {"content": "x" * 1024, "truncated": True}),
    "no lists": ({"value": [3], "text": []}, 0, 0, None),
}
"""UI data, how many items count, how many of them can be shown, and which is."""


@pytest.mark.protocol("http.jobs.q", "http.jobs.r", "http.jobs.s", "http.jobs.t", "http.jobs.u")
@pytest.mark.parametrize("name", SHOWN)
async def test_outputs_are_counted_and_the_best_is_shown(server: Server, name: str) -> None:
    ui, count, previewable, best = SHOWN[name]
    job = await get(server, f"/api/jobs/{await run(server, shows(ui))}")
    assert (job["outputs_count"], job["previewable_outputs_count"]) == (count, previewable)
    if best is None:
        assert "preview_output" not in job
        return
    (key,) = (key for key, items in ui.items() if best.get("filename", best.get("content", ""))[:5] in str(items))
    assert job["preview_output"] == {"mediaType": key, **best, "nodeId": "1"}


@pytest.mark.protocol("http.jobs.w", "http.jobs.x", "http.jobs.r")
async def test_one_job_has_its_outputs_and_its_workflow(server: Server, listener: Listener) -> None:
    assert await get(server, f"/api/jobs/{uuid.uuid4()}", 404) == {"error": "Job not found"}
    info = {"workflow": {"id": "w"}}
    prompt = shows({"result": ["a.glb", None, "words"]})
    job = await get(server, f"/api/jobs/{await run(server, prompt, extra_data={'extra_pnginfo': info})}")
    assert job["outputs"] == {"1": {"result": [item("a.glb", mediaType="3d"), "words"]}}
    assert job["execution_status"]["status_str"] == "success"
    assert job["workflow"]["prompt"] == prompt
    assert job["workflow"]["extra_data"]["extra_pnginfo"] == info
    held = await running(server, listener)
    assert (await get(server, f"/api/jobs/{held}")).keys().isdisjoint({"outputs", "workflow"})


@pytest.mark.protocol("http.jobs.y", "http.jobs.z")
async def test_jobs_are_stopped_or_taken_out(server: Server, listener: Listener) -> None:
    held, *waiting = await running(server, listener), *[await submit(server, LONG) for _ in range(3)]
    assert await post(server, f"/api/jobs/{waiting[0]}/cancel") == {"cancelled": True}
    assert await post(server, "/api/jobs/cancel", {"job_ids": waiting[1:]}) == {"cancelled": True}
    assert [job["id"] for job in await listed(server)] == [held]
    assert await post(server, f"/api/jobs/{held}/cancel") == {"cancelled": True}
    assert (await ended(server, held))["status"]["messages"][-1][0] == "execution_interrupted"
    for unknown in (held, str(uuid.uuid4())):
        assert await post(server, f"/api/jobs/{unknown}/cancel") == {"cancelled": False}
        assert await post(server, "/api/jobs/cancel", {"job_ids": [unknown]}) == {"cancelled": False}


@pytest.mark.protocol("http.jobs.z")
async def test_ids_that_are_none_are_refused_by_name(server: Server) -> None:
    good = str(uuid.uuid4())
    answer = await post(server, "/api/jobs/cancel", {"job_ids": [good, "x"]}, 400)
    assert answer["invalid_ids"] == ["x"]
    for body in ({"job_ids": good}, {}, [good]):
        assert "error" in await post(server, "/api/jobs/cancel", body, 400)
    async with server.post("/api/jobs/cancel", data=b"{") as response:
        assert response.status == 400
        assert "error" in await response.json()
