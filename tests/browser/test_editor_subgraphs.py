"""Subgraphs by hand: made, entered, edited, reused, kept as a blueprint, run and unpacked."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.hands import choose, links, one_step, select, settled, title
from tests.browser.ours import Ours
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WORDS = "a rocket on a green background"


def made(ours: Ours) -> Locator:
    """The words and the sampler of the default workflow, as a subgraph."""
    select(settled(ours), "Words", "Draw")
    ours.page.keyboard.press("Control+Shift+G")
    expect(ours.node("Words")).to_have_count(0)
    expect(ours.node("Subgraph")).to_be_visible()
    return ours.node("Subgraph")


def way(ours: Ours) -> Locator:
    return ours.page.get_by_role("navigation", name="Where you are")


def leave(ours: Ours) -> None:
    way(ours).get_by_role("button").first.click()
    expect(way(ours)).to_have_count(0)


def show_outside(ours: Ours, name: str, widget: str) -> None:
    title(ours, name).click(button="right")
    ours.page.get_by_role("menuitem", name="Show outside").press("ArrowRight")
    ours.page.get_by_role("menuitemcheckbox", name=widget).press("Enter")
    expect(ours.page.get_by_role("menu")).to_have_count(0)


def ran(own: Server, prompt_id: str) -> dict[str, dict[str, Any]]:
    """What was run, by node id."""
    found: dict[str, dict[str, Any]] = own.get(f"/history/{prompt_id}")[prompt_id]["prompt"][2]
    return found


def meaning(prompt: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The same by title, whatever the ids are, without seeds, which move on."""
    titles = {node_id: node["_meta"]["title"] for node_id, node in prompt.items()}

    def told(value: Any) -> Any:
        return [titles[value[0]], value[1]] if isinstance(value, list) else value

    return {
        titles[node_id]: {name: told(value) for name, value in node["inputs"].items() if name != "seed"}
        for node_id, node in prompt.items()
    }


def test_a_subgraph_is_made_entered_promoted_from_run_and_unpacked(ours: Ours, own: Server) -> None:
    before = ran(own, ours.run())
    wires = links(ours.document())
    made(ours)
    grouped = ran(own, ours.run())
    assert {node["_meta"]["title"] for node_id, node in grouped.items() if ":" in node_id} == {"Words", "Draw"}
    assert meaning(grouped) == meaning(before)
    title(ours, "Subgraph").click()
    ours.page.keyboard.press("Enter")
    expect(way(ours).get_by_text("Subgraph", exact=True)).to_have_attribute("aria-current", "location")
    expect(ours.node("Inputs")).to_be_visible()
    expect(ours.node("Outputs").get_by_role("button", name="Rename LATENT")).to_be_visible()
    expect(ours.node("Draw").get_by_text(re.compile("^(cached|.* s)$"))).to_be_visible()  # how the run went inside
    with one_step(ours):
        show_outside(ours, "Words", "text")
    leave(ours)
    ours.set("Subgraph", "text", WORDS)
    after = ran(own, ours.run())
    (words,) = (node for node in after.values() if node["_meta"]["title"] == "Words")
    assert words["inputs"]["text"] == WORDS
    expect(ours.expect_picture("Save")).to_be_visible()
    select(ours, "Subgraph")
    ours.page.keyboard.press("Shift+U")
    expect(ours.field("Words", "text")).to_have_value(WORDS)
    document = ours.document()
    assert links(document) == wires
    assert document["definitions"]["subgraphs"] == []
    assert meaning(ran(own, ours.run())) == meaning(after)


def test_twenty_subgraphs_within_one_another_are_entered_edited_and_run(ours: Ours, own: Server) -> None:
    made(ours)
    for _ in range(19):
        ours.page.keyboard.press("Control+Shift+G")
    expect(ours.node("Subgraph 20")).to_be_visible()
    for depth in range(20, 0, -1):
        title(ours, f"Subgraph {depth}" if depth > 1 else "Subgraph").click()
        ours.page.keyboard.press("Enter")
        expect(way(ours).get_by_role("listitem")).to_have_count(22 - depth)
    ours.set("Words", "text", WORDS)
    prompt = ran(own, ours.run())
    (words,) = (node_id for node_id, node in prompt.items() if node["_meta"]["title"] == "Words")
    assert words.count(":") == 20
    assert prompt[words]["inputs"]["text"] == WORDS


def test_inputs_are_renamed_put_in_order_and_removed_and_the_wires_outside_follow(ours: Ours) -> None:
    made(ours)
    ours.node("Subgraph").dblclick(position={"x": 120, "y": 60})
    expect(ours.node("Inputs")).to_be_visible()
    ports = ours.node("Inputs").get_by_role("button", name=re.compile("^Rename "))
    names = ports.all_inner_texts()
    with one_step(ours):
        ours.node("Inputs").get_by_role("button", name=f"Move {names[0]} down", exact=True).click()
    assert ports.all_inner_texts()[:2] == [names[1], names[0]]
    with one_step(ours):
        ports.first.click()
        ours.page.get_by_role("textbox", name="Name", exact=True).fill("mine")
        ours.page.keyboard.press("Enter")
    with one_step(ours):
        ours.node("Outputs").get_by_role("button", name="Remove LATENT").click()
    leave(ours)
    assert "mine" in [entry["name"] for entry in instance(ours)["inputs"]]
    assert not any(source == instance(ours)["type"] for source, _ in links(ours.document()))


def instance(ours: Ours) -> dict[str, Any]:
    document = ours.document()
    ids = [definition["id"] for definition in document["definitions"]["subgraphs"]]
    found: dict[str, Any] = next(node for node in document["nodes"] if node["type"] in ids)
    return found


def test_one_of_two_gets_a_subgraph_of_its_own_and_undoing_shows_where_it_undoes(ours: Ours) -> None:
    made(ours)
    ours.page.keyboard.press("Control+D")
    expect(ours.node("Subgraph")).to_have_count(2)
    ours.page.keyboard.press("Enter")
    shared = ours.page.get_by_role("status").filter(has_text="changes all 2 nodes")
    expect(shared).to_be_visible()
    shared.get_by_role("button", name="Make this one its own").click()
    expect(shared).to_have_count(0)
    ours.set("Words", "text", WORDS)
    assert len({node["type"] for node in ours.document()["nodes"] if len(node["type"]) == 36}) == 2
    leave(ours)
    ours.page.get_by_role("button", name="Undo", exact=True).click()
    expect(way(ours)).to_be_visible()
    expect(ours.field("Words", "text")).not_to_have_value(WORDS)


def test_what_is_wrong_inside_is_told_there_and_the_list_of_problems_leads_to_it(ours: Ours) -> None:
    made(ours)
    ours.page.keyboard.press("Enter")
    title(ours, "Words").click()
    ours.page.keyboard.press("Delete")
    expect(ours.node("Words")).to_have_count(0)
    with ours.expecting("400: POST .*/prompt", "console: .*status of 400"):
        ours.page.get_by_role("button", name="Run", exact=True).click()
        expect(ours.node("Draw").get_by_role("alert")).to_be_visible()
    leave(ours)
    expect(ours.node("Subgraph").get_by_role("alert")).to_contain_text("positive: ")
    ours.page.get_by_role("list", name="Problems").get_by_role("button", name=re.compile("^Draw · positive")).click()
    expect(way(ours).get_by_text("Subgraph", exact=True)).to_have_attribute("aria-current", "location")
    expect(ours.node("Draw")).to_have_attribute("data-selected", "true")
    ours.page.get_by_role("button", name="Undo", exact=True).click()
    expect(ours.node("Draw").get_by_role("alert")).to_have_count(0)


def test_a_subgraph_is_kept_as_a_blueprint_and_put_into_another_workflow(ours: Ours) -> None:
    made(ours)
    choose(ours, title(ours, "Subgraph"), "Save as blueprint")
    question = ours.page.get_by_role("dialog")
    question.get_by_role("textbox").fill("Draw words")
    question.get_by_role("button", name="Save", exact=True).click()
    expect(ours.page.get_by_text("“Draw words” is among your blueprints now.")).to_be_visible()
    ours.page.get_by_role("button", name="New workflow").click()
    ours.page.keyboard.press("Control+K")
    ours.page.get_by_role("combobox").fill("Insert blueprint")
    ours.page.get_by_role("option", name="Insert blueprint").click()
    ours.page.get_by_role("option", name="Draw words").click()
    expect(ours.node("Subgraph")).to_be_visible()
    ours.page.keyboard.press("Shift+A")
    ours.page.get_by_role("combobox", name="Search nodes").fill("draw words")
    expect(ours.page.get_by_role("option").first).to_contain_text("Blueprint · Yours")
    ours.page.keyboard.press("Enter")
    expect(ours.node("Subgraph")).to_have_count(2)
    assert [definition["name"] for definition in ours.document()["definitions"]["subgraphs"]] == ["Subgraph"]
