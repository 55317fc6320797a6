"""The canvas by fingers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.hands import Fingers, links, middle, one_step, title
from tests.browser.ours import Ours

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def zoom_of(ours: Ours) -> float:
    style = ours.page.locator(".react-flow__viewport").get_attribute("style") or ""
    found = re.search(r"scale\(([\d.]+)\)", style)
    assert found
    return float(found[1])


def test_fingers_pan_zoom_and_drag(tablet: Ours) -> None:
    fingers = Fingers(tablet.page)
    box = tablet.node("Draw").bounding_box()
    assert box
    fingers.move([(600, 740)], [(540, 700)])
    moved = tablet.node("Draw").bounding_box()
    assert moved
    assert moved["x"] == pytest.approx(box["x"] - 60, abs=4)
    before = zoom_of(tablet)
    fingers.move([(500, 740), (600, 740)], [(400, 740), (700, 740)])
    tablet.page.wait_for_timeout(100)
    assert zoom_of(tablet) > before * 1.5
    tablet.page.keyboard.press("f")
    tablet.page.wait_for_timeout(400)
    with one_step(tablet):
        at = middle(title(tablet, "Save"))
        fingers.move([at], [(at[0] - 40, at[1] + 120)])


def test_fingers_draw_a_wire_and_open_the_menu_and_the_search(tablet: Ours) -> None:
    fingers, page = Fingers(tablet.page), tablet.page
    with one_step(tablet):
        start, end = tablet.output("Words", "CONDITIONING"), tablet.input("Draw", "negative")
        fingers.move([middle(start)], [middle(end)])
    assert ("Words to avoid", "Draw") not in links(tablet.document())
    at = middle(title(tablet, "Save"))
    fingers.touch("touchStart", at)
    page.wait_for_timeout(900)
    expect(page.get_by_role("menuitem", name=re.compile("^Mute"))).to_be_visible()
    fingers.touch("touchEnd")
    expect(page.get_by_role("menuitem", name=re.compile("^Mute"))).to_be_visible()
    page.keyboard.press("Escape")
    fingers.tap((600, 760))
    page.wait_for_timeout(80)
    fingers.tap((600, 760))
    expect(page.get_by_role("combobox", name="Search nodes")).to_be_visible()
