"""Jobs that run aside: what they save is temporary, and told by its true place."""

from pathlib import Path

from engine.aside import place_of
from engine.cache import MemoryCache
from engine.context import Context
from engine.declare import node
from engine.events import NodeFinished, RunFinished
from engine.folders import Folders
from engine.jobs import Job
from engine.node import Output
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.services import Services
from tests.support.toys import api, new_lanes


@node("Write", lane="cpu", is_output=True)
def write(ctx: Context, name: str) -> Output:
    """Saves a file into the output folder, and shows what else is there."""
    folders = ctx.service(Folders)
    place = folders.directory("output") / "some"
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text("made")
    before = folders.resolve("output", "before.png").read_text()
    files = [{"filename": name, "subfolder": "some", "type": "output"}, {"filename": "x.png", "type": "input"}]
    return Output(ui={"images": files, "text": [before]})


async def test_what_such_a_job_saves_lies_among_temporary_files(tmp_path: Path) -> None:
    folders, registry = Folders(tmp_path), Registry()
    registry.services = Services(folders)
    registry.add(write.definition)
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "before.png").write_text("before")
    pool = LocalPool(lambda: registry, MemoryCache(10**6), new_lanes())
    job = Job(api(o=("Write", {"name": "a.png"})), (), id="../../../up", extra_data={"aside": True})
    *_, finished, ended = [event async for event in pool.run(job)]
    await pool.close()
    assert isinstance(ended, RunFinished)
    assert isinstance(finished, NodeFinished)
    assert finished.ui == {
        "images": [
            {"filename": "a.png", "subfolder": f"{place_of(job)}/some", "type": "temp"},
            {"filename": "x.png", "type": "input"},
        ],
        "text": ["before"],
    }
    assert (tmp_path / "temp" / place_of(job) / "some" / "a.png").read_text() == "made"
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["before.png"]
    assert registry.services.get(Folders) is folders
