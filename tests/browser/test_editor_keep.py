"""Nothing is lost: killed tabs, other browsers, two who save one file, a server that is away; and the library."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Error, Page, expect

from tests.browser.ours import KEPT_AFTER_MS, Ours
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SENT_AFTER_MS = 5_000
"""By then the server has what is not saved."""
AWAY = ("WebSocket connection to .* failed", "ERR_CONNECTION_REFUSED")
INSECURE = "Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })"
"""As a page is that came over plain HTTP from another machine."""


@pytest.fixture
def clean(own: Server) -> Iterator[Server]:
    """The server, with nothing that a user kept."""
    yield own
    shutil.rmtree(own.data / "user" / "default", ignore_errors=True)


def opened(context: BrowserContext, server: Server) -> Ours:
    return Ours(context.new_page(), server.url).boot()


def kill(page: Page) -> None:
    """As the system does when memory is short: the page says nothing more."""
    with pytest.raises(Error, match="crash"):
        page.goto("chrome://crash")


def save_as(ours: Ours, name: str) -> None:
    page = ours.page
    page.keyboard.press("Control+Shift+s")
    asked = page.get_by_role("dialog", name="Save workflow")
    asked.get_by_role("textbox", name="Name").fill(name)
    asked.get_by_role("button", name="Save").click()
    expect(page.get_by_role("tab", name=name.split("/")[-1], exact=True)).to_be_visible()


def drafts(server: Server) -> list[str]:
    return [path for path in server.get("/userdata?dir=wireloom&recurse=true") if path.startswith("drafts/")]


def saved(server: Server, name: str) -> dict[str, Any]:
    found: dict[str, Any] = server.get(f"/userdata/workflows%2F{name}.json")
    return found


def test_a_killed_tab_comes_back_with_all_its_workflows_their_undo_and_their_pictures(
    context: BrowserContext, clean: Server
) -> None:
    ours = opened(context, clean)
    ours.set("Draw", "steps", "9")
    ours.run()
    ours.expect_picture("Save")
    ours.page.get_by_role("button", name="New workflow").click()
    ours.add("KSampler", (500, 300))
    ours.page.wait_for_timeout(KEPT_AFTER_MS)
    kill(ours.page)
    again = Ours(context.new_page(), clean.url)
    again.page.goto(clean.url)
    expect(again.page.get_by_role("tab")).to_have_count(2)
    again.page.get_by_role("tab").first.click()
    again.expect_picture("Save")
    expect(again.field("Draw", "steps")).to_have_value("9")
    again.click_canvas()
    again.page.keyboard.press("Control+z")
    expect(again.field("Draw", "steps")).to_have_value("20")
    assert again.troubles == []


def test_a_page_killed_during_a_run_shows_it_again_and_its_pictures(context: BrowserContext, clean: Server) -> None:
    ours = opened(context, clean)
    ours.set("Draw", "steps", "400")
    page = ours.page
    page.get_by_role("button", name="Run", exact=True).click()
    ours.wait_for("progress_state")
    page.wait_for_timeout(KEPT_AFTER_MS)
    kill(page)
    again = opened(context, clean)
    expect(again.field("Draw", "steps")).to_have_value("400")
    expect(again.node("Draw").get_by_role("progressbar")).to_be_visible()
    again.wait_for("execution_success")
    again.expect_picture("Save")
    assert again.troubles == []


def test_another_browser_is_offered_what_is_not_saved(
    context: BrowserContext, other: BrowserContext, clean: Server, tmp_path: Path
) -> None:
    ours = opened(context, clean)
    ours.set("Words", "text", "only here")
    ours.page.wait_for_timeout(SENT_AFTER_MS)
    assert len(drafts(clean)) == 1
    heir = opened(other, clean)
    expect(heir.field("Words", "text")).not_to_have_value("only here")  # nothing is mixed in by itself
    said = heir.page.get_by_text("Unsaved work from another browser (1 workflow,")
    expect(said).to_be_visible()
    above = heir.page.get_by_role("banner").bounding_box()
    canvas = heir.page.get_by_role("main").bounding_box()
    assert above
    assert canvas
    assert canvas["y"] == above["y"] + above["height"]  # it lies over the canvas, and pushes nothing down
    heir.page.get_by_role("button", name="Show…").click()
    asked = heir.page.get_by_role("dialog", name="Unsaved work from another browser")
    expect(asked.get_by_role("listitem")).to_contain_text("Text to image")
    heir.page.screenshot(path=tmp_path / "offer.png")
    asked.get_by_role("button", name="Open", exact=True).click()
    expect(asked).to_have_count(0)
    expect(heir.field("Words", "text")).to_have_value("only here")
    heir.click_canvas()
    heir.page.keyboard.press("Control+z")
    expect(heir.field("Words", "text")).not_to_have_value("only here")
    assert len(drafts(clean)) == 1  # as this browser's
    expect(ours.field("Words", "text")).to_have_value("only here")  # where it was, it stays
    assert ours.troubles == heir.troubles == []


def test_what_was_offered_can_be_discarded_or_left(
    context: BrowserContext, other: BrowserContext, clean: Server
) -> None:
    ours = opened(context, clean)
    ours.set("Words", "text", "only here")
    ours.page.wait_for_timeout(SENT_AFTER_MS)
    heir = opened(other, clean)
    heir.page.get_by_role("button", name="Not now").click()
    heir.page.reload()
    heir.ready()
    heir.page.wait_for_load_state("networkidle")
    expect(heir.page.get_by_text("Unsaved work from another browser")).to_have_count(0)
    heir.page.keyboard.press("Control+k")
    heir.page.get_by_role("option", name="Unsaved work from other browsers…").click()
    heir.page.get_by_role("button", name="Discard…").click()
    heir.page.get_by_role("button", name="Discard", exact=True).click()
    expect(heir.page.get_by_role("dialog")).to_have_count(0)
    assert drafts(clean) == []
    assert heir.troubles == []


def test_what_is_saved_or_closed_is_no_draft_any_more(context: BrowserContext, clean: Server) -> None:
    ours = opened(context, clean)
    ours.set("Words", "text", "to be saved")
    ours.page.wait_for_timeout(SENT_AFTER_MS)
    assert len(drafts(clean)) == 1
    save_as(ours, "done")
    ours.page.wait_for_timeout(SENT_AFTER_MS)
    assert drafts(clean) == []
    assert ours.troubles == []


def test_the_second_of_two_who_save_one_file_is_asked(
    context: BrowserContext, other: BrowserContext, clean: Server, tmp_path: Path
) -> None:
    first = opened(context, clean)
    save_as(first, "shared")
    second = opened(other, clean)
    second.page.get_by_role("button", name="Library").click()
    second.page.get_by_role("list", name="Library").get_by_role("button", name=re.compile("^shared")).click()
    expect(second.page.get_by_role("tab", name="shared")).to_be_visible()
    first.set("Draw", "steps", "11")
    first.page.keyboard.press("Control+s")
    expect(first.page.get_by_role("tab", name="shared", exact=True)).to_be_visible()
    second.set("Draw", "steps", "12")
    with second.expecting("412: POST", "status of 412"):
        second.page.keyboard.press("Control+s")
        asked = second.page.get_by_role("dialog", name="“shared” was changed by somebody else")
        expect(asked).to_be_visible()
        second.page.screenshot(path=tmp_path / "clash.png")
    assert 11 in values(saved(clean, "shared"))
    asked.get_by_role("button", name="Look at theirs").click()
    expect(second.page.get_by_role("tab", name="shared (library)")).to_be_visible()
    expect(second.field("Draw", "steps")).to_have_value("11")
    second.page.get_by_role("tab", name=re.compile("^shared, not saved")).click()
    expect(second.field("Draw", "steps")).to_have_value("12")
    with second.expecting("412: POST", "status of 412"):
        second.page.keyboard.press("Control+s")
        asked.get_by_role("button", name="Replace theirs").click()
        expect(second.page.get_by_role("tab", name="shared", exact=True)).to_be_visible()
    assert 12 in values(saved(clean, "shared"))
    assert first.troubles == second.troubles == []


def values(workflow: dict[str, Any]) -> list[Any]:
    """All values of the widgets of a saved workflow."""
    return [value for node in workflow["nodes"] for value in node.get("widgets_values", [])]


def test_two_windows_on_a_page_without_locks_keep_to_their_own(context: BrowserContext, clean: Server) -> None:
    context.add_init_script(INSECURE)
    first = opened(context, clean)
    assert first.page.evaluate("navigator.locks === undefined")
    first.set("Words", "text", "in the first")
    first.page.wait_for_timeout(KEPT_AFTER_MS)
    with context.expect_page() as duplicate:  # with a copy of the session's storage, as a duplicated tab has it
        first.page.evaluate("window.open(location.href)")
    second = Ours(duplicate.value, clean.url).ready()
    expect(second.field("Words", "text")).not_to_have_value("in the first")
    second.set("Words", "text", "in the second")
    second.page.wait_for_timeout(KEPT_AFTER_MS)
    for ours, said in ((first, "in the first"), (second, "in the second")):
        ours.page.reload()
        ours.ready()
        expect(ours.field("Words", "text")).to_have_value(said)
    kill(second.page)  # and with it the first: a window and what it opened are one process
    heir = opened(context, clean)
    tabs = heir.page.get_by_role("tab")
    expect(tabs).to_have_count(2)
    found = set()
    for tab in tabs.all():
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        found.add(heir.field("Words", "text").input_value())
    assert found == {"in the first", "in the second"}
    assert first.troubles == heir.troubles == []


def test_work_goes_on_without_the_server_and_is_sent_and_saved_when_it_is_back(
    context: BrowserContext, tmp_path: Path
) -> None:
    with Server(tmp_path) as server:
        ours = opened(context, server)
        save_as(ours, "kept")
        ours.page.wait_for_load_state("networkidle")
        with ours.expecting(*AWAY):
            server.stop(signal.SIGKILL)
            expect(ours.page.get_by_text("Connection lost, trying again")).to_be_visible()
            ours.set("Draw", "steps", "13")
            ours.page.keyboard.press("Control+s")
            expect(ours.page.get_by_text("“kept” is not saved yet: the server cannot be reached.")).to_be_visible()
            ours.set("Words", "text", "while it was away")
            ours.page.keyboard.press("Control+,")
            ours.page.get_by_role("radio", name="Light").check()
            ours.page.keyboard.press("Escape")
            ours.page.wait_for_timeout(KEPT_AFTER_MS)
            server.start()
            expect(ours.page.get_by_text("Connected", exact=True)).to_be_visible()
            expect(ours.page.get_by_text("Saved “kept”.")).to_be_visible()
        ours.page.wait_for_timeout(SENT_AFTER_MS)
        assert 13 in values(saved(server, "kept"))
        assert "while it was away" not in json.dumps(saved(server, "kept"))
        assert len(drafts(server)) == 1
        assert server.get("/settings")["wireloom.theme"] == "light"
        assert ours.troubles == []


def test_another_browser_has_the_same_settings_from_its_first_look(
    context: BrowserContext, other: BrowserContext, clean: Server
) -> None:
    clean.post("/settings", {"wireloom.theme": "light", "wireloom.minimap": False})
    ours = opened(context, clean)
    expect(ours.page.locator("html")).to_have_attribute("data-theme", "light")
    ours.page.keyboard.press("Control+,")
    expect(ours.page.get_by_role("checkbox", name="Show the minimap")).not_to_be_checked()
    ours.page.get_by_role("radio", name="Dark").check()
    ours.page.wait_for_load_state("networkidle")
    heir = opened(other, clean)
    expect(heir.page.locator("html")).to_have_attribute("data-theme", "dark")
    clean.post("/settings", {"wireloom.theme": "system", "wireloom.minimap": True})
    assert ours.troubles == heir.troubles == []


def test_a_closed_workflow_is_opened_again(context: BrowserContext, clean: Server) -> None:
    ours = opened(context, clean)
    ours.set("Words", "text", "closed too soon")
    tab = ours.page.get_by_role("tab", name="Text to image, not saved")
    tab.focus()
    ours.page.keyboard.press("Delete")
    ours.page.get_by_role("button", name="Close without saving").click()
    expect(tab).to_have_count(0)
    ours.page.keyboard.press("Alt+Shift+t")
    expect(ours.field("Words", "text")).to_have_value("closed too soon")
    expect(ours.page.get_by_role("tab")).to_have_count(1)
    assert ours.troubles == []


def test_the_library_has_folders_pictures_search_and_a_trash(
    context: BrowserContext, clean: Server, tmp_path: Path
) -> None:
    ours = opened(context, clean)
    page = ours.page
    save_as(ours, "portraits/anna")
    ours.run()
    page.get_by_role("button", name="Library").click()
    library = page.get_by_role("list", name="Library", exact=True)
    entry = library.get_by_role("button", name=re.compile("^anna"))
    expect(entry.locator("img")).to_be_visible()
    page.wait_for_function("(img) => img.complete && img.naturalWidth > 0", arg=entry.locator("img").element_handle())
    save_as(ours, "plain")
    expect(library.get_by_role("button", name=re.compile("^plain"))).to_be_visible()
    page.screenshot(path=tmp_path / "library.png")
    page.get_by_role("searchbox", name="Search saved workflows").fill("ann")
    expect(library.get_by_role("button", name=re.compile("^plain"))).to_have_count(0)
    page.get_by_role("searchbox", name="Search saved workflows").fill("")
    page.get_by_role("button", name="Actions for portraits/anna").click()
    page.get_by_role("menuitem", name="Delete…").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(entry).to_have_count(0)
    page.get_by_role("button", name="Undo", exact=True).last.click()
    expect(entry).to_be_visible()
    page.get_by_role("button", name="portraits 1").click()
    expect(entry).to_have_count(0)
    assert ours.troubles == []


def test_a_library_of_thousands_is_listed_without_drawing_all(context: BrowserContext, clean: Server) -> None:
    folder = clean.data / "user" / "default" / "workflows"
    for number in range(3000):
        path = folder / f"set {number % 20}" / f"workflow {number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"nodes": [], "links": [], "version": 0.4}')
    ours = opened(context, clean)
    page = ours.page
    page.get_by_role("button", name="Library").click()
    library = page.get_by_role("list", name="Library", exact=True)
    expect(library.get_by_role("button", name="set 0 150")).to_be_visible()
    assert library.get_by_role("listitem").count() < 60
    page.get_by_role("searchbox", name="Search saved workflows").fill("workflow 2999")
    library.get_by_role("button", name=re.compile("^workflow 2999")).click()
    expect(page.get_by_role("tab", name="workflow 2999")).to_be_visible()
    assert ours.troubles == []
