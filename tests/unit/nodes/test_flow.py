"""Loops, as people wire them: counts of what ran say what was remembered."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import pytest

from engine.cache import Cache, MemoryCache
from engine.cache_policies import ClassicCache
from engine.declare import NodeFunction, node
from engine.errors import NodeFailed
from engine.events import NodeFinished, NodeProgress
from engine.marks import Socket
from nodes import flow
from tests.support.toys import Ran, run
from tests.support.toys import api as workflow

LOOPS = [value.definition for value in vars(flow).values() if isinstance(value, NodeFunction)]
CALLS: Counter[str] = Counter()
Anything = Annotated[Any, Socket("*")]


@node("Rows", lane="inline")
def rows(text: str) -> list[str]:
    CALLS["Rows"] += 1
    return text.split("/")


@node("Cells", lane="inline")
def cells(row: str) -> list[int]:
    CALLS["Cells"] += 1
    return [int(cell) for cell in row.split(",") if cell]


@node("Work", lane="inline")
def work(cell: int, more: int = 1) -> int:
    CALLS["Work"] += 1
    return cell * 10 + more


@node("Less", lane="inline")
def less(value: int, than: int) -> bool:
    return value < than


@node("Grow", lane="cpu")
def grow(value: int) -> int:
    CALLS["Grow"] += 1
    return value * 2


NODES = [*LOOPS, *(each.definition for each in (rows, cells, work, less, grow))]


@pytest.fixture(autouse=True)
def count_anew() -> None:
    CALLS.clear()


async def ran(document: dict[str, Any], cache: Cache | None = None) -> Ran:
    CALLS.clear()
    return await run(document, *NODES, cache=cache)


def for_each(text: str, **more: Any) -> dict[str, Any]:
    return workflow(
        rows=("Cells", {"row": text}),
        each=("ForEach", {"items": ["rows", 0]}),
        work=("Work", {"cell": ["each", 1], "more": 1, **more}),
        end=("ForEachEnd", {"loop": ["each", 0], "result": ["work", 0]}),
        total=("Total", {"values": ["end", 0]}),
        show=("Show", {"value": ["total", 0], "style": "plain"}),
    )


async def test_for_each_runs_its_body_once_for_each_item_and_gives_a_list_in_their_order() -> None:
    document = for_each("3,1,2", more=0)
    document["show"]["inputs"]["value"] = ["end", 0]
    assert (await ran(document)).shown("show") == ["30", "10", "20"]
    assert CALLS["Work"] == 3


async def test_for_each_over_nothing_gives_nothing() -> None:
    assert (await ran(for_each(""))).shown("show") == ["0"]
    assert CALLS["Work"] == 0


async def test_index_and_count_are_there_in_the_body() -> None:
    document = for_each("5,5,5")
    document["work"]["inputs"] = {"cell": ["each", 2], "more": ["each", 3]}
    document["show"]["inputs"]["value"] = ["end", 0]
    assert (await ran(document)).shown("show") == ["3", "13", "23"]


async def test_one_changed_item_of_a_thousand_runs_one_round() -> None:
    cache = MemoryCache(10**9)
    numbers = [str(i) for i in range(1000)]
    first = await ran(for_each(",".join(numbers)), cache)
    assert first.shown("show") == [str(sum(i * 10 + 1 for i in range(1000)))]
    assert CALLS == {"Cells": 1, "Work": 1000}

    numbers[500] = "7000"
    second = await ran(for_each(",".join(numbers)), cache)
    assert second.shown("show") == [str(sum(i * 10 + 1 for i in range(1000)) - 5000 + 70000)]
    assert CALLS == {"Cells": 1, "Work": 1}
    assert len(second.started) == 6  # the list, the end, the loop, one round, the total, the output


async def test_inserting_an_item_runs_one_round_too() -> None:
    cache = MemoryCache(10**9)
    await ran(for_each("1,2,3"), cache)
    await ran(for_each("9,1,2,3"), cache)
    assert CALLS["Work"] == 1


async def test_progress_counts_the_rounds_of_a_for_each() -> None:
    finished = await ran(for_each("1,2,3,4"))
    told = [(e.node.shown_as, e.value, e.total) for e in finished.events if isinstance(e, NodeProgress)]
    assert told == [("end", i, 4) for i in (1, 2, 3, 4)]


async def test_a_rounds_nodes_are_shown_as_the_nodes_they_copy() -> None:
    finished = await ran(for_each("1,2"))
    refs = [e.node for e in finished.events if isinstance(e, NodeFinished) and e.node.shown_as == "work"]
    assert len(refs) == 2
    assert {ref.real for ref in refs} == {"end"}


def nested(text: str) -> dict[str, Any]:
    return workflow(
        rows=("Rows", {"text": text}),
        outer=("ForEach", {"items": ["rows", 0]}),
        cells=("Cells", {"row": ["outer", 1]}),
        inner=("ForEach", {"items": ["cells", 0]}),
        work=("Work", {"cell": ["inner", 1], "more": 1}),
        inner_end=("ForEachEnd", {"loop": ["inner", 0], "result": ["work", 0]}),
        line=("Total", {"values": ["inner_end", 0]}),
        outer_end=("ForEachEnd", {"loop": ["outer", 0], "result": ["line", 0]}),
        total=("Total", {"values": ["outer_end", 0]}),
        show=("Show", {"value": ["total", 0], "style": "plain"}),
    )


async def test_of_thirty_times_thirty_rounds_one_changed_item_runs_one() -> None:
    cache = MemoryCache(10**9)
    table = [[30 * row + column for column in range(30)] for row in range(30)]
    text = "/".join(",".join(map(str, row)) for row in table)
    assert (await ran(nested(text), cache)).shown("show") == [str(sum(i * 10 + 1 for i in range(900)))]
    assert CALLS == {"Rows": 1, "Cells": 30, "Work": 900}

    table[11][17] = 5000
    text = "/".join(",".join(map(str, row)) for row in table)
    again = await ran(nested(text), cache)
    assert again.shown("show") == [str(sum(cell * 10 + 1 for row in table for cell in row))]
    assert CALLS == {"Rows": 1, "Cells": 1, "Work": 1}
    kinds = Counter(node_id.rpartition(".")[2] for node_id in again.started)
    assert kinds == {
        "rows": 1, "outer_end": 1, "total": 1, "show": 1,  # the workflow's own
        "1": 2,  # both loops, once each
        "cells": 1, "inner_end": 1, "work": 1, "line": 1,  # of one round
    }  # fmt: skip


async def test_an_inner_loop_over_a_list_of_its_own_is_copied_with_the_outer_one() -> None:
    document = nested("1,2/3,4")
    document["fixed"] = {"class_type": "Cells", "inputs": {"row": "5,6,7"}}
    document["inner"]["inputs"]["items"] = ["fixed", 0]
    document["length"] = {"class_type": "Total", "inputs": {"values": ["cells", 0]}}
    document["work"]["inputs"]["more"] = ["length", 0]
    expected = sum(cell * 10 + more for more in (3, 7) for cell in (5, 6, 7))
    assert (await ran(document)).shown("show") == [str(expected)]
    assert CALLS["Work"] == 6


async def test_an_output_node_within_the_body_runs_in_each_round_and_only_there() -> None:
    document = for_each("4,5")
    document["peek"] = {"class_type": "Show", "inputs": {"value": ["work", 0], "style": "loud"}}
    finished = await ran(document)
    shown = [
        e.ui["text"] for e in finished.events if isinstance(e, NodeFinished) and e.node.shown_as == "peek" and e.ui
    ]
    assert sorted(shown) == [["41!"], ["51!"]]


async def test_values_that_are_no_plain_data_are_remembered_by_their_place() -> None:
    @node("Things", lane="inline")
    def things(count: int) -> list[Anything]:
        return [object() for _ in range(count)]

    @node("Name", lane="inline")
    def name(thing: Anything) -> int:
        CALLS["Name"] += 1
        return 1

    document = workflow(
        list=("Things", {"count": 3}),
        each=("ForEach", {"items": ["list", 0]}),
        name=("Name", {"thing": ["each", 1]}),
        end=("ForEachEnd", {"loop": ["each", 0], "result": ["name", 0]}),
        total=("Total", {"values": ["end", 0]}),
        show=("Show", {"value": ["total", 0], "style": "plain"}),
    )
    cache, extra = MemoryCache(10**9), (things.definition, name.definition)
    assert (await run(document, *NODES, *extra, cache=cache)).shown("show") == ["3"]
    document["show"]["inputs"]["style"] = "loud"
    assert (await run(document, *NODES, *extra, cache=cache)).shown("show") == ["3!"]
    assert CALLS["Name"] == 3


def repeated(times: int, start: int = 1) -> dict[str, Any]:
    return workflow(
        again=("Repeat", {"times": times, "value_1": start}),
        grow=("Grow", {"value": ["again", 2]}),
        end=("RepeatEnd", {"loop": ["again", 0], "value_1": ["grow", 0]}),
        show=("Show", {"value": ["end", 0], "style": "plain"}),
    )


@pytest.mark.parametrize(("times", "expected"), [(0, 1), (1, 2), (10, 1024)])
async def test_repeat_hands_values_from_round_to_round(times: int, expected: int) -> None:
    assert (await ran(repeated(times))).shown("show") == [str(expected)]
    assert CALLS["Grow"] == times


@pytest.mark.slow
async def test_repeat_goes_a_thousand_rounds_deep() -> None:
    assert (await ran(repeated(1000, start=0))).shown("show") == ["0"]
    assert CALLS["Grow"] == 1000


async def test_a_round_whose_values_nobody_reads_is_not_run() -> None:
    document = repeated(1000)
    document["grow"] = {"class_type": "Work", "inputs": {"cell": 0, "more": ["again", 1]}}
    assert (await ran(document)).shown("show") == ["999"]
    assert CALLS["Work"] == 1


async def test_more_rounds_run_only_those_that_are_new() -> None:
    cache = MemoryCache(10**9)
    await ran(repeated(20), cache)
    assert CALLS["Grow"] == 20
    assert (await ran(repeated(23), cache)).shown("show") == [str(2**23)]
    assert CALLS["Grow"] == 3


def looped(limit: int, than: int, **more: Any) -> dict[str, Any]:
    return workflow(
        while_=("While", {"limit": limit, "at_limit": "fail", "value_1": 1, **more}),
        grow=("Grow", {"value": ["while_", 2]}),
        less=("Less", {"value": ["grow", 0], "than": than}),
        end=("WhileEnd", {"loop": ["while_", 0], "condition": ["less", 0], "value_1": ["grow", 0]}),
        show=("Show", {"value": ["end", 0], "style": "plain"}),
    )


async def test_while_goes_on_as_long_as_its_condition_holds() -> None:
    assert (await ran(looped(50, 100))).shown("show") == ["128"]
    assert CALLS["Grow"] == 7


async def test_while_has_a_limit_which_fails_or_stops() -> None:
    with pytest.raises(NodeFailed, match="still holds after 5 rounds"):
        await ran(looped(5, 100))
    assert (await ran(looped(5, 100, at_limit="stop"))).shown("show") == ["32"]


async def test_an_end_that_does_not_fit_its_start_is_named() -> None:
    document = repeated(3)
    document["end"]["class_type"] = "ForEachEnd"
    document["end"]["inputs"] = {"loop": ["again", 0], "result": ["grow", 0]}
    with pytest.raises(NodeFailed, match=r"must come from a ForEach node, not from Repeat \(node again\)"):
        await ran(document)


async def test_the_classic_cache_keeps_the_rounds_of_a_loop_too() -> None:
    cache = ClassicCache()
    await ran(for_each("1,2,3"), cache)
    await ran(for_each("1,9,3"), cache)
    assert CALLS["Work"] == 1
