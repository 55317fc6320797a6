"""Our editor, and ComfyUI's own front end, in the system's Chromium, each against a server in a process of its own."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.editor import Editor
from tests.browser.hands import settled
from tests.browser.ours import Ours
from tests.support.server import Server

FLAGS = (
    "--no-sandbox",  # containers have no user namespaces to spare
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # whoever asks another server fails, and is seen
)
SHOWS_WITHIN_MS = 20_000
VIEW = {"width": 1600, "height": 900}
FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", action="store_true", help="write README's pictures of the editor")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report


def keep_picture(request: pytest.FixtureRequest, page: Page, folder: Path) -> None:
    """What the page showed at the end of a test that failed."""
    if request.node.stash.get(FAILED, False):
        page.screenshot(path=folder / "end.png")


@contextmanager
def launched() -> Iterator[Browser]:
    """The system's Chromium. Until it is closed no other event loop can run in this thread: that is Playwright's."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if found is None:
        pytest.fail("browser tests need Chromium: install Debian's package chromium, or name the program in CHROMIUM")
    expect.set_options(timeout=SHOWS_WITHIN_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("data"), "--frontend", "comfy") as started:
        yield started


@pytest.fixture
def editor(chromium: Browser, server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Editor]:
    """The front end in a browser of its own, as it greets a new user; it must not have complained at the end."""
    server.post("/settings", {"Comfy.TutorialCompleted": False})
    context = chromium.new_context(viewport=VIEW)
    editor = Editor(context.new_page(), server.url)
    yield editor
    keep_picture(request, editor.page, tmp_path)
    context.close()
    server.post("/queue", {"clear": True})
    server.post("/interrupt", {})
    while server.get("/prompt")["exec_info"]["queue_remaining"]:
        time.sleep(0.05)
    assert editor.troubles == []


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with our editor at ``/``."""
    with Server(tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser that was never here before."""
    context = chromium.new_context(viewport=VIEW)
    yield context
    context.close()


@pytest.fixture
def other(chromium: Browser) -> Iterator[BrowserContext]:
    """Another browser beside that: another person's, or another of the same user."""
    context = chromium.new_context(viewport=VIEW)
    yield context
    context.close()


@pytest.fixture
def tablet(chromium: Browser, own: Server) -> Iterator[Ours]:
    """The editor on a screen that is touched; it must not have complained at the end."""
    context = chromium.new_context(viewport={"width": 1180, "height": 820}, has_touch=True)
    ours = settled(Ours(context.new_page(), own.url).boot())
    yield ours
    context.close()
    assert ours.troubles == []


@pytest.fixture
def ours(context: BrowserContext, own: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Ours]:
    """The editor with the default workflow; it must not have complained at the end."""
    ours = Ours(context.new_page(), own.url).boot()
    yield ours
    keep_picture(request, ours.page, tmp_path)
    assert ours.troubles == []
