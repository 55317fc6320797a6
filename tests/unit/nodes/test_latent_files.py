"""Latents in files: there and back, ComfyUI's older files, and what is none."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from engine.cache import MemoryCache
from engine.errors import InvalidWorkflow
from engine.events import Event, NodeFinished, RunFailed, RunFinished
from engine.folders import Folders
from engine.jobs import Job
from engine.plan import plan
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.services import Services
from engine.workflow import read_api
from nodes.diffusion import latent_files
from nodes.latent_files import load_latent, save_latent
from nodes.latents import empty_latent
from tests.support.toys import new_lanes

SAMPLES = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
EMPTY = {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}}
SAVE = {"class_type": "SaveLatent", "inputs": {"samples": ["1", 0], "filename_prefix": "kept/x"}}


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path)
    made.lay_out()
    return made


@pytest.fixture
def registry(folders: Folders) -> Registry:
    made = Registry(Services(folders))
    made.add(empty_latent.definition, save_latent.definition, load_latent.definition)
    return made


async def run(pool: LocalPool, first: dict[str, Any]) -> tuple[dict[str, Any], bool, Event]:
    """Save what ``first`` makes: what is shown, whether it was remembered, and how the run ended."""
    document = {"1": first, "2": SAVE}
    job = Job(document, ("2",), extra_data={"extra_pnginfo": {"workflow": {"id": "w"}}})
    events: list[Event] = [event async for event in pool.run(job)]
    ends = [event for event in events if isinstance(event, NodeFinished) and event.node.id == "2"]
    return (
        (dict(ends[0].ui["latents"][0]), ends[0].cached, events[-1]) if ends and ends[0].ui else ({}, False, events[-1])
    )


def test_a_latent_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.latent"
    path.write_bytes(latent_files.encoded(SAMPLES.transpose(2, 3), {"prompt": "{}"}))
    assert torch.equal(latent_files.load(path)["samples"], SAMPLES.transpose(2, 3))
    with safe_open(path, "pt") as file:
        assert set(file.keys()) == {"latent_tensor", "latent_format_version_0"}
        assert file.metadata() == {"prompt": "{}"}


def test_older_files_hold_what_the_network_saw(tmp_path: Path) -> None:
    save_file({"latent_tensor": SAMPLES}, tmp_path / "a.latent")
    torch.testing.assert_close(latent_files.load(tmp_path / "a.latent")["samples"], SAMPLES / 0.18215)


def test_what_is_no_latent_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.latent").write_text("no")
    save_file({"weights": SAMPLES}, tmp_path / "model.latent")
    with pytest.raises(ValueError, match=r"text\.latent is no latent that can be read"):
        latent_files.load(tmp_path / "text.latent")
    with pytest.raises(ValueError, match=r"model\.latent holds no latent: there is no latent_tensor in it"):
        latent_files.load(tmp_path / "model.latent")


async def test_a_latent_is_saved_with_its_workflow_and_told(folders: Folders, registry: Registry) -> None:
    pool = LocalPool(lambda: registry, MemoryCache(1 << 20), new_lanes())
    shown, was_remembered, end = await run(pool, EMPTY)
    assert isinstance(end, RunFinished)
    assert shown == {"filename": "x_00001_.latent", "subfolder": "kept", "type": "output"}
    path = folders.directory("output") / "kept" / "x_00001_.latent"
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    assert json.loads(metadata["prompt"])["2"]["class_type"] == "SaveLatent"
    assert json.loads(metadata["workflow"]) == {"id": "w"}
    assert not was_remembered
    assert (await run(pool, EMPTY))[:2] == (shown, True)
    path.unlink()
    assert (await run(pool, EMPTY))[:2] == (shown, False)
    await pool.close()


async def test_files_of_the_input_folder_are_listed_and_those_of_output_found(
    folders: Folders, registry: Registry
) -> None:
    for kind, name in (("input", "a.latent"), ("output", "b.latent")):
        (folders.directory(kind) / name).write_bytes(latent_files.encoded(SAMPLES, {}))
    (folders.directory("input") / "a.png").write_bytes(b"")
    assert registry.config(load_latent.definition.inputs[0])[0] == ["a.latent"]
    pool = LocalPool(lambda: registry, MemoryCache(1 << 20), new_lanes())
    for name in ("a.latent", "b.latent [output]"):
        _, was_remembered, end = await run(pool, {"class_type": "LoadLatent", "inputs": {"latent": name}})
        assert isinstance(end, RunFinished)
        assert not was_remembered
    await pool.close()


@pytest.mark.parametrize("name", ["c.latent", "../secret.latent", "/etc/passwd", "a\\..\\..\\secret.latent", "CON"])
def test_what_is_missing_or_outside_is_refused_before_anything_runs(
    name: str, folders: Folders, registry: Registry
) -> None:
    (folders.directory("input").parent / "secret.latent").write_bytes(latent_files.encoded(SAMPLES, {}))
    document = {"1": {"class_type": "LoadLatent", "inputs": {"latent": name}}, "2": SAVE}
    with pytest.raises(InvalidWorkflow) as refused:
        plan(read_api(document), registry)
    (problem,) = refused.value.node_problems["1"].errors
    assert problem.details == f"latent - Invalid file: {name}"


async def test_a_damaged_latent_fails_its_node(folders: Folders, registry: Registry) -> None:
    (folders.directory("input") / "a.latent").write_bytes(b"no")
    pool = LocalPool(lambda: registry, MemoryCache(1 << 20), new_lanes())
    _, _, end = await run(pool, {"class_type": "LoadLatent", "inputs": {"latent": "a.latent"}})
    await pool.close()
    assert isinstance(end, RunFailed)
    assert "a.latent is no latent that can be read" in str(end)
