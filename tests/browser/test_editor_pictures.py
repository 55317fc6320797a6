"""The editor's pictures for README, taken by those who look at them: ``--pictures`` writes them into docs/pictures."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Browser, expect

from tests.browser.ours import Ours
from tests.browser.views import choose, expect_dialog, mask_editor, open_panel, press
from tests.browser.watched import RUNS_WITHIN_MS, Watched
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PICTURES = Path("docs/pictures")
VIEW = {"width": 1400, "height": 720}
PHONE = {"width": 360, "height": 740}
SHARPNESS = 1.5
QUALITY = 82
MOST_BYTES = 150_000
FEWEST_COLORS = 500
"""A page that shows a workflow and a picture has more than this; a blank one, or one that failed, has not."""
WORDS = ("a rocket on a blue background", "a cat on a green background", "a sun on a pink background")


@pytest.fixture
def shown(chromium: Browser, own: Server) -> Iterator[Callable[[str], Ours]]:
    """The editor in a theme, as sharp as good screens are."""
    context = chromium.new_context(viewport=VIEW, device_scale_factor=SHARPNESS, reduced_motion="reduce")
    shutil.rmtree(own.data / "user/default/wireloom/drafts", ignore_errors=True)  # nothing of the picture before

    def show(theme: str) -> Ours:
        page = context.new_page()
        page.emulate_media(color_scheme=theme)
        return Ours(page, own.url).boot()

    yield show
    context.close()
    own.post("/queue", {"clear": True})
    own.post("/interrupt", {})


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return PICTURES if request.config.getoption("--pictures", default=False) else tmp_path


def draw(ours: Ours, words: str) -> None:
    ours.set("Words", "text", words)
    ours.run()
    ours.expect_picture("Save")


def fit(ours: Ours) -> None:
    """The whole workflow, and no pointer over it."""
    ours.click_canvas()
    ours.page.keyboard.press("f")
    ours.page.mouse.move(700, 712)
    ours.page.wait_for_timeout(300)


def take(ours: Watched, path: Path) -> float:
    """Keep what the page shows, and return its lightness, 0 to 1."""
    picture = Image.open(io.BytesIO(ours.page.screenshot())).convert("RGB")
    picture.save(path, quality=QUALITY, method=6)
    assert path.stat().st_size <= MOST_BYTES
    colors = picture.getcolors(picture.width * picture.height)
    assert colors
    assert len(colors) > FEWEST_COLORS
    assert ours.troubles == []
    return float(ImageStat.Stat(picture.convert("L")).mean[0]) / 255


def test_the_default_workflow_after_a_run_in_the_light_theme(shown: Callable[[str], Ours], folder: Path) -> None:
    ours = shown("light")
    draw(ours, WORDS[2])  # the first run reads the model
    draw(ours, WORDS[0])
    fit(ours)
    assert take(ours, folder / "editor.webp") > 0.7


def test_a_larger_workflow_in_the_dark_theme(shown: Callable[[str], Ours], folder: Path) -> None:
    ours = shown("dark")
    choose(ours, "Workflow actions", "Templates")
    expect_dialog(ours, "Templates")
    press(ours, "Open Batch and grid")
    expect(ours.page.get_by_role("tab", name="Batch and grid")).to_be_visible()
    ours.run()
    fit(ours)
    assert take(ours, folder / "editor_dark.webp") < 0.3


def test_a_run_under_way_with_its_preview_and_the_queue(shown: Callable[[str], Ours], folder: Path) -> None:
    ours = shown("dark")
    draw(ours, WORDS[1])
    open_panel(ours, "Queue")
    ours.set("Words", "text", WORDS[0])
    ours.set("Draw", "steps", "250")
    press(ours, "Run")
    ours.wait_for("progress")
    preview = ours.node("Draw").get_by_role("img", name="Preview of unfinished work")
    expect(preview).to_be_visible()
    press(ours, "Run")  # one more waits
    fit(ours)
    expect(preview).to_be_visible()
    assert take(ours, folder / "editor_running.webp") < 0.3


def test_a_mask_being_painted(shown: Callable[[str], Ours], own: Server, folder: Path, tmp_path: Path) -> None:
    ours = shown("dark")
    mask_editor(ours, own, tmp_path)
    ours.page.get_by_role("slider", name="Feather").fill("0.4")
    box = ours.page.get_by_role("application", name=re.compile("to paint a mask on")).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    ours.page.mouse.move(x - 80, y - 40)
    ours.page.mouse.down()
    for dx, dy in ((60, -60), (90, 30), (-20, 70), (-60, 10)):
        ours.page.mouse.move(x + dx, y + dy, steps=8)
    ours.page.mouse.up()
    ours.page.wait_for_timeout(300)
    assert take(ours, folder / "editor_mask.webp") < 0.6


def test_the_gallery_with_what_was_made(shown: Callable[[str], Ours], folder: Path) -> None:
    ours = shown("light")
    ours.set("Empty canvas", "batch_size", "4")
    for words in WORDS:
        draw(ours, words)
    open_panel(ours, "Gallery")
    expect(ours.page.get_by_role("listitem").nth(11)).to_be_visible()
    fit(ours)
    assert take(ours, folder / "editor_gallery.webp") > 0.7


def test_a_form_on_a_phone_after_a_run(chromium: Browser, own: Server, folder: Path) -> None:
    context = chromium.new_context(viewport=PHONE, device_scale_factor=SHARPNESS, color_scheme="light")
    form = Watched(context.new_page(), own.url)
    page = form.page
    page.goto(f"{own.url}/form?workflow=text_to_image")
    page.get_by_role("textbox", name="text", exact=True).fill(WORDS[0], timeout=RUNS_WITHIN_MS)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Done", timeout=RUNS_WITHIN_MS)
    picture = page.get_by_role("region", name="Result").get_by_role("img")
    page.get_by_role("region", name="Result").evaluate("(region) => region.scrollIntoView()")
    page.wait_for_function("(picture) => picture.complete", arg=picture.element_handle())
    assert take(form, folder / "form.webp") > 0.6
    context.close()
