"""Workflows run: what the front end shows meanwhile, and in the end."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.editor import Editor
from tests.browser.watched import RUNS_WITHIN_MS
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WORKFLOWS = Path("workflows")
TEXT_TO_IMAGE = WORKFLOWS / "text_to_image.json"
LONG_STEPS = 600


def written(path: Path, **sampler: Any) -> Path:
    """Text to image with other settings of its sampler, as a file."""
    workflow = json.loads(TEXT_TO_IMAGE.read_text())
    workflow["5"]["inputs"] |= sampler
    path.write_text(json.dumps(workflow))
    return path


@pytest.mark.parametrize("folder", [WORKFLOWS, WORKFLOWS / "ui"], ids=["API format", "UI format"])
def test_text_to_image_opens_runs_and_shows_its_picture(editor: Editor, server: Server, folder: Path) -> None:
    editor.boot().open(folder / TEXT_TO_IMAGE.name)
    editor.fit()
    prompt_id = editor.run()
    shown = editor.wait_for_picture("SaveImage", "http")
    assert shown["width"] == 128
    (saved,) = server.get(f"/history/{prompt_id}")[prompt_id]["outputs"]["7"]["images"]
    assert f"filename={saved['filename']}" in shown["url"]


def test_progress_and_previews_are_shown_while_a_sampler_runs(editor: Editor, tmp_path: Path) -> None:
    editor.boot().open(written(tmp_path / "long.json", steps=LONG_STEPS))
    editor.fit()
    editor.queue()
    page = editor.page
    current = page.get_by_text("Current node:").locator("..")
    expect(current).to_have_text(re.compile(r"Draw\s*[1-9][0-9]?%"), timeout=RUNS_WITHIN_MS)
    first = editor.wait_for_picture("KSampler", "blob:")
    page.wait_for_function(
        "(before) => app.graph.nodes.find((node) => node.imgs).imgs[0].src !== before", arg=first["url"]
    )
    page.screenshot(path=tmp_path / "running.png")
    assert first["width"] == 512  # what --preview-size asks for
    assert 0 < editor.node("KSampler")["progress"] < 1
    page.get_by_role("button", name="Cancel current run").click()
    editor.wait_for("execution_interrupted")


def test_a_widget_is_edited_and_the_next_picture_is_another(editor: Editor, tmp_path: Path) -> None:
    editor.boot().open(written(tmp_path / "edited.json", seed=3))
    editor.fit()
    editor.run()
    before = editor.wait_for_picture("SaveImage", "http")["url"]
    editor.page.get_by_role("textbox").and_(editor.page.locator("textarea")).first.fill("a cat on a green background")
    editor.run()
    editor.page.wait_for_function(
        "(before) => app.graph.nodes.every((node) => node.imgs?.[0].src !== before)", arg=before
    )
    assert editor.wait_for_picture("SaveImage", "http")["width"] == 128


def test_queue_and_history_are_listed(editor: Editor, server: Server, tmp_path: Path) -> None:
    editor.boot().open(written(tmp_path / "listed.json", steps=2))
    prompt_id = editor.run()
    (saved,) = server.get(f"/history/{prompt_id}")[prompt_id]["outputs"]["7"]["images"]
    editor.open(written(tmp_path / "slow.json", steps=LONG_STEPS))
    page = editor.page
    editor.queue()
    editor.queue()
    expect(page.get_by_role("button", name="2 active")).to_be_visible()
    page.get_by_role("button", name="View all jobs").click()
    expect(page.get_by_text("1 running, 1 queued")).to_be_visible()
    expect(page.get_by_text("In queue...")).to_be_visible()
    expect(page.get_by_text(saved["filename"])).to_be_visible()
    page.get_by_role("button", name="Clear queue").click()
    expect(page.get_by_text("In queue...")).to_have_count(0)


def test_a_job_of_many_nodes_shows_what_runs_and_leaves_nothing_behind(editor: Editor, tmp_path: Path) -> None:
    workflow = json.loads(written(tmp_path / "many.json", steps=40).read_text())
    workflow["100"] = {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": 0}}
    for number in range(101, 251):
        workflow[str(number)] = {"class_type": "ImageInvert", "inputs": {"image": [str(number - 1), 0]}}
    workflow["251"] = {"class_type": "PreviewImage", "inputs": {"images": ["250", 0]}}
    (tmp_path / "many.json").write_text(json.dumps(workflow))
    editor.boot().open(tmp_path / "many.json")
    editor.fit()
    prompt_id = editor.queue()
    editor.wait_for("progress", prompt_id=prompt_id, node="5")
    expect(editor.page).to_have_title(re.compile(r"\]\[[1-9][0-9]?%\] KSampler"), timeout=RUNS_WITHIN_MS)
    editor.wait_for("executing", prompt_id=prompt_id, node=None)
    expect(editor.page).not_to_have_title(re.compile("%"))
    assert [node["id"] for node in editor.nodes() if node["progress"] is not None] == []
    told = [message["data"]["nodes"] for message in editor.heard if message["type"] == "progress_state"]
    cached = editor.wait_for("execution_cached", prompt_id=prompt_id)["data"]["nodes"]
    assert {node_id for nodes in told for node_id in nodes} == set(workflow) - set(cached)
    assert max(len(nodes) for nodes in told) < len(workflow)  # so it did not rest on hearing all each time


def test_a_run_is_interrupted(editor: Editor, server: Server, tmp_path: Path) -> None:
    editor.boot().open(written(tmp_path / "stopped.json", steps=LONG_STEPS, seed=5))
    prompt_id = editor.queue()
    editor.wait_for("progress", prompt_id=prompt_id, node="5")
    editor.page.get_by_role("button", name="Cancel current run").click()
    editor.wait_for("executing", prompt_id=prompt_id, node=None)
    expect(editor.page.get_by_role("button", name="0 active")).to_be_visible()
    expect(editor.page).not_to_have_title(re.compile("%"))
    assert server.get(f"/api/jobs/{prompt_id}")["status"] == "cancelled"


def test_an_invalid_workflow_shows_what_is_wrong_with_it(editor: Editor, tmp_path: Path) -> None:
    editor.boot().open(written(tmp_path / "invalid.json", steps=30_000))
    page = editor.page
    with editor.expecting("400: POST .*/api/prompt", "console: PromptExecutionError", "console: .*status of 400"):
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text("View details").wait_for()
    with editor.expecting("https://api.comfy.org/nodes", "console: .*ERR_NAME_NOT_RESOLVED"):  # whose node it is
        page.get_by_text("View details").click()
        expect(page.get_by_role("button", name="Input out of range")).to_be_visible()
        expect(page.get_by_text("Draw - steps")).to_be_visible()
    assert editor.node("KSampler")["invalid"]


def test_a_page_that_is_loaded_again_takes_up_the_run_of_its_former_self(editor: Editor, tmp_path: Path) -> None:
    editor.boot().open(written(tmp_path / "reloaded.json", steps=LONG_STEPS, seed=7))
    prompt_id = editor.queue()
    editor.wait_for("progress", prompt_id=prompt_id, node="5")
    editor.heard.clear()
    editor.reload()
    expect(editor.page).to_have_title(re.compile(r"\[[0-9]+%\]"))
    assert editor.wait_for("status")["data"]["sid"]
    expect(editor.page.get_by_role("button", name="1 active")).to_be_visible()
    assert editor.page.evaluate("app.runningNodeId") == "5"
