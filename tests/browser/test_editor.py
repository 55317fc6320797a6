"""Our editor in the system's Chromium, from the default workflow to a picture, and what must not be lost."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Error, expect

from tests.browser.ours import KEPT_AFTER_MS, Ours, contents
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PLACES = {
    "CheckpointLoaderSimple": [(90, 120)],
    "CLIPTextEncode": [(400, 300), (400, 560)],
    "EmptyLatentImage": [(400, 120)],
    "KSampler": [(850, 120)],
    "VAEDecode": [(1200, 120)],
    "SaveImage": [(1200, 280)],
}
"""Where the nodes of text to image go, in pixels of the page."""


def saved_picture(server: Server, prompt_id: str) -> Path:
    """What the default workflow saved in a run."""
    (saved,) = server.get(f"/history/{prompt_id}")[prompt_id]["outputs"]["7"]["images"]
    return server.data / "output" / str(saved["subfolder"]) / str(saved["filename"])


def test_it_opens_with_the_default_workflow_and_asks_nobody_else(context: BrowserContext, own: Server) -> None:
    asked: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    ours = Ours(page, own.url).boot()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("article")).to_have_count(7)
    assert all(url.startswith((f"{own.url}/", "data:", "blob:")) for url in asked)
    assert ours.troubles == []


def test_the_default_workflow_runs_and_its_picture_appears_on_the_node_that_saves(ours: Ours, own: Server) -> None:
    prompt_id = ours.run()
    picture = ours.expect_picture("Save")
    (saved,) = own.get(f"/history/{prompt_id}")[prompt_id]["outputs"]["7"]["images"]
    assert f"filename={saved['filename']}" in (picture.get_attribute("src") or "")


def test_everything_is_undone_and_done_again(ours: Ours) -> None:
    page, before = ours.page, ours.document()
    ours.set("Draw", "steps", "7")
    ours.set("Words", "text", "a cat on a green background")
    ours.node("Save").get_by_role("heading").click()
    page.keyboard.press("Delete")
    expect(ours.node("Save")).to_have_count(0)
    after = ours.document()
    assert contents(after) != contents(before)
    ours.click_canvas()
    for _ in range(3):
        page.keyboard.press("Control+z")
    expect(ours.node("Save")).to_be_visible()
    expect(ours.field("Draw", "steps")).to_have_value("20")
    assert contents(ours.document()) == contents(before)
    ours.click_canvas()
    for _ in range(3):
        page.keyboard.press("Control+Shift+z")
    expect(ours.node("Save")).to_have_count(0)
    assert contents(ours.document()) == contents(after)


def test_a_wire_that_does_not_fit_is_refused_and_says_why(ours: Ours) -> None:
    before = ours.document()
    ours.wire(ours.output("Empty canvas", "LATENT"), ours.input("Draw", "positive"))
    expect(ours.page.get_by_text("LATENT does not fit CONDITIONING")).to_be_visible()
    ours.page.mouse.up()
    expect(ours.page.get_by_text("LATENT does not fit CONDITIONING")).to_have_count(0)
    assert contents(ours.document()) == contents(before)


def test_an_input_that_is_missing_is_marked_where_it_is(ours: Ours) -> None:
    page = ours.page
    ours.node("Empty canvas").get_by_role("heading").click()
    page.keyboard.press("Delete")
    with ours.expecting("400: POST .*/prompt", "console: .*status of 400"):
        page.get_by_role("button", name="Run", exact=True).click()
        expect(ours.node("Draw").get_by_role("alert")).to_contain_text("missing")


def test_a_node_that_fails_is_marked_and_the_list_of_problems_leads_there(
    context: BrowserContext, own: Server, tmp_path: Path
) -> None:
    broken = own.data / "models" / "checkpoints" / "broken.safetensors"
    broken.write_bytes(b"not a model")
    ours = Ours(context.new_page(), own.url).boot()
    ours.field("Model", "ckpt_name").click()
    ours.page.get_by_role("option", name=broken.name).click()
    ours.page.get_by_role("button", name="Run", exact=True).click()
    ours.wait_for("execution_error", node_id="1")
    expect(ours.node("Model").get_by_role("alert")).to_contain_text("broken.safetensors")
    ours.page.get_by_role("button", name="Problems").click()
    ours.page.get_by_role("list", name="Problems").get_by_role("button", name=re.compile("^Model")).click()
    expect(ours.page.get_by_text("1 selected")).to_be_visible()
    ours.page.screenshot(path=tmp_path / "failed.png")
    broken.unlink()
    assert ours.troubles == []


def test_a_killed_tab_comes_back_whole(context: BrowserContext, own: Server) -> None:
    ours = Ours(context.new_page(), own.url).boot()
    ours.set("Words", "text", "a sun on a pink background")
    ours.set("Draw", "steps", "9")
    ours.page.wait_for_timeout(KEPT_AFTER_MS)
    with pytest.raises(Error, match="crash"):
        ours.page.goto("chrome://crash")
    again = Ours(context.new_page(), own.url).boot()
    expect(again.field("Words", "text")).to_have_value("a sun on a pink background")
    expect(again.field("Draw", "steps")).to_have_value("9")
    again.click_canvas()
    again.page.keyboard.press("Control+z")
    expect(again.field("Draw", "steps")).to_have_value("20")
    assert again.troubles == []


def test_a_server_that_was_killed_and_started_again_is_found_again(context: BrowserContext, tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        ours = Ours(context.new_page(), server.url).boot()
        ours.run()
        ours.expect_picture("Save")
        ours.page.wait_for_load_state("networkidle")
        with ours.expecting("WebSocket connection to .* failed", "ERR_CONNECTION_REFUSED"):
            server.stop(signal.SIGKILL)
            expect(ours.page.get_by_text("Connection lost, trying again")).to_be_visible()
            time.sleep(1)  # long enough for it to try in vain
            server.start()
            expect(ours.page.get_by_text("Connected", exact=True)).to_be_visible()
        ours.set("Draw", "seed", "42")
        ours.run()
        ours.expect_picture("Save")
        assert ours.troubles == []


def test_a_saved_picture_dropped_in_a_new_page_is_the_same_workflow_and_draws_the_same_picture(
    ours: Ours, context: BrowserContext, own: Server, tmp_path: Path
) -> None:
    """On a server that remembers nothing of it, so that it is drawn, not found."""
    ours.set("Words", "text", "a sun on a pink background")
    made = saved_picture(own, ours.run())
    (tmp_path / "dropped.png").write_bytes(made.read_bytes())
    (tmp_path / "elsewhere").mkdir()
    with Server(tmp_path / "elsewhere") as elsewhere:
        other = Ours(context.new_page(), elsewhere.url).boot()
        other.let_go(tmp_path / "dropped.png", "image/png")
        expect(other.page.get_by_role("tab", name="dropped")).to_be_visible()
        expect(other.field("Words", "text")).to_have_value("a sun on a pink background")
        assert contents(other.document()) == contents(ours.document())
        again = saved_picture(elsewhere, other.run())
        other.expect_picture("Save")
        assert Image.open(again).tobytes() == Image.open(made).tobytes()
        assert other.troubles == []


def test_a_saved_workflow_is_opened_again_from_the_library(ours: Ours, own: Server) -> None:
    page = ours.page
    ours.set("Words", "text", "a tree on a white background")
    page.keyboard.press("Control+s")
    asked = page.get_by_role("dialog", name="Save workflow")
    asked.get_by_role("textbox", name="Name").fill("kept")
    asked.get_by_role("button", name="Save").click()
    expect(asked).to_have_count(0)
    expect(page.get_by_role("tab", name="kept", exact=True)).to_be_visible()
    assert own.get("/userdata?dir=workflows") == ["kept.json"]
    page.get_by_role("tab", name="kept", exact=True).focus()
    page.keyboard.press("Delete")
    expect(page.get_by_role("tab", name="kept", exact=True)).to_have_count(0)
    page.reload()
    page.get_by_role("button", name="Library").click()
    page.get_by_role("list", name="Library").get_by_role("button", name=re.compile("^kept")).click()
    expect(ours.field("Words", "text")).to_have_value("a tree on a white background")


def test_text_to_image_is_built_by_mouse_undone_to_nothing_and_done_again(ours: Ours, own: Server) -> None:
    page, titles = ours.page, {name: spec["display_name"] for name, spec in own.get("/object_info").items()}
    model, text, size, sampler, decode, save = (titles[name] for name in PLACES)
    page.get_by_role("button", name="New workflow").click()
    for name, places in PLACES.items():
        for place in places:
            ours.add(titles[name], place)
    for start, end in (
        (ours.output(model, "MODEL"), ours.input(sampler, "model")),
        (ours.output(model, "CLIP"), ours.input(text, "clip").first),
        (ours.output(model, "CLIP"), ours.input(text, "clip").last),
        (ours.output(text, "CONDITIONING").first, ours.input(sampler, "positive")),
        (ours.output(text, "CONDITIONING").last, ours.input(sampler, "negative")),
        (ours.output(size, "LATENT"), ours.input(sampler, "latent_image")),
        (ours.output(sampler, "LATENT"), ours.input(decode, "samples")),
        (ours.output(model, "VAE"), ours.input(decode, "vae")),
        (ours.output(decode, "IMAGE"), ours.input(save, "images")),
    ):
        ours.wire(start, end)
        page.mouse.up()
    for widget in ("width", "height"):
        ours.set(size, widget, "128")
    ours.node(text).first.get_by_role("textbox").fill("a rocket on a blue background")
    ours.run()
    ours.expect_picture(save)
    built = contents(ours.document())
    assert len(built["links"]) == 9
    ours.press_while_it_can_be("Undo")
    expect(page.get_by_role("article")).to_have_count(0)
    ours.press_while_it_can_be("Redo")
    assert contents(ours.document()) == built
