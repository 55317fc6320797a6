"""The other routes: what they answer, and what they refuse."""

import asyncio
import json
import struct
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from engine.events import NodeFailure, RunCancelled, RunFailed, RunStarted
from tests.unit.web.conftest import PROMPT, FakePool, Server
from web.routes import history

Submit = Callable[..., Awaitable[str]]


async def get(server: Server, path: str, status: int = 200) -> Any:
    async with server.get(path) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def post(server: Server, path: str, body: Any, status: int = 200) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with server.post(path, data=data) as response:
        assert response.status == status, await response.text()
        return json.loads(await response.text() or "null")


async def taken_up(server: Server) -> None:
    """Wait until a job runs."""
    for _ in range(500):
        if (await get(server, "/queue"))["queue_running"]:
            return
        await asyncio.sleep(0.005)


async def test_every_route_exists_twice(server: Server) -> None:
    for path in (
        "/prompt",
        "/queue",
        "/history",
        "/object_info",
        "/models",
        "/embeddings",
        "/system_stats",
        "/features",
    ):
        assert type(await get(server, path)) is type(await get(server, "/api" + path))
        async with server.head(path) as response:
            assert response.status == 200
    async with server.get("/nowhere") as response:
        assert response.status == 404


async def test_node_definitions_keep_their_key_order(server: Server) -> None:
    info = (await get(server, "/object_info/Save"))["Save"]
    assert list(info) == [
        *("input", "input_order", "is_input_list", "output", "output_is_list", "output_name", "name", "display_name"),
        *("description", "python_module", "category", "output_node", "has_intermediate_output"),
        *("deprecated", "experimental", "own"),
    ]
    assert info["input"] == {
        "required": {"images": ["IMAGE"]},
        "optional": {"n": ["INT", {"default": 1}]},
        "hidden": {"prompt": "PROMPT"},
    }
    assert info["input_order"] == {"required": ["images"], "optional": ["n"], "hidden": ["prompt"]}
    assert await get(server, "/object_info/None") == {}
    assert list(await get(server, "/object_info")) == ["Save"]


async def test_the_queue_answers_while_the_pool_is_loading(server: Server, pool: FakePool) -> None:
    pool.ready.clear()
    waiting = asyncio.ensure_future(get(server, "/object_info"))
    assert await get(server, "/queue") == {"queue_running": [], "queue_pending": []}
    assert not waiting.done()
    pool.ready.set()
    assert "Save" in await waiting


async def test_queue_items_show_no_secrets(server: Server, pool: FakePool, submit: Submit) -> None:
    pool.go.clear()
    await submit(extra_data={"api_key_comfy_org": "secret", "mine": 1}, client_id="c")
    await submit(number=7)
    await submit(number=0.5)
    queue = await get(server, "/queue")
    items = [*queue["queue_running"], *queue["queue_pending"]]
    assert [item[0] for item in items] == [0, 0.5, 7.0]
    number, _, prompt, extra, targets = items[0]
    assert (number, prompt, targets) == (0, PROMPT, ["1"])
    assert extra.keys() == {"mine", "client_id", "create_time"}
    await post(server, "/queue", {"clear": True})
    assert (await get(server, "/prompt"))["exec_info"]["queue_remaining"] == 1


async def test_what_counts_as_true_puts_a_job_in_front(server: Server, pool: FakePool, submit: Submit) -> None:
    pool.go.clear()
    await submit()
    await submit(front=1)
    queue = await get(server, "/queue")
    assert sorted(item[0] for item in (*queue["queue_running"], *queue["queue_pending"])) == [-1, 0]


@pytest.mark.parametrize("path", ["/queue", "/history", "/free"])
@pytest.mark.parametrize("body", [b"", b"{", [], 3, {"delete": 5, "unload_models": [], "x": 1}])
async def test_a_bad_body_is_never_a_server_error(server: Server, path: str, body: Any) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with server.post(path, data=data) as response:
        assert response.status == (200 if path == "/free" and isinstance(body, dict) else 400)


async def test_free_passes_on_what_to_let_go_of(server: Server, pool: FakePool) -> None:
    await post(server, "/free", {"unload_models": True})
    await post(server, "/free", {"free_memory": True})
    await post(server, "/free", {})
    assert pool.freed == [(True, False), (True, True)]


async def test_interrupt_with_an_id_spares_other_jobs(server: Server, pool: FakePool, submit: Submit) -> None:
    pool.go.clear()
    running = await submit()
    await taken_up(server)
    await post(server, "/interrupt", {"prompt_id": str(uuid.uuid4())})
    assert pool.cancelled == []
    await post(server, "/interrupt", {"prompt_id": running})
    assert pool.cancelled == [running]


@pytest.mark.parametrize("portion", [1, 2, 3, 4, 5])
async def test_a_long_history_is_sent_bit_by_bit(
    server: Server, finished: Submit, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr(history, "PORTION", portion)
    ids = [await finished() for _ in range(4)]
    whole = await get(server, "/history")
    assert list(whole) == ids
    assert whole[ids[2]] == (await get(server, f"/history/{ids[2]}"))[ids[2]]
    assert list(await get(server, "/history?max_items=3")) == ids[1:]
    assert list(await get(server, "/history?max_items=2&offset=1")) == ids[1:3]


async def test_history_comes_in_pages(server: Server, finished: Submit) -> None:
    ids = [await finished() for _ in range(4)]
    assert list(await get(server, "/history")) == ids
    assert list(await get(server, "/history?max_items=2")) == ids[2:]
    assert list(await get(server, "/history?max_items=2&offset=-5")) == ids[2:]
    assert list(await get(server, "/history?max_items=2&offset=1")) == ids[1:3]
    assert list(await get(server, "/history?offset=3")) == ids[3:]
    assert list(await get(server, f"/history?max_items={2**62}&offset={2**62}")) == []
    assert await get(server, "/history?max_items=0") == {}
    assert await get(server, "/history?max_items=-3") == {}
    assert await get(server, "/history/unknown") == {}
    await post(server, "/history", {"delete": [ids[0], "unknown"]})
    assert list(await get(server, "/history")) == ids[1:]
    await post(server, "/history", {"clear": True})
    assert await get(server, "/history") == {}


@pytest.mark.parametrize("query", ["max_items=many", f"max_items={10**30}", "offset=1.5", f"offset=-{10**30}"])
async def test_a_bad_page_is_refused(server: Server, query: str) -> None:
    answer = await get(server, f"/history?{query}", 400)
    assert query.split("=")[0] in answer["error"]["message"]


async def test_jobs_tell_what_they_made(server: Server, finished: Submit) -> None:
    job_id = await finished(extra_data={"extra_pnginfo": {"workflow": {"id": "w"}}})
    answer = await get(server, "/api/jobs?status=completed,failed&limit=64&offset=0")
    assert answer["pagination"] == {"offset": 0, "limit": 64, "total": 1, "has_more": False}
    (job,) = answer["jobs"]
    assert (job["id"], job["status"], job["workflow_id"]) == (job_id, "completed", "w")
    assert (job["outputs_count"], job["previewable_outputs_count"]) == (1, 1)
    assert job["preview_output"] == {
        "filename": "cat.png",
        "subfolder": "",
        "type": "output",
        "nodeId": "1",
        "mediaType": "images",
    }
    assert isinstance(job["create_time"], int)
    assert "execution_error" not in job
    detail = await get(server, f"/api/jobs/{job_id}")
    assert detail["workflow"]["prompt"] == PROMPT
    assert detail["execution_status"]["completed"] is True
    assert (await get(server, "/api/jobs?workflow_id=other"))["jobs"] == []


async def test_failed_and_cancelled_jobs_are_told_apart(server: Server, pool: FakePool, finished: Submit) -> None:
    failure = NodeFailure("1", "Save", "boom", "ValueError")
    pool.script = lambda job: [RunStarted(job.id), RunFailed(job.id, failure)]
    failed = await finished()
    pool.script = lambda job: [RunStarted(job.id), RunCancelled(job.id, "1", "Save")]
    cancelled = await finished()
    jobs = (await get(server, "/api/jobs?sort_order=asc"))["jobs"]
    assert [(job["id"], job["status"]) for job in jobs] == [(failed, "failed"), (cancelled, "cancelled")]
    assert jobs[0]["execution_error"]["exception_message"] == "boom\n"
    entry = (await get(server, f"/history/{cancelled}"))[cancelled]
    assert entry["status"]["messages"][-1][1]["node_type"] == "Save"


async def test_jobs_can_be_cancelled(server: Server, pool: FakePool, submit: Submit) -> None:
    pool.go.clear()
    running, pending = await submit(), await submit()
    await taken_up(server)
    jobs = (await get(server, "/api/jobs?status=in_progress,pending"))["jobs"]
    assert {job["id"]: job["status"] for job in jobs} == {running: "in_progress", pending: "pending"}
    assert (await get(server, f"/api/jobs/{pending}"))["status"] == "pending"
    assert await post(server, "/api/jobs/cancel", {"job_ids": [pending]}) == {"cancelled": True}
    assert (await get(server, f"/api/jobs/{pending}", 404)) == {"error": "Job not found"}
    assert await post(server, f"/api/jobs/{running}/cancel", b"") == {"cancelled": True}
    assert pool.cancelled == [running]


@pytest.mark.parametrize(
    "query", ["status=odd", "sort_by=name", "sort_order=up", "limit=0", "limit=x", f"limit={10**30}", "offset=x"]
)
async def test_a_bad_job_query_is_refused(server: Server, query: str) -> None:
    assert isinstance((await get(server, f"/api/jobs?{query}", 400))["error"], str)


async def test_a_job_query_is_lenient_where_clients_are(server: Server) -> None:
    assert (await get(server, "/api/jobs?offset=-1"))["pagination"]["offset"] == 0


@pytest.mark.parametrize("body", [b"{", {"job_ids": "x"}, {}, {"job_ids": ["x", 3]}])
async def test_bad_job_ids_are_refused(server: Server, body: Any) -> None:
    assert "error" in await post(server, "/api/jobs/cancel", body, 400)


async def test_models_are_listed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "models" / "loras" / "sub").mkdir()
    (tmp_path / "models" / "loras" / "sub" / "a.safetensors").touch()
    (tmp_path / "models" / "embeddings" / "cute.pt").touch()
    assert "loras" in await get(server, "/models")
    assert await get(server, "/models/loras") == ["sub/a.safetensors"]
    assert await get(server, "/embeddings") == ["cute"]
    for unknown in ("unet", "output", "none", "..%2f"):
        async with server.get(f"/models/{unknown}") as response:
            assert response.status == 404


async def test_metadata_of_a_model_is_shown(server: Server, tmp_path: Path) -> None:
    loras = tmp_path / "models" / "loras"
    header = json.dumps({"__metadata__": {"author": "me"}}).encode()
    (loras / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    (loras / "short.safetensors").write_bytes(b"123")
    (loras / "huge.safetensors").write_bytes(b"\xff" * 8)
    (loras / "broken.safetensors").write_bytes(struct.pack("<Q", 3) + b"{{{")
    assert await get(server, "/view_metadata/loras?filename=a.safetensors") == {"author": "me"}
    names = (
        "short.safetensors",
        "huge.safetensors",
        "broken.safetensors",
        "no.safetensors",
        "../x.safetensors",
        "a.pt",
    )
    for name in (*names, ""):
        async with server.get("/view_metadata/loras", params={"filename": name}) as response:
            assert response.status == 404
    async with server.get("/view_metadata/none?filename=a.safetensors") as response:
        assert response.status == 404


async def test_system_stats_have_the_shape_clients_parse(server: Server) -> None:
    stats = await get(server, "/system_stats")
    assert stats["system"]["comfyui_version"] == "0.33.0"
    assert stats["system"]["ram_total"] > stats["system"]["ram_free"] > 0
    assert stats["system"]["wireloom_version"]
    assert stats["devices"][0].keys() >= {"name", "type", "index", "vram_total", "torch_vram_free"}


async def test_the_status_page_escapes_what_it_shows(server: Server, pool: FakePool, finished: Submit) -> None:
    failure = NodeFailure("1", "Save", "<script>alert(1)</script>", "ValueError")
    await finished()
    pool.script = lambda job: [RunStarted(job.id), RunFailed(job.id, failure)]
    await finished()
    async with server.get("/status") as response:
        page = await response.text()
        assert response.headers["Cache-Control"] == "no-store, must-revalidate"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "view?filename=cat.png&amp;" in page
    assert "<!--" not in page


@pytest.mark.protocol("http.0.g")
async def test_a_fault_of_ours_is_logged_and_kept_inside(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    answer = await post(server, "/prompt", {"prompt": {"1": {"class_type": "Broken"}}}, 500)
    assert "42" not in json.dumps(answer)
    assert "the secret is 42" in caplog.text


async def test_numbers_that_json_does_not_know_become_null(server: Server, finished: Submit) -> None:
    job_id = await finished(extra_data={"odd": float("nan")})
    assert (await get(server, f"/history/{job_id}"))[job_id]["prompt"][3]["odd"] is None


async def test_stopping_closes_the_pool(server: Server, pool: FakePool) -> None:
    await server.close()
    assert pool.closed
