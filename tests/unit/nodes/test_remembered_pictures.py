"""Pictures that were saved before: remembered as long as their files are there, also by the next process."""

from pathlib import Path
from typing import Any

import pytest

from engine.cache import MemoryCache, NoCache
from engine.cache_disk import DiskCache
from engine.cache_tiered import Tiered
from engine.checkpoints import Checkpoints
from engine.events import Event, NodeFinished, RunFinished
from engine.folders import Folders
from engine.jobs import Job
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.services import Services
from nodes.codec import TensorCodec
from nodes.images import empty_image
from nodes.saving import preview_image, save_image
from tests.support.toys import new_lanes

MIB = 1024 * 1024
EMPTY = {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 2, "color": 0xFF0000}}


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


async def shown(folders: Folders, save: str) -> tuple[list[Path], bool]:
    """Run a graph in what might be a new process; the files it shows, and whether they were remembered."""
    registry = Registry(Services(folders))
    registry.add(empty_image.definition, save_image.definition, preview_image.definition)
    disk = DiskCache(folders.directory("user").parent / "cache", MIB, TensorCodec())
    pool = LocalPool(lambda: registry, Tiered(MemoryCache(MIB), disk), new_lanes())
    document: dict[str, Any] = {
        "1": EMPTY,
        "2": {"class_type": save, "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
    events: list[Event] = [event async for event in pool.run(Job(document, ("2",)))]
    await pool.close()
    assert isinstance(events[-1], RunFinished)
    (end,) = [event for event in events if isinstance(event, NodeFinished) and event.node.id == "2"]
    assert end.ui
    paths = [folders.directory(each["type"]) / each["subfolder"] / each["filename"] for each in end.ui["images"]]
    return paths, end.cached


@pytest.mark.parametrize("save", ["SaveImage", "PreviewImage"])
async def test_the_next_process_shows_the_same_files(folders: Folders, save: str) -> None:
    first, was_remembered = await shown(folders, save)
    assert not was_remembered
    assert await shown(folders, save) == (first, True)


@pytest.mark.parametrize("save", ["SaveImage", "PreviewImage"])
async def test_a_picture_whose_file_is_gone_is_made_again(folders: Folders, save: str) -> None:
    first, _ = await shown(folders, save)
    first[1].unlink()
    again, was_remembered = await shown(folders, save)
    assert not was_remembered
    assert all(path.is_file() for path in again)
    assert await shown(folders, save) == (again, True)


@pytest.mark.parametrize("save", ["SaveImage", "PreviewImage"])
async def test_another_picture_under_the_same_name_is_not_taken_for_it(folders: Folders, save: str) -> None:
    first, _ = await shown(folders, save)
    first[0].write_bytes(first[0].read_bytes() + b"changed")
    _, was_remembered = await shown(folders, save)
    assert not was_remembered


async def test_a_picture_is_saved_again_when_it_shall_lie_elsewhere(folders: Folders, tmp_path: Path) -> None:
    await shown(folders, "SaveImage")
    elsewhere = Folders(tmp_path, tmp_path / "elsewhere")
    paths, was_remembered = await shown(elsewhere, "SaveImage")
    assert not was_remembered
    assert {path.parent for path in paths} == {tmp_path / "elsewhere"}
    assert await shown(elsewhere, "SaveImage") == (paths, True)


@pytest.mark.parametrize("save", ["SaveImage", "PreviewImage"])
async def test_a_job_that_is_run_again_shows_the_files_it_had_made(folders: Folders, tmp_path: Path, save: str) -> None:
    """Its process died before the result was on the disk: nothing is remembered but the names."""
    registry = Registry(Services(folders))
    registry.add(empty_image.definition, save_image.definition, preview_image.definition)
    saving = {"class_type": save, "inputs": {"images": ["1", 0], "filename_prefix": "in/x"}}
    told, job = [], Job({"1": EMPTY, "2": saving}, ("2",))
    for attempt in (job, job, Job(job.prompt, job.targets)):
        pool = LocalPool(lambda: registry, NoCache(), new_lanes(), checkpoints=Checkpoints(tmp_path / "unfinished"))
        events: list[Event] = [event async for event in pool.run(attempt)]
        await pool.close()
        told += [event.ui["images"] for event in events if isinstance(event, NodeFinished) and event.ui]
    assert told[0] == told[1]
    assert not [shown for shown in told[2] if shown in told[0]]
    files = [path for path in folders.directory(told[0][0]["type"]).rglob("*") if path.is_file()]
    assert len(files) == 4
