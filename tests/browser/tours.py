"""Walks through views that lie behind one another, in one page each: it stops wherever there is something to see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import menu, select, title
from tests.browser.ours import Ours
from tests.browser.views import expect_dialog, open_panel
from tests.browser.watched import RUNS_WITHIN_MS
from tests.support.server import Server

Stop = tuple[str, Page]
"""What is seen, and where."""
Tour = Callable[[Ours, Server, Path], Iterator[Stop]]

DESK = {"width": 1600, "height": 900}
PHONE = {"width": 360, "height": 740}


def open_sub(ours: Ours, of: str, entry: str) -> Locator:
    """A node's menu with one of the menus behind it; what can be ticked there."""
    title(ours, of).click(button="right")
    ours.page.get_by_role("menuitem", name=re.compile(f"^{entry}")).press("ArrowRight")
    boxes = ours.page.get_by_role("menuitemcheckbox")
    expect(boxes.first).to_be_visible()
    return boxes


def close_menus(ours: Ours) -> None:
    ours.page.keyboard.press("Escape")
    expect(ours.page.get_by_role("menu")).to_have_count(0)


def subgraphs(ours: Ours, *_: object) -> Iterator[Stop]:
    """Made, twice there, entered; with all that opens inside of one; and kept as a blueprint."""
    page = ours.page
    select(ours, "Words", "Draw")
    page.keyboard.press("Control+Shift+G")
    expect(ours.node("Subgraph")).to_be_visible()
    page.keyboard.press("Control+D")
    expect(ours.node("Subgraph")).to_have_count(2)
    yield "a node that stands for a subgraph", page
    title(ours, "Subgraph").last.click(button="right")
    expect(page.get_by_role("menuitem", name="Go into subgraph")).to_be_visible()
    yield "menu of a subgraph", page
    close_menus(ours)
    page.keyboard.press("Enter")
    expect(ours.node("Inputs")).to_be_visible()
    expect(page.get_by_role("navigation", name="Where you are")).to_be_visible()
    yield "inside of a subgraph", page
    ours.node("Inputs").get_by_role("button", name=re.compile("^Rename ")).first.click()
    yield "an input of a subgraph renamed", page
    page.keyboard.press("Escape")
    open_sub(ours, "Words", "Show outside").first.press("Enter")
    open_sub(ours, "Words", "Show outside")
    yield "what is shown outside", page
    close_menus(ours)
    open_panel(ours, "Outline")
    page.get_by_role("treeitem", name=re.compile("^Words")).click()
    page.keyboard.press("ArrowRight")
    yield "inside of a subgraph, with the outline", page
    page.get_by_role("button", name="Outline", exact=True).click()
    page.keyboard.press("Alt+ArrowUp")
    expect(ours.node("Subgraph")).to_have_count(2)
    title(ours, "Subgraph").last.click(button="right")
    page.get_by_role("menuitem", name="Save as blueprint").click()
    expect_dialog(ours, "Save as blueprint")
    yield "name of a blueprint", page
    page.get_by_role("dialog").get_by_role("textbox").fill("Draw words")
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("is among your blueprints now")).to_be_visible()
    page.keyboard.press("Control+K")
    page.get_by_role("combobox").fill("Insert blueprint")
    page.get_by_role("option", name="Insert blueprint").click()
    expect(page.get_by_role("option", name="Draw words")).to_be_visible()
    yield "list of blueprints", page


def marks(ours: Ours, *_: object) -> Iterator[Stop]:
    """What a node's menus say of the form and of private values, beside the outline."""
    open_panel(ours, "Outline")
    open_sub(ours, "Draw", "In the form")
    yield "what the form shows", ours.page
    close_menus(ours)
    open_sub(ours, "Draw", "In the form").last.press("Enter")
    expect_dialog(ours, "in the form")
    yield "an input's name in the form", ours.page
    ours.page.get_by_role("textbox", name="Name").fill("steps")
    expect(ours.page.get_by_role("alert")).to_be_visible()
    yield "a name that is taken", ours.page
    ours.page.keyboard.press("Escape")
    open_sub(ours, "Words", "Left out of pictures").first.press("Enter")
    open_sub(ours, "Words", "Left out of pictures")
    yield "what is left out of pictures", ours.page


def found(ours: Ours, *_: object) -> Iterator[Stop]:
    """The search within the workflow, over the outline."""
    open_panel(ours, "Outline")
    ours.page.keyboard.press("Control+f")
    search = ours.page.get_by_role("combobox", name="Find in workflow")
    search.fill("words")
    expect(ours.page.get_by_text("1 of 2")).to_be_visible()
    ours.page.keyboard.press("Enter")
    yield "found, with the outline", ours.page
    search.fill("nowhere at all")
    expect(ours.page.get_by_text("Nothing found")).to_be_visible()
    yield "nothing found", ours.page


def kept(ours: Ours, *_: object) -> Iterator[Stop]:
    """Versions over the outline, tags and the library."""
    page = ours.page
    open_panel(ours, "Outline")
    page.keyboard.press("Control+Shift+s")
    page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("pets/anna")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("tab", name="anna", exact=True)).to_be_visible()
    menu(ours, "Versions…")
    expect(page.get_by_text("There are none yet")).to_be_visible()
    yield "versions, none", page
    page.keyboard.press("Escape")
    ours.set("Draw", "steps", "7")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("tab", name="anna", exact=True)).to_be_visible()
    menu(ours, "Versions…")
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_count(1)
    yield "versions", page
    page.get_by_role("button", name=re.compile("^Name the version")).click()
    expect_dialog(ours, "Name this version")
    yield "name of a version", page
    page.keyboard.press("Escape")
    expect(page.get_by_role("textbox", name="Name")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    open_panel(ours, "Library")
    page.get_by_role("button", name="Actions for pets/anna").click()
    expect(page.get_by_role("menuitem", name="Download as bundle")).to_be_visible()
    yield "menu of a saved workflow", page
    page.get_by_role("menuitem", name="Tags…").click()
    page.get_by_role("dialog").get_by_role("textbox", name="Tags").fill("animals, drafts")
    yield "tags", page
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_role("button", name="animals", exact=True).click()
    yield "library, by tag", page


def shared(ours: Ours, *_: object) -> Iterator[Stop]:
    """A link made over the outline, looked at by somebody else, and revoked."""
    page = ours.page
    open_panel(ours, "Outline")
    ours.run()
    ours.expect_picture("Save")
    menu(ours, "Share…")
    expect_dialog(ours, "^Share")
    yield "share", page
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link", exact=True).input_value()
    yield "a link", page
    assert page.context.browser
    others = page.context.browser.new_context(viewport=DESK)  # type: ignore[arg-type]
    theirs = Ours(others.new_page(), link).boot()
    expect(theirs.page.get_by_role("region", name="shared workflow").get_by_role("img")).to_be_visible()
    yield "shared with me", theirs.page
    theirs.set("Words", "text", "mine")
    expect(theirs.page.get_by_text("cannot be changed or run")).to_be_visible()
    open_panel(theirs, "Outline")
    yield "shared with me, with the outline, refused", theirs.page
    assert theirs.troubles == []
    others.close()
    page.get_by_role("button", name=re.compile("^Revoke the link")).click()
    expect(page.get_by_role("button", name="Revoke", exact=True)).to_be_visible()
    yield "a link revoked", page


def bundle(ours: Ours, _: Server, tmp_path: Path) -> Iterator[Stop]:
    """A bundle that is taken in says so."""
    with ours.page.expect_download() as download:
        menu(ours, "Download as bundle")
    packed = tmp_path / "friend.zip"
    packed.write_bytes(Path(download.value.path()).read_bytes())
    ours.let_go(packed, "application/zip")
    expect(ours.page.get_by_role("tab", name="friend", exact=True)).to_be_visible()
    yield "a bundle taken in", ours.page


def forms(ours: Ours, *_: object) -> Iterator[Stop]:
    """The list of forms, one of them before a run and after it, and refused; on a desk and on a phone."""
    page = ours.page
    for size, view in (("desk", DESK), ("phone", PHONE)):
        page.set_viewport_size(view)  # type: ignore[arg-type]
        page.goto(f"{ours.url}/form")
        expect(page.get_by_role("link", name=re.compile("^Text to image"))).to_be_visible()
        yield f"list of forms, {size}", page
        page.get_by_role("link", name=re.compile("^Text to image")).click()
        expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=RUNS_WITHIN_MS)
        yield f"a form, {size}", page
        page.get_by_role("spinbutton", name="steps").fill("4")
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_role("status")).to_have_text("Done", timeout=RUNS_WITHIN_MS)
        expect(page.get_by_role("region", name="Result").get_by_role("img")).to_be_visible()
        yield f"a form after a run, {size}", page


TOURS: dict[str, Tour] = {
    "subgraphs": subgraphs,
    "marks of a node": marks,
    "search": found,
    "versions, tags and the library": kept,
    "sharing": shared,
    "bundle": bundle,
    "forms": forms,
}
