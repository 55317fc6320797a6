"""Section 4.4: what a node's function is given."""

from typing import Annotated, Any

import pytest

from engine.declare import node
from engine.graph import Graph, Link, Node
from engine.marks import Hidden, RawLink, Socket
from engine.node import Expand, InputSpec
from tests.semantics.stage import Stage, Takes
from tests.support.toys import api, run


@pytest.mark.rule("4.4-a")
async def test_s4_4_a_link_takes_the_list_at_its_slot() -> None:
    takes = Takes(InputSpec("one", "INT"), InputSpec("all", "INT"), takes_lists=True)
    await run(
        api(
            s=("Sort", {"a": 5, "b": 2}),
            r=("Range", {"count": 3}),
            t=("Takes", {"one": ["s", 1], "all": ["r", 0]}),
        ),
        takes.definition,
    )
    assert takes.given == [{"one": [5], "all": [0, 1, 2]}]


@pytest.mark.rule("4.4-b")
async def test_s4_4_a_raw_link_is_given_itself_and_its_source_does_not_run() -> None:
    takes = Takes(InputSpec("link", "INT", raw=True))
    ran = await run(api(b=("Boom", {"value": 1}), t=("Takes", {"link": ["b", 0]})), takes.definition)
    assert takes.given == [{"link": Link("b", 0)}]
    assert ran.started == ["t"]


@pytest.mark.rule("4.4-c")
async def test_s4_4_an_input_that_was_not_computed_is_none() -> None:
    takes = Takes(InputSpec("value", "INT", lazy=True), InputSpec("list", "INT"), needs=lambda lists: set())
    document = api(b=("Boom", {"value": 1}), t=("Takes", {"value": ["b", 0], "list": 1}))
    await run(document, takes.definition)
    assert takes.given == [{"value": None, "list": 1}]


@pytest.mark.rule("4.4-d", "4.4-g")
async def test_s4_4_undeclared_constants_and_absent_optional_inputs_are_not_given() -> None:
    takes = Takes(InputSpec("value", "INT"), InputSpec("more", "INT", required=False))
    await run(api(t=("Takes", {"value": 1, "other": 2})), takes.definition)
    assert takes.given == [{"value": 1}]


@pytest.mark.rule("4.4-d")
async def test_s4_4_a_constant_for_a_hidden_input_does_not_replace_it() -> None:
    takes = Takes(hidden={"uid": "UNIQUE_ID"}, per_node=True)
    await run(api(t=("Takes", {"uid": "mine"})), takes.definition)
    assert takes.given == [{"uid": "t"}]


@pytest.mark.rule("4.4-e", "4.4-f")
async def test_s4_4_a_node_that_takes_more_inputs_gets_undeclared_links_and_constants() -> None:
    takes = Takes(InputSpec("value", "INT"), extra=InputSpec("", "INT", required=False))
    document = api(
        n=("Number", {"value": 4}), t=("Takes", {"z": ["n", 0], "value": 1, "y": "3", "x": {"__value__": 2.5}})
    )
    await run(document, takes.definition)
    assert takes.given == [{"z": 4, "value": 1, "y": 3, "x": 2}]


@pytest.mark.rule("4.4-e")
async def test_s4_4_undeclared_links_are_dropped_where_the_function_takes_no_more() -> None:
    """The reference passes them on, and the function fails for an argument it does not know."""
    takes = Takes(InputSpec("value", "INT"))
    ran = await run(api(b=("Boom", {"value": 1}), t=("Takes", {"value": 1, "other": ["b", 0]})), takes.definition)
    assert (takes.given, ran.started) == ([{"value": 1}], ["t"])


HIDDEN = {
    "a": "PROMPT",
    "b": "EXTRA_PNGINFO",
    "c": "UNIQUE_ID",
    "d": "AUTH_TOKEN_COMFY_ORG",
    "e": "API_KEY_COMFY_ORG",
    "f": "COMFY_USAGE_SOURCE",
}


@pytest.mark.rule("4.4-h", "4.4-j", "4.4-k", "4.4-m", "4.4-n")
async def test_s4_4_hidden_inputs_go_by_their_type(open_stage: Any) -> None:
    takes = Takes(hidden=HIDDEN, per_node=True)
    stage: Stage = await open_stage(takes.definition)
    prompt = api(t7=("Takes", {}))
    await stage.run(prompt, extra_data={"extra_pnginfo": {"workflow": {"id": 1}}, "comfy_usage_source": "cli"})
    assert takes.given == [
        {"a": prompt, "b": {"workflow": {"id": 1}}, "c": "t7", "d": None, "e": None, "f": "cli"},
    ]


@pytest.mark.rule("4.4-j", "4.4-m")
async def test_s4_4_hidden_inputs_without_a_value_are_none(open_stage: Any) -> None:
    takes = Takes(hidden=HIDDEN, per_node=True)
    stage: Stage = await open_stage(takes.definition)
    await stage.run(api(t=("Takes", {})), extra_data={})
    assert {takes.given[0][name] for name in "bdef"} == {None}


@pytest.mark.rule("4.4-l")
async def test_s4_4_account_tokens_never_reach_a_node(open_stage: Any) -> None:
    """The reference hands them to any node that asks. Nothing here needs them, so the server does not keep them."""
    takes = Takes(hidden=HIDDEN, per_node=True)
    stage: Stage = await open_stage(takes.definition)
    secrets = {"auth_token_comfy_org": "SECRET", "api_key_comfy_org": "SECRET"}
    await stage.run(api(t=("Takes", {})), extra_data=secrets)
    assert (takes.given[0]["d"], takes.given[0]["e"]) == (None, None)


@pytest.mark.rule("4.4-i", "4.4-o")
async def test_s4_4_inside_an_expansion_the_id_is_the_expanded_one_and_the_graph_has_both() -> None:
    seen: list[tuple[str, Any]] = []

    @node("Inner", lane="inline")
    def inner(uid: Annotated[str, Hidden("UNIQUE_ID")], graph: Annotated[Any, Hidden("DYNPROMPT")]) -> int:
        assert isinstance(graph, Graph)
        seen.append((uid, {"o", "x", "x.0.1"} <= set(graph.nodes)))
        return 1

    @node("Outer", lane="cpu")
    def outer(uid: Annotated[str, Hidden("UNIQUE_ID")]) -> int:
        return Expand((Node(f"{uid}.0.1", "Inner", {}, uid),), (Link(f"{uid}.0.1", 0),))  # type: ignore[return-value]

    document = api(x=("Outer", {}), o=("Show", {"value": ["x", 0], "style": "plain"}))
    await run(document, inner.definition, outer.definition)
    assert seen == [("x.0.1", True)]


@pytest.mark.rule("4.4-p", "9.2-j")
async def test_s4_4_nothing_is_written_into_the_prompt(open_stage: Any) -> None:
    """The reference writes is_changed, which then is in saved pictures, and wins over the hook when they are loaded."""

    @node("Printed", is_output=True)
    def printed(value: int) -> None: ...

    @printed.fingerprint
    def stamp(inputs: Any, services: Any) -> str:
        return "stamp"

    stage: Stage = await open_stage(printed.definition)
    prompt = api(p=("Printed", {"value": 1}))
    assert (await stage.run(prompt)).entry["prompt"][2] == prompt


@pytest.mark.rule("4.4-b")
async def test_s4_4_raw_links_can_be_declared() -> None:
    seen = []

    @node("Raw", is_output=True)
    def raw(link: Annotated[Any, Socket("*"), RawLink()]) -> None:
        seen.append(link)

    await run(api(n=("Number", {"value": 1}), r=("Raw", {"link": ["n", 0]})), raw.definition)
    assert seen == [Link("n", 0)]
