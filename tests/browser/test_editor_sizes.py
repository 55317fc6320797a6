"""The editor in small windows, which is also how a large one is at 200 %: nothing is out of reach."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.ours import Ours
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = {"small": (800, 600), "at 200 %": (800, 450), "phone": (390, 844)}

HIDDEN = """() => [...document.querySelectorAll("button, input, select, a[href], [role=tab]")]
    .filter((each) => each.checkVisibility() && !each.closest(".react-flow__viewport"))
    .filter((each) => {
        const { left, top, width, height } = each.getBoundingClientRect();
        const there = document.elementFromPoint(left + width / 2, top + height / 2);
        return !there || !(each.contains(there) || there.contains(each));
    })
    .map((each) => each.getAttribute("aria-label") ?? each.textContent)"""
"""The names of what lies outside of the page or below something else."""


@pytest.mark.parametrize("size", SIZES)
def test_every_control_of_the_page_can_be_pressed_in_a_small_window(ours: Ours, size: str) -> None:
    page, (width, height) = ours.page, SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()
    assert page.evaluate(HIDDEN) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("size", SIZES)
def test_every_control_can_be_pressed_while_it_runs_in_a_small_window(ours: Ours, own: Server, size: str) -> None:
    page, (width, height) = ours.page, SIZES[size]
    page.get_by_role("button", name="More ways to run").click()
    page.get_by_role("menuitemcheckbox", name="Run on change").click()
    ours.set("Draw", "steps", "900")
    page.get_by_role("button", name="Run", exact=True).click()
    ours.wait_for("progress")
    page.set_viewport_size({"width": width, "height": height})
    page.mouse.move(width / 2, height / 2)
    expect(page.get_by_role("button", name="Stop the running job")).to_be_in_viewport(ratio=1)
    assert page.evaluate(HIDDEN) == []
    page.get_by_role("button", name="Stop the running job").click()
    while own.get("/prompt")["exec_info"]["queue_remaining"]:
        page.wait_for_timeout(100)


@pytest.mark.parametrize("size", SIZES)
def test_panels_and_dialogs_fit_into_a_small_window(ours: Ours, size: str) -> None:
    page, (width, height) = ours.page, SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    for button, role in (("Queue", "region"), ("Settings", "dialog"), ("Keyboard shortcuts", "dialog")):
        page.get_by_role("button", name=button, exact=True).click()
        shown = page.get_by_role(role, name=button, exact=True)  # type: ignore[arg-type]
        expect(shown).to_be_visible()
        box = shown.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height
        page.keyboard.press("Escape")
