"""Finding one's way in a workflow: the search within it, and back and forward through the places one was at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.hands import middle, select
from tests.browser.ours import Ours
from tests.support.tiled import tiled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CANVAS_MIDDLE = """() => {
    const { x, y, width, height } = document.querySelector(".canvas").getBoundingClientRect();
    return [x + width / 2, y + height / 2];
}"""


VIEW_NOW = """() => {
    const { a, e, f } = new DOMMatrix(document.querySelector(".react-flow__viewport").style.transform);
    return [e, f, 100 * a];
}"""


def open_find(ours: Ours, words: str) -> Locator:
    """Search for words; return the search."""
    ours.page.keyboard.press("Control+f")
    bar = ours.page.get_by_role("search", name="Find in workflow")
    bar.get_by_role("combobox").fill(words)
    return bar


def expect_in_the_middle(ours: Ours, node: Locator) -> None:
    """Once the view has come to rest."""
    expect(node).to_have_attribute("data-selected", "true")
    wanted = ours.page.evaluate(CANVAS_MIDDLE)
    for _ in range(100):
        if node.bounding_box() and middle(node) == pytest.approx(wanted, abs=3):
            return
        ours.page.wait_for_timeout(50)
    raise AssertionError(f"{middle(node)} instead of {wanted}")


def view(ours: Ours) -> tuple[float, ...]:
    """Where the view is and how large things are in it, in hundredths, once it rests."""
    before, now = None, ours.page.evaluate(VIEW_NOW)
    while now != before:
        ours.page.wait_for_timeout(300)
        before, now = now, ours.page.evaluate(VIEW_NOW)
    return tuple(now)


def large(ours: Ours, tmp_path: Path, count: int = 70) -> Ours:
    """A workflow of ten times the default one, the last sampler of which is set apart by a value, with one group."""
    document = tiled(ours.document(), count)
    last = [node for node in document["nodes"] if node["type"] == "KSampler"][-1]
    last["widgets_values"][2] = 4321
    x, y = last["pos"]
    document["groups"] = [{"id": 1, "title": "The corner", "bounding": [x - 40, y - 80, 500, 700]}]
    path = tmp_path / "large.json"
    path.write_text(json.dumps(document))
    ours.let_go(path, "application/json")
    expect(ours.page.get_by_role("article")).to_have_count(count)
    return ours


def test_a_node_is_found_by_a_value_and_brought_into_the_middle(ours: Ours, tmp_path: Path) -> None:
    bar = open_find(large(ours, tmp_path), "4321")
    expect(bar.get_by_role("status")).to_have_text("1 of 1")
    expect(bar.get_by_role("option")).to_contain_text(["steps: 4321"])
    found = ours.page.locator("article[data-found]")
    expect_in_the_middle(ours, found)
    expect(found.get_by_label("steps", exact=True)).to_have_value("4321")
    ours.page.keyboard.press("Escape")
    expect(bar).to_have_count(0)
    expect(ours.page.locator("article[data-found]")).to_have_count(0)
    expect(ours.page.get_by_role("group", name="Draw").and_(ours.page.locator(":focus"))).to_have_count(1)


def test_keys_go_from_hit_to_hit_and_around(ours: Ours) -> None:
    bar = open_find(ours, "words")
    status = bar.get_by_role("status")
    expect(status).to_have_text("1 of 2")
    expect_in_the_middle(ours, ours.node("Words"))
    expect(ours.node("Words to avoid")).to_have_attribute("data-found", "true")
    ours.page.keyboard.press("Enter")
    expect(status).to_have_text("2 of 2")
    expect_in_the_middle(ours, ours.node("Words to avoid"))
    ours.page.keyboard.press("Enter")
    expect(status).to_have_text("1 of 2")
    ours.page.keyboard.press("Shift+Enter")
    expect(status).to_have_text("2 of 2")
    bar.get_by_role("option").first.click()
    expect(status).to_have_text("1 of 2")
    bar.get_by_role("button", name="Next").click()
    expect_in_the_middle(ours, ours.node("Words to avoid"))


def test_what_is_not_there_is_not_found_and_what_is_changed_meanwhile_is_found_anew(ours: Ours) -> None:
    bar = open_find(ours, "7777")
    expect(bar.get_by_role("status")).to_have_text("Nothing found")
    expect(bar.get_by_role("button", name="Next")).to_be_disabled()
    ours.set("Draw", "steps", "7777")
    expect(bar.get_by_role("option")).to_contain_text(["steps: 7777"])
    expect(ours.node("Draw")).to_have_attribute("data-found", "true")


def test_without_words_the_groups_are_the_places_to_go_to(ours: Ours, tmp_path: Path) -> None:
    bar = open_find(large(ours, tmp_path), "")
    expect(bar.get_by_role("option")).to_have_text(["The cornerGroup"])
    ours.page.keyboard.press("ArrowDown")
    group = ours.page.get_by_role("region", name="Group The corner")
    expect(group).to_have_attribute("data-selected", "true")
    view(ours)
    assert middle(group) == pytest.approx(ours.page.evaluate(CANVAS_MIDDLE), abs=3)


def test_back_and_forward_go_through_the_places_one_was_at(ours: Ours, tmp_path: Path) -> None:
    page = ours.page
    back, forward = (page.get_by_role("button", name=name) for name in ("Back to the place", "Forward again"))
    expect(back).to_be_disabled()
    whole = view(large(ours, tmp_path))
    open_find(ours, "4321")
    page.keyboard.press("Escape")
    corner = view(ours)
    assert corner != pytest.approx(whole, abs=1)
    open_find(ours, "#1")
    page.keyboard.press("Escape")
    beginning = view(ours)
    page.keyboard.press("Alt+ArrowLeft")  # the focus is on a selected node, which plain arrows move
    assert view(ours) == pytest.approx(corner, abs=1)
    page.keyboard.press("Alt+ArrowLeft")
    assert view(ours) == pytest.approx(whole, abs=1)
    expect(back).to_be_disabled()
    page.keyboard.press("Alt+ArrowLeft")
    assert view(ours) == pytest.approx(whole, abs=1)
    page.keyboard.press("Alt+ArrowRight")
    assert view(ours) == pytest.approx(corner, abs=1)
    forward.click()
    assert view(ours) == pytest.approx(beginning, abs=1)
    expect(forward).to_be_disabled()
    assert page.url.rstrip("/") == ours.url


def test_back_goes_to_another_workflow_too(ours: Ours, tmp_path: Path) -> None:
    open_find(ours, "draw")
    ours.page.keyboard.press("Escape")
    drawing = view(ours)
    ours.page.keyboard.press("f")
    large(ours, tmp_path)
    ours.page.keyboard.press("Alt+ArrowLeft")
    expect(ours.page.get_by_role("tab", name="Text to image")).to_have_attribute("aria-selected", "true")
    assert view(ours) == pytest.approx(drawing, abs=1)


def test_what_is_inside_of_a_subgraph_is_found_there_and_back_leads_out_again(ours: Ours) -> None:
    page = ours.page
    select(ours, "Words", "Draw")
    page.keyboard.press("Control+Shift+G")
    expect(ours.node("Subgraph")).to_be_visible()
    ours.click_canvas()
    bar = open_find(ours, "ddim_uniform")
    expect(bar.get_by_role("status")).to_have_text("1 of 1")
    expect(bar.get_by_role("option")).to_contain_text("in Subgraph")
    way = page.get_by_role("navigation", name="Where you are")
    expect(way.get_by_text("Subgraph", exact=True)).to_have_attribute("aria-current", "location")
    expect_in_the_middle(ours, ours.node("Draw"))
    expect(ours.node("Draw")).to_have_attribute("data-found", "true")
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+ArrowLeft")
    expect(way).to_have_count(0)
    expect(ours.node("Subgraph")).to_be_visible()
