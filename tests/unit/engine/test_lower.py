"""UI format -> API format, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from engine import lower as lowering
from engine.errors import InvalidWorkflow, NotAWorkflow
from engine.lower import lower
from engine.plan import plan
from engine.ui_workflow import read_ui
from engine.workflow import is_ui, read_api
from tests.support.graphs import Json, registry

REGISTRY = registry()


def node(node_id: int | str, kind: str, *inputs: Json, values: Any = None, outputs: Any = (), **more: Any) -> Json:
    made = {"id": node_id, "type": kind, "inputs": list(inputs), "outputs": list(outputs), **more}
    return made if values is None else {**made, "widgets_values": values}


def entry(name: str, link: int | None = None, kind: Any = "THING", **more: Any) -> Json:
    return {"name": name, "type": kind, "link": link, **more}


def gives(*kinds: str) -> list[Json]:
    return [{"name": kind, "type": kind} for kind in kinds]


def flow(*nodes: Json, links: Any = (), **more: Any) -> Json:
    return {"version": 0.4, "nodes": list(nodes), "links": list(links), **more}


def link(number: int, origin: int, slot: int, target: int, place: int = 0, kind: str = "THING") -> Json:
    ends = {"origin_id": origin, "origin_slot": slot, "target_id": target, "target_slot": place}
    return {"id": number, **ends, "type": kind}


def inputs(document: Json, node_id: str) -> Json:
    found: Json = lower(document, REGISTRY)[node_id]["inputs"]
    return found


SOURCE = node(1, "Source", values=["a", 2, True, "red"], outputs=gives("THING", "INT"))


def sampler(*more: Json, thing: int | None = 1, **other: Any) -> Json:
    return node(2, "Sampler", entry("thing", thing), *more, values=[5, "randomize", 0.5, "two", "fixed", 9], **other)


def subgraph(nodes: list[Json], links: list[Json], **more: Any) -> Json:
    return {"id": "sub", "name": "Part", "nodes": nodes, "links": links, **more}


def refusal(document: Json) -> InvalidWorkflow:
    with pytest.raises(InvalidWorkflow) as refused:
        lower(document, REGISTRY)
    return refused.value


def test_widgets_take_their_names_from_the_declaration() -> None:
    made = lower(flow(SOURCE, sampler(title="Mine"), links=[[1, 1, 0, 2, 0, "THING"]]), REGISTRY)
    assert made == {
        "1": {
            "class_type": "Source",
            "inputs": {"words": "a", "count": 2, "loud": True, "shade": "red"},
            "_meta": {"title": "A source"},
        },
        "2": {
            "class_type": "Sampler",
            "inputs": {"seed": 5, "strength": 0.5, "method": "two", "noise_seed": 9, "thing": ["1", 0]},
            "_meta": {"title": "Mine"},
        },
    }


def test_what_old_files_write_is_understood() -> None:
    old = {**SOURCE, "pos": {"0": 10, "1": 20}, "size": {"0": 1, "1": 2}, "inputs": None, "properties": None}
    older = {**sampler(), "widgets_values": [5, True, 0.5, "two", False, 9]}  # seed control before it had names
    assert inputs(flow(old, older, links=[[1, 1, 0, 2, 0, 0]]), "2")["seed"] == 5
    assert read_ui(flow(old)).nodes[0].pos == [10, 20]


@pytest.mark.parametrize(
    ("values", "named", "expected"),
    [
        (["b"], None, ("b", 1, False, "red")),  # missing ones are the defaults
        (["b", None, None, "blue", "beyond", 7], None, ("b", 1, False, "blue")),
        ({"loud": True, "words": "b", "videopreview": {}}, None, ("b", 1, True, "red")),
        (["b", 3, True, "blue"], {"count": 8, "control_after_generate": "fixed"}, ("b", 8, True, "blue")),
        (None, None, ("", 1, False, "red")),
    ],
)
def test_values_in_a_list_by_name_or_missing(values: Any, named: Any, expected: tuple[Any, ...]) -> None:
    found = inputs(flow(node(1, "Source", values=values, widgets_values_named=named)), "1")
    assert tuple(found[name] for name in ("words", "count", "loud", "shade")) == expected


def test_an_upload_button_is_no_input() -> None:
    assert inputs(flow(node(1, "Load", values=["a.png", 4, "image"])), "1") == {"file": "a.png", "count": 4}


def test_a_value_for_what_is_a_socket_now_is_dropped_when_the_number_of_values_says_so() -> None:
    assert inputs(flow(node(1, "Late", values=[3, "words"])), "1") == {"words": "words"}
    assert inputs(flow(node(1, "Late", values=["words"])), "1") == {"words": "words"}


def test_an_array_is_told_from_a_link() -> None:
    made = lower(flow(node(1, "Picks", values=[["a", 1]])), REGISTRY)
    assert made["1"]["inputs"] == {"picked": {"__value__": ["a", 1]}}


def test_a_linked_widget_keeps_its_place_among_the_values() -> None:
    linked = node(2, "Source", entry("count", 1, "INT", widget={"name": "count"}), values=["a", 99, True, "blue"])
    found = inputs(flow(SOURCE, linked, links=[link(1, 1, 1, 2, kind="INT")], version=1), "2")
    assert found == {"words": "a", "count": ["1", 1], "loud": True, "shade": "blue"}
    assert list(found) == ["words", "count", "loud", "shade"]


def test_links_are_found_by_their_id_not_by_their_slot() -> None:
    target = sampler(entry("mask", 2, "MASK"), thing=1)
    source = node(1, "Sampler", outputs=gives("THING", "MASK"))
    found = inputs(flow(source, target, links=[[2, 1, 1, 2, 0, "MASK"], [1, 1, 0, 2, 0, "THING"]]), "2")
    assert (found["thing"], found["mask"]) == (["1", 0], ["1", 1])


def test_a_reroute_is_seen_through_and_native_ones_are_not_there() -> None:
    reroute = node(7, "Reroute", entry("", 1, "*"), outputs=gives("THING"))
    extra = {"reroutes": [{"id": 1, "pos": [0, 0], "linkIds": [1]}], "linkExtensions": [{"id": 1, "parentId": 1}]}
    links = [[1, 1, 0, 7, 0, "*"], [2, 7, 0, 2, 0, "THING"]]
    assert inputs(flow(SOURCE, reroute, sampler(thing=2), links=links, extra=extra), "2")["thing"] == ["1", 0]


def test_a_primitive_writes_into_the_widget_also_through_a_reroute() -> None:
    primitive = node(5, "PrimitiveNode", values=[77, "fixed"], outputs=gives("INT"))
    reroute = node(7, "Reroute", entry("", 1, "*"), outputs=gives("INT"))
    target = node(2, "Source", entry("count", 2, "INT", widget={"name": "count"}), values=["a", 1, False])
    links = [[1, 5, 0, 7, 0, "INT"], [2, 7, 0, 2, 0, "INT"]]
    made = lower(flow(primitive, reroute, target, links=links), REGISTRY)
    assert made["2"]["inputs"]["count"] == 77
    assert list(made) == ["2"]


def test_a_muted_source_leaves_a_socket_empty_and_a_widget_as_it_is() -> None:
    muted = {**SOURCE, "mode": 2}
    target = sampler(entry("seed", 2, "INT", widget={"name": "seed"}), thing=1)
    found = inputs(flow(muted, target, links=[[1, 1, 0, 2, 0, "THING"], [2, 1, 1, 2, 1, "INT"]]), "2")
    assert "thing" not in found
    assert found["seed"] == 5


@pytest.mark.parametrize(
    ("entries", "given", "wanted", "expected"),
    [
        (["MASK", "THING"], "THING", "*", 0),  # any target: the same place
        (["thing", "THING"], "THING", "THING", 0),  # the same place if it fits, in any case of letters
        (["MASK", "A,THING", "THING"], "THING", "THING", 2),  # exactly the type wanted, before what would do
        (["MASK", "A,THING"], "THING", "THING", 1),
        (["MASK", "*"], "THING", "THING", 1),
        (["MASK"], "THING", "THING", None),
        ([["red", "green"], "THING"], "THING", "COMBO", 0),  # a choice as old files write it
        ([], "THING", "*", None),
    ],
)
def test_a_bypassed_node_passes_on_the_input_that_fits(
    entries: list[Any], given: str, wanted: str, expected: int | None
) -> None:
    passed = node(7, "Gone", *(entry(f"in {i}", i + 10, kind) for i, kind in enumerate(entries)), mode=4)
    passed["outputs"] = gives(given)
    sources = [node(100 + i, "Source", outputs=gives("THING")) for i in range(len(entries))]
    links = [link(i + 10, 100 + i, 0, 7, i) for i in range(len(entries))]
    target = node(2, "Any", entry("value", 1, wanted))
    found = inputs(flow(passed, *sources, target, links=[*links, link(1, 7, 0, 2)], version=1), "2")
    assert found.get("value") == (None if expected is None else [str(100 + expected), 0])


def test_a_node_of_any_inputs_keeps_its_links_and_named_values() -> None:
    many = node(2, "Any", entry("more", 1), widgets_values_named={"extra": 4, "control_after_generate": "fixed"})
    assert inputs(flow(SOURCE, many, links=[link(1, 1, 0, 2)]), "2") == {"extra": 4, "more": ["1", 0]}


@pytest.mark.parametrize("kind", ["SetNode", "Nobody"])
def test_an_unknown_type_is_named_as_in_the_api_format(kind: str) -> None:
    problem = refusal(flow(node(4, kind, title="Here"))).problem
    with pytest.raises(InvalidWorkflow) as api:
        plan(read_api({"4": {"class_type": kind, "inputs": {}, "_meta": {"title": "Here"}}}), REGISTRY)
    assert problem == api.value.problem
    assert problem.type == "missing_node_type"
    assert lower(flow(node(4, kind, mode=2)), REGISTRY) == {}


def test_unknown_types_are_told_all_at_once_those_in_subgraphs_and_groups_too() -> None:
    part = subgraph([node(3, "Gone")], [])
    inner = [{"type": "Odd", "outputs": gives("THING")}, {"type": "Odd", "mode": 2}, {"type": "Note"}]
    group = node(6, "workflow>Old", values=[1, 2], outputs=gives("THING"))
    taker = node(7, "Any", entry("value", 1))
    nodes = [node(1, "Gone"), node(5, "sub"), group, taker]
    extra = {"groupNodes": {"Old": {"nodes": inner, "external": [[0, 0, "THING"]]}}}
    document = flow(*nodes, links=[[1, 6, 0, 7, 0, "THING"]], definitions={"subgraphs": [part]}, extra=extra)
    problem = refusal(document).problem
    assert problem.details == "Node ID '#1'"
    assert [(each["node_id"], each["class_type"]) for each in problem.extra_info["others"]] == [
        ("5:3", "Gone"),
        ("6:0", "Odd"),
    ]


LOOP = [
    node(7, "Reroute", entry("", 1, "*"), outputs=gives("*")),
    node(8, "Reroute", entry("", 2, "*"), outputs=gives("*")),
]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (flow(sampler(thing=9)), r"node 2 \(Sampler\): its input 'thing' names link 9"),
        (flow(sampler(), links=[link(1, 3, 0, 2)]), "link 1 of the workflow comes from node 3"),
        (flow(SOURCE, SOURCE), r"node 1 \(Source\): another node of the same graph has the id 1"),
        (flow(SOURCE, {**SOURCE, "id": "1"}), "has the id '1'"),
        (flow(SOURCE, links=[link(1, 1, 0, 2), link(1, 1, 1, 2)]), "two links of the workflow have the id 1"),
        (flow(*LOOP, sampler(), links=[link(1, 8, 0, 7), link(2, 7, 0, 8)]), r"node 2 .*leads in a circle"),
        (flow(node(2, "Sampler", values=[5, 20, 0.5])), r"node 2 \(Sampler\): expected one of fixed.* got 20 among"),
        (flow(node(2, "workflow>Lost")), "node 2 .*no group of this name"),
    ],
)
def test_what_cannot_be_lowered_is_refused_by_name(document: Json, said: str) -> None:
    refused = refusal(document)
    assert refused.problem.type == "cannot_lower_workflow"
    with pytest.raises(InvalidWorkflow, match=said):
        raise refused


def test_a_document_that_is_none_says_at_which_node() -> None:
    with pytest.raises(NotAWorkflow, match=r"nodes\.0\.mode \(node 3, 'Mine'\): .*got 'off'"):
        lower(flow(node(3, "Source", title="Mine", mode="off")), REGISTRY)
    with pytest.raises(NotAWorkflow):
        lower({"nodes": 3}, REGISTRY)
    assert not is_ui({"nodes": {"class_type": "Source", "inputs": {}}})


INNER = [
    node(1, "Source", entry("count", 1, "INT", widget={"name": "count"}), values=["inside", 1], outputs=gives("THING")),
    node(2, "Pass", entry("thing", 3), outputs=gives("THING")),
]
INNER_LINKS = [link(1, -10, 0, 1, kind="INT"), link(2, 2, 0, -20), link(3, 1, 0, 2)]
PORTS: Json = {
    "inputs": [{"name": "how many", "type": "INT", "linkIds": [1]}],
    "outputs": [{"name": "THING", "type": "THING", "linkIds": [2]}],
}


def instance(**more: Any) -> Json:
    made = {"inputs": [entry("how many", None, "INT", widget={"name": "how many"})], "outputs": gives("THING")}
    return {"id": 5, "type": "sub", **made, **more}


def nested(*nodes: Json, links: Any = (), **more: Any) -> Json:
    part = subgraph(INNER, INNER_LINKS, **PORTS)
    sink = node(9, "Sink", entry("thing", 9), values=[1])
    links = [link(9, 5, 0, 9), *links]
    return flow(*nodes, sink, links=links, definitions={"subgraphs": [part]}, version=1, **more)


def test_nodes_of_a_subgraph_get_the_path_to_them_as_id() -> None:
    made = lower(nested(instance()), REGISTRY)
    assert {node_id: made[node_id]["class_type"] for node_id in made} == {"5:1": "Source", "5:2": "Pass", "9": "Sink"}
    assert made["9"]["inputs"]["thing"] == ["5:2", 0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, 1),
        ({"widgets_values": [7]}, 7),
        ({"widgets_values": [7], "inputs": []}, 7),  # sockets of widgets may be left out
        ({"widgets_values": [None]}, 1),
        ({"widgets_values": {"how many": 7}}, 7),
        ({"widgets_values": [7], "widgets_values_named": {"how many": 8}}, 8),
        ({"widgets_values": ["x", 7], "properties": {"proxyWidgets": [["1", "words"], ["-1", "how many"]]}}, 7),
    ],
)
def test_an_instance_says_what_its_promoted_widget_holds(given: Json, expected: int) -> None:
    assert inputs(nested(instance(**given)), "5:1")["count"] == expected


def test_a_promoted_widget_that_is_linked_gets_the_link() -> None:
    linked = instance(inputs=[entry("how many", 8, "INT")], widgets_values=[7])
    assert inputs(nested(SOURCE, linked, links=[link(8, 1, 1, 5, kind="INT")]), "5:1")["count"] == ["1", 1]
    muted = {**SOURCE, "mode": 2}
    linked["inputs"][0]["widget"] = {"name": "how many"}
    assert inputs(nested(muted, linked, links=[link(8, 1, 1, 5, kind="INT")]), "5:1")["count"] == 7


def test_values_of_an_instance_that_fit_no_widgets_are_refused() -> None:
    refused = refusal(nested(instance(widgets_values=[1, 2, 3], properties={"proxyWidgets": [["1", "words"]]})))
    assert "expected as many widget values as it shows widgets" in str(refused)
    assert refused.problem.extra_info["node_id"] == "5"


def test_a_muted_instance_is_gone_and_a_bypassed_one_passes_on() -> None:
    assert list(lower(nested(instance(mode=2)), REGISTRY)) == ["9"]
    bypassed = instance(mode=4, inputs=[entry("thing", 8)])
    made = lower(nested(SOURCE, bypassed, links=[link(8, 1, 0, 5)]), REGISTRY)
    assert made["9"]["inputs"]["thing"] == ["1", 0]


def test_a_subgraph_that_contains_itself_is_refused() -> None:
    part = subgraph([{"id": 1, "type": "sub"}], [])
    refused = refusal(flow(instance(), definitions={"subgraphs": [part]}))
    assert "node 5:1 (sub): the subgraph 'Part' contains itself" in str(refused)


def test_subgraphs_that_stand_for_too_many_nodes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowering, "MAX_NODES", 50)
    parts = [{"id": f"sub {i}", "nodes": [{"id": k, "type": f"sub {i + 1}"} for k in range(2)]} for i in range(7)]

    def tree(leaf: list[Json]) -> Json:
        return flow({"id": 1, "type": "sub 0"}, definitions={"subgraphs": [*parts, {"id": "sub 7", "nodes": leaf}]})

    document = tree([{"id": k, "type": "Source"} for k in range(30)])
    assert "more than 50 nodes" in str(refusal(document))
    assert "more than 50 subgraphs" in str(refusal(tree([])))
    monkeypatch.setattr(lowering, "MAX_DEPTH", 3)
    assert "nested more than 3 deep" in str(refusal(document))


def group(**more: Any) -> Json:
    """A group of a Source that feeds a Sampler, and a Pass on its own."""
    nodes = [
        node(-1, "Source", outputs=gives("THING", "INT"), values=["in group", 1, False, "red"]),
        node(-1, "Sampler", entry("thing"), entry("mask"), outputs=gives("THING", "MASK")),
        node(
            -1, "Source", entry("count", kind="INT", widget={"name": "count"}), outputs=gives("THING", "INT"), index=2
        ),
    ]
    return {"nodes": nodes, "links": [[0, 0, 1, 0, 5, "THING"], [None, 0, 1, 1, 6, "MASK"]], "external": [], **more}


def test_a_group_node_is_read_as_the_nodes_in_it() -> None:
    values = ["first", 2, True, "green", 5, "fixed", 0.5, "two", "fixed", 9, "second", 3, False, "blue"]
    entries = [entry("mask", 1, "MASK"), entry("Source count", 2, "INT", widget={"name": "Source count"})]
    grouped = node(3, "workflow>Pair", *entries, values=values)
    grouped["outputs"] = gives("INT", "THING", "MASK", "THING", "INT")
    sink = node(4, "Sink", entry("thing", 3), values=[1])
    other = node(1, "Sampler", outputs=gives("THING", "MASK"))
    links = [link(1, 1, 1, 3, kind="MASK"), link(2, 8, 1, 3, kind="INT"), link(3, 3, 3, 4)]
    number = node(8, "Source", outputs=gives("THING", "INT"))
    document = flow(other, number, grouped, sink, links=links, version=1, extra={"groupNodes": {"Pair": group()}})
    made = lower(document, REGISTRY)
    assert made["3:0"]["inputs"] == {"words": "first", "count": 2, "loud": True, "shade": "green"}
    assert made["3:1"]["inputs"]["thing"] == ["3:0", 0]
    assert made["3:1"]["inputs"]["mask"] == ["1", 1]
    assert made["3:1"]["inputs"]["noise_seed"] == 9
    assert made["3:2"]["inputs"] == {"words": "second", "count": ["8", 1], "loud": False, "shade": "blue"}
    assert made["4"]["inputs"]["thing"] == ["3:2", 0]
    short = {**grouped, "widgets_values": values[:-1]}
    refused = refusal({**document, "nodes": [other, number, short, sink]})
    assert "node 3 (workflow>Pair): expected 14 widget values as its group has, got 13" in str(refused)


def test_a_group_hides_and_renames_what_it_keeps_in_its_values() -> None:
    config = {"1": {"input": {"mask": {"visible": False}, "seed": {"visible": False}}}, "2": {"input": {}}}
    config["0"] = {"input": {"": {}}, "output": {"1": {"visible": False}}}
    config["2"]["output"] = {"0": {"visible": False}, "1": {"visible": False}}
    external = [[{"type": "Source", "index": 0}, 0, "THING"]]  # an output that is used inside, and shown all the same
    values = ["first", 2, True, "green", 5, "fixed", 0.5, "two", "fixed", 9, "second", 3, False, "blue"]
    grouped = node(3, "workflow/Pair", values=values, outputs=gives("THING", "THING", "MASK"))
    sink = node(4, "Sink", entry("thing", 1), values=[1])
    extra = {"groupNodes": {"Pair": group(config=config, external=external)}}
    document = flow(grouped, sink, links=[link(1, 3, 0, 4)], version=1, extra=extra)
    made = lower(document, REGISTRY)
    assert made["4"]["inputs"]["thing"] == ["3:0", 0]
    assert made["3:1"]["inputs"]["seed"] == 5
    extra["groupNodes"]["Pair"]["links"].append([0, 0, 9, 0, 1, "THING"])
    assert "a link of its group leads to a node or socket that is not there" in str(refusal(document))


def test_the_value_of_a_primitive_can_be_promoted() -> None:
    part = subgraph(
        [
            node(1, "PrimitiveNode", values=[3, "fixed"], outputs=gives("INT")),
            node(2, "Source", entry("count", 1, "INT", widget={"name": "count"}), values=["a", 1]),
        ],
        [link(1, 1, 0, 2, kind="INT")],
    )
    shown = {"id": 5, "type": "sub", "properties": {"proxyWidgets": [["1", "value"]]}}
    for values, expected in ([], 3), ([8], 8):
        document = flow({**shown, "widgets_values": values}, definitions={"subgraphs": [part]})
        assert inputs(document, "5:2")["count"] == expected
