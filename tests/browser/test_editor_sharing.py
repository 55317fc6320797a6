"""A workflow passed on: by a link that another browser opens and makes its own; and its versions, tags and bundle."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, expect

from tests.browser.hands import menu
from tests.browser.ours import Ours
from tests.browser.test_editor_keep import save_as, saved
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def painted(path: Path, color: str) -> Path:
    Image.new("RGB", (32, 32), color).save(path)
    return path


def test_a_link_shows_a_workflow_elsewhere_which_is_made_mine_there(
    ours: Ours, other: BrowserContext, own: Server, tmp_path: Path
) -> None:
    page = ours.page
    ours.run()
    ours.expect_picture("Save")
    ours.let_go(painted(tmp_path / "start.png", "red"), "image/png")
    expect(ours.node("Load Image")).to_be_visible()
    ours.set("Words", "text", "a shared cat")
    menu(ours, "Share…")
    dialog = page.get_by_role("dialog", name=re.compile("^Share"))
    expect(dialog.get_by_label("With its newest picture")).to_be_checked()
    dialog.get_by_role("button", name="Make a link").click()
    link = dialog.get_by_label("Link", exact=True).input_value()
    expect(dialog.get_by_role("listitem")).to_contain_text("1 file")
    page.screenshot(path=tmp_path / "share.png")
    # What becomes of the file here is nothing to the share.
    painted(own.data / "input" / "start.png", "blue")

    theirs = Ours(other.new_page(), link).boot()
    banner = theirs.page.get_by_role("region", name="shared workflow")
    expect(banner.get_by_role("img")).to_be_visible()
    expect(theirs.field("Words", "text")).to_have_value("a shared cat")
    theirs.set("Words", "text", "mine")
    expect(theirs.page.get_by_text("A shared workflow cannot be changed or run.")).to_be_visible()
    expect(theirs.field("Words", "text")).to_have_value("a shared cat")
    loaded = theirs.node("Load Image").locator("img.image-thumbnail")
    expect(loaded).to_have_attribute("src", re.compile(f"{link.rpartition('/')[2]}/files/input/start.png$"))
    theirs.page.screenshot(path=tmp_path / "shared.png")
    banner.get_by_role("button", name="Make it mine").click()
    expect(banner).to_have_count(0)
    expect(theirs.page.get_by_text("is in your library now.")).to_be_visible()
    mine = saved(own, "Text%20to%20image")
    files = [value for node in mine["nodes"] if node["type"] == "LoadImage" for value in node["widgets_values"]]
    assert "start (1).png" in files
    with Image.open(own.data / "input" / "start (1).png") as copied:
        assert copied.getpixel((0, 0)) == (255, 0, 0)
    theirs.set("Words", "text", "my own cat")
    theirs.run()
    assert theirs.troubles == []

    dialog.get_by_role("button", name=re.compile("^Revoke the link")).click()
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_role("dialog", name=re.compile("^Share")).get_by_text("There are none yet.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(ours.field("Words", "text")).to_have_value("a shared cat")  # where it was, it stays
    late = Ours(other.new_page(), link)
    with late.expecting("404: GET", "status of 404"):
        late.boot()
        expect(late.page.get_by_text("The shared workflow could not be opened")).to_be_visible()
    assert late.troubles == []


def test_a_saved_workflow_has_versions_tags_and_a_bundle(ours: Ours, own: Server, tmp_path: Path) -> None:
    page = ours.page
    save_as(ours, "pets/anna")
    ours.set("Draw", "steps", "7")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("tab", name="anna", exact=True)).to_be_visible()
    menu(ours, "Versions…")
    versions = page.get_by_role("dialog", name="Versions of “pets/anna”")
    expect(versions.get_by_role("listitem")).to_have_count(1)
    page.screenshot(path=tmp_path / "versions.png")
    versions.get_by_role("button", name=re.compile("^Name the version")).click()
    asked = page.get_by_role("dialog", name="Name this version")
    asked.get_by_role("textbox", name="Name").fill("twenty steps")
    asked.get_by_role("button", name="Name it").click()
    expect(versions.get_by_role("listitem")).to_contain_text("twenty steps")
    versions.get_by_role("button", name=re.compile("^Restore the version")).click()
    expect(ours.field("Draw", "steps")).to_have_value("20")
    expect(page.get_by_role("tab", name="anna", exact=True)).to_be_visible()

    page.get_by_role("button", name="Library").click()
    page.get_by_role("button", name="Actions for pets/anna").click()
    page.get_by_role("menuitem", name="Tags…").click()
    asked = page.get_by_role("dialog", name="Tags of “pets/anna”")
    asked.get_by_role("textbox", name="Tags").fill("animals, drafts")
    asked.get_by_role("button", name="Save").click()
    chip = page.get_by_role("group", name="Show only what has this tag").get_by_role("button", name="animals")
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    library = page.get_by_role("list", name="Library")
    expect(library.get_by_role("button", name=re.compile("^anna"))).to_be_visible()
    page.screenshot(path=tmp_path / "tags.png")

    page.get_by_role("button", name="Actions for pets/anna").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download as bundle").click()
    packed = Path(download.value.path()).read_bytes()
    assert {"wireloom.json", "workflow.json"} <= set(zipfile.ZipFile(io.BytesIO(packed)).namelist())
    bundle = tmp_path / "friend.zip"
    bundle.write_bytes(packed)
    ours.let_go(bundle, "application/zip")
    expect(page.get_by_role("tab", name="friend", exact=True)).to_be_visible()
    assert own.get("/v1/tags")["workflows"] == {"friend": ["animals", "drafts"], "pets/anna": ["animals", "drafts"]}
