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
from tests.browser.ours import KEPT_AFTER_MS, Ours
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TEXT_TO_IMAGE = Path("workflows/text_to_image.json")
LARGEST_SEED = 2**64 - 1

ALTER = """() => {
    const node = (type) => app.graph.nodes.find((each) => each.type === type);
    const set = (of, values) => of.widgets.forEach((each) => {
        if (each.name in values) each.value = values[each.name];
    });
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

YELLOW = {"color": "#432", "bgcolor": "#653"}
"""Theirs gives it to every note that has no colour."""
BARE: list[dict[str, Any]] = [
    {"id": 8, "type": "Note", "pos": [0, 330], "size": [300, 120], "widgets_values": [""], **YELLOW},
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
    assert all((theirs["groups"], theirs["extra"]["reroutes"], theirs["extra"]["linkExtensions"]))
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


@pytest.mark.parametrize(("entry", "ending"), [("PNG", "png"), ("WebP", "webp")])
def test_a_picture_of_a_workflow_opens_as_the_workflow(ours: Ours, tmp_path: Path, entry: str, ending: str) -> None:
    ours.set("Draw", "seed", str(LARGEST_SEED))
    made = ours.document()
    picture = handed_out(ours, f"Download as picture ({entry})", tmp_path / f"drawn.{ending}")
    with Image.open(picture) as drawn:
        drawn.load()
        assert drawn.format == entry.upper()
        assert len(drawn.getcolors(2**24) or []) > 100  # a picture, not a blank
    ours.let_go(picture, f"image/{ending}")
    expect(ours.page.get_by_role("tab", name="drawn", exact=True)).to_be_visible()
    assert ours.document() == made


def test_the_largest_seed_is_typed_run_saved_and_found_in_the_picture(ours: Ours, own: Server, tmp_path: Path) -> None:
    ours.set("Draw", "seed", str(LARGEST_SEED))
    ours.field("Draw", "after a run").select_option("decrement")
    prompt_id = ours.run()
    expect(ours.field("Draw", "seed")).to_have_value(str(LARGEST_SEED - 1))
    _, _, prompt, extra, _ = own.get(f"/history/{prompt_id}")[prompt_id]["prompt"]
    assert prompt["5"]["inputs"]["seed"] == LARGEST_SEED
    assert str(LARGEST_SEED) in json.dumps(extra["extra_pnginfo"]["workflow"])
    ours.expect_picture("Save").click()
    with ours.page.expect_download() as download:
        ours.page.get_by_role("dialog").get_by_role("link", name="Download").click()
    picture = tmp_path / "seeded.png"
    download.value.save_as(picture)
    ours.page.keyboard.press("Escape")
    ours.let_go(picture, "image/png")
    expect(ours.page.get_by_role("tab", name="seeded", exact=True)).to_be_visible()
    expect(ours.field("Draw", "seed")).to_have_value(str(LARGEST_SEED))
    ours.page.wait_for_timeout(KEPT_AFTER_MS)
    ours.page.reload()
    expect(ours.field("Draw", "seed")).to_have_value(str(LARGEST_SEED))
    exported = handed_out(ours, "Download in API format", tmp_path / "seeded.api.json")
    assert json.loads(exported.read_text()) == prompt


@pytest.mark.parametrize("path", sorted(Path("workflows").glob("*.json")), ids=lambda path: path.stem)
def test_a_workflow_in_api_format_comes_in_and_goes_out_the_same(ours: Ours, tmp_path: Path, path: Path) -> None:
    ours.let_go(path, "application/json")
    expect(ours.page.get_by_role("tab", name=path.stem, exact=True)).to_be_visible()
    exported = handed_out(ours, "Download in API format", tmp_path / path.name)
    given, found = (json.loads(each.read_text()) for each in (path, exported))
    assert {node_id: (node["class_type"], node["inputs"]) for node_id, node in found.items()} == {
        node_id: (node["class_type"], node["inputs"]) for node_id, node in given.items()
    }
    titles = {node_id: node["_meta"]["title"] for node_id, node in given.items() if "_meta" in node}
    assert titles.items() <= {node_id: node["_meta"]["title"] for node_id, node in found.items()}.items()


def test_what_a_foreign_file_needs_is_told_and_nothing_is_replaced(ours: Ours, tmp_path: Path) -> None:
    model = {
        "id": 1,
        "type": "CheckpointLoaderSimple",
        "pos": [0, 0],
        "size": [300, 98],
        "properties": {
            "models": [{"name": "v1-5.ckpt", "url": "https://models.example/v1-5", "directory": "checkpoints"}]
        },
        "widgets_values": ["v1-5.ckpt"],
    }
    alien = {
        "id": 2,
        "type": "Alien",
        "title": "From a pack",
        "pos": [400, 0],
        "size": [200, 80],
        "widgets_values": [{"a": 1}],
    }
    path = tmp_path / "foreign.json"
    path.write_text(json.dumps({"nodes": [model, alien, {**alien, "id": 3}], "links": [], "version": 0.4}))
    ours.let_go(path, "application/json")
    report = ours.page.get_by_role("dialog", name=re.compile("foreign"))
    expect(report).to_contain_text("Alien")
    expect(report).to_contain_text("2 nodes")
    expect(report).to_contain_text("v1-5.ckpt")
    expect(report).to_contain_text("models/checkpoints")
    expect(report.get_by_role("link")).to_have_attribute("href", "https://models.example/v1-5")
    ours.page.screenshot(path=tmp_path / "report.png")
    report.get_by_role("button", name="Show Load Checkpoint").click()
    expect(report).to_have_count(0)
    expect(ours.page.get_by_text("1 selected")).to_be_visible()
    expect(ours.field("Load Checkpoint", "ckpt_name")).to_contain_text("v1-5.ckpt")
    ours.page.screenshot(path=tmp_path / "shown.png")
    assert ours.document() == json.loads(path.read_text())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"nodes": [', "it is not JSON"),
        ('{"nodes": [{"id": 1}], "links": []}', "Node 1 has no type"),
        ('{"1": {"class_type": "KSampler", "inputs": {}}, "2": {"class_type": "VAEDecode"}}', "Node 2 has no inputs"),
    ],
)
def test_a_file_that_is_malformed_is_refused_with_the_place_and_nothing_is_lost(
    ours: Ours, tmp_path: Path, text: str, said: str
) -> None:
    before = ours.document()
    path = tmp_path / "broken.json"
    path.write_text(text)
    ours.let_go(path, "application/json")
    expect(ours.page.get_by_role("alert").filter(has_text="broken.json")).to_contain_text(said)
    assert ours.document() == before


def test_a_widget_becomes_an_input_by_a_wire_and_is_a_widget_again_without(ours: Ours) -> None:
    before = ours.document()
    ours.add("Int", (120, 700))
    ours.wire(ours.output("Int", "INT"), ours.input("Draw", "steps"))
    ours.page.mouse.up()
    expect(ours.field("Draw", "steps")).to_be_disabled()
    ours.node("Int").get_by_role("heading").click()
    ours.page.keyboard.press("Delete")
    expect(ours.field("Draw", "steps")).to_be_enabled()
    expect(ours.field("Draw", "steps")).to_have_value("20")
    after = ours.document()
    assert meaning(after) == meaning(before)


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
    with page.expect_response(lambda answer: answer.request.method == "POST" and place(name) in answer.url):
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


def handed_out(ours: Ours, entry: str, place: Path) -> Path:
    """What an entry of the workflow's menu hands to the browser as a file."""
    ours.page.get_by_role("button", name="Workflow actions").click()
    with ours.page.expect_download() as download:
        ours.page.get_by_role("menuitem", name=entry, exact=True).click()
    download.value.save_as(place)
    return place
