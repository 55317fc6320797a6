"""The page at ``/docs`` in the system's Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass
class Docs:
    """The page, with what it complained of and whom it asked."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def docs(chromium: Browser, server: Server) -> Iterator[Docs]:
    context = chromium.new_context()
    docs = Docs(context.new_page())
    docs.page.on("console", lambda message: docs.complaints.append(message.text) if message.type == "error" else None)
    docs.page.on("pageerror", lambda error: docs.complaints.append(str(error)))
    docs.page.on("request", lambda request: docs.asked.append(request.url))
    docs.page.goto(f"{server.url}/docs")
    yield docs
    context.close()


def test_the_page_lists_the_routes_without_a_complaint_and_without_another_server(docs: Docs, server: Server) -> None:
    expect(docs.page.get_by_role("heading", name="wireloom")).to_be_visible()
    expect(docs.page.locator(".opblock-summary-path", has_text="/prompt").first).to_be_visible()
    described = sum(len(methods) for methods in server.get("/openapi.json")["paths"].values())
    expect(docs.page.locator(".opblock")).to_have_count(described)
    expect(docs.page.get_by_text("Warning")).to_have_count(0)
    assert all(url.startswith((f"{server.url}/", "data:")) for url in docs.asked)
    assert docs.complaints == []


def test_a_request_can_be_tried_on_the_page(docs: Docs) -> None:
    operation = docs.page.locator(".opblock", has=docs.page.locator('[data-path="/features"]'))
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table")).to_contain_text("supports_preview_metadata")
    assert docs.complaints == []
