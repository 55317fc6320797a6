"""The editor without a mouse: everything can be reached, done and left by keys."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.ours import Ours, contents
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OPENERS = {
    "Settings": "Settings",
    "Keyboard shortcuts": "Keyboard shortcuts",
    "Commands and nodes": "Command palette",
}
"""Buttons, and the dialogs that they open."""


def focus_node(ours: Ours, title: str) -> Locator:
    """Go to a node as the Tab key does."""
    node = ours.page.get_by_role("group", name=title, exact=True)
    node.focus()
    return node


def connect(ours: Ours, node: str, words: str) -> None:
    """Select a node and wire what the words name, by keys alone."""
    focus_node(ours, node)
    ours.page.keyboard.press("Enter")
    ours.page.keyboard.press("l")
    ours.page.get_by_role("combobox", name="Search sockets").fill(words)
    ours.page.keyboard.press("Enter")
    expect(ours.page.get_by_role("dialog")).to_have_count(0)


def test_a_workflow_is_built_without_a_mouse(ours: Ours) -> None:
    page = ours.page
    page.keyboard.press("Alt+n")
    for words in ("load checkpoint", "empty latent image"):
        page.keyboard.press("Shift+A")
        page.get_by_role("combobox", name="Search nodes").fill(words)
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("article")).to_have_count(2)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Command palette").fill("vae decode")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_have_count(3)
    expect(page.get_by_role("group", name="VAEDecode")).to_be_focused()
    connect(ours, "VAEDecode", "samples empty")
    connect(ours, "VAEDecode", "vae load")
    document = ours.document()
    types = {node["id"]: node["type"] for node in document["nodes"]}
    assert {(types[link[1]], types[link[3]], link[5]) for link in document["links"]} == {
        ("EmptyLatentImage", "VAEDecode", "LATENT"),
        ("CheckpointLoaderSimple", "VAEDecode", "VAE"),
    }


def test_a_wire_is_taken_off_by_keys(ours: Ours) -> None:
    before = len(ours.document()["links"])
    connect(ours, "Decode", "samples draw")
    assert len(ours.document()["links"]) == before - 1
    connect(ours, "Decode", "samples draw")
    assert len(ours.document()["links"]) == before


def test_arrows_move_the_selected_node_and_that_is_undone_as_one_step(ours: Ours) -> None:
    page, before = ours.page, ours.document()
    focus_node(ours, "Save")
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")

    def place(document: dict[str, list[dict[str, list[float]]]]) -> list[float]:
        return next(node["pos"] for node in document["nodes"] if node.get("title") == "Save")

    (x, y), (new_x, new_y) = place(before), place(ours.document())
    assert (new_x - x, new_y - y) == (15, 20)
    ours.click_canvas()
    page.keyboard.press("Control+z")
    assert contents(ours.document()) == contents(before)


def test_a_socket_that_is_clicked_lists_what_fits_it(ours: Ours) -> None:
    ours.input("Draw", "positive").click()
    shown = ours.page.get_by_role("dialog", name="Connect Draw")
    expect(shown.get_by_role("option")).to_have_text([re.compile("^Words"), re.compile("^Words to avoid")])
    ours.page.keyboard.press("Escape")
    expect(shown).to_have_count(0)


@pytest.mark.parametrize("button", OPENERS)
def test_escape_closes_a_dialog_and_the_focus_goes_back(ours: Ours, button: str) -> None:
    opener = ours.page.get_by_role("button", name=button, exact=True)
    opener.focus()
    ours.page.keyboard.press("Enter")
    expect(ours.page.get_by_role("dialog", name=OPENERS[button])).to_be_visible()
    ours.page.keyboard.press("Escape")
    expect(ours.page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_menus_are_walked_by_arrows_and_give_the_focus_back(ours: Ours) -> None:
    page = ours.page
    opener = page.get_by_role("button", name="More ways to run")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Run before all that wait")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitemcheckbox", name="Run on change")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_tab_reaches_every_button_field_and_node_and_shows_where_it_is(ours: Ours) -> None:
    page = ours.page
    wanted = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea, a[href], [tabindex='0']")]
            .filter((each) => each.tabIndex >= 0 && !each.disabled && each.checkVisibility())
            .map((each, at) => (each.dataset.at = String(at)))"""
    )
    seen: set[str] = set()
    unmarked: set[str] = set()
    page.locator("body").press("Tab")
    for _ in range(2 * len(wanted)):
        at, name, is_marked = page.evaluate(
            """() => {
                const here = document.activeElement;
                const rings = [here, here.firstElementChild, here.parentElement, ...here.querySelectorAll("path")];
                const marked = rings.some((each) => each && getComputedStyle(each).outlineStyle !== "none")
                    || here.matches("body, .react-flow__edge");
                const name = here.getAttribute("aria-label") ?? here.outerHTML.slice(0, 80);
                return [here.dataset.at ?? null, name, marked];
            }"""
        )
        seen.add(at)
        if not is_marked:
            unmarked.add(name)
        page.keyboard.press("Tab")
    assert set(wanted) - seen == set()
    assert unmarked == set()


def test_the_overview_of_shortcuts_is_opened_by_its_key_and_knows_all_that_menus_show(ours: Ours) -> None:
    page = ours.page
    ours.node("Draw").get_by_role("heading").click(button="right")
    shown = page.locator(".menu .keys").all_inner_texts()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Workflow actions").click()
    shown += page.locator(".menu .keys").all_inner_texts()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="More ways to run").click()
    shown += page.locator(".menu .keys").all_inner_texts()
    page.keyboard.press("Escape")
    ours.click_canvas()
    page.keyboard.press("?")
    overview = page.get_by_role("dialog", name="Keyboard shortcuts")
    listed = set(overview.locator("kbd").all_inner_texts())
    assert {keys for keys in shown if keys not in ("›", "")} - listed == set()


def test_an_operating_system_that_changes_its_theme_changes_the_page(context: BrowserContext, own: Server) -> None:
    ours = Ours(context.new_page(), own.url).boot()
    grounds = []
    for scheme in ("light", "dark"):
        ours.page.emulate_media(color_scheme=scheme)
        grounds.append(ours.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(238, 240, 243)", "rgb(18, 20, 25)"]
