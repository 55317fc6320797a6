"""Early cut-off: what lies below a node whose result holds the same is not run again."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from engine.cache import MemoryCache
from engine.cutoff import Cutoff
from engine.declare import node
from engine.events import NodeStarted
from engine.jobs import Job
from engine.marks import Socket
from engine.plan import plan
from engine.run import Run
from engine.workflow import read_api
from tests.support.toys import api, new_lanes, registry


def digest(value: Any) -> bytes | None:
    """Of numbers and lists of them; everything else has no content to tell."""
    if isinstance(value, list):
        parts = [digest(item) for item in value]
        return None if None in parts else hashlib.sha256(b"".join(part or b"" for part in parts)).digest()
    return hashlib.sha256(repr(value).encode()).digest() if isinstance(value, int) else None


Anything = Annotated[Any, Socket("*")]


class Nothing:
    """A value without content to tell."""


@node("Sign", lane="inline")
def sign(value: int) -> int:
    return (value > 0) - (value < 0)


@node("Wrap", lane="inline")
def wrap(value: int) -> Anything:
    return Nothing()


@node("Use", lane="inline")
def use(thing: Anything, value: int) -> int:
    return value


def document(value: int) -> dict[str, Any]:
    return api(
        n=("Number", {"value": value}),
        sign=("Sign", {"value": ["n", 0]}),
        sum=("Add", {"a": ["sign", 0], "b": 10}),
        more=("Add", {"a": ["sum", 0], "b": ["sum", 0]}),
        show=("Show", {"value": ["more", 0], "style": "plain"}),
    )


class Session:
    """Runs that share a cache and what cut-off remembers."""

    def __init__(self, *, cutoff: bool = True) -> None:
        self.cache, self.cutoff = MemoryCache(10**7), Cutoff(digest) if cutoff else None

    async def run(self, workflow: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
        """What ran, and how each node came by its result."""
        started: list[str] = []
        definitions = registry(sign.definition, wrap.definition, use.definition)
        checked = plan(read_api(workflow), definitions)
        lanes, job = new_lanes(), Job(prompt=checked.prompt, targets=checked.targets)

        def emit(event: Any) -> None:
            if isinstance(event, NodeStarted):
                started.append(event.node.id)

        made = Run(job, checked.graph, definitions, self.cache, lanes, emit, digest=digest, cutoff=self.cutoff)
        try:
            results = await made.execute(checked.targets)
        finally:
            lanes.close()
        assert [ui for result in results.values() if (ui := result.ui)] == [{"text": [self.expected(workflow)]}]
        return started, {node_id: fate.how for node_id, fate in made.fates.items()}

    def expected(self, workflow: dict[str, Any]) -> str:
        value = workflow["n"]["inputs"]["value"]
        return str(2 * ((value > 0) - (value < 0) + 10))


async def test_a_change_that_comes_to_nothing_stops_there() -> None:
    session = Session()
    await session.run(document(5))
    started, fates = await session.run(document(7))
    assert started == ["n", "sign"]
    assert fates == {"n": "ran", "sign": "ran", "sum": "unchanged", "more": "unchanged", "show": "unchanged"}


async def test_a_change_that_comes_to_something_goes_on() -> None:
    session = Session()
    await session.run(document(5))
    started, _ = await session.run(document(0))
    assert started == ["n", "sign", "sum", "more", "show"]


async def test_what_was_cut_off_is_remembered_under_its_new_key() -> None:
    session = Session()
    for value in (5, 7):
        await session.run(document(value))
    started, fates = await session.run(document(7))
    assert started == []
    assert fates == {"show": "memory"}


async def test_without_it_everything_below_runs_again() -> None:
    session = Session(cutoff=False)
    await session.run(document(5))
    started, _ = await session.run(document(7))
    assert started == ["n", "sign", "sum", "more", "show"]


async def test_an_input_that_has_no_content_to_tell_goes_by_how_it_was_made() -> None:
    session = Session()

    def opaque(value: int, made_of: int) -> dict[str, Any]:
        workflow = document(value)
        workflow["other"] = {"class_type": "Number", "inputs": {"value": made_of}}
        workflow["wrap"] = {"class_type": "Wrap", "inputs": {"value": ["other", 0]}}
        workflow["use"] = {"class_type": "Use", "inputs": {"thing": ["wrap", 0], "value": ["sign", 0]}}
        workflow["sum"]["inputs"]["a"] = ["use", 0]
        return workflow

    await session.run(opaque(5, 1))
    started, _ = await session.run(opaque(7, 1))
    assert started == ["n", "sign"]
    started, _ = await session.run(opaque(7, 2))
    assert started == ["other", "wrap", "use"]
