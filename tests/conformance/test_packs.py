"""What node packs bring for the browser, as the server hands it out."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.cache import NoCache
from engine.lanes import Lanes
from engine.pool_local import LocalPool
from engine.replacements import NewInput, Replacement
from tests.conformance import tiny
from tests.conformance.asking import ended, get, submit
from tests.conformance.conftest import Server
from web.app import make_app
from web.keys import Parts
from web.packs.files import PackFiles
from web.settings import Settings

pytestmark = pytest.mark.conformance

FILES = {
    "web/main.js": "export {}",
    "web/deep er/more.js": "export {}",
    "web/style.css": "p {}",
    "web/docs/Node.md": "# Help",
    "secret.py": "x = 1",
    "locales/en/main.json": '{"a": {"x": "1", "y": "2"}}',
    "locales/en/nodeDefs.json": '{"Node": {"display_name": "My node"}}',
    "locales/de/commands.json": '{"Do": {"label": "Tu"}}',
    "locales/de/settings.json": "{broken",
    "locales/fr/main.json": "[]",
    "example_workflows/first.json": '{"nodes": []}',
    "example_workflows/first.jpg": "a picture",
    "workflows/second.json": "{}",
    "subgraphs/Blue print.json": '{"definitions": {"subgraphs": [{"name": "B"}]}}',
}


def pack_in(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def pack(tmp_path: Path) -> PackFiles:
    folder = pack_in(tmp_path / "custom_nodes" / "my-pack")
    return PackFiles("My Pack", folder, web=folder / "web")


@pytest.fixture
def packs(pack: PackFiles) -> list[PackFiles]:
    return [pack]


@pytest.fixture
async def server(
    aiohttp_client: Callable[..., Awaitable[Server]], packs: list[PackFiles], parts: Parts, tmp_path: Path
) -> Server:
    """With a front end, and packs; ``OldOut`` has become ``TOut``."""
    front = tmp_path / "front"
    (front / "extensions" / "core").mkdir(parents=True)
    (front / "index.html").write_text("<html>")
    (front / "extensions" / "core" / "c.js").write_text("core")
    known = tiny.registry(parts.folders)
    known.replace(Replacement("OldOut", "TOut", inputs=(NewInput("v", old="value"),), old_widgets=("value",)))
    pool = LocalPool(lambda: known, NoCache(), Lanes({"gpu": 1, "cpu": 2, "hook": 1}))
    return await aiohttp_client(make_app(replace(parts, pool=pool, packs=packs, settings=Settings(frontend=front))))


async def text(server: Server, path: str) -> tuple[int, str]:
    async with server.get(path) as response:
        return response.status, await response.text()


@pytest.mark.protocol("http.2.d", "http.2.e")
async def test_scripts_of_the_front_end_come_before_those_of_packs_and_all_are_there(server: Server) -> None:
    listed = await get(server, "/extensions")
    assert listed == [
        "/extensions/core/c.js",
        "/extensions/My%20Pack/deep%20er/more.js",
        "/extensions/My%20Pack/main.js",
    ]
    assert [await text(server, path) for path in listed] == [(200, "core"), (200, "export {}"), (200, "export {}")]


@pytest.mark.protocol("http.0.n", "http.0.s")
async def test_a_script_is_called_one_and_not_kept(server: Server) -> None:
    async with server.get("/extensions/My%20Pack/main.js") as response:
        assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.protocol("http.2.p")
async def test_help_of_a_pack_lies_among_its_files(server: Server) -> None:
    assert await text(server, "/extensions/My%20Pack/docs/Node.md") == (200, "# Help")


@pytest.mark.protocol("http.2.e")
@pytest.mark.parametrize(
    "name", ["..%2Fsecret.py", "%2Fetc%2Fpasswd", "out.js", "gone.js", "docs", "a%2F..%2F..%2Fsecret.py"]
)
async def test_nothing_outside_the_folder_for_the_browser_is_served(server: Server, pack: PackFiles, name: str) -> None:
    assert pack.web
    (pack.web / "out.js").symlink_to(pack.folder / "secret.py")
    status, shown = await text(server, f"/extensions/My%20Pack/{name}")
    assert status in (400, 404)
    assert "x = 1" not in shown
    assert not any("out.js" in path for path in await get(server, "/extensions"))


@pytest.mark.protocol("http.2.d")
async def test_a_pack_without_a_folder_for_the_browser_serves_no_script(
    server: Server, packs: list[PackFiles], pack: PackFiles
) -> None:
    packs[:] = [PackFiles("My Pack", pack.folder)]
    assert await get(server, "/extensions") == ["/extensions/core/c.js"]
    assert (await text(server, "/extensions/My%20Pack/main.js"))[0] == 404


@pytest.mark.protocol("http.2.f")
async def test_words_are_merged_by_language_and_broken_files_left_out(
    server: Server, packs: list[PackFiles], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / "custom_nodes" / "other"
    (other / "locales" / "en").mkdir(parents=True)
    (other / "locales" / "en" / "main.json").write_text('{"a": {"y": "3", "z": "4"}}')
    packs.append(PackFiles("other", other))  # packs may come while the server runs
    assert await get(server, "/i18n") == {
        "en": {"a": {"x": "1", "y": "3", "z": "4"}, "nodeDefs": {"Node": {"display_name": "My node"}}},
        "de": {"commands": {"Do": {"label": "Tu"}}},
        "fr": {},
    }
    assert [name for name in ("settings.json", "main.json") if name in caplog.text] == ["settings.json", "main.json"]


@pytest.mark.protocol("http.2.l", "http.2.m")
async def test_example_workflows_are_listed_by_folder_and_served_with_their_pictures(server: Server) -> None:
    assert await get(server, "/api/workflow_templates") == {"my-pack": ["first", "second"]}
    assert await get(server, "/api/workflow_templates/my-pack/first.json") == {"nodes": []}
    assert await get(server, "/api/workflow_templates/my-pack/second.json") == {}
    async with server.get("/api/workflow_templates/my-pack/first.jpg") as response:
        assert (response.status, response.content_type) == (200, "image/jpeg")
    assert (await text(server, "/workflow_templates/my-pack/first.json"))[0] == 404
    assert (await text(server, "/api/workflow_templates/my-pack/..%2Fsecret.py"))[0] == 400


@pytest.mark.protocol("http.2.j", "http.2.k")
async def test_blueprints_of_packs_are_known_by_a_hash_of_where_they_are(server: Server, pack: PackFiles) -> None:
    path = pack.subgraphs / "Blue print.json"
    blueprint_id = hashlib.sha256(f"custom_node{path.as_posix()}".encode()).hexdigest()
    entry = {"source": "custom_node", "name": "Blue print", "info": {"node_pack": "my-pack"}}
    assert (await get(server, "/global_subgraphs"))[blueprint_id] == entry
    found = await get(server, f"/global_subgraphs/{blueprint_id}")
    assert found == {**entry, "data": path.read_text()}
    assert json.loads(found["data"])["definitions"]["subgraphs"][0]["name"] == "B"


@pytest.mark.protocol("http.2.h", "http.2.i")
async def test_a_node_whose_type_is_gone_runs_as_what_replaces_it(server: Server) -> None:
    prompt = {
        "1": {"class_type": "TAsync", "inputs": {"v": 5}},
        "2": {"class_type": "OldOut", "inputs": {"value": ["1", 0], "gone": 1}, "_meta": {"title": "Mine"}},
    }
    entry = await ended(server, await submit(server, prompt))
    assert entry["prompt"][2]["2"] == {"class_type": "TOut", "inputs": {"v": ["1", 0]}, "_meta": {"title": "Mine"}}
    assert entry["outputs"] == {"2": {"text": ["5"]}}
    assert await get(server, "/api/node_replacements") == {
        "OldOut": [
            {
                "new_node_id": "TOut",
                "old_node_id": "OldOut",
                "old_widget_ids": ["value"],
                "input_mapping": [{"new_id": "v", "old_id": "value"}],
                "output_mapping": None,
            }
        ]
    }
