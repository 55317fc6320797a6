"""Lists are taken whole; of two branches only the chosen one is computed."""

from typing import Any

import pytest

from engine.declare import NodeFunction
from engine.errors import NodeFailed
from engine.node import Blocked
from engine.registry import Registry
from engine.services import Services
from nodes import lists, logic
from tests.support.toys import Ran, api, run


def definitions(module: Any) -> list[Any]:
    return [value.definition for value in vars(module).values() if isinstance(value, NodeFunction)]


async def ran(**nodes: tuple[str, dict[str, Any]]) -> Ran:
    shown = {"o": ("Show", {"value": ["last", 0], "style": "plain"})}
    return await run(api(**nodes, **shown), *definitions(lists), *definitions(logic))


def test_a_list_is_made_in_the_order_of_the_numbers() -> None:
    assert lists.make_list(value_10=["k"], value_2=["c", "d"], value_0=["a"]) == ["a", "c", "d", "k"]


def test_items_by_index() -> None:
    assert lists.list_item(["a", "b", "c"], [-1]) == ["c"]
    assert lists.list_item(["a", "b", "c"], [0, 2]) == ["a", "c"]
    with pytest.raises(ValueError, match="no item 3 in a list of 3"):
        lists.list_item(["a", "b", "c"], [3])


def test_parts_of_a_list() -> None:
    assert lists.list_slice([1, 2, 3, 4], [1], [-1], [1]) == [2, 3]
    assert lists.list_slice([1, 2, 3, 4], [0], [lists.LONGEST], [2]) == [1, 3]
    with pytest.raises(ValueError, match="step of 0"):
        lists.list_slice([1], [0], [1], [0])
    with pytest.raises(ValueError, match="start takes one value, not 2"):
        lists.list_slice([1], [0, 1], [1], [1])


def test_lists_are_joined_turned_counted_and_repeated() -> None:
    assert lists.list_concat([1], [2, 3]) == [1, 2, 3]
    assert lists.list_reverse([1, 2, 3]) == [3, 2, 1]
    assert lists.list_length([]) == 0
    assert lists.list_repeat([1, 2], [2]) == [1, 2, 1, 2]
    with pytest.raises(ValueError, match="more than"):
        lists.list_repeat([1, 2], [lists.LONGEST])


def test_ranges() -> None:
    assert lists.list_range(0, 5, 2) == [0, 2, 4]
    assert lists.list_range(3, 0, -1) == [3, 2, 1]
    with pytest.raises(ValueError, match="step of 0"):
        lists.list_range(0, 1, 0)
    with pytest.raises(ValueError, match="more than"):
        lists.list_range(0, 10**12)


def test_texts_are_split_and_joined() -> None:
    assert lists.split_text("a\nb c") == ["a", "b c"]
    assert lists.split_text("a\nb  c", "") == ["a", "b", "c"]
    assert lists.join_text(["a", "b"], ["\\n"]) == "a\nb"
    assert lists.join_text([1, 2], [", "]) == "1, 2"  # type: ignore[list-item]


def test_truths() -> None:
    assert logic.negate(False)
    assert logic.both(True, True)
    assert not logic.both(True, False)
    assert logic.either(False, True)


async def test_in_a_workflow_a_list_is_mapped_and_taken_whole() -> None:
    done = await ran(
        numbers=("ListRange", {"start": 0, "stop": 4, "step": 1}),
        doubled=("Add", {"a": ["numbers", 0], "b": ["numbers", 0]}),
        last=("ListSlice", {"items": ["doubled", 0], "start": 1, "stop": 100, "step": 2}),
    )
    assert done.shown("o") == ["2", "6"]


async def test_a_list_node_takes_more_inputs_than_it_declares() -> None:
    done = await ran(
        a=("Number", {"value": 1}),
        b=("Number", {"value": 2}),
        last=("MakeList", {"value_12": ["b", 0], "value_7": ["a", 0]}),
    )
    assert done.shown("o") == ["1", "2"]


@pytest.mark.parametrize(("condition", "shown", "unused"), [(True, "1", "b"), (False, "2", "a")])
async def test_a_switch_runs_only_what_it_chooses(condition: bool, shown: str, unused: str) -> None:
    done = await ran(
        a=("Number", {"value": 1}),
        b=("Number", {"value": 2}),
        last=("Switch", {"condition": condition, "on_true": ["a", 0], "on_false": ["b", 0]}),
    )
    assert done.shown("o") == [shown]
    assert unused not in done.started


@pytest.mark.parametrize("index", [0, 5])
async def test_select_runs_only_the_value_of_its_index(index: int) -> None:
    values = {f"value_{i}": [f"n{i}", 0] for i in (0, 5)}
    done = await ran(
        n0=("Number", {"value": 0}), n5=("Number", {"value": 5}), last=("Select", {"index": index, **values})
    )
    assert done.shown("o") == [str(index)]
    assert f"n{5 - index}" not in done.started


async def test_select_tells_an_index_without_a_value() -> None:
    with pytest.raises(NodeFailed, match="asks for value_4, but connected is value_0"):
        await ran(n=("Number", {"value": 0}), last=("Select", {"index": 4, "value_0": ["n", 0]}))


def test_a_blocked_condition_asks_for_neither_branch() -> None:
    assert logic.branch({"condition": [Blocked("no"), True]}) == {"on_true"}
    assert logic.branch({"condition": [Blocked("no")]}) == set()


def test_inputs_that_may_be_added_are_told() -> None:
    known = Registry(Services())
    known.add(logic.select.definition, logic.negate.definition)
    select, negate = known.describe()
    assert select.flags["extra_input"] == ["*", {"lazy": True}]
    assert "extra_input" not in negate.flags
