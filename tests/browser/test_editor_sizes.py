"""The editor in small windows, which is also how a large one is at 200 %: nothing is out of reach."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.ours import Ours
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = {"small": (800, 600), "at 200 %": (800, 450), "phone": (390, 844)}

HIDDEN = """() => [...document.querySelectorAll("button, input, select, a[href], [role=tab]")]
    .filter((each) => each.checkVisibility() && !each.matches(".skip-link") && !each.closest(".react-flow__viewport"))
    .filter((each) => {
        const { left, top, width, height } = each.getBoundingClientRect();
        const there = document.elementFromPoint(left + width / 2, top + height / 2);
        return !there || !(each.contains(there) || there.contains(each));
    })
    .map((each) => each.getAttribute("aria-label") ?? each.textContent)"""
"""The names of what lies outside of the page or below something else; what keys alone reach comes in when they do."""


def hidden(ours: Ours) -> list[str]:
    """What cannot be pressed in one of the sizes, and whether the page is wider than its window."""
    found: list[str] = []
    for size, (width, height) in SIZES.items():
        ours.page.set_viewport_size({"width": width, "height": height})
        ours.page.mouse.move(width / 2, height / 2)
        expect(ours.page.get_by_role("button", name="Stop the running job")).to_be_in_viewport(ratio=1)
        found += [f"{size}: {name}" for name in ours.page.evaluate(HIDDEN)]
        if ours.page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{size}: the page is wider than its window")
    return found


def test_every_control_of_the_page_can_be_pressed_in_small_windows(ours: Ours) -> None:
    assert hidden(ours) == []


def test_every_control_can_be_pressed_while_it_runs_in_small_windows(ours: Ours, own: Server) -> None:
    page = ours.page
    page.get_by_role("button", name="More ways to run").click()
    page.get_by_role("menuitemcheckbox", name="Run on change").click()
    ours.set("Draw", "steps", "900")
    page.get_by_role("button", name="Run", exact=True).click()
    ours.wait_for("progress")
    assert hidden(ours) == []
    page.get_by_role("button", name="Stop the running job").click()
    while own.get("/prompt")["exec_info"]["queue_remaining"]:
        page.wait_for_timeout(100)


def test_panels_and_dialogs_fit_into_small_windows(ours: Ours) -> None:
    for size, (width, height) in SIZES.items():
        ours.page.set_viewport_size({"width": width, "height": height})
        for button, role in (("Queue", "region"), ("Settings", "dialog"), ("Keyboard shortcuts", "dialog")):
            ours.page.get_by_role("button", name=button, exact=True).click()
            shown = ours.page.get_by_role(role, name=button, exact=True)  # type: ignore[arg-type]
            expect(shown).to_be_visible()
            box = shown.bounding_box()
            assert box
            assert box["x"] >= 0, size
            assert box["y"] >= 0, size
            assert box["x"] + box["width"] <= width, size
            assert box["y"] + box["height"] <= height, size
            ours.page.keyboard.press("Escape")
            if role == "region":  # which stays until it is sent away
                ours.page.get_by_role("button", name=button, exact=True).click()
