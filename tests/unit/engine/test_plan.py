"""Checking workflows: every complaint names the node, the input, what was expected and what was given."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.declare import node
from engine.errors import InvalidWorkflow
from engine.folders import Folders
from engine.graph import Link
from engine.marks import FileIn
from engine.node import InputSpec, NodeDef
from engine.plan import plan
from engine.problems import Problem
from engine.services import Services
from engine.workflow import read_api
from tests.support.toys import api, planned, registry


def refused(document: dict[str, Any], **more: Any) -> InvalidWorkflow:
    with pytest.raises(InvalidWorkflow) as caught:
        plan(read_api(document), registry(), **more)
    return caught.value


def complaint(inputs: dict[str, Any], kind: str = "Show") -> Problem:
    """The one problem of a single node with these inputs."""
    nodes = (
        api(n=(kind, inputs))
        if kind == "Show"
        else api(n=(kind, inputs), o=("Show", {"value": ["n", 0], "style": "plain"}))
    )
    (problem,) = refused(nodes).node_problems["n"].errors
    return problem


def test_a_good_workflow_keeps_its_links_and_constants() -> None:
    checked = planned(api(a=("Number", {"value": 3}), o=("Show", {"value": ["a", 0], "style": "loud"})))
    assert checked.targets == ("o",)
    assert checked.graph["o"].inputs == {"value": Link("a", 0), "style": "loud"}
    assert not checked.rejected


@pytest.mark.parametrize(
    ("inputs", "type_", "message", "details"),
    [
        ({}, "required_input_missing", "Required input is missing", "value"),
        (
            {"value": "zz"},
            "invalid_input_type",
            "Failed to convert an input value to a INT value",
            "value, zz, invalid literal for int() with base 10: 'zz'",
        ),
        ({"value": None}, "invalid_input_type", "Failed to convert an input value to a INT value", None),
        ({"value": float("inf")}, "invalid_input_type", "Failed to convert an input value to a INT value", None),
        ({"value": {"an": "object"}}, "invalid_input_type", "Failed to convert an input value to a INT value", None),
        ({"value": -1}, "value_smaller_than_min", "Value -1 smaller than min of 0", "value"),
        ({"value": 1001}, "value_bigger_than_max", "Value 1001 bigger than max of 1000", "value"),
        (
            {"value": ["x"]},
            "bad_linked_input",
            "Bad linked input, must be a length-2 list of [node_id, slot_index]",
            "value",
        ),
        (
            {"value": [1, 0]},
            "bad_linked_input",
            "Bad linked input, must be a length-2 list of [node_id, slot_index]",
            "value",
        ),
        (
            {"value": ["n", float("inf")]},
            "bad_linked_input",
            "Bad linked input, must be a length-2 list of [node_id, slot_index]",
            "value",
        ),
    ],
)
def test_a_bad_constant(inputs: dict[str, Any], type_: str, message: str, details: str | None) -> None:
    problem = complaint(inputs, "Number")
    assert (problem.type, problem.message) == (type_, message)
    assert problem.details == details or (details is None and "value" in problem.details)
    assert problem.extra_info["input_name"] == "value"


def test_a_choice_that_is_not_offered_lists_what_is() -> None:
    problem = complaint({"value": 1.5, "style": "shy"})
    assert problem.type == "value_not_in_list"
    assert problem.details == "style: 'shy' not in ['plain', 'loud']"


def test_a_long_list_of_choices_is_only_counted() -> None:
    @node("Many", is_output=True)
    def many() -> None: ...

    from dataclasses import replace

    definition = replace(many.definition, inputs=(InputSpec("pick", "COMBO", choices=[str(i) for i in range(30)]),))
    with pytest.raises(InvalidWorkflow) as caught:
        plan(read_api(api(n=("Many", {"pick": "x"}))), registry(definition))
    (problem,) = caught.value.node_problems["n"].errors
    assert problem.details == "pick: 'x' not in (list of length 30)"
    assert problem.extra_info["input_config"] is None


@pytest.mark.parametrize(("given_", "kept"), [(3.7, 3), ("5", 5), (True, 1), ({"__value__": 4}, 4)])
def test_constants_are_converted_and_written_back(given_: Any, kept: int) -> None:
    checked = planned(api(a=("Number", {"value": given_}), o=("Show", {"value": ["a", 0], "style": "plain"})))
    assert checked.graph["a"].inputs["value"] == kept
    assert checked.prompt["a"]["inputs"]["value"] == kept


def test_a_node_of_no_known_type_is_named_by_its_title() -> None:
    error = refused({"7": {"class_type": "Nope", "inputs": {}, "_meta": {"title": "My node"}}})
    assert error.problem.type == "missing_node_type"
    assert error.problem.message == "Node 'My node' not found. The custom node may not be installed."
    assert error.problem.details == "Node ID '#7'"
    assert error.problem.extra_info == {"node_id": "7", "class_type": "Nope", "node_title": "My node"}


def test_all_nodes_of_no_known_type_are_told_at_once() -> None:
    gone = {"class_type": "Gone", "inputs": {}}
    extra = refused({"7": {**gone, "_meta": {"title": "First"}}, "9": gone, "x": {"inputs": {}}}).problem.extra_info
    assert extra["node_id"] == "7"
    assert [(each["node_id"], each["class_type"], each["node_title"]) for each in extra["others"]] == [
        ("9", "Gone", "Gone"),
        ("x", None, None),
    ]
    assert extra["others"][0]["message"] == "Node 'Gone' not found. The custom node may not be installed."


def test_a_node_without_a_type() -> None:
    error = refused({"7": {"inputs": {}}})
    assert error.problem.message.startswith("Node 'ID #7' has no class_type.")


def test_a_workflow_without_outputs() -> None:
    assert refused(api(a=("Number", {"value": 1}))).problem == Problem("prompt_no_outputs", "Prompt has no outputs")
    assert (
        refused(api(o=("Show", {"value": 1.0, "style": "plain"})), only=["other"]).problem.type == "prompt_no_outputs"
    )


def test_types_of_links_must_fit() -> None:
    @node("Word")
    def word() -> str:
        return "word"

    with pytest.raises(InvalidWorkflow) as caught:
        plan(
            read_api(api(w=("Word", {}), o=("Show", {"value": ["w", 0], "style": "plain"}))), registry(word.definition)
        )
    (problem,) = caught.value.node_problems["o"].errors
    assert problem.details == "value, received_type(STRING) mismatch input_type(INT,FLOAT)"
    assert problem.extra_info["linked_node"] == ["w", 0]
    assert "Return type mismatch between linked nodes: value" in caught.value.problem.details


def test_a_link_into_nowhere_is_the_outputs_problem_or_its_ancestors() -> None:
    direct = refused(api(o=("Show", {"value": ["99", 0], "style": "plain"}))).node_problems["o"].errors[0]
    assert (direct.type, direct.details) == ("exception_during_validation", "'99'")
    assert "links to node 99" in direct.extra_info["hint"]

    inner = refused(
        api(a=("Add", {"a": ["99", 0], "b": 1}), o=("Show", {"value": ["a", 0], "style": "plain"}))
    ).node_problems
    (problem,) = inner["a"].errors
    assert list(inner) == ["a"]
    assert problem.type == "exception_during_inner_validation"
    assert problem.extra_info["linked_node"] == ["a", 0]
    assert problem.extra_info["exception_type"] == "KeyError"


def test_a_slot_that_the_source_lacks() -> None:
    problem = (
        refused(api(a=("Number", {"value": 1}), o=("Show", {"value": ["a", 7], "style": "plain"})))
        .node_problems["o"]
        .errors[0]
    )
    assert (problem.details, problem.extra_info["exception_type"]) == ("tuple index out of range", "IndexError")


def test_a_cycle_is_told_at_each_of_its_nodes() -> None:
    error = refused(
        api(
            a=("Add", {"a": ["b", 0], "b": 1}),
            b=("Add", {"a": ["a", 0], "b": 1}),
            o=("Show", {"value": ["a", 0], "style": "plain"}),
        )
    )
    assert set(error.node_problems) == {"a", "b"}
    problem = error.node_problems["a"].errors[0]
    assert problem.type == "dependency_cycle"
    assert problem.details in ("a (Add) -> b (Add) -> a (Add)", "b (Add) -> a (Add) -> b (Add)")
    assert error.node_problems["b"].dependent_outputs == ("o",)


def test_good_outputs_run_although_others_are_rejected() -> None:
    checked = planned(
        api(
            a=("Number", {"value": -1}),
            bad=("Show", {"value": ["a", 0], "style": "plain"}),
            good=("Show", {"value": 1, "style": "plain"}),
        )
    )
    assert checked.targets == ("good",)
    assert checked.rejected["a"].dependent_outputs == ("bad",)
    assert checked.rejected["a"].class_type == "Number"


def test_a_nodes_own_check_sees_constants_and_may_replace_the_built_in_ones() -> None:
    @node("Even", is_output=True)
    def even(value: int, other: int) -> None: ...

    seen: list[dict[str, Any]] = []

    @even.check("value")
    def is_even(inputs: Any, services: Any) -> list[Problem]:
        seen.append(dict(inputs))
        return [Problem("odd", f"{inputs['value']} is odd")] if inputs["value"] % 2 else []

    definitions = registry(even.definition)
    document = api(a=("Number", {"value": 1}), e=("Even", {"value": 4, "other": ["a", 0]}))
    assert plan(read_api(document), definitions).targets == ("e",)
    assert seen == [{"value": 4, "other": None}]
    document["e"]["inputs"]["value"] = 5
    with pytest.raises(InvalidWorkflow, match="5 is odd"):
        plan(read_api(document), definitions)


def test_a_size_must_be_a_multiple_of_its_step() -> None:
    from typing import Annotated

    from pydantic import Field

    @node("Sized", is_output=True)
    def sized(width: Annotated[int, Field(ge=16, multiple_of=8)]) -> None: ...

    with pytest.raises(InvalidWorkflow) as caught:
        plan(read_api(api(s=("Sized", {"width": 100}))), registry(sized.definition))
    assert caught.value.node_problems["s"].errors[0].message == "Value 100 is not a multiple of 8"


def test_nodes_that_no_output_needs_stay_in_the_graph_unchecked() -> None:
    checked = planned(
        api(
            spare=("Add", {"a": ["n", 0], "b": "?", "other": 1}),
            lost=("Add", {"a": ["gone", 0], "b": 2}),
            n=("Number", {"value": 1}),
            o=("Show", {"value": 1, "style": "plain"}),
        )
    )
    assert list(checked.graph.nodes) == ["spare", "lost", "n", "o"]
    assert checked.graph["spare"].inputs == {"a": Link("n", 0), "b": "?"}
    assert checked.graph["lost"].inputs == {"b": 2}


def test_an_output_that_feeds_another_is_an_output_of_its_own() -> None:
    @node("Through", is_output=True)
    def through(value: int) -> int:
        return value

    document = api(p=("Through", {"value": ["o", 0]}), o=("Through", {"value": 1}))
    assert plan(read_api(document), registry(through.definition)).targets == ("p", "o")
    document["o"]["inputs"] = {}
    with pytest.raises(InvalidWorkflow) as caught:
        plan(read_api(document), registry(through.definition))
    assert caught.value.node_problems["o"].dependent_outputs == ("p", "o")


def test_a_dead_link_is_told_as_the_undeclared_input_that_needs_it_sees_it() -> None:
    more = NodeDef("More", print, is_output=True, extra=InputSpec("", "INT", required=False))
    document = api(n=("Number", {"value": ["gone", 0]}), o=("More", {"any": ["n", 0]}))
    with pytest.raises(InvalidWorkflow) as caught:
        plan(read_api(document), registry(more))
    (problem,) = caught.value.node_problems["n"].errors
    assert problem.extra_info["input_name"] == "any"
    assert problem.extra_info["linked_node"] == ["n", 0]


def test_a_file_that_need_not_be_listed_must_be_there(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.lay_out()
    (tmp_path / "input" / "deep").mkdir()
    (tmp_path / "input" / "deep" / "a.png").write_bytes(b"")
    reads = NodeDef(
        "Reads", print, (InputSpec("file", "COMBO", choices=FileIn("input", anywhere=True)),), is_output=True
    )
    definitions = registry(reads, services=Services(folders))
    assert plan(read_api(api(r=("Reads", {"file": "deep/a.png"}))), definitions).targets == ("r",)
    for name in ("deep/b.png", "../secret"):
        with pytest.raises(InvalidWorkflow) as caught:
            plan(read_api(api(r=("Reads", {"file": name}))), definitions)
        (problem,) = caught.value.node_problems["r"].errors
        assert problem.details == f"file - Invalid file: {name}"
        assert problem.extra_info.keys() == {"input_name", "received_value", "hint"}


def test_choices_that_are_no_files_are_listed_behind_them(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.lay_out()
    (tmp_path / "models" / "vae" / "zzz.pt").write_bytes(b"")
    choices = FileIn("vae", more=lambda folders: folders.keys()[2:3])
    reads = NodeDef("Reads", print, (InputSpec("file", "COMBO", choices=choices),), is_output=True)
    definitions = registry(reads, services=Services(folders))
    assert definitions.choices(reads.inputs[0]) == ["zzz.pt", "loras"]
    assert plan(read_api(api(r=("Reads", {"file": "loras"}))), definitions).targets == ("r",)
    with pytest.raises(InvalidWorkflow):
        plan(read_api(api(r=("Reads", {"file": "checkpoints"}))), definitions)


def test_what_was_submitted_is_not_changed() -> None:
    document = api(o=("Show", {"value": 1, "style": "plain"}), n=("Number", {"value": "3"}))
    document["o"]["inputs"]["value"] = ["n", 0]
    workflow = read_api(document)
    assert plan(workflow, registry()).prompt["n"]["inputs"] == {"value": 3}
    assert workflow.root["n"].inputs == {"value": "3"}


def test_planned_prompts_can_be_planned_again() -> None:
    kept = NodeDef("Kept", print, (InputSpec("value", "*"),), is_output=True)
    document = api(k=("Kept", {"value": {"__value__": ["k", 0]}}), o=("Show", {"value": 1, "style": "plain"}))
    once = plan(read_api(document), registry(kept))
    again = plan(read_api(once.prompt), registry(kept))
    assert again.graph["k"].inputs == once.graph["k"].inputs == {"value": ["k", 0]}
    assert again.prompt == once.prompt


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from("abcd"),
        st.tuples(
            st.sampled_from(["Number", "Add", "Show", "Choose"]),
            st.dictionaries(
                st.sampled_from(["value", "a", "b", "style", "first"]),
                json_values | st.tuples(st.sampled_from("abcde"), st.integers(-1, 2)).map(list),
            ),
        ),
        min_size=1,
    )
)
def test_any_workflow_is_planned_or_refused_and_nothing_else(nodes: dict[str, Any]) -> None:
    try:
        checked = planned(api(**nodes))
    except InvalidWorkflow as error:
        refusal = error.problem.type
    else:
        refusal = None
        assert checked.targets
        assert checked.graph.order(checked.targets)
    assert refusal in (None, "prompt_no_outputs", "prompt_outputs_failed_validation")
