"""Running in our editor, and what becomes of its pictures."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.ours import KEPT_AFTER_MS, Ours
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG_STEPS = "600"
PACK = '''
import time
from engine.context import Context
from engine.declare import node
from engine.node import Output


@node("Talker", title="Talker", category="test", is_output=True)
def talker(ctx: Context, text: str = "", times: int = 100) -> Output:
    """Says how far it is."""
    for done in range(times):
        ctx.check()
        ctx.say(f"{text} {done + 1} of {times}")
        time.sleep(0.05)
    return Output(ui={"text": ["said all"]})


def register(registry):
    registry.add(talker.definition)
'''


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with our editor, and a pack whose node talks while it works."""
    packs = tmp_path_factory.mktemp("packs")
    (packs / "talking.py").write_text(PACK)
    about = packs / "talking-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: talking\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[wireloom.nodes]\ntalking = talking:register\n")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{packs}{os.pathsep}{before}" if before else str(packs)
    try:
        with Server(tmp_path_factory.mktemp("data"), "--packs") as started:
            started.post("/prompt", {"prompt": json.loads(Path("workflows/text_to_image.json").read_text())})
            while started.get("/prompt")["exec_info"]["queue_remaining"]:
                time.sleep(0.1)  # the model is read by then: no test waits for that
            started.post("/history", {"clear": True})
            yield started
    finally:
        del os.environ["PYTHONPATH"]
        if before:
            os.environ["PYTHONPATH"] = before


@pytest.fixture(autouse=True)
def idle(own: Server) -> Iterator[None]:
    """Nothing runs, waits, or is remembered of the test before."""
    yield
    own.post("/queue", {"clear": True})
    own.post("/interrupt", {})
    own.post("/history", {"clear": True})


def choose(page: Page, item: str, role: Any = "menuitem") -> None:
    """Take an entry of the menu beside Run."""
    page.get_by_role("button", name="More ways to run").click()
    page.get_by_role(role, name=item).click()


def panel(page: Page, name: str) -> Locator:
    """Open a panel at the side."""
    button = page.get_by_role("button", name=name, exact=True)
    if button.get_attribute("aria-pressed") != "true":
        button.click()
    return page.get_by_role("region", name=name, exact=True)


def start(ours: Ours, steps: str = LONG_STEPS) -> None:
    """Press Run, with so many steps, and wait until the sampler is at work."""
    ours.set("Draw", "steps", steps)
    ours.page.get_by_role("button", name="Run", exact=True).click()
    expect(ours.node("Draw").get_by_role("progressbar")).to_be_visible()


def prompts(own: Server) -> list[Any]:
    """The jobs that have ended, oldest first: what was run of each, and what came out."""
    return list(own.get("/history").values())


def test_any_node_is_run_to_and_shows_what_it_makes(ours: Ours, own: Server) -> None:
    page, before = ours.page, ours.document()
    ours.node("Draw").get_by_role("heading").click()
    choose(page, "Run to the selected nodes")
    picture = ours.expect_picture("Draw")
    assert "type=temp" in (picture.get_attribute("src") or "")
    assert ours.document() == before
    (entry,) = prompts(own)
    assert entry["prompt"][4] == ["5:show0"]
    assert entry["prompt"][2]["5:make0"]["inputs"] == {"samples": ["5", 0], "vae": ["1", 2]}
    ours.node("Model").get_by_role("heading").click()
    page.keyboard.press("Control+Alt+Enter")
    expect(ours.node("Model").get_by_text("cached")).to_be_visible()
    expect(ours.node("Model").locator("pre")).to_have_count(0)


def test_it_runs_on_change_once_for_several_and_says_so(ours: Ours, own: Server) -> None:
    page = ours.page
    choose(page, "Run on change", "menuitemcheckbox")
    chip = page.get_by_role("button", name=re.compile("^Runs|^Waits for a change"))
    expect(chip).to_have_text("Runs on change")
    ours.node("Save").get_by_role("heading").drag_to(
        ours.node("Save").get_by_role("heading"), target_position={"x": 1, "y": 1}
    )
    ours.set("Draw", "steps", "3")
    ours.set("Draw", "cfg", "5")
    expect(chip).to_have_text("Runs in a moment")
    ours.expect_picture("Save")
    page.wait_for_timeout(1500)  # long enough for another run, which must not come
    assert len(prompts(own)) == 1
    with ours.expecting("400: POST .*/prompt", "console: .*status of 400"):
        ours.node("Empty canvas").get_by_role("heading").click()
        page.keyboard.press("Delete")
        expect(chip).to_have_text("Waits for a change")
    ours.click_canvas()
    page.keyboard.press("Control+z")
    expect(chip).to_have_text("Runs on change")
    expect(page.get_by_text("Done: nothing had changed")).to_be_visible()
    chip.click()
    expect(chip).to_have_count(0)


def test_a_run_on_change_takes_the_place_of_its_own_that_waits(ours: Ours, own: Server) -> None:
    page = ours.page
    start(ours)
    choose(page, "Run on change", "menuitemcheckbox")
    for steps in ("3", "4"):
        with page.expect_response(re.compile("/prompt$")):
            ours.set("Draw", "steps", steps)
    own.post("/interrupt", {})
    ours.expect_picture("Save")
    *_, last = prompts(own)
    assert [entry["prompt"][2]["5"]["inputs"]["steps"] for entry in prompts(own)] == [int(LONG_STEPS), 4]
    assert last["status"]["status_str"] == "success"


def test_a_fault_is_told_once_and_goes_with_its_cause(ours: Ours) -> None:
    page = ours.page
    ours.node("Empty canvas").get_by_role("heading").click()
    page.keyboard.press("Delete")
    with ours.expecting("400: POST .*/prompt", "console: .*status of 400"):
        page.get_by_role("button", name="Run", exact=True).click()
        expect(ours.node("Draw").get_by_role("alert")).to_contain_text("missing")
    problems = panel(page, "Problems").get_by_role("list", name="Problems").get_by_role("listitem")
    expect(problems).to_have_count(1)
    expect(page.get_by_role("button", name="1 problem")).to_be_visible()
    ours.click_canvas()
    page.keyboard.press("Control+z")
    expect(ours.node("Draw").get_by_role("alert")).to_have_count(0)
    expect(panel(page, "Problems").get_by_text("No problems.")).to_be_visible()
    page.keyboard.press("Control+Shift+z")
    expect(problems).to_have_count(1)


def test_after_a_reload_the_pictures_are_on_their_nodes_again(ours: Ours) -> None:
    ours.set("Draw", "seed", "314")
    ours.run()
    source = ours.expect_picture("Save").get_attribute("src")
    ours.page.wait_for_timeout(KEPT_AFTER_MS)
    ours.page.reload()
    ours.ready()
    assert ours.expect_picture("Save").get_attribute("src") == source
    expect(ours.node("Draw")).to_contain_text(re.compile(r"[0-9.]+ s"))


def test_a_job_is_run_again_in_its_tab_or_in_a_new_one(ours: Ours) -> None:
    page = ours.page
    ours.set("Draw", "steps", "4")
    ours.run()
    ours.expect_picture("Save")
    page.get_by_role("button", name="New workflow").click()
    tabs = page.get_by_role("tab")
    expect(tabs).to_have_count(2)
    again(page)
    expect(tabs.first).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("Done: nothing had changed")).to_be_visible()
    tabs.first.focus()
    page.keyboard.press("Delete")
    page.get_by_role("button", name=re.compile("Discard|Close without|Don.t save")).click()
    expect(tabs).to_have_text("Untitled")
    again(page)
    expect(tabs).not_to_have_text("Untitled")  # the blank one has made room
    ours.expect_picture("Save")


def again(page: Page) -> None:
    history = panel(page, "Queue").get_by_role("list", name="History")
    history.get_by_role("button", name="More for this job").first.click()
    page.get_by_role("menuitem", name="Run again").click()


def test_the_queue_shows_live_pictures_places_and_time_and_one_is_cancelled(ours: Ours, own: Server) -> None:
    page = ours.page
    start(ours)
    for _ in range(2):
        page.get_by_role("button", name="Run", exact=True).click()
    jobs = panel(page, "Queue").get_by_role("list", name="Now and next").get_by_role("listitem")
    expect(jobs).to_have_count(3)
    expect(jobs.nth(0).get_by_role("img", name="Unfinished picture")).to_be_visible()
    expect(jobs.nth(0)).to_contain_text(re.compile(r"\d+ / \d+.*\d:\d\d"))
    expect(jobs.nth(0)).to_contain_text(re.compile(r"\d:\d\d left"))
    expect(jobs.nth(1)).to_contain_text("Next")
    expect(jobs.nth(2)).to_contain_text("Number 2")
    ours.set("Draw", "seed", "99")
    page.keyboard.press("Control+Shift+Enter")
    expect(jobs).to_have_count(4)
    within_s = time.monotonic() + 20
    while len(running := own.get("/queue")["queue_running"]) < 2 and time.monotonic() < within_s:
        page.wait_for_timeout(100)
    assert [job[2]["5"]["inputs"]["seed"] for job in sorted(running)] == [99, 1]  # the one in front goes first, at once
    jobs.nth(0).get_by_role("button", name="Cancel job").click()
    expect(jobs).to_have_count(3)
    assert all(job[2]["5"]["inputs"]["seed"] != 99 for job in own.get("/queue")["queue_running"])
    page.get_by_role("button", name="Clear queue").click()
    expect(jobs).to_have_count(1)
    page.get_by_role("button", name="Stop the running job").click()
    expect(jobs).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="Stopped")).to_be_visible()


def test_the_tab_of_the_browser_shows_progress(ours: Ours) -> None:
    page = ours.page
    icon = "document.querySelector('link[rel=icon]').href"
    before, own_icon = page.title(), page.evaluate(icon)
    start(ours)
    page.wait_for_function(r"() => /^\d+ % /.test(document.title)")
    assert page.evaluate(icon).startswith("data:image/svg+xml")
    page.get_by_role("button", name="Stop the running job").click()
    page.wait_for_function("() => !document.title.includes('%')")
    assert page.title().endswith(before.removeprefix("• "))
    assert page.evaluate(icon) == own_icon


def test_a_notification_tells_the_end_of_a_run_to_who_looks_elsewhere(context: BrowserContext, own: Server) -> None:
    context.grant_permissions(["notifications"], origin=own.url)
    context.add_init_script(
        """window.told = [];
        const Real = window.Notification;
        window.Notification = class {
            static get permission() { return "granted"; }
            static requestPermission() { return Promise.resolve("granted"); }
            constructor(title, { body }) { window.told.push(`${title}: ${body}`); }
        };
        Object.defineProperty(document, "hidden", { get: () => window.away === true });"""
    )
    ours = Ours(context.new_page(), own.url).boot()
    page = ours.page
    page.keyboard.press("Control+,")
    page.get_by_role("checkbox", name="Notify when a run has ended").check()
    page.keyboard.press("Escape")
    ours.set("Draw", "steps", "5")
    ours.run()
    assert page.evaluate("window.told") == []
    page.evaluate("window.away = true")
    ours.set("Draw", "steps", "6")
    ours.run()
    page.wait_for_function("() => window.told.length === 1")
    assert re.search(r": Done in .* s$", page.evaluate("window.told[0]"))
    assert ours.troubles == []


def pictures(ours: Ours, count: int) -> None:
    """Make so many pictures."""
    for seed in range(count):
        ours.set("Draw", "steps", "4")
        ours.set("Draw", "seed", str(1000 + seed))
        ours.run()
        ours.expect_picture("Save")


def test_a_picture_is_deleted_from_the_gallery_the_node_and_the_disk(ours: Ours, own: Server, tmp_path: Path) -> None:
    page = ours.page
    pictures(ours, 2)
    tiles = panel(page, "Gallery").get_by_role("listitem")
    expect(tiles).to_have_count(2)
    name = (tiles.first.get_by_role("button").first.get_attribute("aria-label") or "").removeprefix("Open ")
    (file,) = (own.data / "output").rglob(name)
    page.screenshot(path=tmp_path / "gallery.png")
    tiles.first.hover()
    tiles.first.get_by_role("button", name=f"More for {name}").click()
    page.get_by_role("menuitem", name="Delete picture").click()
    question = page.get_by_role("dialog", name="Delete picture")
    question.get_by_role("button", name="Cancel").click()
    assert file.exists()
    tiles.first.get_by_role("button").first.click()
    page.keyboard.press("Delete")
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("img", name=name)).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(tiles).to_have_count(1)
    expect(ours.node("Save").locator("img")).to_have_count(0)
    assert not file.exists()
    ours.run()  # the result was forgotten with the file
    ours.expect_picture("Save")
    expect(tiles).to_have_count(2)


def test_the_workflow_behind_a_picture_is_opened_from_the_gallery(ours: Ours) -> None:
    page = ours.page
    ours.set("Words", "text", "a tree on a white background")
    pictures(ours, 1)
    ours.set("Words", "text", "another")
    tile = panel(page, "Gallery").get_by_role("listitem")
    tile.hover()
    tile.get_by_role("button", name=re.compile("^More for")).click()
    page.get_by_role("menuitem", name="Open workflow").click()
    expect(page.get_by_role("tab")).to_have_count(2)
    expect(ours.field("Words", "text")).to_have_value("a tree on a white background")


def test_pictures_are_seen_whole_pixel_by_pixel_and_compared(ours: Ours, tmp_path: Path) -> None:
    page = ours.page
    pictures(ours, 3)
    ours.node("Save").locator("button img").first.click()
    viewer = page.get_by_role("dialog", name="Pictures")
    zoom, where = viewer.get_by_label("Zoom", exact=True), viewer.get_by_text(re.compile(r"^\d of 3$"))
    expect(where).to_have_text("1 of 3")
    expect(viewer.get_by_text("128 × 128")).to_be_visible()
    fitted = zoom.inner_text()
    page.keyboard.press("1")
    expect(zoom).to_have_text("100 %")
    page.keyboard.press("+")
    expect(zoom).to_have_text("125 %")
    picture = viewer.locator(".stage-picture")
    before = picture.bounding_box()
    page.keyboard.press("Shift+ArrowLeft")
    after = picture.bounding_box()
    assert before
    assert after
    assert after["x"] > before["x"]
    page.keyboard.press("0")
    expect(zoom).to_have_text(fitted)
    page.keyboard.press("ArrowRight")
    expect(where).to_have_text("2 of 3")
    page.keyboard.press("c")
    divider = viewer.get_by_role("slider", name="Divider between the two pictures")
    box = divider.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    assert 20 < float(divider.input_value()) < 30
    page.screenshot(path=tmp_path / "compare.png")
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)


def test_why_a_node_ran_is_told_and_slow_nodes_are_warm(ours: Ours) -> None:
    page = ours.page
    ours.set("Draw", "steps", "4")
    ours.run()
    ours.set("Draw", "seed", "7")
    ours.run()
    problems = panel(page, "Problems")
    ours.node("Draw").get_by_role("heading").click()
    expect(problems.get_by_role("list", name="Because")).to_contain_text(re.compile(r"seed changed from \d+ to 7"))
    ours.node(
        "Words",
    ).first.get_by_role("heading").click()
    expect(problems.get_by_text("Not run: remembered from an earlier run.")).to_be_visible()
    problems.get_by_role("switch", name="Heat map").check()
    heat = {
        title: ours.node(title).evaluate("node => node.style.getPropertyValue('--heat')") for title in ("Draw", "Words")
    }
    assert float(heat["Draw"]) > 0.3
    assert heat["Words"] == ""


def test_a_node_that_tells_how_it_goes_is_heard_while_it_works(ours: Ours, tmp_path: Path) -> None:
    page = ours.page
    page.get_by_role("button", name="New workflow").click()
    ours.add("Talker", (800, 400))
    ours.set("Talker", "text", "Reading")
    page.get_by_role("button", name="Run", exact=True).click()
    says = ours.node("Talker").get_by_label("What it is doing")
    expect(says).to_have_text(re.compile(r"Reading \d+ of 100"))
    expect(says).to_have_count(0)
    expect(ours.node("Talker").locator("pre")).to_have_text("said all")
