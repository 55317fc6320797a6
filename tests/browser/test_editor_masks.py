"""Masks painted in our editor: what is painted is what the server gets, and it alone is drawn anew."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import expect

from tests.browser.ours import Ours
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIDE = 128
INPAINT: dict[str, dict[str, Any]] = {
    "Model": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "wireloom-mini.safetensors"}},
    "Picture": {"class_type": "LoadImage", "inputs": {"image": ""}},
    "Words": {
        "class_type": "CLIPTextEncode",
        "inputs": {"text": "a dog on a yellow background", "clip": ["Model", 1]},
    },
    "Negative": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["Model", 1]}},
    "Encode": {"class_type": "VAEEncode", "inputs": {"pixels": ["Picture", 0], "vae": ["Model", 2]}},
    "Within": {"class_type": "SetLatentNoiseMask", "inputs": {"samples": ["Encode", 0], "mask": ["Picture", 1]}},
    "Draw": {
        "class_type": "KSampler",
        "inputs": {
            "model": ["Model", 0],
            "seed": 2,
            "steps": 20,
            "cfg": 4.0,
            "sampler_name": "ddim",
            "scheduler": "ddim_uniform",
            "positive": ["Words", 0],
            "negative": ["Negative", 0],
            "latent_image": ["Within", 0],
            "denoise": 1.0,
        },
    },
    "Decode": {"class_type": "VAEDecode", "inputs": {"samples": ["Draw", 0], "vae": ["Model", 2]}},
    "Save": {"class_type": "SaveImage", "inputs": {"images": ["Decode", 0], "filename_prefix": "inpainted"}},
}


class Painting:
    """The mask editor that is open. Points are in pixels of the picture."""

    def __init__(self, ours: Ours, size: tuple[int, int] = (SIDE, SIDE)) -> None:
        self.page, self.size = ours.page, size
        self.dialog = ours.page.get_by_role("dialog", name=re.compile("^Mask of"))
        self.stage = self.dialog.get_by_role("application")
        expect(self.stage).to_be_focused()

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A point of the picture, which is shown whole, on the page."""
        box = self.stage.bounding_box()
        assert box
        shown = self.dialog.get_by_label("Zoom", exact=True).inner_text()
        scale = float(re.sub(r"\D", "", shown)) / 100
        return (
            box["x"] + box["width"] / 2 + (x - self.size[0] / 2) * scale,
            box["y"] + box["height"] / 2 + (y - self.size[1] / 2) * scale,
        )

    def stroke(self, *points: tuple[float, float], button: str = "left") -> None:
        mouse = self.page.mouse
        mouse.move(*self.at(*points[0]))
        mouse.down(button=button)  # type: ignore[arg-type]
        for point in points[1:]:
            mouse.move(*self.at(*point), steps=8)
        mouse.up(button=button)  # type: ignore[arg-type]

    def slide(self, name: str, value: float) -> None:
        self.dialog.get_by_label(name, exact=True).fill(str(value))

    def press(self, name: str) -> None:
        self.dialog.get_by_role("button", name=name, exact=True).click()

    def save(self) -> None:
        self.press("Save mask")
        expect(self.dialog).to_have_count(0)


def edit(ours: Ours, size: tuple[int, int] = (SIDE, SIDE)) -> Painting:
    ours.node("Picture").get_by_role("button", name="Edit mask").click()
    return Painting(ours, size)


def chosen(ours: Ours) -> str:
    return ours.field("Picture", "image").inner_text()


def pixels(path: Path) -> NDArray[np.int16]:
    with Image.open(path) as picture:
        return np.asarray(picture).astype(np.int16)


def masked_file(own: Server, value: str) -> Path:
    """The file of such a value as ``clipspace/clipspace-mask-1.png [input]``."""
    match = re.fullmatch(r"(clipspace/clipspace-mask-\d+\.png) \[input\]", value)
    assert match, value
    return own.data / "input" / match[1]


def drop(ours: Ours, workflow: Path, nodes: Mapping[str, Mapping[str, Any]]) -> None:
    """Open a workflow whose nodes are called as they are in it."""
    workflow.write_text(json.dumps({name: {**node, "_meta": {"title": name}} for name, node in nodes.items()}))
    ours.let_go(workflow, "application/json")
    expect(ours.page.get_by_role("tab", name=workflow.stem)).to_be_visible()


def choose(ours: Ours, picture: Path) -> None:
    ours.node("Picture").locator("input[type=file]").set_input_files(picture)
    expect(ours.node("Picture").get_by_role("img", name=picture.name)).to_be_visible()


def test_what_is_masked_is_drawn_anew_and_the_rest_stays(ours: Ours, own: Server, tmp_path: Path) -> None:
    page, prompt_id = ours.page, ours.run()
    (saved,) = own.get(f"/history/{prompt_id}")[prompt_id]["outputs"]["7"]["images"]
    drawn = own.data / "output" / saved["subfolder"] / saved["filename"]
    drop(ours, tmp_path / "inpaint.json", INPAINT)
    choose(ours, drawn)

    painting = edit(ours)
    painting.slide("Size", 0.65)  # 128 ** 0.65 is 23 pixels
    painting.stroke((24, 28), (104, 28))
    painting.stroke((24, 52), (104, 52))
    page.keyboard.press("e")
    painting.stroke((24, 28), (104, 28))
    page.keyboard.press("Control+z")  # the first line is back
    painting.stroke((110, 52), (64, 52), button="right")  # from beyond its end: an edge on an edge stays faintly
    painting.press("Invert")
    painting.press("Undo")
    painting.save()

    value = chosen(ours)
    before, masked = pixels(drawn), pixels(masked_file(own, value))
    assert np.array_equal(masked[..., :3], before[..., :3]), "colours below the mask are lost"
    alpha = masked[..., 3]
    assert not alpha[20:36, 24:104].any(), "the first line"
    assert not alpha[44:60, 20:48].any(), "what is left of the second"
    assert (alpha[46:58, 72:] == 255).all(), "what was erased"
    assert (alpha[72:] == 255).all(), "where nothing was painted"

    prompt_id = ours.run()
    (saved,) = own.get(f"/history/{prompt_id}")[prompt_id]["outputs"][ours_id(ours, "Save")]["images"]
    changed = np.abs(pixels(own.data / "output" / saved["filename"]) - before[..., :3]).mean(axis=2)
    assert changed[20:36, 32:96].mean() > 40, "what was masked was not drawn anew"
    assert changed[88:].mean() < 12, "what was not masked has changed"  # encoding and decoding costs some

    shown = ours.node("Picture").get_by_role("img", name=re.compile("what is masked is striped"))
    expect(shown).to_be_visible()
    again = edit(ours)
    again.press("Invert")
    again.save()
    inverted = pixels(masked_file(own, chosen(ours)))
    assert np.array_equal(inverted[..., 3], 255 - alpha), "the mask was not there again"
    assert np.array_equal(inverted[..., :3], before[..., :3])

    ours.click_canvas()
    for expected in (value, drawn.name):
        page.keyboard.press("Control+z")
        expect(ours.field("Picture", "image")).to_have_text(expected)


def ours_id(ours: Ours, title: str) -> str:
    return str(next(node["id"] for node in ours.document()["nodes"] if node.get("title") == title))


def test_a_mask_starts_from_the_transparency_that_there_is_and_leaving_asks(
    ours: Ours, own: Server, tmp_path: Path
) -> None:
    page, picture = ours.page, tmp_path / "half.png"
    size = (300, 200)
    colours = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    alpha = np.full((200, 300, 1), 255, dtype=np.uint8)
    alpha[:, :100] = 0
    alpha[:, 100:150] = 100
    Image.fromarray(np.concatenate((colours, alpha), 2)).save(picture)
    drop(ours, tmp_path / "alone.json", {"Picture": INPAINT["Picture"]})
    choose(ours, picture)

    painting = edit(ours, size)
    page.keyboard.press("Escape")
    expect(painting.dialog).to_have_count(0)  # nothing was painted, nothing is asked

    painting = edit(ours, size)
    painting.slide("Size", 0.5)
    painting.stroke((200, 50), (280, 50))
    page.keyboard.press("Escape")
    asked = page.get_by_role("dialog", name="Save the mask?")
    asked.get_by_role("button", name="Cancel").click()
    expect(painting.dialog).to_be_visible()
    page.keyboard.press("Escape")
    asked.get_by_role("button", name="Discard").click()
    expect(painting.dialog).to_have_count(0)
    assert chosen(ours) == "half.png"

    ours.node("Picture").get_by_role("heading").click()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("edit mask")
    page.keyboard.press("Enter")
    painting = Painting(ours, size)
    painting.slide("Size", 0.5)  # 17 pixels
    painting.slide("Feather", 1)
    painting.stroke((200, 50), (280, 50))
    page.keyboard.press("Escape")
    asked.get_by_role("button", name="Save mask").click()
    expect(painting.dialog).to_have_count(0)

    masked = pixels(masked_file(own, chosen(ours)))
    assert np.array_equal(masked[..., :3], colours)
    assert np.array_equal(masked[..., :190, 3], alpha[:, :190, 0]), "the transparency that there was"
    across = masked[36:64, 240, 3]
    assert across.min() < 10
    assert len(np.unique(across)) > 6, "the feathered brush has a hard edge"
