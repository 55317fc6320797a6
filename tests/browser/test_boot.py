"""The front end starts, and a new user is shown what can be drawn."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.editor import BOOTS_WITHIN_MS, Editor

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.protocol("http.9.a")
def test_it_boots_without_an_error_in_its_console_and_without_a_request_that_fails(editor: Editor) -> None:
    with editor.page.expect_response("**/api/jobs**", timeout=BOOTS_WITHIN_MS):
        editor.boot()
    editor.wait_for("feature_flags")
    editor.page.wait_for_load_state("networkidle")
    expect(editor.page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    assert editor.troubles == []


def test_the_gallery_greets_with_our_templates_and_opens_one(editor: Editor) -> None:
    editor.page.goto(editor.url)
    gallery = editor.page.get_by_role("dialog")
    ours = gallery.get_by_role("heading", name="Text to image", exact=True)
    expect(ours).to_be_visible(timeout=BOOTS_WITHIN_MS)
    ours.click()
    expect(gallery).to_have_count(0)
    assert editor.node("KSampler")["widgets"]["sampler_name"] == "ddim"
    editor.run()
    editor.fit()
    assert editor.wait_for_picture("SaveImage", "http")["width"] == 128
