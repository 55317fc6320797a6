"""Section 3.1: what is wrong with a prompt as a whole."""

from typing import Any

import pytest

from tests.semantics.stage import Stage, problems, refusal
from tests.support.toys import api

OUT = api(o=("Show", {"value": 1, "style": "plain"}))


@pytest.mark.rule("3.1-a", "3.1-e")
def test_s3_1_the_first_bad_node_is_told_though_nothing_needs_it() -> None:
    document = {**OUT, "b": {"class_type": "Gone"}, "a": {}, "c": {"class_type": "Gone too"}}
    error = refusal(document)
    assert error.problem.details == "Node ID '#b'"
    assert error.node_problems == {}


@pytest.mark.rule("3.1-b", "3.1-c", "3.1-e", "3.1-j")
@pytest.mark.parametrize(
    ("node", "named", "told", "title"),
    [
        ({"inputs": {}}, None, "Node 'ID #7' has no class_type.", None),
        ({"inputs": {}, "_meta": {"title": "Mine"}}, None, "Node 'Mine' has no class_type.", "Mine"),
        ({"class_type": None, "inputs": {}}, None, "Node 'ID #7' has no class_type.", None),
        ({"class_type": "Gone"}, "Gone", "Node 'Gone' not found.", "Gone"),
        ({"class_type": "Gone", "_meta": {"title": "Mine"}}, "Gone", "Node 'Mine' not found.", "Mine"),
        ({"class_type": "Gone", "_meta": {"title": ["odd"]}}, "Gone", "Node 'Gone' not found.", "Gone"),
    ],
)
async def test_s3_1_a_class_that_is_missing(stage: Stage, node: Any, named: Any, told: str, title: Any) -> None:
    rest = (
        " The custom node may not be installed."
        if named
        else " The workflow may be corrupted or a custom node is missing."
    )
    answer = await stage.post({"prompt": {**OUT, "7": node}}, 400)
    assert answer == {
        "error": {
            "type": "missing_node_type",
            "message": told + rest,
            "details": "Node ID '#7'",
            "extra_info": {"node_id": "7", "class_type": named, "node_title": title},
        },
        "node_errors": {},
    }


@pytest.mark.rule("3.1-f", "3.1-g", "3.1-j")
@pytest.mark.parametrize(
    ("prompt", "only"),
    [
        ({}, None),
        (api(n=("Number", {"value": 1})), None),
        (OUT, []),
        (OUT, ["gone"]),
        ({**OUT, **api(n=("Number", {"value": 1}))}, ["n"]),
    ],
)
async def test_s3_1_nothing_to_run(stage: Stage, prompt: Any, only: Any) -> None:
    answer = await stage.post({"prompt": prompt, "partial_execution_targets": only}, 400)
    assert answer == {
        "error": {"type": "prompt_no_outputs", "message": "Prompt has no outputs", "details": "", "extra_info": {}},
        "node_errors": {},
    }
    assert list(answer["error"]) == ["type", "message", "details", "extra_info"]


@pytest.mark.rule("3.1-h")
async def test_s3_1_if_all_outputs_fail_their_own_errors_are_the_details(stage: Stage) -> None:
    prompt = api(
        a=("Show", {"style": "shy"}),
        n=("Number", {"value": -1}),
        b=("Show", {"value": ["n", 0], "style": "loud"}),
        c=("Show", {"value": 1, "style": "dim"}),
    )
    answer = await stage.post({"prompt": prompt}, 400)
    assert answer["error"] == {
        "type": "prompt_outputs_failed_validation",
        "message": "Prompt outputs failed validation",
        "details": "Required input is missing: value\n"
        "Value not in list: style: 'shy' not in ['plain', 'loud']\n"
        "Value not in list: style: 'dim' not in ['plain', 'loud']",
        "extra_info": {},
    }
    assert sorted(answer["node_errors"]) == ["a", "c", "n"]


@pytest.mark.rule("3.1-i")
def test_s3_1_errors_of_inner_nodes_are_no_details() -> None:
    document = api(n=("Number", {"value": -1}), o=("Show", {"value": ["n", 0], "style": "plain"}))
    assert refusal(document).problem.details == ""
    assert list(problems(document)) == ["n"]
