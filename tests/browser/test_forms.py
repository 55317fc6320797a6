"""A workflow as a form, on a phone: from words to a picture, and again; what the editor puts into a form; its app."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.ours import Ours
from tests.browser.watched import RUNS_WITHIN_MS, Watched
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NARROW = {"width": 360, "height": 740}
SMALLEST_TARGET_PX = 24
"""WCAG 2.2, 2.5.8."""


@pytest.fixture
def phone(chromium: Browser, own: Server, tmp_path: Path) -> Iterator[Watched]:
    """A small screen that is touched; it must not have complained at the end."""
    context = chromium.new_context(viewport=NARROW, has_touch=True, is_mobile=True, device_scale_factor=2)
    watched = Watched(context.new_page(), own.url)
    yield watched
    watched.page.screenshot(path=tmp_path / "end.png")
    context.close()
    assert watched.troubles == []


def open_form(watched: Watched, name: str) -> Page:
    page = watched.page
    page.goto(f"{watched.url}/form?workflow={name}")
    # The first that is opened waits for the server's worker.
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=RUNS_WITHIN_MS)
    return page


def run(page: Page) -> None:
    page.get_by_role("button", name="Run", exact=True).tap()
    expect(page.get_by_role("status")).to_have_text("Done", timeout=RUNS_WITHIN_MS)


def result(page: Page) -> Locator:
    """The picture that came out, once it is loaded."""
    picture = page.get_by_role("region", name="Result").get_by_role("img")
    expect(picture).to_be_visible()
    page.wait_for_function("(picture) => picture.complete && picture.naturalWidth > 0", arg=picture.element_handle())
    return picture


def test_from_words_to_a_picture_on_a_phone(phone: Watched, own: Server) -> None:
    page = open_form(phone, "text_to_image")
    page.get_by_role("textbox", name="text", exact=True).fill("a panda on a pink background")
    page.get_by_role("spinbutton", name="steps").fill("8")
    run(page)
    expect(page.get_by_role("region", name="Result")).to_be_in_viewport()
    first = result(page).get_attribute("src")
    newest = own.get("/v1/jobs?workflow=text_to_image&limit=1")["jobs"][0]
    assert newest["inputs"]["text"] == "a panda on a pink background"
    assert newest["inputs"]["steps"] == 8
    page.get_by_role("textbox", name="text", exact=True).fill("a rocket")
    run(page)
    expect(page.get_by_role("region", name="Runs").get_by_role("button")).to_have_count(2)
    assert result(page).get_attribute("src") != first
    page.get_by_role("button", name=re.compile("^Load the inputs")).last.tap()
    expect(page.get_by_role("textbox", name="text", exact=True)).to_have_value("a panda on a pink background")
    expect(page.get_by_role("textbox", name="text", exact=True)).to_be_in_viewport()
    expect(page.get_by_role("spinbutton", name="seed")).to_have_value(str(newest["inputs"]["seed"]))
    assert result(page).get_attribute("src") == first


def test_a_form_fits_a_phone_and_is_clean_in_both_themes(phone: Watched) -> None:
    page = open_form(phone, "image_to_image")
    phone.page.emulate_media(reduced_motion="reduce")
    found = []
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        found += [(theme, rule["id"], rule["nodes"][0]["target"]) for rule in Axe().run(page).response["violations"]]
    assert found == []
    assert page.evaluate("document.querySelector('.form-page').scrollWidth") <= NARROW["width"]
    for control in page.locator("button:visible, a:visible, input:visible").all():
        box = control.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= SMALLEST_TARGET_PX or control.get_attribute("type") == "checkbox"


def test_what_is_refused_stands_at_its_field(phone: Watched, own: Server) -> None:
    workflow = json.loads(Path("workflows/text_to_image.json").read_text())
    workflow["5"]["inputs"]["steps"] = 0
    own.post("/userdata/workflows%2Fwrong.json?overwrite=true", workflow)
    page = open_form(phone, "wrong")
    with phone.expecting("400: POST .*/v1/jobs", "console: .*status of 400"):
        page.get_by_role("button", name="Run", exact=True).tap()
        expect(page.get_by_role("spinbutton", name="steps")).to_have_attribute("aria-invalid", "true")
        expect(page.locator("[data-refused]").get_by_role("alert")).to_contain_text("smaller")


def test_a_picture_of_the_phone_goes_in(phone: Watched, own: Server, tmp_path: Path) -> None:
    workflow = {
        "1": {
            "class_type": "LoadImage",
            "inputs": {"image": "none.png"},
            "_meta": {"title": "Photo", "wireloom": {"inputs": {"image": "photo"}}},
        },
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}, "_meta": {"wireloom": {"output": "seen"}}},
    }
    own.post("/userdata/workflows%2Fphoto.json?overwrite=true", workflow)
    Image.new("RGB", (300, 200), "teal").save(tmp_path / "holiday.png")
    with phone.expecting("404: GET .*/view", "console: .*status of 404"):
        page = open_form(phone, "photo")
        expect(page.get_by_role("combobox", name="photo")).to_have_attribute("aria-invalid", "true")
    page.locator("input[type=file]").set_input_files(tmp_path / "holiday.png")
    expect(page.get_by_role("img", name="Picture holiday.png")).to_be_visible()
    run(page)
    assert result(page).evaluate("(picture) => picture.naturalWidth") == 300


def test_a_run_goes_on_while_the_page_is_away_and_can_be_stopped(phone: Watched) -> None:
    page = open_form(phone, "text_to_image")
    page.get_by_role("spinbutton", name="steps").fill("9000")
    page.get_by_role("button", name="Run", exact=True).tap()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.reload()
    expect(page.get_by_role("spinbutton", name="steps")).to_have_value("9000")
    expect(page.get_by_role("img", name="The unfinished picture")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).tap()
    expect(page.get_by_role("status")).to_have_text("Stopped")


def test_the_editor_says_what_the_form_shows(ours: Ours, own: Server) -> None:
    page = ours.page

    def open_menu() -> None:
        ours.node("Draw").get_by_role("heading").click(button="right")
        page.get_by_role("menuitem", name=re.compile("^In the form")).hover()

    open_menu()
    expect(page.get_by_role("menuitemcheckbox", name=re.compile("^steps"))).to_be_checked()
    page.get_by_role("menuitemcheckbox", name=re.compile("^denoise")).click()
    asked = page.get_by_role("dialog", name="Show denoise in the form")
    asked.get_by_role("textbox", name="Name").fill("seed")
    expect(asked.get_by_role("alert")).to_contain_text("there already")
    asked.get_by_role("textbox", name="Name").fill("strength")
    asked.get_by_role("button", name="Show").click()
    open_menu()
    page.get_by_role("menuitemcheckbox", name=re.compile("^steps")).click()
    page.get_by_role("button", name="Workflow actions").click()
    with page.expect_popup() as opened:
        page.get_by_role("menuitem", name="Open as form").click()
        page.get_by_role("dialog", name="Save workflow").get_by_role("textbox", name="Name").fill("mine/drawing")
        page.get_by_role("dialog", name="Save workflow").get_by_role("button", name="Save").click()
    form = opened.value
    expect(form.get_by_role("heading", name="Drawing", level=1)).to_be_visible()
    expect(form.get_by_role("spinbutton", name="strength")).to_be_visible()
    expect(form.get_by_role("spinbutton", name="steps")).to_have_count(0)
    properties = own.get("/v1/workflows/mine%2Fdrawing")["inputs"]["properties"]
    assert "strength" in properties
    assert "steps" not in properties


def test_all_forms_are_listed_and_each_can_be_installed(phone: Watched) -> None:
    page = phone.page
    page.goto(f"{phone.url}/form")
    expect(page.get_by_role("link", name="Editor")).to_have_attribute("href", f"{phone.url}/")
    page.get_by_role("link", name=re.compile("^Text to image")).tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Text to image")
    found = page.context.new_cdp_session(page).send("Page.getAppManifest")
    assert found["errors"] == []
    assert found["url"].endswith("/app.webmanifest?workflow=text_to_image")
    assert json.loads(found["data"])["start_url"] == "./form?workflow=text_to_image"
    lacking = page.context.new_cdp_session(page).send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [each["errorId"] for each in lacking if each["errorId"] != "in-incognito"] == []
