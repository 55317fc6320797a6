"""The Tab key goes through the page as docs/keyboard.md says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import compare_with_file, menu
from tests.browser.ours import Ours
from tests.browser.watched import RUNS_WITHIN_MS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PARTS = {
    "Skip to the canvas": ".skip-link",
    "The open workflows": "[role=tablist]",
    "New workflow and the menu of files": ".tabs",
    "Undo and redo": ".history",
    "The run": ".run-bar",
    "The rail": ".rail",
    "The panel": ".side",
    "The way out": ".breadcrumbs",
    "Wires": ".react-flow__edge",
    "Groups and nodes": ".react-flow__node",
    "The buttons": ".canvas-controls",
    "The search": ".find",
    "Notices": ".notices",
    "The comparison": ".compare",
    "Messages in passing": ".toasts",
}
"""As the walk in the documentation names them, and where they are."""
HERE = """(parts) => {
    const here = document.activeElement;
    const part = Object.keys(parts).find((name) => here.closest(parts[name])) ?? null;
    const name = here.getAttribute("aria-label") ?? (here.labels?.[0]?.innerText || here.innerText);
    return here === document.body ? null : [part, name.trim(), here.getAttribute("href") ?? ""];
}"""
MOST_STOPS = 400


def stops(page: Page, first: str) -> Iterator[tuple[str, str, str]]:
    """From the first one until the Tab key leaves the page: the part, the name, and where a link leads."""
    page.locator(first).focus()
    for _ in range(MOST_STOPS):
        here = page.evaluate(HERE, PARTS)
        if here is None:
            return
        yield tuple(here)
        page.keyboard.press("Tab")
    raise AssertionError(f"after {MOST_STOPS} stops there are still more")


def test_tab_goes_through_the_page_as_the_documentation_says(ours: Ours, tmp_path: Path) -> None:
    """In a subgraph, compared with another, with outline, search, something to undo, first notice, and a message."""
    page = ours.page
    file = tmp_path / "other.json"
    file.write_text(json.dumps({**ours.document(), "nodes": [], "links": []}))
    compare_with_file(ours, file)
    expect(page.get_by_role("complementary", name="Difference")).to_be_visible()
    ours.node("Draw").click(position={"x": 40, "y": 12})
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+Shift+G")
    expect(ours.node("Subgraph")).to_be_visible()
    page.keyboard.press("Enter")
    expect(ours.node("Inputs")).to_be_visible()
    page.get_by_role("button", name="Outline", exact=True).click()
    page.keyboard.press("Control+f")
    page.get_by_role("combobox", name="Find in workflow").fill("words")
    expect(page.get_by_text("1 of 2")).to_be_visible()
    nothing = tmp_path / "nothing.json"
    nothing.write_text("neither")
    ours.let_go(nothing, "application/json")
    expect(page.get_by_role("alert")).to_be_visible()

    walk = re.findall(r"^ *(?:\d\.|-) \*\*(.+?)\.?\*\*", Path("docs/keyboard.md").read_text(), re.MULTILINE)
    assert list(PARTS) == walk
    seen = [part for part, _ in groupby(part for part, _, href in stops(page, ".skip-link") if "reactflow" not in href)]
    assert seen == walk


def test_tab_goes_through_the_dialog_of_links_in_order(ours: Ours) -> None:
    page = ours.page
    menu(ours, "Share…")
    page.get_by_role("button", name="Make a link").click()
    expect(page.get_by_label("Link", exact=True)).to_be_visible()
    dialog = page.get_by_role("dialog", name=re.compile("^Share"))
    dialog.get_by_role("button", name="Close").focus()
    names = []
    for _ in range(8):
        names.append(page.evaluate(HERE, PARTS)[1])
        page.keyboard.press("Tab")
    assert names == [
        "Close",
        "With the input files that it loads",
        "Make a link",
        "Link",
        "Copy",
        "Text to image",
        "Copy the link to Text to image",
        "Revoke the link to Text to image",
    ]
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()  # round


def test_tab_goes_through_a_form_from_the_top_down(ours: Ours) -> None:
    page = ours.page
    page.goto(f"{ours.url}/form?workflow=text_to_image")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=RUNS_WITHIN_MS)
    names = [name for _, name, _ in stops(page, ".form-bar a:first-child")]
    assert names[:2] == ["All forms", "Editor"]
    inputs = [name for name in names if name in ("text", "seed", "steps")]
    assert sorted(inputs) == ["seed", "steps", "text"]
    assert names.index("Run") > max(names.index(name) for name in inputs)
