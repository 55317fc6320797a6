"""A page under watch: what it complains of, whom it asks in vain, and what its server tells it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Page, Request, Response, WebSocket

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


class Watched:
    """``troubles`` are errors in the page's console and requests that failed; ``heard`` is what came over its
    websocket, JSON only.
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

    def let_go(self, path: Path, media_type: str) -> None:
        """Let go of a file over the canvas."""
        self.page.evaluate(DROP, [base64.b64encode(path.read_bytes()).decode(), path.name, media_type])

    def wait_for(self, kind: str, **data: Any) -> dict[str, Any]:
        """The first message of this type with these values, heard or to come."""
        for _ in range(RUNS_WITHIN_MS // 50):
            for message in self.heard:
                if message["type"] == kind and data.items() <= message["data"].items():
                    return message
            self.page.wait_for_timeout(50)
        raise AssertionError(f"no {kind} with {data} among {[message['type'] for message in self.heard]}")

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
        # What the page itself gave up is no failure: it was left, or the next preview took the place of one that was
        # still being read. And a page that does not read an answer's body makes Chromium call that a failure.
        if request not in self._answered and request.failure != "net::ERR_ABORTED":
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
