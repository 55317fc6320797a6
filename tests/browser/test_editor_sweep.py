"""For nodes that look inside: inputs of other nodes are offered, and a place is chosen by a click on a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.ours import Ours

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHIPPED = Path("workflows/ui")
SIDE = 128  # pixels of the bundled model's pictures


def test_an_input_to_sweep_is_chosen_from_those_of_the_workflow(ours: Ours) -> None:
    ours.let_go(SHIPPED / "inside" / "plot_xy.json", "application/json")
    plot = ours.node("Compare")
    plot.get_by_role("button", name="Choose x_input").click()
    ours.page.get_by_placeholder("Search x_input").fill("seed")
    ours.page.get_by_role("option", name="Draw.seed").click()
    expect(plot.get_by_label("x_input", exact=True)).to_have_value("Draw.seed")
    ours.set("Compare", "x_values", "1, 2")
    ours.set("Compare", "y_values", "1")
    ours.run()
    ours.expect_picture("Save")


def with_a_point(route: Route) -> None:
    """The node types, and among them one of which two inputs are a place."""
    answer = route.fetch()
    types = answer.json()
    inputs = types["ImageCrop"]["input"]["required"]
    inputs["x"][1] |= {"point": "x", "point_on": "image"}
    inputs["y"][1] |= {"point": "y"}
    route.fulfill(response=answer, json=types)


def test_a_click_on_a_picture_chooses_a_place(ours: Ours, tmp_path: Path) -> None:
    ours.page.route("**/object_info", with_a_point)
    ours.page.reload()
    ours.ready()
    file = tmp_path / "crop.json"
    file.write_text(json.dumps(cropping()))
    ours.let_go(file, "application/json")
    crop = ours.node("Crop")
    expect(crop.get_by_text("once there is a picture")).to_be_visible()
    ours.run()
    picture = crop.get_by_role("button", name="Click where x and y are to be")
    expect(picture).to_be_visible()
    box = picture.bounding_box()
    assert box
    ours.page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25)
    x, y = (float(crop.get_by_label(name, exact=True).input_value()) for name in ("x", "y"))
    assert (x, y) == (pytest.approx(0.75 * SIDE, abs=1), pytest.approx(0.25 * SIDE, abs=1))
    ours.set("Crop", "x", "0")
    ours.page.keyboard.press("Control+z")
    expect(crop.get_by_label("x", exact=True)).to_have_value(str(int(x)))


def cropping() -> dict[str, Any]:
    """The shipped text to image, with a node that crops its picture beside the one that saves it."""
    workflow: dict[str, Any] = json.loads((SHIPPED / "text_to_image.json").read_text())
    nodes = {node["type"]: node for node in workflow["nodes"]}
    nodes["KSampler"]["widgets_values"][2] = 1
    link = workflow["last_link_id"] + 1
    nodes["VAEDecode"]["outputs"][0]["links"].append(link)
    left, top = nodes["SaveImage"]["pos"]
    workflow["nodes"].append(
        {
            "id": 100, "type": "ImageCrop", "title": "Crop", "pos": [left, top - 420], "size": [270, 200],
            "inputs": [{"name": "image", "type": "IMAGE", "link": link}],
            "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": []}],
            "widgets_values": [64, 64, 0, 0],
        }
    )  # fmt: skip
    workflow["links"].append([link, nodes["VAEDecode"]["id"], 0, 100, 0, "IMAGE"])
    return workflow
