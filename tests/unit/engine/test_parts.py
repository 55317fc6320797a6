"""The small pure parts: graphs, keys, list mapping, documents, lanes, services."""

import asyncio
import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calls import blocked, merge, normalise, spread
from engine.context import Context
from engine.errors import Cancelled, CycleError, DuplicateNode, NotAWorkflow
from engine.graph import Graph, Link, Node, NodeRef
from engine.jobs import Job
from engine.keys import node_key
from engine.lanes import Lanes
from engine.node import Blocked, NodeDef, Output, OutputSpec, Result
from engine.services import Services
from engine.workflow import is_api, parse, read_api

PLAIN = NodeDef("Plain", fn=print, outputs=(OutputSpec("INT", "INT"),))
LISTS = NodeDef("Lists", fn=print, outputs=(OutputSpec("INT", "INT", is_list=True),), takes_lists=True)


def chain(count: int) -> Graph:
    return Graph(Node(str(i), "Add", {"a": Link(str(i - 1), 0)} if i else {}) for i in range(count))


def test_order_is_depth_first_with_dependencies_first() -> None:
    nodes = [
        Node("a", "T", {}),
        Node("b", "T", {"x": Link("a", 0)}),
        Node("c", "T", {}),
        Node("d", "T", {"x": Link("b", 0), "y": Link("c", 0)}),
    ]
    assert Graph(nodes).order(["d"]) == ["a", "b", "c", "d"]
    assert Graph(nodes).order(["d"], done=["b"]) == ["c", "d"]


def test_order_goes_as_deep_as_there_are_nodes() -> None:
    assert chain(100_000).order(["99999"]) == [str(i) for i in range(100_000)]


def test_a_cycle_is_named() -> None:
    graph = Graph([Node("a", "T", {"x": Link("b", 0)}), Node("b", "T", {"x": Link("a", 0)})])
    with pytest.raises(CycleError, match="a -> b -> a") as caught:
        graph.order(["a"])
    assert caught.value.loop == ("a", "b", "a")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_any_graph_is_ordered_or_has_a_loop_that_is_one(edges: list[tuple[int, int]]) -> None:
    graph = Graph(
        Node(str(i), "T", {f"x{j}": Link(str(source), 0) for j, (source, target) in enumerate(edges) if target == i})
        for i in range(10)
    )
    loop: tuple[str, ...] = ()
    order: list[str] = []
    try:
        order = graph.order(map(str, range(10)))
    except CycleError as error:
        loop = error.loop
    assert all(source in graph[user].sources() for user, source in pairwise(loop))
    assert loop[:1] == loop[-1:]
    assert bool(loop) != bool(order)
    place = {node_id: i for i, node_id in enumerate(order)}
    assert loop or all(place[str(source)] < place[str(target)] for source, target in edges)


def test_a_graph_takes_no_id_twice() -> None:
    graph = chain(2)
    with pytest.raises(DuplicateNode, match="1"):
        graph.add([Node("new", "T", {}), Node("1", "T", {})])
    assert "new" not in graph.nodes


def test_who_a_node_is() -> None:
    graph = Graph(
        [Node("1", "T", {}), Node("1.0", "T", {}, parent="1"), Node("1.0.0", "T", {}, parent="1.0", shown_as="1.0")]
    )
    assert graph.ref("1") == NodeRef("1", "1", None, "1")
    assert graph.ref("1.0.0") == NodeRef("1.0.0", "1", "1.0", "1")


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (1, True), (1, "1"), (float("nan"), float("nan")), ([1], (2,)), (object(), object())]
)
def test_keys_differ_where_values_do(one: object, other: object) -> None:
    keys = [node_key(Node("n", "Plain", {"x": value}), PLAIN, {}) for value in (one, other)]
    assert keys[0] != keys[1]


def test_keys_do_not_depend_on_ids_but_on_everything_above() -> None:
    below = [node_key(Node(name, "Plain", {"x": Link("up", 0)}), PLAIN, {"up": b"1"}) for name in "ab"]
    assert below[0] == below[1]
    assert below[0] != node_key(Node("a", "Plain", {"x": Link("up", 1)}), PLAIN, {"up": b"1"})
    assert below[0] != node_key(Node("a", "Plain", {"x": Link("up", 0)}), PLAIN, {"up": b"2"})
    assert below[0] != node_key(Node("a", "Plain", {"x": Link("up", 0)}), PLAIN, {"up": b"1"}, changed=[3])


def test_shorter_lists_repeat_their_last_element() -> None:
    assert spread({"a": [1, 2, 3], "b": [10]}, PLAIN) == [{"a": 1, "b": 10}, {"a": 2, "b": 10}, {"a": 3, "b": 10}]
    assert spread({}, PLAIN) == spread({"a": []}, PLAIN) == [{}]
    assert spread({"a": [1, 2]}, LISTS) == [{"a": [1, 2]}]
    with pytest.raises(ValueError, match="input b got an empty list"):
        spread({"a": [1], "b": []}, PLAIN)


def test_what_calls_return_becomes_lists() -> None:
    assert normalise(5, PLAIN) == Output((5,))
    assert normalise(Blocked("x"), PLAIN) == Output((Blocked("x"),))
    assert normalise(None, NodeDef("None", fn=print)) == Output()
    with pytest.raises(ValueError, match="2 values for 1 outputs"):
        normalise((1, 2), PLAIN)
    assert merge([Output(([1, 2],)), Output((Blocked(),)), Output(([3],))], LISTS) == Result(([1, 2, Blocked(), 3],))
    shown = merge([Output((1,), {"text": ["a"]}), Output((2,), {"text": ["b"]})], PLAIN)
    assert shown == Result(([1, 2],), {"text": ["a", "b"]})


def test_blockers_are_found_in_arguments_and_in_their_lists() -> None:
    assert blocked({"a": 1, "b": Blocked("why")}, PLAIN) == Blocked("why")
    assert blocked({"a": [1, Blocked("in")]}, LISTS) == Blocked("in")
    assert blocked({"a": [1, Blocked("in")]}, PLAIN) is None


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "not an array"),
        ("x", "not a string"),
        ({"1": 5}, "at 1: .*got the number 5"),
        ({"1": {"class_type": 3}}, "at 1.class_type"),
        ({"1": {"class_type": "A", "inputs": []}}, "at 1.inputs: .*got an array"),
    ],
)
def test_documents_that_are_no_workflow_say_where(document: object, message: str) -> None:
    with pytest.raises(NotAWorkflow, match=message):
        read_api(document)


def test_reading_keeps_what_it_does_not_know() -> None:
    document = {"1": {"class_type": "A", "inputs": {"x": 1}, "_meta": {"title": "T"}, "is_changed": ["y"]}}
    workflow = read_api(document)
    assert workflow.dump() == document
    assert workflow.root["1"].title == "T"
    assert is_api(document)
    assert not is_api({"nodes": [], "links": []})


@pytest.mark.parametrize("text", ["", "{", "nope", "[" * 100_000])
def test_text_that_is_no_json(text: str) -> None:
    with pytest.raises(NotAWorkflow, match="not valid JSON"):
        parse(text)


async def test_a_lane_is_as_wide_as_it_says_and_lowest_rank_goes_first() -> None:
    lanes, order, gate = Lanes({"one": 1}), [], threading.Event()

    def note(rank: int) -> int:
        gate.wait(1)
        order.append(rank)
        return rank

    tasks = [asyncio.create_task(lanes.run("one", rank, lambda rank=rank: note(rank))) for rank in (0, 3, 2, 1)]  # type: ignore[misc]
    await asyncio.sleep(0.01)
    gate.set()
    assert await asyncio.gather(*tasks) == [0, 3, 2, 1]
    assert order == [0, 1, 2, 3]
    lanes.close()


async def test_cancelling_a_call_waits_for_its_thread() -> None:
    lanes, ended = Lanes({}), []

    def work() -> None:
        time.sleep(0.03)
        ended.append(1)

    task = asyncio.create_task(lanes.run("x", 0, work))
    await asyncio.sleep(0.005)
    waiting = asyncio.create_task(lanes.run("x", 1, work))
    await asyncio.sleep(0.005)
    waiting.cancel()
    task.cancel()
    for cancelled in (task, waiting):
        with pytest.raises(asyncio.CancelledError):
            await cancelled
    assert ended == [1]
    assert await lanes.run("x", 0, lambda: 5) == 5
    lanes.close()


def test_services_are_found_by_type_and_missing_ones_named() -> None:
    box = Services({"a": 1})
    assert box.get(dict) == {"a": 1}
    with pytest.raises(LookupError, match="no set service"):
        box.get(set)


def test_a_context_reports_and_feels_an_interrupt() -> None:
    seen: list[object] = []
    context = Context(
        Job(prompt={}, targets=()), NodeRef("1", "1", None, "1"), Services(seen), seen.append, threading.Event()
    )
    context.progress(1, 2)
    context.preview("image/png", b"x")
    assert len(seen) == 2
    assert context.service(list) is seen
    context.cancelled.set()
    with pytest.raises(Cancelled):
        context.progress(2, 2)
