"""Every view of the editor, in both themes, as axe-core judges it: names, roles, contrast, order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.ours import Ours
from tests.browser.tours import TOURS
from tests.browser.views import VIEWS
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ALL = {"rules": {"region": {"enabled": False}}, "resultTypes": ["violations"]}
"""Menus stand beside the page's regions: each belongs to the button that opened it."""
COLORS = {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]}
"""In the second theme the page is another one in its colours alone."""


@pytest.fixture(autouse=True)
def nothing_left(own: Server) -> Iterator[None]:
    """What a view set running ends with it."""
    yield
    own.post("/queue", {"clear": True})
    while own.get("/prompt")["exec_info"]["queue_remaining"]:
        own.post("/interrupt", {})  # again: a job that only begins is not reached
        time.sleep(0.05)


def faults(page: Page, options: dict[str, Any] = ALL) -> list[str]:
    """What axe-core finds wrong: how bad, which rule, and at which elements."""
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['impact']}: {rule['id']}: {' '.join(node['target'])}: {node['failureSummary'].splitlines()[-1].strip()}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_can_be_read_and_used_by_all_in_both_themes(name: str, ours: Ours, own: Server, tmp_path: Path) -> None:
    ours.page.emulate_media(reduced_motion="reduce")  # a colour half-way is none that anybody reads
    VIEWS[name](ours, own, tmp_path)
    found = faults_in_both_themes(ours.page, tmp_path / "view")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", TOURS)
def test_all_that_is_seen_on_a_tour_can_be_too(name: str, ours: Ours, own: Server, tmp_path: Path) -> None:
    ours.page.emulate_media(reduced_motion="reduce")
    found: list[str] = []
    for number, (seen, page) in enumerate(TOURS[name](ours, own, tmp_path)):
        page.emulate_media(reduced_motion="reduce")
        found += [f"{seen}: {fault}" for fault in faults_in_both_themes(page, tmp_path / f"{number}")]
    assert not found, "\n".join(found)


def faults_in_both_themes(page: Page, picture: Path) -> list[str]:
    found: list[str] = []
    for theme, options in (("dark", ALL), ("light", COLORS)):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        wrong = faults(page, options)
        if wrong:
            page.screenshot(path=f"{picture}-{theme}.png")
        found += [f"{theme}: {fault}" for fault in wrong]
    return found
