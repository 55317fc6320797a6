"""The front end, as its user has it: what can be done with it, and what it shows."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Page, Request, Response, WebSocket, expect

BOOTS_WITHIN_MS = 30_000
RUNS_WITHIN_MS = 120_000

DROP = """([data, name, type]) => {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    const dropped = new DataTransfer();
    dropped.items.add(new File([bytes], name, { type }));
    const [x, y] = [500, 700];
    for (const kind of ["dragenter", "dragover", "drop"]) {
        const event = { bubbles: true, cancelable: true, dataTransfer: dropped, clientX: x, clientY: y };
        document.elementFromPoint(x, y).dispatchEvent(new DragEvent(kind, event));
    }
}"""
"""A file let go over the canvas: only the system can do that, so the page is told as if it had been."""


class Editor:
    """A page of the front end. ``troubles`` are errors in its console and requests that failed; ``heard`` is what
    came over its websocket, JSON only.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.troubles: list[str] = []
        self.heard: list[dict[str, Any]] = []
        self._answered: list[Request] = []
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.troubles.append(f"uncaught: {error}"))
        page.on("requestfailed", self._note_failure)
        page.on("response", self._note_response)
        page.on("websocket", self._listen)

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
        self.page.evaluate(DROP, [base64.b64encode(path.read_bytes()).decode(), path.name, media_type])
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

    def wait_for(self, kind: str, **data: Any) -> dict[str, Any]:
        """The first message of this type with these values, heard or to come."""
        for _ in range(RUNS_WITHIN_MS // 50):
            for message in self.heard:
                if message["type"] == kind and data.items() <= message["data"].items():
                    return message
            self.page.wait_for_timeout(50)
        raise AssertionError(f"no {kind} with {data} among {[message['type'] for message in self.heard]}")

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

    @contextmanager
    def expecting(self, *patterns: str) -> Iterator[None]:
        """Troubles that match one of these are what this part of a test is about; each must come."""
        before = len(self.troubles)
        yield
        for pattern in patterns:
            self._wait_for_trouble(pattern)
        self.troubles[before:] = [
            trouble
            for trouble in self.troubles[before:]
            if not any(re.search(pattern, trouble) for pattern in patterns)
        ]

    def _wait_for_trouble(self, pattern: str) -> None:
        for _ in range(RUNS_WITHIN_MS // 50):
            if any(re.search(pattern, trouble) for trouble in self.troubles):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{pattern!r} not among {self.troubles}")

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.troubles.append(f"console: {message.text} ({message.location['url']})")

    def _note_failure(self, request: Request) -> None:
        if (
            request not in self._answered
        ):  # a page that does not read an answer's body makes Chromium call that a failure
            self.troubles.append(f"failed: {request.method} {request.url}: {request.failure}")

    def _note_response(self, response: Response) -> None:
        self._answered.append(response.request)
        if response.status >= 400:
            self.troubles.append(f"{response.status}: {response.request.method} {response.url}")

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._hear)

    def _hear(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            self.heard.append(json.loads(frame))
