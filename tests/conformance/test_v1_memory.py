"""/v1/memory: what is in memory, and that /free lets go of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conformance.asking import get
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance


async def test_memory_is_told_in_bytes_by_kind(server: Server) -> None:
    told = await get(server, "/v1/memory")
    assert list(told) == ["server_bytes", "machine", "weights_budget_bytes", "weights", "remembered", "working"]
    assert told["server_bytes"] > 0
    machine = told["machine"]
    assert 0 < machine["resident_bytes"] < machine["limit_bytes"]
    assert 0 < machine["free_bytes"] <= machine["limit_bytes"]
    assert {each["tier"] for each in told["remembered"]} <= {"memory", "disk"}


async def test_what_a_job_loads_and_leaves_is_told_and_can_be_freed(core: Server) -> None:
    prompt = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "wireloom-mini.safetensors"}},
        "2": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 7}},
        "3": {"class_type": "VAEEncode", "inputs": {"pixels": ["2", 0], "vae": ["1", 2]}},
        "4": {"class_type": "VAEDecodeTiled", "inputs": {"samples": ["3", 0], "vae": ["1", 2], **TILES}},
        "5": {"class_type": "PreviewImage", "inputs": {"images": ["4", 0]}},
    }
    async with core.post("/v1/jobs", params={"wait": "60"}, json={"workflow": prompt}) as response:
        assert (await response.json())["state"] == "succeeded"
    told = await get(core, "/v1/memory")
    (vae,) = (each for each in told["weights"] if each["part"] == "VAE")
    assert (vae["file"], vae["dtype"], vae["device"]) == ("wireloom-mini.safetensors", "float32", "cpu")
    assert 10_000_000 < vae["size_bytes"] <= told["weights_budget_bytes"]
    (remembered,) = (each for each in told["remembered"] if each["tier"] == "memory")
    assert remembered["entries"] > 0
    assert 0 < remembered["size_bytes"] <= remembered["budget_bytes"]
    async with core.post("/free", json={"free_memory": True}) as response:
        assert response.status == 200
    told = await get(core, "/v1/memory")
    assert told["weights"] == []
    assert [each["entries"] for each in told["remembered"] if each["tier"] == "memory"] == [0]


async def test_what_a_sampling_holds_is_told_while_it_runs(core: Server) -> None:
    linked = {"model": ["1", 0], "positive": ["2", 0], "negative": ["2", 0], "latent_image": ["3", 0]}
    chosen = {"seed": 5, "steps": 12, "cfg": 2.0, "sampler_name": "dpmpp_2m", "scheduler": "normal", "denoise": 1.0}
    prompt = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "wireloom-mini.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a ledger", "clip": ["1", 1]}},
        "3": {"class_type": "EmptyLatentImage", "inputs": {"width": 128, "height": 128, "batch_size": 1}},
        "4": {"class_type": "KSampler", "inputs": {**linked, **chosen}},
        "5": {"class_type": "PreviewAny", "inputs": {"source": ["4", 0]}},
    }
    async with core.post("/v1/jobs", json={"workflow": prompt}) as response:
        job = await response.json()
    seen: list[dict[str, Any]] = []
    while (await get(core, f"/v1/jobs/{job['id']}"))["state"] in ("pending", "running"):
        seen += (await get(core, "/v1/memory"))["working"]
        await asyncio.sleep(0.02)
    assert {(each["job_id"], each["node_id"], each["what"]) for each in seen} == {(job["id"], "4", "sampling")}
    cells, words = 4 * 16 * 16 * 4, 77 * 64 * 4
    assert max(each["size_bytes"] for each in seen) > 3 * cells + words
    assert (await get(core, "/v1/memory"))["working"] == []


TILES = {"tile_size": 512, "overlap": 64, "temporal_size": 64, "temporal_overlap": 8}
