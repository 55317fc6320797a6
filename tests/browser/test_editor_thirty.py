"""Thirty workflow files as users publish them are let go onto one page, one after the other: what it says of each."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.ours import Ours
from tests.support.server import Server
from tests.support.thirty import THIRTY, Expected, Value

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MISSING_PICTURE = r"/api/view\?filename="
"""Nodes that load a picture show it, and it is not there."""
SETTLES_MS = 300
"""By then a report would be there: the node types are known."""


def test_each_of_thirty_files_opens_in_a_tab_of_its_own_and_tells_what_it_needs(ours: Ours) -> None:
    with ours.expecting(MISSING_PICTURE):
        wrong = {each.file: told for each in THIRTY if (told := list(differences(ours, each)))}
    assert wrong == {}
    tabs = ours.page.get_by_role("tablist", name="Open workflows").get_by_role("tab")
    assert [tab.split("\n")[0] for tab in tabs.all_inner_texts()][-30:] == [each.path.stem for each in THIRTY]


def test_group_nodes_run_as_their_widgets_say(ours: Ours, own: Server) -> None:
    (each,) = (each for each in THIRTY if each.file.startswith("21"))
    ours.let_go(each.path, "application/json")
    ours.set("Draw", "steps", "2")
    ours.set("Draw", "width", "64")
    words = ours.node("Words").get_by_role("textbox").first
    words.fill("a cat")
    words.blur()
    prompt_id = ours.run()
    prompt = own.get(f"/history/{prompt_id}")[prompt_id]["prompt"][2]
    assert (prompt["3:1"]["inputs"]["steps"], prompt["3:0"]["inputs"]["width"]) == (2, 64)
    assert (prompt["2:0"]["inputs"]["text"], prompt["2:1"]["inputs"]["text"]) == ("a cat", "blurry")
    picture = ours.expect_picture("Save Image")
    assert picture.evaluate("(picture) => picture.naturalWidth * 2 === picture.naturalHeight")


def differences(ours: Ours, each: Expected) -> Iterator[str]:
    """Let the file go, and say in what the page reports other things than expected."""
    kind, _ = mimetypes.guess_type(each.file)
    ours.let_go(each.path, kind or "")
    report = ours.page.get_by_role("dialog")
    if each.types or each.values or each.left_out:
        expect(report).to_be_visible()
        yield from compared("report", told(report), expected_of(each))
        report.get_by_role("button", name="Close", exact=True).last.click()
    expect(ours.page.get_by_role("tab", name=each.path.stem, exact=True)).to_have_attribute("aria-selected", "true")
    ours.page.wait_for_timeout(SETTLES_MS)
    yield from compared("dialogs", report.count(), 0)
    yield from compared("alerts", ours.page.get_by_role("alert").all_inner_texts(), [])
    yield from compared("nodes", len(ours.document()["nodes"]), each.nodes)


def compared(what: str, found: object, wanted: object) -> Iterator[str]:
    if found != wanted:
        yield f"{what}: {found!r} instead of {wanted!r}"


def told(report: Locator) -> dict[str, list[str]]:
    """Heading -> lines, each as one text."""
    return {
        section.get_by_role("heading").inner_text(): [
            " ".join(line.split()) for line in section.get_by_role("listitem").all_inner_texts()
        ]
        for section in report.locator("section").all()
    } | {"": [report.get_by_role("heading").first.inner_text()]}


def expected_of(each: Expected) -> dict[str, list[str]]:
    missing = bool(each.types or each.values)
    name = f"“{each.path.stem}”"
    lists = {
        "": [f"{name} needs what is not here" if missing else f"Not all of {name} could be carried over"],
        "Node types that the server does not have": [
            f"{kind} {'1 node' if count == 1 else f'{count} nodes'} Show" for kind, count in each.types.items()
        ],
        "Files or choices that the server does not have": [line_of(each, value) for value in each.values],
        "Not carried over from the picture's text": list(each.left_out),
    }
    return {heading: lines for heading, lines in lists.items() if lines}


def line_of(each: Expected, value: Value) -> str:
    folder = f" belongs in {value.folder}" if value.folder else ""
    source = " Where the workflow says it is" if value.value in addressed(each) else ""
    return f"{value.value} {value.title}, {value.input}{folder}{source} Show"


def addressed(each: Expected) -> set[str]:
    """The files of which the workflow says where they can be had."""
    text = each.path.read_text(encoding="utf-8") if each.path.suffix == ".json" else ""
    return {value.value for value in each.values if f'"name": "{value.value}", "url": "https://' in text}
