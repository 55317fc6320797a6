"""Section 6: inputs that are computed only when asked for."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from engine.errors import NodeFailed
from engine.node import InputSpec
from tests.semantics.stage import Takes
from tests.support.toys import api, run

A, B, N = InputSpec("a", "INT", lazy=True), InputSpec("b", "INT", lazy=True), InputSpec("n", "INT")
SOURCES = api(x=("Number", {"value": 1}), y=("Number", {"value": 2}))


class Lazy(Takes):
    """A node with lazy inputs; ``asks`` answers its hook, which keeps what it was shown."""

    def __init__(self, asks: Callable[[Mapping[str, list[Any]]], set[str]], *inputs: InputSpec) -> None:
        self.shown: list[dict[str, list[Any]]] = []
        self.asks = asks
        super().__init__(*inputs, needs=self.hook)

    def hook(self, lists: Mapping[str, list[Any]]) -> set[str]:
        self.shown.append(dict(lists))
        return self.asks(lists)


def prompt(**inputs: Any) -> dict[str, Any]:
    return {**SOURCES, **api(t=("Takes", inputs))}


@pytest.mark.rule("6-a", "6-b", "6-e")
async def test_s6_lazy_inputs_wait_and_the_hook_sees_none_for_them() -> None:
    lazy = Lazy(lambda lists: set(), A, N)
    ran = await run(prompt(a=["x", 0], n=["y", 0]), lazy.definition)
    assert lazy.shown == [{"a": [None], "n": [2]}]
    assert lazy.given == [{"a": None, "n": 2}]
    assert "x" not in ran.started


@pytest.mark.rule("6-c")
async def test_s6_what_any_of_the_mapped_calls_needs_is_computed() -> None:
    lazy = Lazy(lambda lists: {"a" if n else "b" for n in lists["n"]}, A, B, N)
    document = {**prompt(a=["x", 0], b=["y", 0], n=["r", 0]), **api(r=("Range", {"count": 2}))}
    await run(document, lazy.definition)
    assert lazy.shown[0]["n"] == [0, 1]
    assert sorted(call["n"] for call in lazy.given) == [0, 1]
    assert {(call["a"], call["b"]) for call in lazy.given} == {(1, 2)}


@pytest.mark.rule("6-d")
async def test_s6_the_hook_may_be_async() -> None:
    async def hook(lists: Mapping[str, list[Any]]) -> set[str]:
        return {"a"}

    takes = Takes(A, B, needs=hook)
    await run(prompt(a=["x", 0], b=["y", 0]), takes.definition)
    assert takes.given == [{"a": 1, "b": None}]


@pytest.mark.rule("6-e", "6-f")
async def test_s6_names_that_are_there_are_ignored() -> None:
    lazy = Lazy(lambda lists: {"a", "n"}, A, N)
    await run(prompt(a=["x", 0], n=["y", 0]), lazy.definition)
    assert lazy.given == [{"a": 1, "n": 2}]


@pytest.mark.rule("6-g", "11-b")
async def test_s6_an_input_that_is_not_there_is_an_error_that_names_node_and_input() -> None:
    lazy = Lazy(lambda lists: {"a", "zz"}, A)
    with pytest.raises(NodeFailed, match=r"node t .*needs input zz") as caught:
        await run(prompt(a=["x", 0]), lazy.definition)
    assert caught.value.node.id == "t"


@pytest.mark.rule("6-h")
async def test_s6_asking_for_a_constant_is_no_error_for_it_is_there() -> None:
    """The reference fails. A hook that names all that it needs need not know which of it is linked."""
    lazy = Lazy(lambda lists: {"a", "b"}, A, B)
    await run(prompt(a=["x", 0], b=5), lazy.definition)
    assert lazy.shown[0] == {"a": [None], "b": [5]}
    assert lazy.given == [{"a": 1, "b": 5}]


@pytest.mark.rule("6-i")
async def test_s6_the_hook_is_asked_until_it_wants_nothing_new() -> None:
    lazy = Lazy(lambda lists: {"b"} if lists["a"] != [None] else {"a"}, A, B)
    await run(prompt(a=["x", 0], b=["y", 0]), lazy.definition)
    assert lazy.shown == [{"a": [None], "b": [None]}, {"a": [1], "b": [None]}, {"a": [1], "b": [2]}]
    assert lazy.given == [{"a": 1, "b": 2}]


@pytest.mark.rule("6-c", "11-b")
async def test_s6_a_hook_that_raises_fails_its_node() -> None:
    def fail(lists: Mapping[str, list[Any]]) -> set[str]:
        raise ValueError("cannot say")

    with pytest.raises(NodeFailed, match=r"node t \(Takes\): ValueError: cannot say"):
        await run(prompt(a=["x", 0]), Lazy(fail, A).definition)


@pytest.mark.rule("6-j")
async def test_s6_unasked_inputs_are_none_whatever_else_was_computed() -> None:
    """In the reference an unasked input may be there because somebody else needed its source. Here it never is, so
    that results do not depend on what else runs."""
    lazy = Lazy(lambda lists: set(), A)
    await run({**prompt(a=["x", 0]), **api(o=("Show", {"value": ["x", 0], "style": "plain"}))}, lazy.definition)
    assert lazy.given == [{"a": None}]


@pytest.mark.rule("6-k")
async def test_s6_what_was_computed_for_somebody_else_is_not_computed_again() -> None:
    lazy = Lazy(lambda lists: {"a"}, A, N)
    ran = await run(prompt(a=["x", 0], n=["x", 0]), lazy.definition)
    assert ran.started.count("x") == 1
    assert lazy.given == [{"a": 1, "n": 1}]
