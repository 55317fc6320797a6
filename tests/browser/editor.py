"""The front end, as its user has it: what can be done with it, and what it shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.watched import Watched

BOOTS_WITHIN_MS = 30_000


class Editor(Watched):
    """A page of ComfyUI's front end."""

    def boot(self) -> Editor:
        """Open the page and put its greeting away."""
        self.page.goto(self.url)
        greeting = self.page.get_by_role("dialog")
        greeting.get_by_role("button", name="Close dialog").click(timeout=BOOTS_WITHIN_MS)
        expect(greeting).to_have_count(0)  # it takes keys until it is gone
        return self

    def reload(self) -> None:
        """Load the page again; what the old one was still asking for is no trouble."""
        before = len(self.troubles)
        self.page.reload()
        self.page.get_by_role("button", name="Run", exact=True).wait_for(timeout=BOOTS_WITHIN_MS)
        self.troubles[before:] = [trouble for trouble in self.troubles[before:] if "ERR_ABORTED" not in trouble]

    def open(self, path: Path) -> None:
        """Open a file, as if it had been chosen."""
        self.page.set_input_files("#comfy-file-input", path)
        self.expect_tab(path.stem)

    def drop(self, path: Path, media_type: str) -> None:
        """Let go of a file over the canvas."""
        self.let_go(path, media_type)
        self.expect_tab(path.stem)

    def expect_tab(self, name: str) -> None:
        expect(self.page.get_by_role("tablist").get_by_text(name, exact=True)).to_be_visible()

    def fit(self) -> None:
        """Bring all nodes into view: what is outside is not drawn, nor are its pictures loaded."""
        self.page.get_by_role("button", name="Fit View").click()

    def queue(self) -> str:
        """Press Run; return the id that the server gave the job."""
        with self.page.expect_response(re.compile("/api/prompt$")) as answer:
            self.page.get_by_role("button", name="Run", exact=True).click()
        return str(answer.value.json()["prompt_id"])

    def run(self) -> str:
        """Press Run and wait for the end; return the job's id."""
        prompt_id = self.queue()
        self.wait_for("executing", prompt_id=prompt_id, node=None)
        return prompt_id

    def nodes(self) -> list[dict[str, Any]]:
        """What the canvas draws, node by node: it is one picture to the page, so its own account is asked."""
        found: list[dict[str, Any]] = self.page.evaluate(
            """() => app.graph.nodes.map((node) => ({
                id: String(node.id), type: node.type, progress: node.progress ?? null, invalid: !!node.has_errors,
                widgets: Object.fromEntries((node.widgets ?? []).map((widget) => [widget.name, widget.value])),
                pictures: (node.imgs ?? []).map((picture) => ({ url: picture.src, width: picture.naturalWidth })),
            }))"""
        )
        return found

    def node(self, kind: str) -> dict[str, Any]:
        """The first node of a type."""
        return next(node for node in self.nodes() if node["type"] == kind)

    def wait_for_picture(self, kind: str, scheme: str) -> dict[str, Any]:
        """The picture that a node shows, once it is loaded from such an address."""
        self.page.wait_for_function(
            """([kind, scheme]) => app.graph.nodes.some((node) => node.type === kind
                && node.imgs?.some((picture) => picture.src.startsWith(scheme) && picture.naturalWidth))""",
            arg=[kind, scheme],
        )
        shown: dict[str, Any] = self.node(kind)["pictures"][0]
        return shown
