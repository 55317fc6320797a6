"""Our editor, as its user has it: what is found by its role and its name, and done with mouse and keys."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.watched import Watched

BOOTS_WITHIN_MS = 20_000
KEPT_AFTER_MS = 2_000
"""By then the browser has stored what was done."""


def contents(document: dict[str, Any]) -> dict[str, Any]:
    """What a workflow is, without how often it was edited."""
    return {name: document[name] for name in ("nodes", "links", "groups")}


class Ours(Watched):
    """A page of the editor."""

    def boot(self) -> Ours:
        """Open the page, and wait until the default workflow can be edited."""
        self.page.goto(self.url)
        return self.ready()

    def ready(self) -> Ours:
        expect(self.node("Draw")).to_be_visible(timeout=BOOTS_WITHIN_MS)
        expect(self.page.get_by_text("Connected", exact=True)).to_be_visible()
        expect(self.page.get_by_text("Reading the node types")).to_have_count(0)
        return self

    def node(self, title: str) -> Locator:
        return self.page.get_by_role("article", name=title, exact=True)

    def field(self, title: str, widget: str) -> Locator:
        """The control of a node's widget."""
        return self.node(title).get_by_label(widget, exact=True)

    def set(self, title: str, widget: str, value: str) -> None:
        """Type a value, and leave the field as a user does who goes on elsewhere."""
        field = self.field(title, widget)
        field.fill(value)
        field.blur()

    def run(self) -> str:
        """Press Run and wait for the end; return the job's id."""
        with self.page.expect_response(re.compile("/prompt$")) as answer:
            self.page.get_by_role("button", name="Run", exact=True).click()
        prompt_id = str(answer.value.json()["prompt_id"])
        self.wait_for("execution_success", prompt_id=prompt_id)
        return prompt_id

    def expect_picture(self, title: str) -> Locator:
        """The picture that a node shows, once it is loaded."""
        picture = self.node(title).locator("button img").first
        expect(picture).to_be_visible()
        handle = picture.element_handle()
        self.page.wait_for_function("(picture) => picture.complete && picture.naturalWidth > 0", arg=handle)
        return picture

    def wire(self, start: Locator, end: Locator) -> None:
        """Drag from one socket to another, and hold there."""
        for socket, press in ((start, True), (end, False)):
            box = socket.bounding_box()
            assert box
            self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=12)
            if press:
                self.page.mouse.down()

    def add(self, title: str, place: tuple[int, int]) -> None:
        """Double-click the canvas, and take the node that the search finds first."""
        before = self.page.get_by_role("article").count()
        self.page.mouse.dblclick(*place)
        self.page.get_by_role("combobox", name="Search nodes").fill(title)
        self.page.get_by_role("option", name=re.compile(f"^{re.escape(title)}")).first.click()
        expect(self.page.get_by_role("article")).to_have_count(before + 1)

    def press_while_it_can_be(self, name: str) -> None:
        """Press a button until it is grey."""
        button = self.page.get_by_role("button", name=name, exact=True)
        while button.is_enabled():
            button.click()

    def output(self, title: str, name: str) -> Locator:
        return self.node(title).get_by_label(re.compile(f"^Output {name},"))

    def input(self, title: str, name: str) -> Locator:
        return self.node(title).get_by_label(re.compile(f"^Input {name},"))

    def document(self) -> dict[str, Any]:
        """The active workflow, as the editor hands it out."""
        self.page.get_by_role("button", name="Workflow actions").click()
        with self.page.expect_download() as download:
            self.page.get_by_role("menuitem", name="Download as JSON").click()
        found: dict[str, Any] = json.loads(Path(download.value.path()).read_text())
        return found

    def click_canvas(self) -> None:
        """Where nothing is: the keys then go to the canvas."""
        self.page.locator(".react-flow__pane").click(position={"x": 8, "y": 8})
