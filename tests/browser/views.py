"""The editor's views: each is a way from the default workflow to what is to be looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, expect

from tests.browser.ours import Ours
from tests.support.server import Server

MANY_STEPS = "9000"
"""Enough for the node to be at work while it is looked at."""
PANELS = ("Library", "Nodes", "Outline", "Queue", "Gallery", "Problems", "Node help")

View = Callable[[Ours, Server, Path], None]


def press(ours: Ours, name: str) -> None:
    ours.page.get_by_role("button", name=name, exact=True).first.click()


def open_panel(ours: Ours, name: str) -> None:
    press(ours, name)
    expect(ours.page.get_by_role("region", name=name, exact=True)).to_be_visible()


def expect_dialog(ours: Ours, name: str) -> None:
    expect(ours.page.get_by_role("dialog", name=re.compile(name))).to_be_visible()


def choose(ours: Ours, button: str, item: str) -> None:
    press(ours, button)
    ours.page.get_by_role("menuitem", name=item).click()


def untouched(ours: Ours, *_: object) -> None:
    expect(ours.node("Draw")).to_be_visible()


def selected(ours: Ours, *_: object) -> None:
    ours.node("Draw").get_by_role("heading").click()
    expect(ours.page.get_by_text("1 selected")).to_be_visible()


def node_states(ours: Ours, *_: object) -> None:
    """Muted, bypassed, pinned, folded and coloured."""
    for title, key in (("Save", "m"), ("Decode", "b"), ("Empty canvas", "p"), ("Words to avoid", "c")):
        ours.node(title).get_by_role("heading").click()
        ours.page.keyboard.press(key)
    ours.node("Words").get_by_role("heading").click(button="right")
    ours.page.get_by_role("menuitem", name="Colour").click()
    ours.page.get_by_role("menuitem", name="Green").click()
    expect(ours.node("Save").get_by_text("muted")).to_be_visible()


def running(ours: Ours, *_: object) -> None:
    ours.set("Draw", "steps", MANY_STEPS)
    press(ours, "Run")
    ours.wait_for("progress")
    expect(ours.node("Draw").locator("progress[value]")).to_be_visible()


def finished(ours: Ours, *_: object) -> None:
    ours.run()
    ours.expect_picture("Save")


def remembered(ours: Ours, *_: object) -> None:
    """Nodes that did not have to run again say so."""
    ours.field("Draw", "after a run").select_option("fixed")
    finished(ours)
    ours.run()
    expect(ours.node("Draw").get_by_text("cached")).to_be_visible()


def failed(ours: Ours, server: Server, _: Path) -> None:
    """A model that is none: the node is marked, and the problem listed."""
    broken = server.data / "models" / "checkpoints" / "broken.safetensors"
    broken.write_bytes(b"not a model")
    ours.page.reload()
    ours.ready().field("Model", "ckpt_name").click()
    ours.page.get_by_role("option", name=broken.name).click()
    press(ours, "Run")
    ours.wait_for("execution_error", node_id="1")
    expect(ours.node("Model").get_by_role("alert")).to_be_visible()
    open_panel(ours, "Problems")
    broken.unlink()


def refused(ours: Ours, *_: object) -> None:
    """An input that nothing is wired to."""
    ours.node("Empty canvas").get_by_role("heading").click()
    ours.page.keyboard.press("Delete")
    with ours.expecting("400: POST .*/prompt", "console: .*status of 400"):
        press(ours, "Run")
        expect(ours.node("Draw").get_by_role("alert")).to_be_visible()


def panel(name: str) -> View:
    def show(ours: Ours, *_: object) -> None:
        finished(ours)
        ours.node("Draw").get_by_role("heading").click()
        open_panel(ours, name)

    return show


def empty_panel(name: str) -> View:
    return lambda ours, *_: open_panel(ours, name)


def outline(ours: Ours, *_: object) -> None:
    """Open nodes, one of them selected, after a run."""
    finished(ours)
    ours.node("Draw").get_by_role("heading").click()
    open_panel(ours, "Outline")
    for title in ("Words,", "Draw"):
        ours.page.get_by_role("treeitem", name=re.compile(f"^{title}")).click()
        ours.page.keyboard.press("ArrowRight")
    expect(ours.page.get_by_role("treeitem", name=re.compile("^steps:"))).to_be_visible()


def outline_field(name: str) -> View:
    """A line that is a field now."""

    def show(ours: Ours, *_: object) -> None:
        outline(ours)
        ours.page.get_by_role("treeitem", name=re.compile(f"^{name}")).first.click()
        ours.page.keyboard.press("Enter")
        expect(ours.page.locator(".outline-field")).to_be_visible()

    return show


def outline_menu(ours: Ours, *_: object) -> None:
    outline(ours)
    ours.page.get_by_role("treeitem", name=re.compile("^Draw")).click(button="right")
    expect(ours.page.get_by_role("menu")).to_be_visible()


def over_outline(dialog: View) -> View:
    """A dialog, with the outline below it."""

    def show(ours: Ours, server: Server, tmp_path: Path) -> None:
        open_panel(ours, "Outline")
        dialog(ours, server, tmp_path)

    return show


def saved_library(ours: Ours, server: Server, _: Path) -> None:
    for name in ("portraits%2Fcat.json", "rockets.json"):
        server.post(f"/userdata/workflows%2F{name}?overwrite=true", {"nodes": [], "links": [], "version": 0.4})
    open_panel(ours, "Library")
    expect(
        ours.page.get_by_role("list", name="Library").get_by_role("button", name=re.compile("^rockets"))
    ).to_be_visible()


def palette(ours: Ours, *_: object) -> None:
    ours.page.keyboard.press("Control+k")
    expect_dialog(ours, "Command palette")


def node_search(ours: Ours, *_: object) -> None:
    ours.page.mouse.dblclick(1200, 760)
    expect_dialog(ours, "Add node")


def finding(ours: Ours, *_: object) -> None:
    ours.page.keyboard.press("Control+f")
    ours.page.get_by_role("combobox", name="Find in workflow").fill("words")
    expect(ours.page.get_by_text("1 of 2")).to_be_visible()
    ours.page.wait_for_timeout(400)  # the view goes there


def choices(ours: Ours, *_: object) -> None:
    ours.field("Draw", "sampler_name").click()
    expect(ours.page.get_by_role("option", name="dpmpp_2m", exact=True)).to_be_visible()


def connect_list(ours: Ours, *_: object) -> None:
    ours.node("Draw").get_by_role("heading").click()
    ours.page.keyboard.press("l")
    expect_dialog(ours, "Connect Draw")


def settings(ours: Ours, *_: object) -> None:
    press(ours, "Settings")
    expect_dialog(ours, "Settings")


def shortcuts(ours: Ours, *_: object) -> None:
    press(ours, "Keyboard shortcuts")
    expect_dialog(ours, "Keyboard shortcuts")


def sweep_values(ours: Ours, *_: object) -> None:
    """What an input is to be swept over, with a mistake in it."""
    axis(ours, "Draw", "seed", "1, 2").click()
    ours.page.get_by_role("textbox", name="Values").fill("1, two")
    expect(ours.page.get_by_text("does not fit")).to_be_visible()


def swept(ours: Ours, *_: object) -> None:
    """Two inputs with their marks, of which one is wrong, and the button beside Run."""
    axis(ours, "Draw", "seed", "1, 2")
    axis(ours, "Words", "text", "rocket -> hat")
    ours.set("Words", "text", "a dog")
    expect(ours.page.get_by_role("button", name="Sweep ? × 2")).to_be_visible()


def sweep_table(ours: Ours, *_: object) -> None:
    ours.set("Empty canvas", "width", "64")
    axis(ours, "Draw", "steps", "1, 2")
    press(ours, "Sweep 2")
    ours.page.get_by_role("button", name="Show table").click()
    expect(ours.page.get_by_role("dialog", name="Sweep").get_by_text("KSampler", exact=False).first).to_be_visible()


def axis(ours: Ours, node: str, name: str, values: str) -> Locator:
    """Choose an input under Sweep in a node's menu, and say over what; the mark that the input then has."""
    ours.node(node).get_by_role("heading").click(button="right")
    ours.page.get_by_role("menuitem", name=re.compile("^Sweep")).press("ArrowRight")
    ours.page.get_by_role("menuitemcheckbox", name=re.compile(f"^{name}")).press("Enter")
    dialog = ours.page.get_by_role("dialog", name=f"Sweep {name} of {node}")
    dialog.get_by_label("Values").fill(values)
    dialog.get_by_role("button", name="Sweep", exact=True).click()
    expect(dialog).to_have_count(0)
    return ours.node(node).get_by_role("button", name=re.compile(f"^{name} is swept"))


def templates(ours: Ours, *_: object) -> None:
    choose(ours, "Workflow actions", "Templates")
    expect_dialog(ours, "Templates")
    expect(ours.page.get_by_role("button", name=re.compile("^Open ")).first).to_be_visible()


def save_dialog(ours: Ours, *_: object) -> None:
    ours.page.keyboard.press("Control+s")
    expect_dialog(ours, "Save workflow")


def missing_nodes(ours: Ours, _: Server, tmp_path: Path) -> None:
    """A workflow with a node type that the server does not have: the report, which says so."""
    document = ours.document()
    document["nodes"][0]["type"] = "NodeOfNobody"
    strange = tmp_path / "strange.json"
    strange.write_text(json.dumps(document))
    ours.let_go(strange, "application/json")
    expect_dialog(ours, "needs what is not here")


def unknown_node(ours: Ours, server: Server, tmp_path: Path) -> None:
    missing_nodes(ours, server, tmp_path)
    ours.page.keyboard.press("Escape")
    expect(ours.page.get_by_text("The server has no node type NodeOfNobody")).to_be_visible()


def node_menu(ours: Ours, *_: object) -> None:
    ours.node("Draw").get_by_role("heading").click(button="right")
    expect(ours.page.get_by_role("menu")).to_be_visible()


def run_menu(ours: Ours, *_: object) -> None:
    press(ours, "More ways to run")
    expect(ours.page.get_by_role("menu")).to_be_visible()


def file_menu(ours: Ours, *_: object) -> None:
    press(ours, "Workflow actions")
    expect(ours.page.get_by_role("menu")).to_be_visible()


def viewer(ours: Ours, *_: object) -> None:
    finished(ours)
    ours.expect_picture("Save").click()
    expect_dialog(ours, "Pictures")


def comparing(ours: Ours, *_: object) -> None:
    """Two pictures, one over the other."""
    ours.set("Empty canvas", "batch_size", "2")
    viewer(ours)
    press(ours, "Compare")
    expect(ours.page.get_by_role("slider", name="Divider between the two pictures")).to_be_visible()


def mask_editor(ours: Ours, _: Server, tmp_path: Path) -> None:
    """Of a picture without a workflow that was let go over the canvas."""
    picture = tmp_path / "picture.png"
    with Image.open("workflows/gallery/text_to_image-1.webp") as drawn:
        plain = drawn.convert("RGB")
        plain.info.clear()
        plain.save(picture)
    ours.let_go(picture, "image/png")
    loaded = "(image) => image.complete && image.naturalWidth > 0"  # by then nothing moves below the pointer
    ours.page.wait_for_function(loaded, arg=ours.page.locator(".image-frame img").first.element_handle())
    ours.page.get_by_role("button", name="Edit mask").first.click()
    expect_dialog(ours, "^Mask of")
    expect(ours.page.get_by_role("application", name=re.compile("to paint a mask on"))).to_be_focused()


def empty_canvas(ours: Ours, *_: object) -> None:
    press(ours, "New workflow")
    expect(ours.page.get_by_text("An empty canvas")).to_be_visible()


def toast(ours: Ours, _: Server, tmp_path: Path) -> None:
    """An error in passing."""
    nothing = tmp_path / "nothing.json"
    nothing.write_text("neither")
    ours.let_go(nothing, "application/json")
    expect(ours.page.get_by_role("alert")).to_be_visible()


def no_answer(ours: Ours, *_: object) -> None:
    """The server does not say which nodes it has."""
    ours.page.route("**/object_info", lambda route: route.fulfill(status=503, body="{}"))
    with ours.expecting("503: GET .*/object_info", "console: .*status of 503"):
        ours.page.reload()
        expect(ours.page.get_by_role("button", name="Try again")).to_be_visible()
        ours.page.wait_for_load_state("networkidle")  # the socket has them asked for once more


VIEWS: dict[str, View] = {
    "untouched": untouched,
    "no answer at the start": no_answer,
    "a node selected": selected,
    "nodes in other states": node_states,
    "running": running,
    "finished": finished,
    "remembered": remembered,
    "failed, with the list of problems": failed,
    "refused": refused,
    **{f"{name}, nothing in it": empty_panel(name) for name in PANELS},
    **{f"{name}": panel(name) for name in PANELS if name not in ("Library", "Outline")},
    "Library": saved_library,
    "Outline": outline,
    "Outline, a number edited": outline_field("steps:"),
    "Outline, a text edited": outline_field("text:"),
    "Outline, a choice made": outline_field("sampler_name:"),
    "Outline, menu of a node": outline_menu,
    "command palette": palette,
    "search for nodes": node_search,
    "finding within the workflow": finding,
    "choices of a widget": choices,
    "what a node can be wired to": connect_list,
    "settings": settings,
    "shortcuts": shortcuts,
    "values of a sweep": sweep_values,
    "swept inputs": swept,
    "table of a sweep": sweep_table,
    "templates": templates,
    "save dialog": save_dialog,
    "report of missing nodes": missing_nodes,
    "an unknown node": unknown_node,
    "menu of a node": node_menu,
    "menu of runs": run_menu,
    "menu of files": file_menu,
    "viewer": viewer,
    "comparing": comparing,
    "connecting, over the outline": over_outline(connect_list),
    "settings, over the outline": over_outline(settings),
    "command palette, over the outline": over_outline(palette),
    "mask editor": mask_editor,
    "empty canvas": empty_canvas,
    "empty canvas, with the outline": over_outline(empty_canvas),
    "toast": toast,
}
