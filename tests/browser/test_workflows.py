"""Workflows come and go as files: dropped pictures, and what the user saves on the server."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.editor import Editor
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TEXT_TO_IMAGE = Path("workflows/text_to_image.json")


def test_a_dropped_picture_opens_the_workflow_that_made_it(editor: Editor, server: Server, tmp_path: Path) -> None:
    workflow = TEXT_TO_IMAGE.read_text().replace("a rocket on a blue background", "a sun on a pink background")
    (tmp_path / "made.json").write_text(workflow)
    editor.boot().open(tmp_path / "made.json")
    prompt_id = editor.run()
    (saved,) = server.get(f"/history/{prompt_id}")[prompt_id]["outputs"]["7"]["images"]
    picture = tmp_path / "dropped.png"
    picture.write_bytes((server.data / "output" / saved["subfolder"] / saved["filename"]).read_bytes())
    editor.drop(picture, "image/png")
    assert editor.node("CLIPTextEncode")["widgets"]["text"] == "a sun on a pink background"


def test_a_saved_workflow_is_opened_again_after_a_reload(editor: Editor, server: Server) -> None:
    editor.boot().open(TEXT_TO_IMAGE)
    page = editor.page
    page.keyboard.press("Control+s")
    asked = page.get_by_role("dialog", name="Save workflow")
    asked.get_by_role("textbox").fill("kept")
    asked.get_by_role("button", name="Confirm").click()
    expect(asked).to_have_count(0)
    editor.expect_tab("kept")
    assert "kept.json" in server.get("/userdata?dir=workflows")
    page.get_by_role("tab", name="kept").hover()
    page.get_by_role("tablist").get_by_role("button", name="Close").last.click()
    editor.reload()
    page.get_by_role("button", name="Workflows (w)").click()
    page.get_by_role("treeitem").get_by_text("kept").click()
    editor.expect_tab("kept")
    assert editor.node("KSampler")["widgets"]["sampler_name"] == "ddim"
