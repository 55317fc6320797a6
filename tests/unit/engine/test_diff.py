"""The difference of two workflows, case by case."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from engine.diff import difference
from engine.differences import Difference, Feed, LinkChange, NodeChange, NodeName, ValueChange
from engine.errors import InvalidWorkflow, NotAWorkflow
from tests.support.graphs import Json, registry
from tests.unit.engine.test_lower import SOURCE, entry, flow, gives, instance, link, nested, node, sampler

REGISTRY = registry()
PAIR = flow(SOURCE, sampler(), links=[link(1, 1, 0, 2)], version=1)


def api(kind: str, title: str | None = None, **inputs: Any) -> Json:
    made: Json = {"class_type": kind, "inputs": inputs}
    return {**made, "_meta": {"title": title}} if title else made


def diff(a: Json, b: Json) -> Difference:
    return difference(a, b, REGISTRY)


def test_texts_that_change_places_are_two_values() -> None:
    """Either pairing of the words could be meant; the ids decide."""
    one = {
        "1": api("Source", words="cat"),
        "2": api("Source", words="dog"),
        "3": api("Sampler", thing=["1", 0], mask=["2", 0]),
    }
    other = copy.deepcopy(one)
    other["1"]["inputs"]["words"], other["2"]["inputs"]["words"] = "dog", "cat"
    found = diff(one, other)
    assert [(each.node.a, each.before, each.after) for each in found.values] == [
        ("1", "cat", "dog"),
        ("2", "dog", "cat"),
    ]
    assert len(found) == 2


def test_ids_are_believed_if_another_numbering_would_not_tell_much_less() -> None:
    one = {"1": api("Source"), "2": api("Any", value=["1", 0]), "3": api("Any", value=["1", 1])}
    found = diff(one, {"1": api("Source"), "2": api("Any", value=["1", 1])})
    assert [each.a for each in found.only_a] == ["3"]
    assert [(each.node.a, each.input) for each in found.links] == [("2", "value")]


def test_nodes_that_change_their_ids_are_none() -> None:
    one = {"1": api("Source", words="cat"), "2": api("Source", words="dog"), "3": api("Sampler", thing=["1", 0])}
    other = {"2": one["1"], "1": one["2"], "3": api("Sampler", thing=["2", 0])}
    assert not diff(one, other)


def test_equal_chains_stay_side_by_side_whatever_their_ids() -> None:
    def chains(first: str, second: str) -> Json:
        return {
            f"{name}{i}": api("Pass", thing=[f"{name}{i - 1}", 0]) if i else api("Source", words="same")
            for name in (first, second)
            for i in range(20)
        }

    assert not diff(chains("a", "b"), chains("c", "d"))


def test_a_pasted_part_with_other_ids_is_found_by_what_it_is_and_where_it_stands() -> None:
    one = {"1": api("Source", words="cat"), "2": api("Pass", thing=["1", 0]), "3": api("Sink", thing=["2", 0])}
    other = {"11": api("Source", words="a cat"), "12": api("Pass", thing=["11", 0]), "3": api("Sink", thing=["12", 0])}
    source = NodeName("1", "11", "Source")
    assert diff(one, other) == Difference(values=(ValueChange(source, "words", "cat", "a cat"),))


def test_a_link_says_what_fed_the_input_and_what_does_now() -> None:
    one = {"1": api("Source"), "2": api("Load", "Mine"), "3": api("Pass", thing=["1", 0])}
    other = {**one, "3": api("Pass", thing=["2", 0])}
    feeds = Feed(NodeName("1", "1", "Source"), 0, "THING"), Feed(NodeName("2", "2", "Load", "Mine"), 0, "THING")
    assert diff(one, other) == Difference(links=(LinkChange(NodeName("3", "3", "Pass"), "thing", *feeds),))


def test_a_value_that_becomes_a_link_is_one_change() -> None:
    one = {"1": api("Source"), "2": api("Sink", count=4)}
    (change,) = diff(one, {**one, "2": api("Sink", count=["1", 1])}).links
    assert (change.input, change.before, change.value) == ("count", None, 4)
    assert change.after == Feed(NodeName("1", "1", "Source"), 1, "INT")


def test_a_node_that_changed_its_type_is_the_same_one_at_its_place() -> None:
    one = {"1": api("Source"), "2": api("Pass", thing=["1", 0]), "3": api("Sink", thing=["2", 0])}
    found = diff(one, {**one, "2": api("Sampler", thing=["1", 0], seed=5)})
    assert found == Difference(nodes=(NodeChange(NodeName("2", "2", "Sampler"), "type", "Pass", "Sampler"),))


def test_an_id_that_was_used_anew_is_another_node() -> None:
    found = diff({"1": api("Source"), "2": api("Pass", thing=["1", 0])}, {"1": api("Source"), "2": api("Load")})
    assert found == Difference((NodeName("2", None, "Pass"),), (NodeName(None, "2", "Load"),))


@pytest.mark.parametrize(
    ("one", "other", "same"), [(1, 1.0, True), (1, True, False), ("1", 1, False), (None, 0, False), ([1], [1.0], True)]
)
def test_numbers_are_the_same_however_they_are_written(one: Any, other: Any, same: bool) -> None:
    assert (not diff({"1": api("Sink", count=one)}, {"1": api("Sink", count=other)})) == same


def test_what_may_be_left_out_is_its_default_and_a_title_may_be_that_of_the_type() -> None:
    one = {"1": api("Sampler", noise_seed=0), "2": api("Source", "A source")}
    assert not diff(one, {"1": api("Sampler"), "2": api("Source")})


def test_a_muted_node_is_a_change_of_its_mode_not_of_links() -> None:
    muted = flow({**SOURCE, "mode": 2}, sampler(), links=[link(1, 1, 0, 2)], version=1)
    assert diff(PAIR, muted) == Difference(nodes=(NodeChange(NodeName("1", "1", "Source"), "mode", "normal", "muted"),))


def test_beside_the_api_format_only_what_runs_counts() -> None:
    muted = node(7, "Source", mode=2)
    drawn = flow(SOURCE, sampler(), muted, node(8, "Note", values=["x"]), links=[link(1, 1, 0, 2)], version=1)
    runs = {
        "1": api("Source", words="a", count=2, loud=True, shade="red"),
        "2": api("Sampler", seed=5, strength=0.5, method="two", noise_seed=9, thing=["1", 0]),
    }
    assert not diff(drawn, runs)
    assert {each.b for each in diff(PAIR, drawn).only_b} == {"7", "8"}


def test_a_note_holds_a_text() -> None:
    (change,) = diff(flow(node(1, "Note", values=["old"])), flow(node(1, "Note", values=["new"]))).values
    assert (change.input, change.before, change.after) == ("text", "old", "new")


def test_inside_a_subgraph_ids_are_paths_and_its_instance_is_a_node() -> None:
    promoted = instance(widgets_values=[7])
    found = diff(nested(instance()), nested({**promoted, "title": "Ours", "mode": 4}))
    shown = NodeName("5", "5", "subgraph Part", "Ours")
    assert found == Difference(
        nodes=(NodeChange(shown, "title", None, "Ours"), NodeChange(shown, "mode", "normal", "bypassed")),
        values=(ValueChange(NodeName("5:1", "5:1", "Source"), "count", 1, 7),),
    )


def test_to_put_nodes_into_a_subgraph_is_only_that() -> None:
    """Its links are the same ones, its nodes keep what they hold."""
    flat = flow(
        node(1, "Source", values=["inside", 1], outputs=gives("THING")),
        node(2, "Pass", entry("thing", 3), outputs=gives("THING")),
        node(9, "Sink", entry("thing", 9), values=[1]),
        links=[link(3, 1, 0, 2), link(9, 2, 0, 9)],
        version=1,
    )
    assert diff(flat, nested(instance())) == Difference(only_b=(NodeName(None, "5", "subgraph Part"),))


def test_types_that_nobody_knows_are_compared_by_the_places_of_their_values() -> None:
    def strange(*values: Any, **more: Any) -> Json:
        return flow(SOURCE, node(4, "Strange", entry("x", 1), values=list(values), outputs=gives("ODD"), **more),
                    sampler(thing=2), links=[link(1, 1, 0, 4), link(2, 4, 0, 2)], version=1)  # fmt: skip

    assert not diff(strange(1, "a"), strange(1, "a", pos=[5, 5]))
    (change,) = diff(strange(1, "a"), strange(1, "b")).values
    assert (change.node, change.input, change.after) == (NodeName("4", "4", "Strange"), "widget 2", "b")
    with pytest.raises(InvalidWorkflow, match=r"^Node 'Strange' not found.*: b: Node ID '#4'"):
        diff({"1": api("Source")}, strange(1))  # the API format has names for values


def test_nodes_in_a_circle_can_be_compared() -> None:
    circle = {"1": api("Pass", "One", thing=["2", 0]), "2": api("Pass", thing=["1", 0])}
    circle["3"] = api("Sink", thing=["2", 0])
    assert not diff(circle, dict(reversed(circle.items())))
    assert len(diff(circle, {**circle, "3": api("Sink", thing=["1", 0])})) == 1


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "b: a workflow is a JSON object"),
        ({"nodes": [{"id": 1}]}, "b: workflow: at nodes.0.type"),
        ({"settings": {"inputs": {}}}, "b: workflow: node 'settings' has no class_type"),
    ],
)
def test_what_is_no_workflow_is_refused_with_the_one_that_is_meant(document: Any, said: str) -> None:
    with pytest.raises(NotAWorkflow, match=said):
        diff(PAIR, document)
