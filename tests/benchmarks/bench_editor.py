"""The editor in the system's Chromium, without a GPU: what it weighs, when it can be used, and worked in.

Needs Chromium: Debian's package ``chromium``, or the program that ``CHROMIUM`` names.
"""

from __future__ import annotations

import gzip
import re
import statistics
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.benchmarks.conftest import Report
from tests.benchmarks.moving import TITLE, best, dragged, opened, zoom_to
from tests.browser.conftest import VIEW, launched
from tests.browser.ours import Ours
from tests.support.server import Server

pytestmark = pytest.mark.benchmark

STATIC = Path(__file__).parents[2] / "web" / "static"
ROUNDS = 5
SIZES = (500, 2_000)

WHEN_EDITABLE = """() => {
    const look = () => {
        const field = document.querySelector("article[aria-label=Draw] input:enabled");
        if (field && !document.querySelector(".first-load")) window.editableAt = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""
"""Notes the first frame, since navigation, in which the default workflow is there and has a field to type into."""

FIELD = """() => {
    for (const field of document.querySelectorAll(".node input:enabled, .node textarea:enabled")) {
        const { x, y, width, height } = field.getBoundingClientRect();
        if (x > 360 && x + width < 1500 && y > 100 && y + height < 800) return field;
    }
}"""

COUNT_REDRAWN = """() => {
    window.redrawn_ = [];
    let changed = null;
    const see = (records) => {
        for (const { target } of records) {
            const node = (target.closest ? target : target.parentElement)?.closest(".react-flow__node");
            if (node && changed) changed.add(node.dataset.id);
        }
    };
    const observer = new MutationObserver(see);
    const all = { subtree: true, childList: true, attributes: true, characterData: true };
    observer.observe(document.querySelector(".react-flow"), all);
    window.heard_ = (data) => {
        if (typeof data !== "string" || JSON.parse(data).type !== "progress") return;
        see(observer.takeRecords());
        if (changed) window.redrawn_.push([...changed]);
        changed = new Set();
    };
}"""
"""Notes, for each step of a sampler, the nodes of which an element changed before the next is told. The same step is
told by other messages too, and has a picture: those count in."""

TELL_MESSAGES = """() => {
    window.WebSocket = class extends WebSocket {
        constructor(...given) {
            super(...given);
            this.addEventListener("message", ({ data }) => window.heard_?.(data));
        }
    };
}"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("data")) as started:
        started.get("/object_info")  # the first answer takes longer: it loads the node types
        yield started


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a browser that was never here before."""
    context = chromium.new_context(viewport=VIEW)
    yield context.new_page()
    context.close()


def test_what_is_loaded_first(report: Report) -> None:
    """The page's own scripts and style sheets, and what they import at once."""
    page = (STATIC / "index.html").read_text()
    waiting = re.findall(r'(?:src|href)="\./([^"]+\.(?:js|css))"', page)
    found: dict[str, bytes] = {}
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = (STATIC / name).read_bytes()
            imports = re.findall(rb'(?:\bfrom|\bimport)\s*["`]\./([^"`]+\.js)["`]', found[name])
            waiting += [f"{name.rpartition('/')[0]}/{other.decode()}" for other in imports]
    size = sum(len(gzip.compress(data, 9)) for data in found.values())
    report("editor", "first load, gzip", f"{size / 1000:.0f} KB in {len(found)} files")


def test_time_until_it_can_be_edited(report: Report, chromium: Browser, server: Server) -> None:
    times = []
    for round_ in range(ROUNDS):
        context = chromium.new_context(viewport=VIEW)
        page = context.new_page()
        page.add_init_script(f"({WHEN_EDITABLE})()")
        ours = Ours(page, server.url).boot()
        ours.set("Draw", "steps", str(round_ + 5))
        expect(ours.field("Draw", "steps")).to_have_value(str(round_ + 5))
        times.append(page.evaluate("window.editableAt"))
        context.close()
    text = f"{min(times):.0f} ms, median {statistics.median(times):.0f} ms"
    report("editor", "from navigation until the default workflow can be edited, nothing cached", text)


@pytest.mark.parametrize("count", SIZES)
def test_working_in_a_large_workflow(report: Report, page: Page, server: Server, tmp_path: Path, count: int) -> None:
    ours = Ours(page, server.url).boot()
    note = partial(report, "editor")
    note(f"{count:,} nodes: opening, until all are drawn", f"{opened(ours, count, tmp_path):.2f} s")
    note(f"{count:,} nodes, all in view: dragging one", str(best(page, lambda: dragged(page, TITLE))))
    zoom_to(page, 0.95)
    expect(page.get_by_role("textbox").first).to_be_visible()
    note(f"{count:,} nodes, at zoom 1: dragging one", str(best(page, lambda: dragged(page, TITLE))))
    note(f"{count:,} nodes, at zoom 1: typing into a field", str(best(page, lambda: typed(page))))
    assert ours.troubles == []


def test_redraws_of_a_step(report: Report, page: Page, server: Server) -> None:
    page.add_init_script(f"({TELL_MESSAGES})()")
    ours = Ours(page, server.url).boot()
    page.evaluate(COUNT_REDRAWN)
    ours.run()
    redrawn = page.evaluate("window.redrawn_")
    changed = [len(nodes) for nodes in redrawn]
    assert changed
    text = f"{statistics.mean(changed):.1f}, at most {max(changed)} ({len(changed)} steps)"
    report("editor", "nodes of which an element changes at a sampler's step, of 7", text)


def typed(page: Page) -> None:
    field = page.evaluate_handle(FIELD).as_element()
    assert field
    field.focus()
    page.keyboard.type("1234567890" * 3, delay=40)
