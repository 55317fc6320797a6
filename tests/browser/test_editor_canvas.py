"""The canvas by mouse, keys and fingers: each thing that can be done there, undone and done again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from tests.browser.conftest import VIEW
from tests.browser.hands import Fingers, carry, choose, drag, links, middle, node, one_step, press, select, title
from tests.browser.ours import Ours, contents
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EMPTY_PLACE = (900, 780)
"""Where the default workflow has nothing, in pixels of the page."""


def group(ours: Ours, name: str) -> Locator:
    return ours.page.get_by_role("region", name=f"Group {name}", exact=True)


def view(ours: Ours) -> str:
    return ours.page.locator(".react-flow__viewport").get_attribute("style") or ""


def test_nodes_are_aligned_at_their_edges_and_spread(ours: Ours) -> None:
    select(ours, "Empty canvas", "Draw", "Decode")
    with one_step(ours):
        choose(ours, title(ours, "Draw"), "Align", "Bottom edges")
    lined = [node(ours.document(), name) for name in ("Empty canvas", "Draw", "Decode")]
    assert len({each["pos"][1] + each["size"][1] for each in lined}) == 1
    select(ours, "Empty canvas", "Draw", "Decode")
    with one_step(ours):
        choose(ours, title(ours, "Decode"), "Align", "Spread across")
    spread = sorted((node(ours.document(), name) for name in ("Empty canvas", "Draw", "Decode")), key=lambda n: n["pos"][0])
    first, second, third = ((each["pos"][0], each["pos"][0] + each["size"][0]) for each in spread)
    assert second[0] - first[1] == pytest.approx(third[0] - second[1], abs=1)


def test_with_snapping_on_nodes_come_to_lie_on_the_grid(ours: Ours) -> None:
    ours.click_canvas()
    ours.page.keyboard.press("Shift+g")
    with one_step(ours):
        drag(ours.page, middle(title(ours, "Save")), (37, 61))
    x, y = node(ours.document(), "Save")["pos"]
    assert (x % 8, (y - 30) % 8) == (0, 0)
    ours.page.keyboard.press("Shift+g")


def test_a_pinned_node_stays_where_it_is(ours: Ours) -> None:
    select(ours, "Save")
    with one_step(ours):
        ours.page.keyboard.press("p")
    before = node(ours.document(), "Save")["pos"]
    drag(ours.page, middle(title(ours, "Save")), (-60, 80))
    assert node(ours.document(), "Save")["pos"] == before
    select(ours, "Save")
    ours.page.keyboard.press("p")
    with one_step(ours):
        drag(ours.page, middle(title(ours, "Save")), (-60, 80))


@pytest.mark.parametrize(("keys", "mode", "mark"), [("Control+m", 2, "muted"), ("b", 4, "bypassed")])
def test_a_node_is_muted_or_bypassed_and_says_so(ours: Ours, keys: str, mode: int, mark: str) -> None:
    select(ours, "Decode")
    with one_step(ours):
        ours.page.keyboard.press(keys)
    assert node(ours.document(), "Decode")["mode"] == mode
    expect(ours.node("Decode").get_by_text(mark, exact=True)).to_be_visible()


def test_a_node_is_folded_resized_renamed_and_painted(ours: Ours) -> None:
    page = ours.page
    with one_step(ours):
        ours.node("Draw").get_by_role("button", name="Collapse node").click()
    expect(ours.field("Draw", "steps")).to_have_count(0)
    with one_step(ours):
        ours.node("Draw").get_by_role("button", name="Expand node").click()
    box = ours.node("Save").bounding_box()
    assert box
    with one_step(ours):
        drag(page, (box["x"] + box["width"] - 4, box["y"] + box["height"] - 4), (60, 90))
    assert node(ours.document(), "Save")["size"][0] > 300
    with one_step(ours):
        title(ours, "Save").dblclick()
        page.get_by_role("textbox", name="Title", exact=True).fill("Keep")
        page.keyboard.press("Enter")
    select(ours, "Keep")
    with one_step(ours):
        page.keyboard.press("F2")
        page.get_by_role("textbox", name="Title", exact=True).fill("Keep it")
        page.keyboard.press("Enter")
    with one_step(ours):
        choose(ours, title(ours, "Keep it"), "Colour", "Green")
    assert node(ours.document(), "Keep it")["color"]


def test_a_node_dragged_over_a_wire_shows_it_and_is_put_into_it(ours: Ours) -> None:
    page = ours.page
    ours.add("Upscale Latent By", EMPTY_PLACE)
    start, end = middle(ours.output("Draw", "LATENT")), middle(ours.input("Decode", "samples"))
    wire = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    held = middle(title(ours, "Upscale Latent By"))
    carry(page, held, (wire[0] - held[0], wire[1] - held[1]))
    expect(page.locator("[data-receives]")).to_have_count(1)
    page.mouse.move(*EMPTY_PLACE, steps=5)
    expect(page.locator("[data-receives]")).to_have_count(0)
    page.mouse.up()
    with one_step(ours):
        held = middle(title(ours, "Upscale Latent By"))
        drag(page, held, (wire[0] - held[0], wire[1] - held[1]))
    expect(page.locator("[data-receives]")).to_have_count(0)
    joined = links(ours.document())
    assert ("Draw", "LatentUpscaleBy") in joined and ("LatentUpscaleBy", "Decode") in joined
    assert ("Draw", "Decode") not in joined
    select(ours, "Upscale Latent By")
    with one_step(ours):
        page.keyboard.press("Control+Delete")
    assert ("Draw", "Decode") in links(ours.document())


def test_a_wire_dropped_on_nothing_offers_what_fits_and_joins_it(ours: Ours) -> None:
    page = ours.page
    with one_step(ours):
        drag(page, middle(ours.output("Draw", "LATENT")), (0, 300))
        expect(page.get_by_text("Fits LATENT")).to_be_visible()
        expect(page.get_by_role("option", name=re.compile("^Load Checkpoint"))).to_have_count(0)
        page.get_by_role("combobox", name="Search nodes").fill("upscale latent by")
        page.keyboard.press("Enter")
        expect(ours.node("Upscale Latent By")).to_be_visible()
    assert ("Draw", "LatentUpscaleBy") in links(ours.document())


def test_the_end_of_a_wire_is_moved_and_taken_off(ours: Ours) -> None:
    page = ours.page
    end, other = middle(ours.input("Draw", "negative")), middle(ours.input("Draw", "positive"))
    before = links(ours.document())
    with one_step(ours):
        press(page, (end[0] - 12, end[1]))
        page.mouse.move(*other, steps=10)
        page.mouse.up()
    assert links(ours.document()) == [pair for pair in before if pair != ("Words", "Draw")]
    with one_step(ours):
        press(page, (other[0] - 12, other[1]))
        page.mouse.move(*EMPTY_PLACE, steps=10)
        page.mouse.up()
    assert ("Words to avoid", "Draw") not in links(ours.document())


def test_a_node_is_dragged_out_of_the_palette(ours: Ours) -> None:
    page = ours.page
    page.get_by_role("button", name="Nodes", exact=True).click()
    page.get_by_role("searchbox", name="Search nodes").fill("Load VAE")
    leaf = page.get_by_role("button", name="Load VAE", exact=True)
    with one_step(ours):
        leaf.drag_to(page.locator(".react-flow__pane"), target_position={"x": 500, "y": 650})
        expect(ours.node("Load VAE")).to_be_visible()
    box = ours.node("Load VAE").bounding_box()
    assert box
    assert abs(box["x"] - (500 + 48 + 280)) < 60


def test_a_group_is_made_named_painted_resized_moved_with_its_nodes_and_fitted(ours: Ours) -> None:
    page = ours.page
    select(ours, "Decode", "Save")
    with one_step(ours):
        page.keyboard.press("Control+g")
    header = group(ours, "Group").get_by_role("banner").or_(group(ours, "Group").locator("header"))
    with one_step(ours):
        choose(ours, header, "Rename group")
        page.get_by_role("textbox", name="Rename group").fill("End")
        page.keyboard.press("Enter")
    header = group(ours, "End").locator("header")
    with one_step(ours):
        choose(ours, header, "Colour", "Purple")
    box = group(ours, "End").bounding_box()
    assert box
    with one_step(ours):
        drag(page, (box["x"] + box["width"] - 8, box["y"] + box["height"] - 8), (-20, 120))
    place = node(ours.document(), "Save")["pos"]
    with one_step(ours):
        drag(page, (box["x"] + 200, box["y"] + 10), (-20, 90))
    assert node(ours.document(), "Save")["pos"] != place
    with one_step(ours):
        choose(ours, group(ours, "End").locator("header"), "Fit to contents")
    choose(ours, group(ours, "End").locator("header"), "Select what is inside")
    expect(page.get_by_text("2 selected")).to_be_visible()
    with one_step(ours):
        choose(ours, group(ours, "End").locator("header"), "Remove group")
    assert len(ours.document()["nodes"]) == 7


def test_a_note_is_added_and_written(ours: Ours) -> None:
    with one_step(ours):
        ours.add("Note", EMPTY_PLACE)
    field = ours.node("Note").get_by_role("textbox")
    with one_step(ours):
        field.fill("remember")
        field.blur()
    assert node(ours.document(), "Note")["widgets_values"] == ["remember"]


def test_a_markdown_note_is_drawn_and_can_do_no_harm(ours: Ours) -> None:
    page = ours.page
    ours.add("Markdown note", EMPTY_PLACE)
    field = ours.node("Note").get_by_role("textbox")
    field.fill(
        "# Heading\n\n- one\n- [a link](https://example.org)\n\n"
        "![far](https://example.org/x.png) ![near](/templates/text_to_image-1.webp) <script>window.harmed = 1</script>"
        "<img src='/templates/hires_fix-1.webp' onload='window.harmed = 1'>"
    )
    ours.click_canvas()
    note = ours.node("Note")
    expect(note.get_by_role("heading", name="Heading")).to_be_visible()
    link = note.get_by_role("link", name="a link")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(link).to_have_attribute("target", "_blank")
    expect(note.locator("img[src*='example.org'], script, [onload]")).to_have_count(0)
    expect(note.get_by_role("img", name="near")).to_be_visible()
    assert page.evaluate("window.harmed") is None
    with one_step(ours):
        note.get_by_role("listitem").first.dblclick()
        field = note.get_by_role("textbox")
        field.fill("## Other")
        field.press("Escape")
        expect(note.get_by_role("heading", name="Other")).to_be_visible()


def test_a_reroute_is_put_into_a_wire_and_passes_its_type(ours: Ours) -> None:
    page = ours.page
    start, end = middle(ours.output("Draw", "LATENT")), middle(ours.input("Decode", "samples"))
    with one_step(ours):
        page.mouse.click((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, button="right")
        page.get_by_role("menuitem", name="Insert node").click()
        page.get_by_role("combobox", name="Search nodes").fill("reroute")
        page.keyboard.press("Enter")
        expect(ours.node("Reroute")).to_be_visible()
    joined = links(ours.document())
    assert ("Draw", "Reroute") in joined and ("Reroute", "Decode") in joined
    ours.wire(ours.node("Reroute").get_by_label(re.compile("^Output")), ours.input("Save", "images"))
    expect(page.get_by_text("LATENT does not fit IMAGE")).to_be_visible()
    page.mouse.up()


def test_a_primitive_takes_the_form_of_the_widget_it_feeds(ours: Ours, own: Server) -> None:
    page = ours.page
    ours.add("Primitive", (900, 700))
    expect(ours.node("Primitive").get_by_text("Wire it to a widget")).to_be_visible()
    ours.wire(ours.output("Primitive", "value"), ours.input("Draw", "model"))
    expect(page.get_by_text("A primitive feeds widgets only")).to_be_visible()
    page.mouse.up()
    with one_step(ours):
        ours.wire(ours.output("Primitive", "value"), ours.input("Draw", "steps"))
        page.mouse.up()
        expect(ours.field("Primitive", "value")).to_have_value("20")
    expect(ours.field("Draw", "steps")).to_be_disabled()
    made = node(ours.document(), "PrimitiveNode")
    assert made["widgets_values"] == [20, "fixed"]
    assert (made["outputs"][0]["type"], made["outputs"][0]["widget"]) == ("INT", {"name": "steps"})
    with one_step(ours):
        ours.set("Primitive", "value", "3")
    prompt_id = ours.run()
    assert own.get(f"/history/{prompt_id}")[prompt_id]["prompt"][2]["5"]["inputs"]["steps"] == 3


def test_a_widget_is_fed_by_a_wire_and_is_a_field_again_without_it(ours: Ours) -> None:
    page = ours.page
    ours.add("Int", (900, 700))
    with one_step(ours):
        ours.wire(ours.output("Int", "INT"), ours.input("Draw", "steps"))
        page.mouse.up()
        expect(ours.field("Draw", "steps")).to_be_disabled()
    end = middle(ours.input("Draw", "steps"))
    with one_step(ours):
        drag(page, (end[0] - 12, end[1]), (0, 400))
        expect(ours.field("Draw", "steps")).to_be_enabled()


def test_a_number_is_dragged_within_its_limits(ours: Ours) -> None:
    field = ours.field("Draw", "steps")
    with one_step(ours):
        drag(ours.page, middle(field), (40, 0))
        expect(field).to_have_value("30")
    with one_step(ours):
        drag(ours.page, middle(field), (-400, 0))
        expect(field).to_have_value("1")


def test_nodes_are_copied_into_another_window(ours: Ours, context: BrowserContext, own: Server) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    select(ours, "Decode", "Save")
    ours.page.keyboard.press("Control+c")
    other = Ours(context.new_page(), own.url).boot()
    other.page.get_by_role("button", name="New workflow").click()
    other.page.bring_to_front()
    other.page.mouse.move(600, 400)
    with one_step(other):
        other.page.keyboard.press("Control+v")
        expect(other.page.get_by_role("article")).to_have_count(2)
    assert links(other.document()) == [("Decode", "Save")]
    assert other.troubles == []


def test_the_tip_of_a_socket_goes_when_the_pointer_does(ours: Ours) -> None:
    page = ours.page
    ours.wire(ours.output("Empty canvas", "LATENT"), ours.input("Draw", "latent_image"))
    page.wait_for_timeout(600)
    expect(page.get_by_role("tooltip")).to_have_count(0)
    page.mouse.up()
    page.mouse.move(*EMPTY_PLACE)
    ours.input("Draw", "model").hover()
    expect(page.get_by_role("tooltip")).to_contain_text("MODEL")
    page.mouse.move(*EMPTY_PLACE)
    expect(page.get_by_role("tooltip")).to_have_count(0)
    ours.node("Draw").get_by_text("steps", exact=True).hover()
    ours.input("Draw", "steps").hover()
    expect(page.get_by_role("tooltip")).to_contain_text("INT")
    expect(page.get_by_role("tooltip")).not_to_contain_text("optional")


def test_what_is_seen_whole_stays_so_when_a_panel_opens(ours: Ours) -> None:
    page = ours.page
    page.get_by_role("button", name="Nodes", exact=True).click()
    expect(page.get_by_role("searchbox", name="Search nodes")).to_be_visible()
    page.wait_for_timeout(300)
    for name in ("Model", "Save"):
        box = ours.node(name).bounding_box()
        assert box
        assert box["x"] > 320 and box["x"] + box["width"] < VIEW["width"]


def test_nodes_are_arranged_without_overlap(ours: Ours) -> None:
    with one_step(ours):
        ours.page.get_by_role("button", name="Arrange").click()
        ours.page.wait_for_timeout(1500)
    boxes = [(*each["pos"], *each["size"]) for each in ours.document()["nodes"]]
    for index, (x, y, width, height) in enumerate(boxes):
        for left, top, wide, high in boxes[index + 1 :]:
            assert x + width <= left or left + wide <= x or y + height <= top - 30 or top + high <= y - 30


def test_a_box_selects_and_copies_are_beside_what_they_are_of(ours: Ours) -> None:
    page = ours.page
    ours.click_canvas()
    box = ours.node("Decode").bounding_box()
    end = ours.node("Save").bounding_box()
    assert box and end
    page.keyboard.down("Shift")
    press(page, (box["x"] - 10, box["y"] - 60))
    page.mouse.move(end["x"] + end["width"] + 10, end["y"] + end["height"] + 40, steps=8)
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.get_by_text("2 selected")).to_be_visible()
    with one_step(ours):
        page.keyboard.press("Control+d")
    assert len(ours.document()["nodes"]) == 9


def test_a_picture_dropped_on_the_canvas_is_loaded(ours: Ours, tmp_path: Path) -> None:
    from PIL import Image

    picture = tmp_path / "dropped picture.png"
    Image.new("RGB", (40, 30), "red").save(picture)
    with one_step(ours):
        ours.let_go(picture, "image/png")
        expect(ours.node("Load Image")).to_be_visible()


@pytest.fixture
def tablet(chromium: Browser, own: Server) -> Iterator[Ours]:
    """The editor on a screen that is touched."""
    context = chromium.new_context(viewport={"width": 1180, "height": 820}, has_touch=True)
    ours = Ours(context.new_page(), own.url).boot()
    ours.page.wait_for_timeout(400)
    yield ours
    context.close()
    assert ours.troubles == []


def zoom_of(ours: Ours) -> float:
    found = re.search(r"scale\(([\d.]+)\)", view(ours))
    assert found
    return float(found[1])


def test_fingers_pan_zoom_and_drag(tablet: Ours) -> None:
    fingers = Fingers(tablet.page)
    box = tablet.node("Draw").bounding_box()
    assert box
    fingers.move([(600, 740)], [(540, 700)])
    moved = tablet.node("Draw").bounding_box()
    assert moved and moved["x"] == pytest.approx(box["x"] - 60, abs=4)
    before = zoom_of(tablet)
    fingers.move([(500, 740), (600, 740)], [(400, 740), (700, 740)])
    tablet.page.wait_for_timeout(100)
    assert zoom_of(tablet) > before * 1.5
    tablet.page.keyboard.press("f")
    tablet.page.wait_for_timeout(400)
    with one_step(tablet):
        at = middle(title(tablet, "Save"))
        fingers.move([at], [(at[0] - 40, at[1] + 120)])


def test_fingers_draw_a_wire_and_open_the_menu_and_the_search(tablet: Ours) -> None:
    fingers, page = Fingers(tablet.page), tablet.page
    start, end = middle(tablet.output("Model", "CLIP")), middle(tablet.input("Words to avoid", "clip"))
    choose_end = middle(tablet.output("Words", "CONDITIONING"))
    with one_step(tablet):
        fingers.move([choose_end], [middle(tablet.input("Draw", "negative"))])
    assert ("Words to avoid", "Draw") not in links(tablet.document())
    assert start != end
    at = middle(title(tablet, "Save"))
    fingers.touch("touchStart", at)
    page.wait_for_timeout(900)
    expect(page.get_by_role("menuitem", name=re.compile("^Mute"))).to_be_visible()
    fingers.touch("touchEnd")
    expect(page.get_by_role("menuitem", name=re.compile("^Mute"))).to_be_visible()
    page.keyboard.press("Escape")
    fingers.tap((600, 760))
    page.wait_for_timeout(80)
    fingers.tap((600, 760))
    expect(page.get_by_role("combobox", name="Search nodes")).to_be_visible()
