"""docs/writing-nodes.md is true: every block of code runs, and every mistake is answered as it says."""

import re
import sys
import threading
import tomllib
import typing
from pathlib import Path
from types import ModuleType
from typing import Any

import pydantic
import pytest
import torch

import engine
from engine.checkpoints import Checkpoints
from engine.declare import NodeFunction
from engine.errors import InvalidNode, InvalidWorkflow
from engine.events import Event, NodePreview, NodeProgress
from engine.graph import NodeRef
from engine.packs import GROUP, installed_packs, load_packs
from engine.plan import plan
from engine.workflow import read_api
from nodes.images import load_image
from nodes.types import Image
from tests.support.toys import api, new_lanes, registry

TEXT = (Path(__file__).parents[2] / "docs" / "writing-nodes.md").read_text()
CODE = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
PYPROJECT = re.findall(r"^```toml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
ROWS = re.findall(r"^\| (`.*`) \| (.*) \|$", TEXT.partition("## Mistakes")[2], re.MULTILINE)


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """The names that the blocks define, one after the other."""
    made = ModuleType("greetings")
    for block in CODE:
        exec(block, vars(made))
    return vars(made)


def definitions(names: dict[str, Any]) -> list[engine.NodeDef]:
    return [value.definition for value in names.values() if isinstance(value, NodeFunction)]


async def run(names: dict[str, Any], document: dict[str, Any], folders: engine.Folders) -> tuple[Any, list[Event]]:
    """What node ``n`` gave, and what was told on the way."""
    events: list[Event] = []
    types = registry(*definitions(names), services=engine.Services(folders))
    document["o"] = ("PreviewAny", {"source": ["n", 0]})
    types.add(preview.definition)
    checked = plan(read_api(api(**document)), types)
    lanes = new_lanes()
    try:
        job = engine.Job(prompt=checked.prompt, targets=checked.targets)
        made = engine.Run(job, checked.graph, types, engine.NoCache(), lanes, events.append)
        results = await made.execute(checked.targets)
    finally:
        lanes.close()
    shown = results["o"].ui or {}
    return shown.get("values"), events


@engine.node("PreviewAny", lane="inline", is_output=True)
def preview(source: Any) -> engine.Output:
    return engine.Output(ui={"values": [source]})


@pytest.fixture
def folders(tmp_path: Path) -> engine.Folders:
    made = engine.Folders(tmp_path)
    made.lay_out()
    return made


def test_every_block_of_code_runs_and_its_nodes_can_be_registered(names: dict[str, Any]) -> None:
    assert len(CODE) >= 10
    types = registry(*definitions(names))
    for name in re.findall(r'^@node\("(\w+)"', TEXT, re.MULTILINE):
        assert name in types


async def test_texts(names: dict[str, Any], folders: engine.Folders) -> None:
    shown, _ = await run(
        names, {"n": ("Greeting", {"name": "Ada", "times": 2, "tone": "cool", "mood": "wild"})}, folders
    )
    assert shown == ["Hello Ada, Hello Ada!"]
    shown, _ = await run(names, {"n": ("GreetTwice", {"name": "Ada"})}, folders)
    assert shown == ["Hello Dear Ada.."]
    shown, _ = await run(names, {"n": ("JoinAll", {"separator": "-", "b": "2", "a": "1"})}, folders)
    assert shown == ["1-2"]
    with pytest.raises(InvalidWorkflow) as caught:
        await run(names, {"n": ("Greeting", {"name": "Ada", "times": 100, "tone": "cool", "mood": "wild"})}, folders)
    (problem,) = caught.value.node_problems["n"].errors
    assert problem.message == "Value 100 bigger than max of 99"


async def test_lists(names: dict[str, Any], folders: engine.Folders) -> None:
    document = {
        "split": ("SplitInTwo", {"text": "abcd"}),
        "greet": ("Greeting", {"name": ["split", 2], "times": 1, "tone": "warm", "mood": "calm"}),
        "n": ("Longest", {"texts": ["greet", 0], "at_least": 1}),
    }
    shown, _ = await run(names, document, folders)
    assert shown == ["Dear a.", "Dear b.", "Dear c.", "Dear d."]


async def test_hidden_and_raw_inputs(names: dict[str, Any], folders: engine.Folders) -> None:
    shown, _ = await run(names, {"n": ("WhoAmI", {})}, folders)
    assert shown == ["node n of 2"]
    document = {"boom": ("Boom", {"value": 1}), "n": ("LinkedTo", {"value": ["boom", 0]})}
    shown, _ = await run(names, document, folders)
    assert shown == ["boom"]


async def test_blocked_values(names: dict[str, Any], folders: engine.Folders) -> None:
    for condition, expected in ((True, [1]), (False, None)):
        shown, _ = await run(names, {"n": ("OnlyIf", {"value": 1, "condition": condition})}, folders)
        assert shown == expected


async def test_files_and_hooks(names: dict[str, Any], folders: engine.Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    (folders.directory("input") / "four.png").write_bytes(b"four")
    shown, _ = await run(names, {"n": ("FileSize", {"name": "four.png"})}, folders)
    assert shown == [4]
    monkeypatch.setenv("MOOD", "calm")
    shown, _ = await run(names, {"n": ("Setting", {"name": "MOOD"})}, folders)
    assert shown == ["calm"]
    assert names["its_value"]({"name": "MOOD"}, engine.Services()) == "calm"
    with pytest.raises(InvalidWorkflow):
        await run(names, {"n": ("Setting", {"name": "NOT_THERE"})}, folders)
    result = engine.Result((), {"files": ["words.txt"]})
    assert not names["is_still_there"](result, engine.Services(folders))
    (folders.directory("output") / "words.txt").touch()
    assert names["is_still_there"](result, engine.Services(folders))


def test_going_on_after_a_death(names: dict[str, Any], folders: engine.Folders, tmp_path: Path) -> None:
    job, checkpoints, told = engine.Job({}, ()), Checkpoints(tmp_path / "unfinished"), list[float]()

    def emit(event: Event) -> None:
        assert isinstance(event, NodeProgress)
        told.append(event.value)
        if len(told) == 220:
            raise OSError("dies")

    def context() -> engine.Context:
        node, services = NodeRef("n", "n", None, "n"), engine.Services(folders)
        return engine.Context(job, node, services, emit, threading.Event(), checkpoints=checkpoints)

    with pytest.raises(OSError, match="dies"):
        names["sum_up"](context(), 250)
    assert names["sum_up"](context(), 250) == sum(range(251))
    assert told[220] == 201
    shown = [names["save_text"](context(), "some").ui for _ in range(2)]
    assert shown == [{"files": ["words_00001_.txt"]}] * 2
    assert [path.name for path in folders.directory("output").iterdir()] == ["words_00001_.txt"]


async def test_progress_and_previews(names: dict[str, Any], folders: engine.Folders) -> None:
    @engine.node("Grey", lane="inline")
    def grey() -> Image:
        return torch.full((1, 2, 2, 3), 0.5)

    document = {"grey": ("Grey", {}), "n": ("Brighten", {"image": ["grey", 0], "steps": 2})}
    shown, events = await run({**names, "grey": grey}, document, folders)
    assert shown[0].mean() == pytest.approx(1 - 0.5 * 0.9**2)
    assert [event.value for event in events if isinstance(event, NodeProgress) and event.node.id == "n"] == [1, 2]
    assert len([event for event in events if isinstance(event, NodePreview)]) == 2
    document = {
        "grey": ("Grey", {}),
        "n": ("FirstOrSecond", {"first": True, "a": ["grey", 0], "b": ["never", 0]}),
        "never": ("Brighten", {"image": ["grey", 0], "steps": 1}),
    }
    _, events = await run({**names, "grey": grey}, document, folders)
    assert not any(isinstance(event, NodePreview) for event in events)
    assert names["mix"](torch.zeros(1), torch.ones(1), 0.25) == pytest.approx(0.25)


async def test_an_async_node(names: dict[str, Any], folders: engine.Folders) -> None:
    shown, _ = await run(names, {"n": ("Patience", {"seconds": 0})}, folders)
    assert shown == [0]


def test_the_package_is_found_and_loaded(
    names: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project,) = (tomllib.loads(text)["project"] for text in PYPROJECT)
    info = tmp_path / "wireloom_greetings-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = [f"{name} = {value}" for name, value in project["entry-points"][GROUP].items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines]))
    monkeypatch.syspath_prepend(tmp_path)
    module = ModuleType("greetings")
    vars(module).update(names)
    monkeypatch.setitem(sys.modules, "greetings", module)
    types = registry()
    (report,) = load_packs(types, [pack for pack in installed_packs() if pack.name == "greetings"])
    assert report.problem is None
    assert report.nodes == ("Greeting", "JoinAll", "GreetTwice")
    assert types["JoinAll"].module == "custom_nodes.greetings"


@pytest.mark.parametrize(("written", "sentence"), ROWS)
def test_a_mistake_is_answered_as_written(written: str, sentence: str) -> None:
    code = "\n".join(re.findall(r"`([^`]*)`", written.replace("\\|", "|")))
    assert said(code) == sentence.replace("\\|", "|")


def test_the_table_of_mistakes_is_read() -> None:
    assert len(ROWS) >= 40


def said(code: str) -> str:
    """The message for a declaration; it stands for a node ``n`` called "N", unless it says another name."""
    names: dict[str, Any] = {**vars(typing), **vars(engine), "Field": pydantic.Field, "__name__": "mine"}
    if "@node" not in code:
        code = code.replace("def n(", '@node("N")\ndef n(', 1)
    types = engine.Registry()
    types.add(load_image.definition)

    def declare() -> None:
        exec(code, names)
        types.add(*definitions(names))

    with pytest.raises((InvalidNode, TypeError)) as caught:
        declare()
    return str(caught.value)
