"""Section 3.3: links that lead nowhere, to what does not fit, or in circles."""

from typing import Any

import pytest

from engine.node import InputSpec, NodeDef, OutputSpec
from tests.semantics.nodes import LIMITED, four, fours, made, planned
from tests.semantics.stage import problem, problems
from tests.support.toys import api


@pytest.mark.rule("3.3-e")
@pytest.mark.parametrize("value", [[], ["n"], ["n", 0, 1]])
def test_s3_3_an_array_that_is_no_pair(value: Any) -> None:
    assert problem(fours(i=value), "o", four.definition) == {
        "type": "bad_linked_input",
        "message": "Bad linked input, must be a length-2 list of [node_id, slot_index]",
        "details": "i",
        "extra_info": {"input_name": "i", "input_config": LIMITED, "received_value": value},
    }


@pytest.mark.rule("3.3-f", "3.3-g", "3.3-ag")
@pytest.mark.parametrize(
    ("link", "text", "kind"),
    [
        (["gone", 0], "'gone'", "KeyError"),
        (["n", 1], "tuple index out of range", "IndexError"),
        (["n", -1], "tuple index out of range", "IndexError"),
    ],
)
def test_s3_3_a_dead_link_of_an_output_node(link: Any, text: str, kind: str) -> None:
    found = problem({**api(n=("Number", {"value": 1})), **fours(i=link)}, "o", four.definition)
    assert found["extra_info"].pop("hint").startswith("input i links to ")
    assert found == {
        "type": "exception_during_validation",
        "message": "Exception when validating node",
        "details": text,
        "extra_info": {"exception_type": kind, "traceback": []},
    }


@pytest.mark.rule("3.3-h")
def test_s3_3_a_dead_link_further_up_is_told_as_its_first_user_sees_it() -> None:
    document = api(
        n=("Number", {"value": ["gone", 0]}),
        other=("Add", {"a": 1, "b": ["n", 0]}),
        first=("Add", {"a": ["n", 0], "b": ["other", 0]}),
        o=("Show", {"value": ["first", 0], "style": "plain"}),
    )
    found = problem(document, "n")
    assert found["extra_info"].pop("hint") == "input value links to node gone, which is not in the workflow"
    assert found == {
        "type": "exception_during_inner_validation",
        "message": "Exception when validating inner node",
        "details": "'gone'",
        "extra_info": {
            "input_name": "a",
            "input_config": ["INT", {}],
            "exception_message": "'gone'",
            "exception_type": "KeyError",
            "traceback": [],
            "linked_node": ["n", 0],
        },
    }


@pytest.mark.rule("3.3-h")
def test_s3_3_the_first_user_is_the_first_on_the_way_from_the_output() -> None:
    document = api(
        n=("Number", {"value": ["gone", 0]}),
        y=("Add", {"a": 1, "b": ["n", 0]}),
        x=("Sort", {"a": ["n", 0], "b": 1}),
        s=("Add", {"a": ["x", 0], "b": ["y", 0]}),
        o=("Show", {"value": ["s", 0], "style": "plain"}),
    )
    assert problem(document, "n")["extra_info"]["input_name"] == "a"  # of x


@pytest.mark.rule("3.3-f")
def test_s3_3_a_dead_link_of_an_output_that_feeds_another_is_told_as_an_outputs() -> None:
    document = {**fours(i=["t", 0]), **api(t=("Through", {"value": ["gone", 0]}))}
    through = NodeDef("Through", print, (InputSpec("value", "INT"),), (OutputSpec("INT", "INT"),), is_output=True)
    assert problem(document, "t", four.definition, through)["type"] == "exception_during_validation"


@pytest.mark.rule("3.3-i")
def test_s3_3_types_that_do_not_fit() -> None:
    document = {**api(n=("Number", {"value": 1})), **fours(s=["n", 0])}
    assert problem(document, "o", four.definition) == {
        "type": "return_type_mismatch",
        "message": "Return type mismatch between linked nodes",
        "details": "s, received_type(INT) mismatch input_type(STRING)",
        "extra_info": {
            "input_name": "s",
            "input_config": ["STRING", {"default": "a"}],
            "received_type": "INT",
            "linked_node": ["n", 0],
        },
    }


@pytest.mark.rule("3.3-j")
def test_s3_3_what_a_bad_link_leads_to_is_checked_too() -> None:
    document = api(
        n=("Number", {"value": -1}),
        c=("Choose", {"first": True, "a": 1, "b": ["n", 0]}),  # lazy, and never asked for
        o=("Show", {"value": ["c", 0], "style": "plain"}),
    )
    assert list(problems(document)) == ["n"]
    document["o"]["inputs"] = {"value": 1, "style": ["n", 0]}  # the types do not fit either
    assert sorted(problems(document)) == ["n", "o"]


@pytest.mark.rule("3.3-i", "3.3-f")
def test_s3_3_raw_links_are_checked_like_others() -> None:
    raw = made(InputSpec("link", "STRING", raw=True))
    document = api(n=("Number", {"value": 1}), o=("Made", {"link": ["n", 0]}))
    assert problem(document, "o", raw)["type"] == "return_type_mismatch"
    document["o"]["inputs"]["link"] = ["gone", 0]
    assert problem(document, "o", raw)["details"] == "'gone'"


RING = api(
    a=("Add", {"a": ["c", 0], "b": 1}),
    b=("Add", {"a": ["a", 0], "b": 1}),
    c=("Add", {"a": ["b", 0], "b": 1}),
    below=("Add", {"a": ["b", 0], "b": 1}),
    o=("Show", {"value": ["below", 0], "style": "plain"}),
)


@pytest.mark.rule("3.3-ad", "3.3-ae")
def test_s3_3_a_cycle_is_told_at_each_of_its_nodes() -> None:
    found = problems(RING)
    assert sorted(found) == ["a", "b", "c"]
    for node_id, told in found.items():
        assert list(told["errors"]) == [
            {
                "type": "dependency_cycle",
                "message": "Dependency cycle detected",
                "details": "b (Add) -> a (Add) -> c (Add) -> b (Add)",
                "extra_info": {"node_id": node_id, "cycle_nodes": ["b", "a", "c"]},
            }
        ]
        assert told["dependent_outputs"] == ("o",)


@pytest.mark.rule("3.3-ad")
def test_s3_3_every_cycle_is_told_and_other_problems_of_its_nodes_too() -> None:
    document = api(
        a=("Add", {"a": ["b", 0], "b": "?"}),
        b=("Add", {"a": ["a", 0], "b": 1}),
        c=("Number", {"value": ["c", 0]}),
        s=("Add", {"a": ["a", 0], "b": ["c", 0]}),
        o=("Show", {"value": ["s", 0], "style": "plain"}),
        good=("Show", {"value": 1, "style": "plain"}),
    )
    rejected = planned(document).rejected
    told = {node_id: [error.type for error in found.errors] for node_id, found in rejected.items()}
    assert {node_id: sorted(types) for node_id, types in told.items()} == {
        "a": ["dependency_cycle", "invalid_input_type"],
        "b": ["dependency_cycle"],
        "c": ["dependency_cycle"],
    }


@pytest.mark.rule("3.3-ae")
def test_s3_3_a_cycle_of_thousands_is_told_in_short() -> None:
    count = 5000
    ring = {f"n{i}": ("Add", {"a": [f"n{(i + 1) % count}", 0], "b": 1}) for i in range(count)}
    found = problems(api(**ring, o=("Show", {"value": ["n0", 0], "style": "plain"})))
    assert len(found) == count
    assert "... 4900 more -> n0 (Add)" in found["n7"]["errors"][0]["details"]


@pytest.mark.rule("3.3-af")
def test_s3_3_lazy_and_raw_links_close_cycles_too() -> None:
    document = api(
        n=("Choose", {"first": True, "a": 1, "b": ["n", 0]}),
        o=("Show", {"value": ["n", 0], "style": "plain"}),
    )
    assert problem(document, "n")["type"] == "dependency_cycle"
    raw = NodeDef(
        "Raw", fn=lambda link: 1, inputs=(InputSpec("link", "*", raw=True),), outputs=(OutputSpec("INT", "INT"),)
    )
    document["n"] = {"class_type": "Raw", "inputs": {"link": ["n", 0]}}
    assert problem(document, "n", raw)["type"] == "dependency_cycle"
