"""Section 9: what is remembered. Also tests/unit/engine/test_key_mutations.py, which tries every kind of change."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest

from engine.cache import Cache, MemoryCache, NoCache
from engine.cache_policies import ClassicCache, LruCache
from engine.node import InputSpec, NodeDef, OutputSpec
from tests.conformance import tiny
from tests.semantics.stage import Stage, Takes
from tests.support.toys import api, run

BIG = 10**6


def chain(value: int = 1, plus: int = 1, style: str = "plain") -> dict[str, Any]:
    return api(
        n=("Number", {"value": value}),
        a=("Add", {"a": ["n", 0], "b": plus}),
        o=("Show", {"value": ["a", 0], "style": style}),
    )


async def begun(cache: Cache, document: dict[str, Any], *more: NodeDef) -> list[str]:
    """The nodes that run."""
    return (await run(document, *more, cache=cache)).started


async def after(first: dict[str, Any], second: dict[str, Any], *more: NodeDef) -> list[str]:
    """The nodes of the second workflow that run after the first has run."""
    cache = MemoryCache(BIG)
    await begun(cache, first, *more)
    return await begun(cache, second, *more)


@pytest.mark.rule("9.1-a", "9.1-b")
async def test_s9_1_equal_nodes_are_remembered_under_any_id() -> None:
    assert await after(chain(), chain()) == []
    renamed = api(x=("Show", {"value": ["7", 0], "style": "plain"}))
    renamed |= {"7": api(a=("Add", {"a": ["3", 0], "b": 1}))["a"], "3": api(n=("Number", {"value": 1}))["n"]}
    assert await after(chain(), renamed) == []


@pytest.mark.rule("9.1-c")
async def test_s9_1_titles_do_not_matter() -> None:
    titled = {node_id: {**node, "_meta": {"title": f"my {node_id}"}} for node_id, node in chain().items()}
    assert await after(chain(), titled) == []


@pytest.mark.rule("9.1-d")
@pytest.mark.parametrize(
    ("changed", "runs"),
    [(chain(value=2), ["n", "a", "o"]), (chain(plus=2), ["a", "o"]), (chain(style="loud"), ["o"])],
)
async def test_s9_1_a_change_runs_what_lies_below_and_nothing_else(changed: dict[str, Any], runs: list[str]) -> None:
    assert await after(chain(), changed) == runs


@pytest.mark.rule("9.1-e")
async def test_s9_1_the_class_of_an_ancestor_matters() -> None:
    other = NodeDef("Other", lambda value: value, (InputSpec("value", "INT"),), (OutputSpec("INT", "INT"),))
    changed = {**chain(), **api(n=("Other", {"value": 1}))}
    assert await after(chain(), changed, other) == ["n", "a", "o"]


@pytest.mark.rule("9.1-f")
async def test_s9_1_the_output_of_a_link_matters() -> None:
    def taking(slot: int) -> dict[str, Any]:
        return api(s=("Sort", {"a": 1, "b": 1}), o=("Show", {"value": ["s", slot], "style": "plain"}))

    assert await after(taking(0), taking(1)) == ["o"]


@pytest.mark.rule("9.1-g")
async def test_s9_1_the_order_of_inputs_does_not_matter() -> None:
    turned = {node_id: {**node, "inputs": dict(reversed(node["inputs"].items()))} for node_id, node in chain().items()}
    assert await after(chain(), turned) == []


@pytest.mark.rule("9.1-h", "9.1-i")
@pytest.mark.parametrize("how", [{"per_node": True}, {"hidden": {"uid": "UNIQUE_ID"}, "per_node": True}])
async def test_s9_1_the_id_matters_for_some_classes(how: dict[str, Any]) -> None:
    takes = Takes(InputSpec("value", "INT"), **how)
    one, two = api(t=("Takes", {"value": 1})), api(u=("Takes", {"value": 1}))
    assert await after(one, one, takes.definition) == []
    assert await after(one, two, takes.definition) == ["u"]


@pytest.mark.rule("9.1-i")
async def test_s9_1_a_class_that_declares_its_id_depends_on_it() -> None:
    document = api(t=("TInt", {"v": 1, "f": 1, "s": "", "b": True, "c": "x", "c2": "p"}), o=("TOut", {"v": ["t", 0]}))
    renamed = {"u": document["t"], "o": {"class_type": "TOut", "inputs": {"v": ["u", 0]}}}
    assert await after(document, renamed, *tiny.DEFINITIONS) == ["u", "o"]


@pytest.mark.rule("9.1-j")
async def test_s9_1_equal_nodes_of_a_prompt_run_once() -> None:
    document = api(
        a=("Number", {"value": 1}),
        b=("Number", {"value": 1}),
        s=("Add", {"a": ["a", 0], "b": ["b", 0]}),
        o=("Show", {"value": ["s", 0], "style": "plain"}),
    )
    ran = await run(document)
    assert len([node_id for node_id in ran.started if node_id in "ab"]) == 1
    assert ran.shown("o") == ["2"]


@pytest.mark.rule("9.1-k")
async def test_s9_1_lists_and_objects_are_compared_by_content() -> None:
    takes = Takes(InputSpec("value", "*"))

    def given(value: Any) -> dict[str, Any]:
        return api(t=("Takes", {"value": {"__value__": value}}))

    assert await after(given({"a": [1, 2], "b": 0}), given({"b": 0, "a": [1, 2]}), takes.definition) == []
    assert await after(given([1, 2]), given([2, 1]), takes.definition) == ["t"]
    assert await after(given([1]), given([1.0]), takes.definition) == ["t"]
    assert await after(given([True]), given([1]), takes.definition) == ["t"]


@pytest.mark.rule("9.1-l")
async def test_s9_1_a_constant_that_is_no_plain_data_never_matches() -> None:
    takes = Takes(InputSpec("value", "*"))
    odd = api(t=("Takes", {"value": object()}))
    assert await after(odd, odd, takes.definition) == ["t"]


@pytest.mark.rule("9.1-m")
async def test_s9_1_nan_never_matches() -> None:
    takes = Takes(InputSpec("value", "*"))
    nan = api(t=("Takes", {"value": float("nan")}))
    assert await after(nan, nan, takes.definition) == ["t"]


@pytest.mark.rule("9.1-q")
async def test_s9_1_what_was_shown_is_remembered() -> None:
    cache = MemoryCache(BIG)
    await run(chain(), cache=cache)
    assert (await run(chain(), cache=cache)).shown("o") == ["2"]


class Stamped(Takes):
    """A node with a fingerprint; ``stamp`` is what its hook says next."""

    def __init__(self, stamp: Any, **more: Any) -> None:
        self.stamp, self.asked = stamp, []  # type: ignore[var-annotated]
        super().__init__(InputSpec("value", "INT"), InputSpec("other", "INT", required=False), **more)

    def look(self, inputs: Any, services: Any) -> Any:
        self.asked.append((dict(inputs), len(self.given)))
        if isinstance(self.stamp, Exception):
            raise self.stamp
        return self.stamp

    @property
    def with_hook(self) -> NodeDef:
        return replace(self.definition, fingerprint=self.look)


STAMPED = api(n=("Number", {"value": 1}), t=("Takes", {"value": 3, "other": ["n", 0]}))


@pytest.mark.rule("9.2-a", "9.2-b", "9.2-d")
async def test_s9_2_the_hook_gets_constants_once_before_anything_runs() -> None:
    stamped = Stamped("x")
    document = {**STAMPED, **api(u=("Takes", {"value": 4, "other": ["t", 0]}))}
    await run(document, stamped.with_hook)
    assert [inputs for inputs, _ in stamped.asked] == [{"value": 3, "other": None}, {"value": 4, "other": None}]
    assert [ran_before for _, ran_before in stamped.asked] == [0, 0]


@pytest.mark.rule("9.2-c")
async def test_s9_2_the_hook_may_be_async() -> None:
    takes = Takes(InputSpec("value", "INT"))
    stamps = iter("aab")

    async def look(inputs: Any, services: Any) -> str:
        await asyncio.sleep(0)
        return next(stamps)

    definition = replace(takes.definition, fingerprint=look)
    cache, document = MemoryCache(BIG), api(t=("Takes", {"value": 1}))
    assert [await begun(cache, document, definition) for _ in range(3)] == [["t"], [], ["t"]]


@pytest.mark.rule("9.2-e", "9.2-i")
async def test_s9_2_another_fingerprint_runs_the_node_again() -> None:
    stamped, cache = Stamped("x"), MemoryCache(BIG)
    ran = []
    for stamp in ("x", "x", "y", ["y"]):
        stamped.stamp = stamp
        ran.append(await begun(cache, STAMPED, stamped.with_hook))
    assert ran == [["n", "t"], [], ["t"], ["t"]]
    assert await after(STAMPED, STAMPED, stamped.definition) == []


@pytest.mark.rule("9.2-f")
async def test_s9_2_a_submitted_is_changed_is_used_instead() -> None:
    stamped, cache = Stamped("x"), MemoryCache(BIG)
    given = {**STAMPED, "t": {**STAMPED["t"], "is_changed": ["mine"]}}
    assert await begun(cache, given, stamped.with_hook) == ["n", "t"]
    assert stamped.asked == []
    assert await begun(cache, given, stamped.with_hook) == []
    given["t"]["is_changed"] = ["other"]
    assert await begun(cache, given, stamped.with_hook) == ["t"]


@pytest.mark.rule("9.2-g")
async def test_s9_2_a_hook_that_raises_has_the_node_run_each_time(caplog: pytest.LogCaptureFixture) -> None:
    stamped, cache = Stamped(OSError("no such file")), MemoryCache(BIG)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert "t" in await begun(cache, STAMPED, stamped.with_hook)
    assert "no such file" in caplog.text


@pytest.mark.rule("9.2-h")
async def test_s9_2_nan_has_the_node_run_each_time() -> None:
    stamped, cache = Stamped(float("nan")), MemoryCache(BIG)
    assert await begun(cache, STAMPED, stamped.with_hook) == ["n", "t"]
    assert await begun(cache, STAMPED, stamped.with_hook) == ["t"]


def show(value: int) -> dict[str, Any]:
    return api(o=("Show", {"value": value, "style": "plain"}))


@pytest.mark.rule("9.3-a")
async def test_s9_3_classic_keeps_what_the_last_prompt_shares() -> None:
    cache = ClassicCache()
    await begun(cache, chain())
    assert await begun(cache, chain(style="loud")) == ["o"]  # n and a are shared
    assert await begun(cache, chain()) == ["o"]
    await begun(cache, show(9))
    assert await begun(cache, chain()) == ["n", "a", "o"]


@pytest.mark.rule("9.3-b")
async def test_s9_3_lru_forgets_what_was_not_used_for_longest() -> None:
    cache = LruCache(2)
    for value in (1, 2, 1, 3):
        await begun(cache, show(value))
    assert await begun(cache, show(1)) == []
    assert await begun(cache, show(2)) == ["o"]


@pytest.mark.rule("9.3-c")
async def test_s9_3_without_cache_everything_runs_again() -> None:
    cache = NoCache()
    assert await begun(cache, chain()) == ["n", "a", "o"]
    assert await begun(cache, chain()) == ["n", "a", "o"]


@pytest.mark.rule("9.3-d")
async def test_s9_3_the_default_keeps_to_its_budget_across_prompts() -> None:
    budget = 20_000
    cache = MemoryCache(budget)
    for value in range(100):
        await begun(cache, show(value))
        assert 0 < cache.used_bytes <= budget
    assert await begun(cache, show(99)) == []
    assert [value for value in range(99) if await begun(cache, show(value)) == ["o"]] != []


@pytest.mark.rule("9.3-e")
async def test_s9_3_free_memory_forgets_after_what_runs(stage: Stage) -> None:
    await stage.run(chain())
    await stage.server.post("/free", json={"unload_models": True})
    assert (await stage.run(chain())).executing() == [None]
    await stage.server.post("/free", json={"free_memory": True})
    assert (await stage.run(chain())).executing() == ["n", "a", "o", None]
