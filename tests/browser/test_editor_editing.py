"""Nodes and wires by mouse and keys: added, wired, fed and copied; each step undone and done again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, expect

from tests.browser.editor import Editor
from tests.browser.hands import carry, drag, links, middle, node, one_step, press, select, settled, title
from tests.browser.ours import Ours
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EMPTY_PLACE = (900, 780)
"""Where the default workflow has nothing, in pixels of the page."""


PAINT = """
from typing import Annotated, Literal

from engine import MultiSelect, Output, node


@node("Paint", category="test", is_output=True)
def paint(colors: Annotated[list[Literal["red", "green", "blue"]], MultiSelect()]) -> Output:
    return Output(ui={"text": ["+".join(colors)]})


def register(registry):
    registry.add(paint.definition)
"""
"""A node that takes several of a list, and shows which; as a file of a package, with what tells of it."""
PACKAGE = {
    "paint.py": PAINT,
    "paint-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: paint\nVersion: 1.0\n",
    "paint-1.0.dist-info/entry_points.txt": "[wireloom.nodes]\npaint = paint:register\n",
}

SELECT = "app.canvas.selectItems(app.graph.nodes.filter((node) => /VAEDecode|SaveImage/.test(node.type)))"
COPY = """(kind) => {
    const data = new DataTransfer();
    const event = new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true });
    document.dispatchEvent(event);
    return data.getData(kind);
}"""
PASTE = """([kind, held]) => {
    const data = new DataTransfer();
    data.setData(kind, held);
    document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
"""The clipboard is the system's: the pages are told as the browser would tell them."""


@pytest.fixture
def ours(ours: Ours) -> Ours:
    return settled(ours)


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
    assert {("Draw", "LatentUpscaleBy"), ("LatentUpscaleBy", "Decode")} <= set(joined)
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
    assert {("Draw", "Reroute"), ("Reroute", "Decode")} <= set(joined)
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


def test_several_are_chosen_of_a_list(context: BrowserContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = tmp_path / "packages"
    for name, text in PACKAGE.items():
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(packages))
    with Server(tmp_path, "--packs") as server:
        ours = settled(Ours(context.new_page(), server.url).boot())
        page = ours.page
        ours.add("Paint", EMPTY_PLACE)
        field = ours.node("Paint").get_by_role("combobox", name="colors")
        for name in ("blue", "red"):
            with one_step(ours):
                field.click()
                page.get_by_role("option", name=name, exact=True).click()
                page.keyboard.press("Escape")
        expect(field).to_contain_text("red, blue")
        assert node(ours.document(), "Paint")["widgets_values"][0] == ["red", "blue"]
        prompt_id = ours.run()
        outputs = server.get(f"/history/{prompt_id}")[prompt_id]["outputs"]
        assert ["red+blue"] in [each.get("text") for each in outputs.values()]
        assert ours.troubles == []


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


def test_what_is_copied_in_the_other_front_end_is_pasted_here(
    editor: Editor, context: BrowserContext, own: Server
) -> None:
    """That one puts its nodes on the clipboard as HTML."""
    editor.boot().open(Path("workflows/text_to_image.json"))
    editor.page.evaluate(SELECT)
    copied: str = editor.page.evaluate(COPY, "text/html")
    assert "VAEDecode" not in copied  # it is packed
    ours = Ours(context.new_page(), own.url).boot()
    ours.page.get_by_role("button", name="New workflow").click()
    with one_step(ours):
        ours.page.evaluate(PASTE, ["text/html", copied])
        expect(ours.page.get_by_role("article")).to_have_count(2)
    assert links(ours.document()) == [("Decode", "Save")]
    assert ours.troubles == []


def test_what_is_copied_here_is_pasted_in_the_other_front_end(editor: Editor, ours: Ours) -> None:
    select(ours, "Decode", "Save")
    copied: str = ours.page.evaluate(COPY, "text/html")
    editor.boot().open(Path("workflows/text_to_image.json"))
    editor.page.wait_for_function("app.graph.nodes.some((node) => node.title === 'Decode')")
    editor.page.evaluate(PASTE, ["text/html", copied])
    editor.page.wait_for_function("app.graph.nodes.length === 9")
    decode, save = editor.nodes()[-2:]
    assert (decode["type"], save["widgets"]["filename_prefix"]) == ("VAEDecode", "wireloom/text_to_image")
    assert editor.page.evaluate("app.graph.nodes.at(-1).getInputNode(0) === app.graph.nodes.at(-2)")


def test_a_box_selects_and_copies_are_beside_what_they_are_of(ours: Ours) -> None:
    page = ours.page
    ours.click_canvas()
    box = ours.node("Decode").bounding_box()
    end = ours.node("Save").bounding_box()
    assert box
    assert end
    page.keyboard.down("Shift")
    press(page, (box["x"] - 10, box["y"] + box["height"] + 40))
    page.mouse.move(end["x"] + end["width"] - 10, end["y"] + 10, steps=8)
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.get_by_text("2 selected")).to_be_visible()
    with one_step(ours):
        page.keyboard.press("Control+d")
    assert len(ours.document()["nodes"]) == 9


def test_a_picture_dropped_on_the_canvas_is_loaded(ours: Ours, tmp_path: Path) -> None:
    picture = tmp_path / "dropped picture.png"
    Image.new("RGB", (40, 30), "red").save(picture)
    with one_step(ours):
        ours.let_go(picture, "image/png")
        expect(ours.node("Load Image")).to_be_visible()


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
