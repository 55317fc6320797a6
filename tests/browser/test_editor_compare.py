"""What makes one workflow another than the other, shown in the editor; and pictures made again there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from safetensors import safe_open
from safetensors.numpy import load_file, save

from tests.browser.hands import compare_with_file, menu, node
from tests.browser.ours import Ours
from tests.browser.test_editor_keep import save_as
from tests.browser.test_editor_views import ALL, COLORS, faults
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NESTED = Path("tests/fixtures/nested_subgraphs.ui.json")
BUNDLED = Path("nodes/bundled/wireloom-mini.safetensors")


def expect_no_faults(ours: Ours) -> None:
    """In both themes; a colour half-way is none that anybody reads."""
    ours.page.emulate_media(reduced_motion="reduce")
    for theme, options in (("dark", ALL), ("light", COLORS)):
        ours.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        assert faults(ours.page, options) == [], theme


def difference(ours: Ours) -> Locator:
    return ours.page.get_by_role("complementary", name="Difference")


def written(document: dict[str, Any], file: Path) -> Path:
    file.write_text(json.dumps(document))
    return file


def test_the_difference_to_a_file_is_told_and_marked(ours: Ours, tmp_path: Path) -> None:
    page, panel = ours.page, difference(ours)
    document = ours.document()
    document["nodes"].append({"id": 99, "type": "VAEEncode", "title": "Gone", "pos": [40, 900], "size": [220, 60]})
    for each in document["nodes"]:
        each["pos"] = [each["pos"][0] + 8, each["pos"][1]]  # which is no difference
    node(document, "Save")["title"] = "Keep"
    monday = written(document, tmp_path / "monday.json")
    ours.set("Draw", "steps", "7")
    ours.set("Words", "text", ours.field("Words", "text").input_value() + ", in the evening rain, seen from a hill")
    ours.add("Empty Latent Image", (1000, 800))
    compare_with_file(ours, monday)
    expect(panel.get_by_role("status")).to_have_text("1 added, 1 removed, 3 changed")
    expect(panel).to_contain_text("From “monday” to")
    expect(panel).to_contain_text("steps was 20, is 7.")
    expect(panel).to_contain_text("The title was “Keep”, is “Save”.")
    expect(panel.locator("blockquote ins")).to_have_text(", in the evening rain, seen from a hill")
    for title, mark in (("Draw", "changed"), ("Words", "changed"), ("Empty Latent Image", "added")):
        expect(ours.node(title)).to_have_attribute("data-diff-label", re.compile(mark))
    expect(page.locator(".ghost")).to_have_text("Gone")
    expect(ours.node("Decode")).not_to_have_attribute("data-diff", re.compile("."))
    page.screenshot(path=tmp_path / "difference.png")
    expect_no_faults(ours)

    panel.get_by_role("button", name=re.compile("Draw")).click()
    expect(page.get_by_text("1 selected")).to_be_visible()
    panel.get_by_role("button", name=re.compile("Gone")).click()
    expect(page.locator(".ghost")).to_be_in_viewport()
    ours.set("Draw", "steps", "20")  # it is compared again
    expect(panel.get_by_role("status")).to_have_text("1 added, 1 removed, 2 changed")
    panel.get_by_role("button", name="Close the comparison").click()
    expect(panel).to_have_count(0)
    expect(page.locator("[data-diff]")).to_have_count(0)


def test_what_is_different_inside_of_subgraphs_is_gone_to(ours: Ours, tmp_path: Path) -> None:
    page, panel = ours.page, difference(ours)
    ours.let_go(NESTED, "application/json")
    expect(ours.node("Words to picture")).to_be_visible()
    document = json.loads(NESTED.read_text())
    words, sample = document["definitions"]["subgraphs"]
    words["nodes"].append({"id": 99, "type": "VAEEncode", "title": "Gone", "pos": [40, 400], "size": [220, 60]})
    (sampler,) = [each for each in sample["nodes"] if each["type"] == "KSampler"]
    sampler["widgets_values"][3] = 5.5
    compare_with_file(ours, written(document, tmp_path / "before.json"))
    expect(panel.get_by_role("status")).to_have_text("1 removed, 1 changed")
    expect(panel).to_contain_text("cfg was 5.5, is 4")
    expect(ours.node("Words to picture")).to_have_attribute("data-diff-label", re.compile("changed inside"))
    expect(page.locator(".ghost")).to_have_count(0)
    panel.get_by_role("button", name=re.compile("changed")).click()
    expect(page.locator("article[data-diff=changed]")).to_be_in_viewport()
    panel.get_by_role("button", name=re.compile("Gone")).click()
    expect(page.locator(".ghost")).to_be_in_viewport()
    page.screenshot(path=tmp_path / "inside.png")


def test_a_version_and_a_saved_workflow_are_compared(ours: Ours, own: Server, tmp_path: Path) -> None:
    page, panel = ours.page, difference(ours)
    save_as(ours, "diff/anna")
    ours.set("Draw", "steps", "7")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("tab", name="anna", exact=True)).to_be_visible()
    menu(ours, "Versions…")
    page.get_by_role("button", name=re.compile("^Compare with the version")).click()
    expect(panel).to_contain_text("steps was 20, is 7.")

    page.get_by_role("button", name="Library").click()
    page.get_by_role("button", name="Actions for diff/anna").click()
    page.get_by_role("menuitem", name="Compare with…").click()
    dialog = page.get_by_role("dialog", name="Compare “anna” with")
    page.screenshot(path=tmp_path / "choose.png")
    expect_no_faults(ours)
    dialog.get_by_role("option", name="diff/anna").click()
    expect(panel.get_by_role("status")).to_contain_text("No difference.")
    page.screenshot(path=tmp_path / "none.png")


@pytest.fixture
def model(own: Server) -> Iterator[Path]:
    """A model of the user's own, which has no twin here."""
    path = own.data / "models" / "checkpoints" / "mine.safetensors"
    write_model(path, 0.999)
    yield path
    path.unlink(missing_ok=True)


def write_model(path: Path, scale: float) -> None:
    """The bundled model with other weights."""
    with safe_open(BUNDLED, "numpy") as file:
        about = file.metadata()
    path.write_bytes(save({name: each * scale for name, each in load_file(BUNDLED).items()}, about))


def drawn_by(ours: Ours, model: Path) -> None:
    """A picture that this model has made, in the viewer."""
    ours.page.reload()  # the model is a choice now
    ours.ready()
    ours.field("Model", "ckpt_name").click()
    ours.page.get_by_role("option", name=model.name, exact=True).click()
    ours.set("Draw", "steps", "4")
    ours.run()
    ours.expect_picture("Save").click()
    expect(ours.page.get_by_role("dialog", name="Pictures")).to_be_visible()


def test_a_picture_is_verified_and_told_from_one_whose_model_was_replaced(
    ours: Ours, own: Server, model: Path, tmp_path: Path
) -> None:
    page = ours.page
    drawn_by(ours, model)
    page.get_by_role("button", name="Verify", exact=True).click()
    dialog = page.get_by_role("dialog", name=re.compile("^Verify "))
    expect(dialog.get_by_text("Identical: every pixel is the same.")).to_be_visible()
    dialog.get_by_text(re.compile("^All that was compared")).click()
    expect(dialog.get_by_text("checkpoints/mine.safetensors is the same")).to_be_visible()
    page.screenshot(path=tmp_path / "identical.png")
    expect_no_faults(ours)
    dialog.get_by_role("button", name="Close", exact=True).last.click()

    write_model(model, 1.02)
    kept = sorted((own.data / "output").rglob("*.png"))
    page.keyboard.press("Control+k")
    page.get_by_role("dialog", name="Command palette").get_by_role("combobox").fill("Verify a picture")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("option", name="Verify a picture…").click()
    chooser.value.set_files(kept[-1])
    expect(dialog.get_by_text(re.compile(r"Different: [0-9.]+ dB PSNR"))).to_be_visible()
    why = dialog.get_by_role("listitem").filter(has_text="checkpoints/mine.safetensors")
    expect(why).to_contain_text(
        "has another content than when this was saved: the same tensors in other values (SHA-256 was"
    )
    for picture in ("As it is", "Made again"):
        expect(dialog.get_by_role("img", name=picture)).to_be_visible()
    page.screenshot(path=tmp_path / "different.png")
    expect_no_faults(ours)
    assert sorted((own.data / "output").rglob("*.png")) == kept  # what was made again is kept nowhere


def test_models_that_are_not_as_they_were_are_told_on_opening_and_used_if_one_says_so(
    ours: Ours, own: Server, model: Path, tmp_path: Path
) -> None:
    page = ours.page
    drawn_by(ours, model)
    kept = sorted((own.data / "output").rglob("*.png"))[-1]
    moved = model.rename(model.with_name("moved.safetensors"))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New workflow").click()
    ours.let_go(kept, "image/png")
    report = page.get_by_role("dialog", name=re.compile("^Models of “.*” are not as they were"))
    expect(report).to_contain_text("Same content, other name")
    expect(report).to_contain_text("is here as checkpoints/moved.safetensors, the same content")
    expect(page.locator("article[aria-label=Model]")).to_contain_text("mine.safetensors")  # nothing was swapped
    page.screenshot(path=tmp_path / "models.png")
    expect_no_faults(ours)
    report.get_by_role("button", name="Use it: moved.safetensors").click()
    report.get_by_role("button", name="Close", exact=True).last.click()
    expect(ours.field("Model", "ckpt_name")).to_contain_text("moved.safetensors")

    write_model(model, 1.02)
    moved.unlink()
    ours.let_go(kept, "image/png")
    expect(report).to_contain_text("Same name, other content")
    expect(report).to_contain_text("the same tensors in other values")
    expect(report.get_by_role("button", name=re.compile("^Use"))).to_have_count(0)
