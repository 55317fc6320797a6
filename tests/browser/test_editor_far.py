"""The editor from afar: nodes are boxes with their titles, and nothing of them is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.ours import Ours, contents
from tests.support.server import Server
from tests.support.tiled import tiled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIRES_OFF_THEIR_SOCKETS = """() => {
    const { a: zoom } = new DOMMatrix(document.querySelector(".react-flow__viewport").style.transform);
    const isOff = (path, at, node, handle) => {
        const point = path.getPointAtLength(at).matrixTransform(path.getScreenCTM());
        const socket = document.querySelector(`[data-nodeid="${node}"][data-handleid="${handle}"]`);
        if (!socket) return false; // its node is out of sight
        const { x, y, width, height } = socket.getBoundingClientRect();
        return Math.abs(point.y - y - height / 2) > 3 * zoom || Math.abs(point.x - x - width / 2) > 10 * zoom;
    };
    return links_.filter(([id, from, fromHandle, to, toHandle]) => {
        const path = document.querySelector(`.react-flow__edge[data-id="${id}"] .react-flow__edge-path`);
        return path && (isOff(path, 0, from, fromHandle) || isOff(path, path.getTotalLength(), to, toHandle));
    });
}"""


def wheel(page: Page, by: int, distance: str) -> None:
    """Zoom about the middle until things are seen as from this distance."""
    flow = page.locator(".react-flow")
    page.mouse.move(800, 450)
    for _ in range(60):
        if flow.get_attribute("data-distance") == distance:
            return
        page.mouse.wheel(0, by)
        page.wait_for_timeout(60)
    raise AssertionError(f"{flow.get_attribute('data-distance')} instead of {distance}")


def expect_wires_at_their_sockets(ours: Ours) -> None:
    """Those in sight: each ends at the dots that the document names."""
    document = ours.document()
    nodes = {node["id"]: node for node in document["nodes"]}
    links = []
    for link, start, slot, end, into, _ in document["links"]:
        socket = nodes[end]["inputs"][into]
        name = f"widget:{socket['widget']['name']}" if "widget" in socket else f"in:{into}"
        links.append([link, start, f"out:{slot}", end, name])
    ours.page.evaluate("(links) => { window.links_ = links; }", links)
    ours.page.wait_for_function(f"() => ({WIRES_OFF_THEIR_SOCKETS})().length === 0")
    assert ours.page.locator(".react-flow__edge-path").count() > 0


def drag(page: Page, x: float, y: float, by: tuple[int, int]) -> None:
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0], y + by[1], steps=8)
    page.mouse.up()


def test_from_afar_nodes_are_boxes_and_near_they_can_be_edited_again(ours: Ours) -> None:
    before = contents(ours.document())
    for distance in ("far", "farther", "farthest"):
        wheel(ours.page, 200, distance)
        expect(ours.page.get_by_role("article")).to_have_count(7)
        expect(ours.node("Draw")).to_be_visible()
        expect(ours.node("Draw").get_by_role("textbox")).to_have_count(0)
        box, title = (each.bounding_box() for each in (ours.node("Decode"), ours.node("Decode").locator("header")))
        assert box
        assert title
        assert title["y"] + title["height"] <= box["y"] + box["height"]
    assert contents(ours.document()) == before
    wheel(ours.page, -200, "near")
    expect_wires_at_their_sockets(ours)
    ours.page.get_by_role("button", name="Fit view").click()
    ours.set("Draw", "steps", "7")
    expect(ours.field("Draw", "steps")).to_have_value("7")
    expect_wires_at_their_sockets(ours)


def test_a_drag_from_afar_moves_a_node_and_is_one_step_to_undo(ours: Ours) -> None:
    before = ours.document()
    wheel(ours.page, 200, "farther")
    box = ours.node("Draw").bounding_box()
    assert box
    drag(ours.page, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, (60, 80))
    moved = {node["id"] for node in ours.document()["nodes"] if node not in before["nodes"]}
    assert moved == {5}
    wheel(ours.page, -200, "near")
    expect_wires_at_their_sockets(ours)
    ours.click_canvas()
    ours.page.keyboard.press("Control+z")
    assert contents(ours.document()) == contents(before)


def test_a_node_folded_from_afar_has_its_wires_when_seen_near(ours: Ours) -> None:
    wheel(ours.page, 200, "far")
    ours.node("Draw").click()
    ours.page.keyboard.press("c")
    wheel(ours.page, -200, "near")
    expect(ours.node("Draw").get_by_role("button", name="Expand node")).to_be_visible()
    expect_wires_at_their_sockets(ours)


def test_a_run_is_seen_from_afar(ours: Ours) -> None:
    wheel(ours.page, 200, "far")
    ours.run()
    expect(ours.node("Draw")).to_have_attribute("data-state", "done")
    picture = ours.node("Save").locator("img")
    expect(picture).to_be_visible()
    ours.page.wait_for_function("(img) => img.naturalWidth > 0", arg=picture.element_handle())


def test_a_large_workflow_is_seen_whole_and_its_nodes_are_whole_when_seen_near(ours: Ours, tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    large.write_text(json.dumps(tiled(ours.document(), 300)))
    ours.let_go(large, "application/json")
    expect(ours.page.get_by_role("article")).to_have_count(300)
    before = ours.document()
    assert (len(before["nodes"]), len(before["links"])) == (300, len(json.loads(large.read_text())["links"]))
    wheel(ours.page, -60, "near")
    expect(ours.page.get_by_role("article").first).to_be_visible()
    assert 0 < ours.page.get_by_role("article").count() < 150
    expect_wires_at_their_sockets(ours)
    drag(ours.page, 420, 120, (500, 300))
    expect_wires_at_their_sockets(ours)
    assert contents(ours.document()) == contents(before)


def test_wires_of_another_tab_with_the_same_nodes_end_at_its_own_sockets(ours: Ours, tmp_path: Path) -> None:
    document = ours.document()
    for node in document["nodes"]:
        node["inputs"] = [{"name": "more", "type": "*", "link": None}, *node.get("inputs", [])]
    for link in document["links"]:
        link[4] += 1
    other = tmp_path / "other.json"
    other.write_text(json.dumps(document))
    ours.let_go(other, "application/json")
    expect(ours.page.get_by_role("tab", name="other")).to_be_visible()
    expect_wires_at_their_sockets(ours)
    ours.page.get_by_role("tab", name="Text to image").click()
    expect_wires_at_their_sockets(ours)


def test_the_node_types_are_asked_for_once(context: BrowserContext, own: Server) -> None:
    asked: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    ours = Ours(page, own.url).boot()
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if "object_info" in url] == [f"{own.url}/api/object_info"]
    assert ours.troubles == []
