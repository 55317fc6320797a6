"""Moving about in the editor by mouse and wheel, as a hand would, and the frames that are drawn meanwhile."""

from __future__ import annotations

import itertools
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.conftest import VIEW
from tests.browser.ours import Ours
from tests.support.tiled import tiled

MOVING_S = 2
OPENS_WITHIN_MS = 120_000
SETTLES_IN_MS = 500
WHEEL = 60
"""What a notch of the wheel says, about."""
WHEEL_EVERY_MS = 30

WHEN_OPEN = """(count) => {
    const dropped = () => {
        const before = performance.now();
        const look = () => {
            const isOpen = document.querySelectorAll(".react-flow__node").length === count;
            if (isOpen) requestAnimationFrame(() => (window.openIn = performance.now() - before));
            else requestAnimationFrame(look);
        };
        look();
    };
    document.addEventListener("drop", dropped, { capture: true, once: true });
}"""

FRAMES = """() => {
    window.frames_ = [];
    window.stop_ = false;
    const note = (at) => {
        window.frames_.push(at);
        if (!window.stop_) requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
}"""

EMPTY_PLACE = """() => {
    for (let y = 150; y < 860; y += 9)
        for (let x = 400; x < 1500; x += 9)
            if (document.elementFromPoint(x, y)?.classList.contains("react-flow__pane")) return [x, y];
}"""

TITLE = """() => {
    for (const header of document.querySelectorAll(".node-header")) {
        const { x, y, width, height } = header.getBoundingClientRect();
        const [at, to] = [x + width / 2, y + height / 2];
        if (document.elementFromPoint(at, to)?.closest(".node-header") === header) return [at, to];
    }
}"""


@dataclass(frozen=True, order=True)
class Frames:
    """Frames a second while something moved: on average, half of the time, and in the slowest twentieth of it."""

    average: float
    median: float
    slow: float
    longest_ms: float

    @classmethod
    def of(cls, at_ms: list[float]) -> Frames:
        gaps = [after - before for before, after in itertools.pairwise(at_ms)]
        slow = statistics.quantiles(gaps, n=20)[-1]
        return cls(1000 * len(gaps) / sum(gaps), 1000 / statistics.median(gaps), 1000 / slow, max(gaps))

    def __str__(self) -> str:
        return f"{self.average:.0f} frames a second, the longest {self.longest_ms:.0f} ms"


def frames_of(page: Page, move: Callable[[], None]) -> Frames:
    """The frames that are drawn while it moves."""
    page.wait_for_timeout(SETTLES_IN_MS)  # what came before
    page.evaluate(FRAMES)
    move()
    page.evaluate("() => { window.stop_ = true; }")
    return Frames.of(page.evaluate("window.frames_"))


def best(page: Page, move: Callable[[], None]) -> Frames:
    """The better of two tries."""
    return max(frames_of(page, move) for _ in range(2))


def opened(ours: Ours, count: int, folder: Path) -> float:
    """Drop a workflow of so many nodes; return the seconds until all of it is seen."""
    path = folder / "large.json"
    path.write_text(json.dumps(tiled(ours.document(), count)))
    ours.page.evaluate(WHEN_OPEN, count)
    ours.let_go(path, "application/json")
    ours.page.wait_for_function("() => window.openIn", timeout=OPENS_WITHIN_MS)
    return float(ours.page.evaluate("window.openIn")) / 1000


def dragged(page: Page, find: str, by: tuple[int, int] = (200, 120), once_s: float = 0.5) -> None:
    """Press on what is found, move to and fro, each way in so many seconds, and let go."""
    x, y = page.evaluate(find)
    page.mouse.move(x, y)
    page.mouse.down()
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < MOVING_S:
        there = 1 - abs(passed / once_s % 2 - 1)
        page.mouse.move(x + by[0] * there, y + by[1] * there)
    page.mouse.up()


def panned(page: Page) -> None:
    """Push the view about, by a third of the screen and back."""
    dragged(page, EMPTY_PLACE, (-500, -280), once_s=1)


def zoom_to(page: Page, to: float, every_ms: int = WHEEL_EVERY_MS) -> None:
    """Turn the wheel over the middle until things are so large."""
    page.mouse.move(VIEW["width"] / 2, VIEW["height"] / 2)
    begin = zoom(page)
    by = -WHEEL if to > begin else WHEEL
    while (zoom(page) < to) if by < 0 else (zoom(page) > to):
        page.mouse.wheel(0, by)
        page.wait_for_timeout(every_ms)


def zoomed(page: Page) -> None:
    """From where all is seen until nodes are large, and back."""
    whole = zoom(page)
    zoom_to(page, 1.4)
    zoom_to(page, whole * 1.01)


def zoom(page: Page) -> float:
    return float(page.evaluate("new DOMMatrix(document.querySelector('.react-flow__viewport').style.transform).a"))
