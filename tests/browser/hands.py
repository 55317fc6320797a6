"""What hands do on the canvas: clicks, drags and menus, and fingers; and that a change is one step to undo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.ours import Ours, contents

Point = tuple[float, float]


def settled(ours: Ours) -> Ours:
    """Once the node types are known and the workflow is shown whole, which it is soon after it is there."""
    expect(ours.page.get_by_text("Reading the node types")).to_have_count(0)
    expect(ours.page.locator(".react-flow__viewport")).not_to_have_attribute("style", re.compile(r"scale\(1\)"))
    return ours


def middle(of: Locator) -> Point:
    box = of.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def press(page: Page, at: Point) -> None:
    page.mouse.move(*at)
    page.mouse.down()


def drag(page: Page, start: Point, by: Point) -> None:
    """Press, move and let go."""
    carry(page, start, by)
    page.mouse.up()


def carry(page: Page, start: Point, by: Point) -> None:
    """Press and move, and hold there."""
    press(page, start)
    page.mouse.move(start[0] + by[0], start[1] + by[1], steps=10)


def title(ours: Ours, name: str) -> Locator:
    """A node is held by its title."""
    return ours.node(name).get_by_role("heading")


def select(ours: Ours, *names: str) -> None:
    ours.click_canvas()
    for at, name in enumerate(names):
        title(ours, name).click(modifiers=["Shift"] if at else [])
    expect(ours.page.get_by_text(f"{len(names)} selected")).to_be_visible()


def choose(ours: Ours, of: Locator, *entries: str) -> None:
    """Right-click, and go down a menu."""
    of.click(button="right")
    *above, last = (ours.page.get_by_role("menuitem", name=re.compile(f"^{entry}( |›|$)")) for entry in entries)
    if not above:
        last.click()
    for entry in above:  # by keys: the pointer would have to keep to the way between the two
        entry.press("ArrowRight")
        last.press("Enter")
    expect(ours.page.get_by_role("menu")).to_have_count(0)


def node(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The node of this title, or of this type if it has none."""
    found: dict[str, Any] = next(node for node in document["nodes"] if (node.get("title") or node["type"]) == name)
    return found


def links(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Who feeds whom, by the names above."""
    names = {node["id"]: node.get("title") or node["type"] for node in document["nodes"]}
    return sorted((names[link[1]], names[link[3]]) for link in document["links"])


@contextmanager
def one_step(ours: Ours) -> Iterator[None]:
    """What is done in here changes the workflow, and is undone and done again in one step."""
    before = contents(ours.document())
    yield
    after = contents(ours.document())
    assert after != before
    ours.page.get_by_role("button", name="Undo", exact=True).click()
    assert contents(ours.document()) == before
    ours.page.get_by_role("button", name="Redo", exact=True).click()
    assert contents(ours.document()) == after


class Fingers:
    """Touches, told to the browser as its screen would."""

    def __init__(self, page: Page) -> None:
        self.page, self._session = page, page.context.new_cdp_session(page)

    def touch(self, kind: str, *at: Point) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(at)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def tap(self, at: Point) -> None:
        self.touch("touchStart", at)
        self.touch("touchEnd")

    def move(self, starts: list[Point], ends: list[Point], steps: int = 8) -> None:
        """Put fingers down, move them, and lift them."""
        self.touch("touchStart", *starts)
        for step in range(1, steps + 1):
            share = step / steps
            self.touch(
                "touchMove",
                *[
                    (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
                    for a, b in zip(starts, ends, strict=True)
                ],
            )
            self.page.wait_for_timeout(16)
        self.touch("touchEnd")


def menu(ours: Ours, entry: str) -> None:
    ours.page.get_by_role("button", name="Workflow actions").click()
    ours.page.get_by_role("menuitem", name=entry).click()


def compare_with_file(ours: Ours, file: Path) -> None:
    menu(ours, "Compare with…")
    dialog = ours.page.get_by_role("dialog", name=re.compile("^Compare “"))
    with ours.page.expect_file_chooser() as chooser:
        dialog.get_by_role("option", name="A file or picture…").click()
    chooser.value.set_files(file)
