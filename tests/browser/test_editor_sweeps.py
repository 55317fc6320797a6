"""Sweeping by hand: two inputs from the menus of their nodes, a sheet, a table, and no more work than it takes."""

from __future__ import annotations

import csv
import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.hands import choose, one_step
from tests.browser.ours import Ours
from tests.browser.views import axis
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHARED = ("CheckpointLoaderSimple", "CLIPTextEncode", "EmptyLatentImage")
PREFIX = {"CheckpointLoaderSimple": 1, "CLIPTextEncode": 2, "EmptyLatentImage": 1}


def small(ours: Ours) -> None:
    """Few steps of small pictures."""
    for name in ("width", "height"):
        ours.set("Empty canvas", name, "64")
    ours.set("Draw", "steps", "2")


def sweep(ours: Ours) -> str:
    """Press the button beside Run and wait for the end; return the job's id."""
    with ours.page.expect_response(re.compile("/prompt$")) as answer:
        ours.page.get_by_role("button", name=re.compile("^Sweep [0-9]")).click()
    prompt_id = str(answer.value.json()["prompt_id"])
    ours.wait_for("execution_success", prompt_id=prompt_id)
    return prompt_id


def executed(own: Server, prompt_id: str) -> Counter[str]:
    """How many nodes of each type ran for a job."""
    for _ in range(100):
        nodes: dict[str, Any] = own.get(f"/explain/{prompt_id}")["nodes"]
        if nodes:
            break
        time.sleep(0.05)
    return Counter(node["type"] for node in nodes.values() if node["how"] == "ran")


def table(ours: Ours) -> Locator:
    """The open table of the newest sweep."""
    ours.page.get_by_role("button", name="Sweep table").click()
    found = ours.page.get_by_role("dialog", name="Sweep").get_by_role("table")
    expect(found).to_be_visible()
    return found


def close(ours: Ours) -> None:
    ours.page.keyboard.press("Escape")
    expect(ours.page.get_by_role("dialog")).to_have_count(0)


def test_a_sweep_of_3_by_3_runs_what_its_cells_share_once(ours: Ours, own: Server) -> None:
    """The first test here, so that nothing is remembered by the server."""
    page = ours.page
    small(ours)
    with one_step(ours):
        expect(axis(ours, "Draw", "cfg", "2, 4, 8")).to_have_text("×3")
    expect(axis(ours, "Draw", "seed", "1..3")).to_have_text("×3")
    before = ours.document()
    first = sweep(ours)
    counts = executed(own, first)
    assert counts == {
        **PREFIX, "KSampler": 9, "VAEDecode": 9, "PlotXY": 1, "PlotXYCell": 9, "PlotXYCells": 1, "PlotXYSheet": 1,
        "PlotXYTable": 1, "SaveSweep": 1,
    }  # fmt: skip

    ours.expect_picture("Save")
    assert ours.document() == before  # nothing was wired, and no seed has moved on
    expect(page.get_by_text("The sweep is done: 9 pictures")).to_be_visible()
    rows = table(ours).get_by_role("row")
    expect(rows).to_have_count(10)
    expect(rows.first.get_by_role("columnheader")).to_have_text(
        ["cfg of Draw", "seed of Draw", "Picture", "What ran", "Use"]
    )
    expect(rows.nth(2).get_by_role("cell").nth(0)).to_have_text("4")
    expect(rows.nth(2).get_by_role("cell").nth(1)).to_have_text("1")
    expect(rows.nth(9).get_by_role("cell").nth(3)).to_have_text("KSampler, VAE Decode")
    expect(page.get_by_text(re.compile("Ran in all: .*KSampler × 9"))).to_be_visible()
    close(ours)

    assert not executed(own, sweep(ours))
    expect(page.get_by_text("Done: nothing had changed")).to_be_visible()
    rows = table(ours).get_by_role("row")
    expect(rows.nth(9).get_by_role("cell").nth(3)).to_have_text("remembered")
    expect(page.get_by_text("Ran in all: nothing")).to_be_visible()
    close(ours)

    ours.node("Draw").get_by_role("button", name=re.compile("^cfg is swept")).click()
    page.get_by_role("textbox", name="Values").fill("2, 4, 8, 12")
    page.get_by_role("textbox", name="Values").press("Control+Enter")
    counts = executed(own, sweep(ours))
    assert {name: counts[name] for name in ("KSampler", "VAEDecode")} == {"KSampler": 3, "VAEDecode": 3}
    assert not counts.keys() & set(SHARED)


def test_the_table_opens_pictures_gives_csv_and_puts_values_into_the_workflow(ours: Ours, tmp_path: Path) -> None:
    page = ours.page
    small(ours)
    axis(ours, "Draw", "cfg", "2, 4.5")
    axis(ours, "Words", "text", "a red apple, on a table\na hat")
    sweep(ours)
    expect(page.get_by_role("button", name="Show table")).to_be_visible()
    page.get_by_role("button", name="Show table").click()
    dialog = page.get_by_role("dialog", name="Sweep")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Download CSV").click()
    lines = list(csv.reader(Path(download.value.path()).read_text().splitlines()))
    assert [line[:2] for line in lines[1:]] == [
        ["a red apple, on a table", "2"], ["a hat", "2"], ["a red apple, on a table", "4.5"], ["a hat", "4.5"],
    ]  # fmt: skip

    dialog.get_by_role("button", name="Open the picture of text of Words a hat, cfg of Draw 4.5").click()
    expect(page.get_by_role("dialog", name="Pictures").get_by_text("4 of 4")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Pictures")).to_have_count(0)
    expect(dialog).to_be_visible()

    dialog.get_by_role("button", name="Use text of Words a hat, cfg of Draw 4.5").click()
    close(ours)
    expect(ours.field("Words", "text")).to_have_value("a hat")
    expect(ours.field("Draw", "cfg")).to_have_value("4.5")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(ours.field("Words", "text")).not_to_have_value("a hat")

    expect(ours.node("Save").get_by_role("button", name=re.compile("_sweep_cell_"))).to_have_count(4)
    page.reload()
    ours.ready()
    expect(ours.node("Draw").get_by_role("button", name="cfg is swept over 2 values: change")).to_be_visible()
    expect(table(ours).get_by_role("row")).to_have_count(5)
    close(ours)

    page.get_by_role("button", name="Queue", exact=True).click()
    page.get_by_role("button", name="More for this job").first.click()
    page.get_by_role("menuitem", name="Show the table of the sweep").click()
    expect(dialog.get_by_role("row")).to_have_count(5)


def test_inputs_that_a_subgraph_shows_and_those_within_are_swept(ours: Ours, own: Server, tmp_path: Path) -> None:
    file = tmp_path / "inside.json"
    file.write_text(json.dumps(with_subgraph()))
    ours.let_go(file, "application/json")
    expect(ours.node("Text to image")).to_be_visible()
    axis(ours, "Text to image", "seed", "1, 2")
    ours.click_canvas()
    ours.node("Text to image").get_by_role("heading").click()
    ours.page.keyboard.press("Enter")
    expect(axis(ours, "Sampler", "cfg", "3, 5")).to_have_text("×2")
    counts = executed(own, sweep(ours))
    assert counts.items() >= {"KSampler": 4, "VAEDecode": 4, "SaveSweep": 1}.items()
    expect(ours.page.get_by_text("The sweep is done: 4 pictures")).to_be_visible()
    rows = table(ours).get_by_role("row")
    expect(rows.first).to_contain_text("cfg of Sampler")
    expect(rows.first).to_contain_text("seed of Text to image")
    ours.page.get_by_role("button", name="Use seed of Text to image 2, cfg of Sampler 3").click()
    close(ours)
    expect(ours.field("Sampler", "cfg")).to_have_value("3")
    ours.page.keyboard.press("Alt+ArrowUp")
    expect(ours.field("Text to image", "seed")).to_have_value("2")


def with_subgraph() -> dict[str, Any]:
    """The shipped text to image as a subgraph, with a model and what saves the picture; small, in two steps."""
    document: dict[str, Any] = json.loads(Path("workflows/blueprints/Text to image.json").read_text())
    shipped = json.loads(Path("workflows/ui/text_to_image.json").read_text())
    (instance,), (definition,) = document["nodes"], document["definitions"]["subgraphs"]
    for node in definition["nodes"]:
        if node["type"] == "EmptyLatentImage":
            node["widgets_values"][:2] = [64, 64]
        if node["type"] == "KSampler":
            node["widgets_values"][2] = 2
    for node in shipped["nodes"]:
        if node["type"] in ("CheckpointLoaderSimple", "SaveImage"):
            document["nodes"].append({**node, "id": node["id"] + 100})
    loader, saver = (node["id"] for node in document["nodes"][1:])
    wires = [[slot + 1, loader, slot, instance["id"], slot, "*"] for slot in range(3)]
    document["links"] = [*wires, [4, instance["id"], 0, saver, 0, "IMAGE"]]
    for node in document["nodes"]:
        for slot, entry in enumerate(node["inputs"]):
            entry["link"] = next((link[0] for link in document["links"] if link[3:5] == [node["id"], slot]), None)
        for slot, entry in enumerate(node["outputs"]):
            entry["links"] = [link[0] for link in document["links"] if link[1:3] == [node["id"], slot]]
    return document | {"last_node_id": 200, "last_link_id": 4}


def test_bad_values_and_a_third_input_are_told_before_anything_runs(ours: Ours) -> None:
    page = ours.page
    axis(ours, "Draw", "cfg", "1..4")
    ours.node("Draw").get_by_role("button", name=re.compile("^cfg is swept")).click()
    dialog = page.get_by_role("dialog", name="Sweep cfg of Draw")
    dialog.get_by_label("Values").fill("2, many")
    expect(dialog.get_by_text("“many” does not fit: expected a number.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Sweep", exact=True)).to_be_disabled()
    dialog.get_by_label("Values").fill("2:4:5")
    expect(dialog.get_by_text("5 values: 2, 2.5, 3, 3.5, 4")).to_be_visible()
    close(ours)
    axis(ours, "Draw", "steps", "1, 2")
    ours.node("Empty canvas").get_by_role("heading").click(button="right")
    page.get_by_role("menuitem", name=re.compile("^Sweep")).press("ArrowRight")
    page.get_by_role("menuitemcheckbox", name="width").press("Enter")
    third = page.get_by_role("alert").filter(has_text="At most two inputs can be swept")
    expect(third).to_contain_text("cfg of Draw and steps of Draw")
    ours.node("Draw").get_by_role("button", name=re.compile("^steps is swept")).click()
    page.get_by_role("dialog").get_by_role("button", name="Do not sweep").click()
    expect(page.get_by_role("button", name="Sweep 4", exact=True)).to_be_visible()
    choose(ours, ours.node("Draw").get_by_role("heading"), "Mute")
    page.get_by_role("button", name="Sweep 4", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="cfg of Draw cannot be swept")).to_be_visible()


def test_a_sweep_is_kept_in_the_file_and_changes_no_ordinary_run(ours: Ours, own: Server, tmp_path: Path) -> None:
    small(ours)
    ours.field("Draw", "after a run").select_option("fixed")
    ours.run()
    axis(ours, "Draw", "cfg", "2, 4")
    assert not executed(own, ours.run())
    document = ours.document()
    (draw,) = (node for node in document["nodes"] if node.get("title") == "Draw")
    assert draw["properties"]["wireloom"]["axes"] == {"cfg": "2, 4"}
    file = tmp_path / "swept.json"
    file.write_text(json.dumps(document))
    ours.page.get_by_role("button", name="New workflow").click()
    ours.let_go(file, "application/json")
    expect(ours.node("Draw").get_by_role("button", name=re.compile("^cfg is swept over 2 values"))).to_be_visible()
