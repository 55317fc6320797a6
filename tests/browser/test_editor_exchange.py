"""A workflow goes from ComfyUI's front end to our editor and back, and runs in both: nothing of it is lost."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.editor import Editor
from tests.browser.ours import Ours
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TEXT_TO_IMAGE = Path("workflows/text_to_image.json")
LARGEST_SEED = 2**64 - 1

ALTER = """() => {
    const node = (type) => app.graph.nodes.find((each) => each.type === type);
    const set = (of, values) => of.widgets.forEach((each) => { if (each.name in values) each.value = values[each.name]; });
    const add = (type, pos, more = {}) => {
        const made = LiteGraph.createNode(type);
        made.pos = pos;
        app.graph.add(made);
        return Object.assign(made, more);
    };
    const [model, sampler, decode, save] = ["CheckpointLoaderSimple", "KSampler", "VAEDecode", "SaveImage"].map(node);
    set(sampler, { seed: 4711, control_after_generate: "fixed", cfg: 3.5 });
    sampler.title = "Their sampler";
    sampler.pos = [1010, 150];
    sampler.setSize([330, 300]);
    model.color = "#322";
    model.bgcolor = "#533";
    node("EmptyLatentImage").flags.collapsed = true;
    node("EmptyLatentImage").pin(true);
    set(add("Note", [100, 600]), { "": "for you", text: "for you" });
    const steps = add("PrimitiveNode", [700, 700], { title: "How many" });
    steps.connect(0, sampler, sampler.inputs.findIndex((each) => each.name === "steps"));
    set(steps, { steps: 7 });
    const bend = add("Reroute", [1400, 400]);
    decode.connect(0, bend, 0);
    const muted = add("PreviewImage", [1600, 400], { mode: 2 });
    bend.connect(0, muted, 0);
    const link = app.graph.links.get(decode.inputs.find((each) => each.name === "vae").link);
    app.graph.createReroute([900, 620], link);
    const group = new LGraphGroup("Their group");
    group.pos = [80, 40];
    group.size = [320, 420];
    group.color = "#88A";
    app.graph.add(group);
    save.properties.their_own = { deep: [1, null, "x"] };
    app.graph.extra.their_pack = { kept: true };
}"""
"""All that a user does to a workflow, by the front end's own calls: it is drawn on a canvas that has no names."""


INTO_A_SUBGRAPH = """() => {
    const inside = app.graph.nodes.filter((each) => ["CLIPTextEncode", "KSampler"].includes(each.type));
    app.graph.convertToSubgraph(new Set(inside));
}"""

BARE: list[dict[str, Any]] = [
    {"id": 8, "type": "Note", "pos": [470, 700], "size": [300, 120], "widgets_values": [""]},
    {
        "id": 9,
        "type": "Reroute",
        "pos": [1340, 460],
        "size": [75, 26],
        "inputs": [{"name": "", "type": "*", "link": None}],
        "outputs": [{"name": "", "type": "*", "links": None}],
    },
]
"""Nodes that no server has, as little as a file may say of them."""


def test_what_they_save_opens_runs_and_is_saved_here_without_loss(
    editor: Editor, server: Server, ours: Ours, own: Server
) -> None:
    editor.boot().open(TEXT_TO_IMAGE)
    editor.page.evaluate(ALTER)
    theirs = save_theirs(editor, server, "theirs")
    assert {"Note", "PrimitiveNode", "Reroute"} < {node["type"] for node in theirs["nodes"]}
    assert theirs["groups"] and theirs["extra"]["reroutes"] and theirs["extra"]["linkExtensions"]
    open_here(ours, own, "theirs", theirs)
    expect(ours.field("Their sampler", "seed")).to_have_value("4711")
    expect(ours.field("Their sampler", "steps")).to_be_disabled()
    expect(ours.page.get_by_text("for you")).to_be_visible()
    assert drawn(own, ours.run()) == drawn(server, editor.run())
    ours.set("Words", "text", "a cat on a green background")
    saved = save_here(ours, own, "theirs")
    (words,) = (node for node in theirs["nodes"] if node.get("title") == "Words")
    words["widgets_values"] = ["a cat on a green background"]
    words["widgets_values_named"] = {"text": "a cat on a green background"}
    assert saved == theirs


def test_what_is_made_here_opens_runs_and_is_saved_there_without_loss(
    editor: Editor, server: Server, ours: Ours, own: Server, tmp_path: Path
) -> None:
    bare = ours.document()
    bare["nodes"] += BARE
    path = tmp_path / "made here.json"
    path.write_text(json.dumps(bare))
    ours.let_go(path, "application/json")
    expect(ours.page.get_by_role("tab", name="made here", exact=True)).to_be_visible()
    make_here(ours)
    made = ours.document()
    prompt_id = ours.run()
    path.write_text(json.dumps(made))
    editor.boot().open(path)
    assert drawn(server, editor.run()) == drawn(own, prompt_id)
    returned = save_theirs(editor, server, "returned")
    assert meaning(returned) == meaning(made)
    open_here(ours, own, "returned", returned)
    expect(ours.node("Note").get_by_role("textbox")).to_have_value("made here")
    assert ours.document() == returned


def test_a_subgraph_of_theirs_opens_runs_and_is_saved_here_without_loss(
    editor: Editor, server: Server, ours: Ours, own: Server
) -> None:
    editor.boot().open(TEXT_TO_IMAGE)
    editor.page.evaluate(ALTER)
    editor.page.evaluate(INTO_A_SUBGRAPH)
    theirs = save_theirs(editor, server, "with a subgraph")
    (definition,) = theirs["definitions"]["subgraphs"]
    assert len(definition["nodes"]) == 3
    open_here(ours, own, "with a subgraph", theirs)
    assert drawn(own, ours.run()) == drawn(server, editor.run())
    assert ours.document() == theirs
    ours.node("Save").get_by_role("heading").click()
    ours.page.keyboard.press("m")
    saved = save_here(ours, own, "with a subgraph")
    (save,) = (node for node in theirs["nodes"] if node.get("title") == "Save")
    save["mode"] = 2
    assert saved == theirs


def make_here(ours: Ours) -> None:
    """A bit of everything: a fed widget, a fork through a bend to a muted node, a note, a group, colours, sizes."""
    page = ours.page
    ours.set("Draw", "seed", "4711")
    ours.field("Draw", "after a run").select_option("fixed")
    ours.add("Int", (120, 700))
    ours.set("Int", "value", "7")
    ours.field("Int", "after a run").select_option("fixed")
    ours.wire(ours.output("Int", "INT"), ours.input("Draw", "steps"))
    page.mouse.up()
    expect(ours.field("Draw", "steps")).to_be_disabled()
    page.screenshot(path="/tmp/w/ours1.png")
    ours.add("Preview Image", (1250, 600))
    ours.wire(ours.output("Decode", "IMAGE"), ours.input("Reroute", "Reroute"))
    page.mouse.up()
    ours.wire(ours.output("Reroute", "Reroute"), ours.input("Preview Image", "images"))
    page.mouse.up()
    ours.node("Preview Image").get_by_role("heading").click()
    page.keyboard.press("m")
    ours.node("Note").get_by_role("textbox").fill("made here")
    ours.node("Empty canvas").get_by_role("heading").click()
    page.keyboard.press("c")
    page.keyboard.press("p")
    ours.node("Model").get_by_role("heading").click(button="right")
    page.get_by_role("menuitem", name="Colour").hover()
    page.get_by_role("menuitem", name="Blue", exact=True).click()
    ours.node("Words").get_by_role("heading").click()
    ours.node("Words to avoid").get_by_role("heading").click(modifiers=["Shift"])
    page.keyboard.press("Control+g")
    page.screenshot(path="/tmp/w/ours2.png")


def meaning(document: dict[str, Any]) -> dict[str, Any]:
    """What a workflow says, however it is spelled: each editor writes sockets that have no wire in its own way."""
    sockets = {node["id"]: [each["name"] for each in node.get("inputs", [])] for node in document["nodes"]}
    wires = {(source, out, target, sockets[target][into]) for _, source, out, target, into, _ in document["links"]}
    kept = ("type", "title", "pos", "mode", "color", "bgcolor", "widgets_values")
    nodes = {
        node["id"]: {name: node.get(name) or None for name in kept}
        | {name: node.get("flags", {}).get(name, False) for name in ("collapsed", "pinned")}
        for node in document["nodes"]
    }
    groups = [{name: group.get(name) for name in ("title", "bounding", "color")} for group in document["groups"]]
    return {"nodes": nodes, "wires": wires, "groups": groups}


def open_here(ours: Ours, own: Server, name: str, document: dict[str, Any]) -> None:
    """Open a workflow from our library, into which it is put."""
    own.post(f"{place(name)}?overwrite=true", document)
    page = ours.page
    page.get_by_role("button", name="Library").click()
    page.get_by_role("button", name="Refresh").click()
    page.get_by_role("list", name="Library").get_by_role("button", name=re.compile(f"^{name}")).click()
    expect(page.get_by_role("tab", name=name, exact=True)).to_be_visible()


def save_here(ours: Ours, own: Server, name: str) -> dict[str, Any]:
    """Save what is open here in place of what was opened; return the file."""
    ours.click_canvas()
    ours.page.keyboard.press("Control+s")
    expect(ours.page.get_by_text(f"Saved “{name}”.")).to_be_visible()
    return kept(own, name)


def drawn(server: Server, prompt_id: str) -> bytes:
    """The pixels of the picture that a job saved."""
    outputs = server.get(f"/history/{prompt_id}")[prompt_id]["outputs"]
    (saved,) = (file for output in outputs.values() for file in output["images"] if file["type"] == "output")
    with Image.open(server.data / "output" / saved["subfolder"] / saved["filename"]) as picture:
        return picture.tobytes()


def save_theirs(editor: Editor, server: Server, name: str) -> dict[str, Any]:
    """Save what is open in their front end under a new name; return the file."""
    page = editor.page
    page.keyboard.press("Control+s")
    asked = page.get_by_role("dialog", name="Save workflow")
    asked.get_by_role("textbox").fill(name)
    asked.get_by_role("button", name="Confirm").click()
    expect(asked).to_have_count(0)
    editor.expect_tab(name)
    return kept(server, name)


def kept(server: Server, name: str) -> dict[str, Any]:
    """A workflow in a server's library."""
    found: dict[str, Any] = server.get(place(name))
    return found


def place(name: str) -> str:
    return f"/userdata/{quote(f'workflows/{name}.json', safe='')}"
