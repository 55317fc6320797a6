"""The outline, and all that is done without a pointer: by keys, with what screen readers hear, and by taps."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import Fingers, links, middle, node
from tests.browser.ours import Ours

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNT_POINTERS = """() => {
    window.pointers = 0;
    for (const kind of ["pointerdown", "mousedown", "touchstart"])
        window.addEventListener(kind, () => (window.pointers += 1), true);
}"""
NODES = (
    "load checkpoint",
    "clip text encode prompt",
    "clip text encode prompt",
    "empty latent",
    "ksampler",
    "vae decode",
)
STEPS = 4
TYPED_MS = 750
"""What is typed after that is another word."""


class Keys:
    """A keyboard, and nothing else."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def add(self, words: str) -> None:
        """Search for a node and take the first that is found; the focus is on it then."""
        self.press("Shift+A")
        expect(self.page.get_by_role("combobox", name="Search nodes")).to_be_focused()
        self.page.keyboard.type(words)
        self.press("Enter")
        expect(self.page.get_by_role("dialog")).to_have_count(0)
        expect(self.page.locator(".react-flow__node:focus")).to_have_count(1)

    def outline(self) -> Locator:
        """Go into the outline; the line with the focus."""
        self.press("o")
        return self.here()

    def here(self) -> Locator:
        line = self.page.locator("[role=treeitem]:focus")
        expect(line).to_have_count(1)
        return line

    def line(self, title: str, *parts: str) -> Locator:
        """From anywhere in the tree to a node, and to a line below it, by typing how their names begin."""
        self.press("Home")
        for name in (title, *parts):
            self.page.wait_for_timeout(TYPED_MS)
            self.page.keyboard.type(name)
            expect(self.here()).to_have_attribute("aria-label", re.compile(f"^(Output )?{re.escape(name)}", re.I))
            if self.here().get_attribute("aria-expanded") == "false":
                self.press("ArrowRight")
        return self.here()

    def wire(self, title: str, name: str, words: str) -> None:
        """Wire an input to the first socket that the words find."""
        line = self.line(title, name)
        self.press("Enter")
        expect(self.page.get_by_role("combobox", name="Search sockets")).to_be_focused()
        self.page.keyboard.type(words)
        self.press("Enter")
        expect(self.page.get_by_role("dialog")).to_have_count(0)
        expect(line).to_have_attribute("aria-label", re.compile(f"^{name}: from "))
        expect(line).to_be_focused()

    def set(self, title: str, name: str, value: str) -> None:
        line = self.line(title, name)
        self.press("Enter")
        expect(self.page.locator(".outline-field :is(input, textarea):focus")).to_have_count(1)
        self.press("Control+a")
        self.page.keyboard.type(value)
        self.press("Escape" if name == "text" else "Enter")
        expect(line).to_have_attribute("aria-label", f"{name}: {value}")
        expect(line).to_be_focused()


@pytest.fixture
def keys(ours: Ours) -> Iterator[Keys]:
    """An empty canvas, which no pointer touches until the test has ended."""
    ours.page.evaluate(COUNT_POINTERS)
    keys = Keys(ours.page)
    keys.press("Alt+n")
    expect(ours.page.get_by_text("An empty canvas")).to_be_visible()
    yield keys
    assert ours.page.evaluate("window.pointers") == 0


def test_text_to_image_is_built_and_run_by_keys_alone(ours: Ours, keys: Keys) -> None:
    page = ours.page
    for words in (*NODES, "save image"):
        keys.add(words)
    keys.outline()
    keys.line("Save Image")
    keys.press("Home")
    keys.line("CLIP")
    keys.press("F2")
    page.keyboard.type("Words")
    keys.press("Enter")
    expect(keys.here()).to_have_attribute("aria-label", "Words")
    keys.set("Words", "text", "a red apple on a white background")
    for title in ("Words", "CLIP Text"):
        keys.wire(title, "clip", "load")
    keys.wire("VAE", "samples", "ksampler")
    keys.wire("VAE", "vae", "load")
    keys.wire("Save", "images", "vae")
    keys.wire("KSampler", "model", "load")
    keys.wire("KSampler", "positive", "words")
    keys.wire("KSampler", "negative", "clip text")
    keys.wire("KSampler", "latent_image", "empty")
    keys.set("KSampler", "steps", str(STEPS))
    for side in ("width", "height"):
        keys.set("Empty", side, "128")
    keys.press("Control+Enter")
    ours.wait_for("execution_success")
    told = page.get_by_role("status").filter(has_text="The run has ended well")
    expect(told).to_contain_text("with 1 picture")
    expect(keys.line("Save")).to_have_attribute("aria-label", "Save Image, done")
    keys.press("Escape")
    expect(page.get_by_role("group", name="SaveImage", exact=True)).to_be_focused()
    assert page.get_by_role("article", name="Save Image").locator("button img").count() == 1


def test_the_outline_edits_selects_and_removes(ours: Ours) -> None:
    keys, page = Keys(ours.page), ours.page
    keys.outline()
    keys.line("Draw", "sampler")
    keys.press("Enter")
    expect(page.get_by_role("option", name="euler", exact=True)).to_be_visible()
    page.keyboard.type("dpmpp_2m")
    keys.press("Enter")
    expect(keys.here()).to_have_attribute("aria-label", "sampler_name: dpmpp_2m")
    expect(ours.field("Draw", "sampler_name")).to_have_text("dpmpp_2m")
    keys.line("Draw", "positive")
    keys.press("Delete")
    expect(keys.here()).to_have_attribute("aria-label", "positive: not connected")
    keys.line("Draw")
    keys.press(" ")
    expect(keys.here()).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("1 selected")).to_be_visible()
    keys.press("Delete")
    expect(ours.node("Draw")).to_have_count(0)
    keys.here()
    keys.press("Control+z")
    expect(ours.node("Draw")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Undone: Delete")).to_have_count(1)
    keys.line("Draw")
    keys.press("Shift+F10")
    expect(page.get_by_role("menu")).to_be_visible()
    keys.press("Escape")
    expect(keys.here()).to_have_attribute("aria-label", "Draw")


def test_a_subgraph_is_made_entered_wired_inside_left_and_run_by_keys_alone(ours: Ours) -> None:
    page, keys = ours.page, Keys(ours.page)
    page.evaluate(COUNT_POINTERS)
    way = page.get_by_role("navigation", name="Where you are")
    keys.outline()
    for title in ("Empty", "Draw"):
        keys.line(title)
        page.wait_for_timeout(TYPED_MS)  # until then a space goes on with the name
        keys.press(" ")
    keys.press("Control+Shift+G")
    expect(ours.node("Subgraph")).to_be_visible()
    keys.outline()
    keys.line("Subgraph")
    keys.press("Enter", "Escape")
    expect(page.get_by_role("group", name="Subgraph", exact=True)).to_be_focused()
    keys.press("Enter")
    expect(way).to_be_visible()
    keys.outline()
    keys.line("Draw", "latent")
    keys.press("Delete")
    expect(keys.here()).to_have_attribute("aria-label", "latent_image: not connected")
    keys.wire("Draw", "latent_image", "empty")
    keys.line("Empty", "width")
    keys.press("Shift+Enter")
    page.keyboard.type("new input")
    keys.press("Enter")
    expect(keys.here()).to_have_attribute("aria-label", "width: from Inputs.width")
    keys.press("Alt+ArrowUp")
    expect(way).to_have_count(0)
    keys.outline()
    keys.set("Subgraph", "width", "192")
    keys.press("Control+Enter")
    ours.wait_for("execution_success")
    keys.press("Escape")
    picture = ours.expect_picture("Save")
    assert picture.evaluate("(picture) => picture.naturalWidth") == 192
    assert page.evaluate("window.pointers") == 0


def test_keys_go_from_node_to_node_and_along_wires(ours: Ours) -> None:
    page, keys = ours.page, Keys(ours.page)
    before = ours.document()

    def expect_at(name: str) -> None:
        expect(page.get_by_role("group", name=name, exact=True)).to_be_focused()

    page.get_by_role("group", name="Decode", exact=True).focus()
    keys.press("Control+Shift+ArrowLeft")
    expect_at("Draw")
    keys.press("Control+Shift+ArrowDown")
    expect_at("Model")
    keys.press("Control+Shift+ArrowRight")
    at = page.evaluate("document.activeElement.getAttribute('aria-label')")
    keys.press("Control+ArrowLeft")
    expect(page.locator(".react-flow__node:focus")).not_to_have_attribute("aria-label", at)
    assert ours.document()["nodes"] == before["nodes"]


def test_f6_goes_round_the_parts_of_the_page(ours: Ours) -> None:
    page, keys = ours.page, Keys(ours.page)
    page.evaluate("document.activeElement.blur()")
    seen = []
    for _ in range(3):
        keys.press("F6")
        seen.append(page.evaluate("document.activeElement.closest('.topbar, .rail, main').tagName"))
    assert seen == ["HEADER", "NAV", "MAIN"]
    keys.press("Shift+F6")
    assert page.evaluate("document.activeElement.closest('.rail') !== null")


def test_problems_are_told(ours: Ours) -> None:
    keys = Keys(ours.page)
    keys.outline()
    keys.line("Empty")
    keys.press("Delete")
    with ours.expecting("400: POST .*/prompt", "console: .*status of 400"):
        keys.press("Control+Enter")
        expect(ours.page.get_by_role("status").filter(has_text="1 problem. Draw, latent_image")).to_have_count(1)


def test_nothing_moves_for_those_who_do_not_want_it(ours: Ours) -> None:
    page, keys = ours.page, Keys(ours.page)
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(
        """() => {
            window.moved = [];
            for (const kind of ["animationstart", "transitionstart"])
                document.addEventListener(kind, (event) => window.moved.push(event.target.className));
        }"""
    )
    keys.outline()
    keys.press("Enter", "Escape", "Control+ArrowRight", "f", "Control+k", "Escape", "Control+,", "Escape")
    ours.run()
    assert page.evaluate("window.moved") == []
    moving = "document.getAnimations().filter((each) => each.effect.getComputedTiming().duration > 0).length"
    assert page.evaluate(moving) == 0


def test_two_taps_make_a_wire(tablet: Ours) -> None:
    fingers, page = Fingers(tablet.page), tablet.page
    hint = page.get_by_role("group", name="Connect", exact=True)
    fingers.tap(middle(tablet.output("Words", "CONDITIONING")))
    expect(hint).to_contain_text("Tap the other end of the wire at Words.CONDITIONING")
    fingers.tap(middle(tablet.input("Decode", "samples")))
    expect(page.get_by_role("alert")).to_be_visible()
    fingers.tap(middle(tablet.input("Draw", "negative")))
    expect(hint).to_have_count(0)
    document = tablet.document()
    negative = next(each for each in node(document, "Draw")["inputs"] if each["name"] == "negative")
    source = next(link[1] for link in document["links"] if link[0] == negative["link"])
    assert source == node(document, "Words")["id"]
    assert ("Words to avoid", "Draw") not in links(document)


def test_a_tapped_socket_lists_what_fits_and_a_tap_on_nothing_ends_it(tablet: Ours) -> None:
    fingers, page = Fingers(tablet.page), tablet.page
    fingers.tap(middle(tablet.output("Words", "CONDITIONING")))
    fingers.tap(middle(page.get_by_role("button", name="Choose from a list")))
    expect(page.get_by_role("dialog", name="Connect Words")).to_be_visible()
    page.keyboard.press("Escape")
    fingers.tap(middle(tablet.output("Words", "CONDITIONING")))
    expect(page.get_by_role("button", name="No wire")).to_be_visible()
    fingers.tap((600, 700))
    expect(page.get_by_role("button", name="No wire")).to_have_count(0)
