"""How smoothly large workflows are panned and zoomed in the editor, beside the editor as an earlier commit had it.

Both are measured in one run, by turns, and of each the best turn counts: what the machine does besides meets both.
``--before COMMIT`` names the earlier one; a checkout that does not have it tells of the present editor alone.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.benchmarks.conftest import Report
from tests.benchmarks.moving import Frames, frames_of, opened, panned, zoom_to, zoomed
from tests.browser.conftest import VIEW, launched
from tests.browser.ours import Ours
from tests.support.server import Server

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).parents[2]
SIZES = (500, 2_000)
TURNS = 3
ZOOMS = (0.5, 1.0)
"""The first is as far as whole nodes are drawn: the most of them are in view."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def editors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """Servers of the two editors, by ``before`` and ``now``."""
    earlier = built_at(request.config.getoption("--before"), tmp_path_factory.mktemp("before"))
    with ExitStack() as stack:
        servers = {"now": Server(tmp_path_factory.mktemp("data"))}
        if earlier:
            servers["before"] = Server(tmp_path_factory.mktemp("data"), "--frontend", str(earlier))
        for server in servers.values():
            stack.enter_context(server).get("/object_info")  # the first answer takes longer: it loads the node types
        yield servers


@pytest.mark.parametrize("count", SIZES)
def test_frames_a_second(
    report: Report, chromium: Browser, editors: dict[str, Server], tmp_path: Path, count: int
) -> None:
    turns: defaultdict[tuple[str, str], list[Frames]] = defaultdict(list)
    for _ in range(TURNS):
        for name, server in editors.items():
            for what, frames in moved_about(chromium, server, tmp_path, count).items():
                turns[what, name].append(frames)
    for what in dict.fromkeys(what for what, _ in turns):
        texts = [f"{name} {told(max(turns[what, name]))}" for name in ("now", "before") if (what, name) in turns]
        report("editor", f"{count:,} nodes{what}", "; ".join(texts))


def told(frames: Frames) -> str:
    return f"{frames.average:.0f} frames a second (median {frames.median:.0f}, slowest twentieth {frames.slow:.0f})"


def moved_about(chromium: Browser, server: Server, folder: Path, count: int) -> dict[str, Frames]:
    """Open a workflow of so many nodes; how it moves, by what was done."""
    context = chromium.new_context(viewport=VIEW)
    page = context.new_page()
    ours = Ours(page, server.url).boot()
    opened(ours, count, folder)
    found = {
        ", all in view: panning": frames_of(page, lambda: panned(page)),
        ": zooming from all in view to zoom 1.4 and back": frames_of(page, lambda: zoomed(page)),
    }
    for zoom in ZOOMS:
        zoom_to(page, zoom)
        found[f", at zoom {zoom:g}: panning"] = frames_of(page, lambda: panned(page))
    assert ours.troubles == []
    context.close()
    return found


def built_at(commit: str, folder: Path) -> Path | None:
    """The editor's bundle as a commit has it, put into a folder; None if this checkout does not have the commit."""
    command = ["git", "archive", commit, "web/static"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if told.returncode != 0:
        return None
    with tarfile.open(fileobj=io.BytesIO(told.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "web" / "static"
