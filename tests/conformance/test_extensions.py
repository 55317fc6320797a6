"""What the front end loads besides itself: scripts, words, blueprints, workflows of packs, replacements."""

import json
import re

import pytest

from tests.conformance.asking import get
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance


@pytest.mark.protocol("http.2.d")
@pytest.mark.parametrize("path", ["/extensions", "/api/extensions"])
async def test_extensions_are_addresses_of_scripts_that_are_there(server: Server, path: str) -> None:
    listed = await get(server, path)
    assert all(re.fullmatch(r"/extensions/[^/]+/.+\.js", each) for each in listed)
    for each in listed[:3]:
        async with server.get(each) as response:
            assert response.status == 200
            assert response.content_type in ("text/javascript", "application/javascript")


@pytest.mark.protocol("http.2.e")
@pytest.mark.parametrize("name", ["gone/x.js", "gone/../../x", "%2e%2e/x.js", "gone/%2e%2e%2f%2e%2e%2fetc/passwd"])
async def test_files_of_packs_that_are_not_there_are_404(server: Server, name: str) -> None:
    async with server.get(f"/extensions/{name}") as response:
        assert response.status in (400, 404)


@pytest.mark.protocol("http.2.f")
async def test_translations_are_objects_by_language(server: Server) -> None:
    words = await get(server, "/api/i18n")
    assert isinstance(words, dict)
    assert all(isinstance(language, dict) for language in words.values())


@pytest.mark.protocol("http.2.h", "ws.1.r")
async def test_replacements_are_listed_as_the_flag_says(server: Server) -> None:
    assert (await get(server, "/features"))["node_replacements"] is True
    for old, several in (await get(server, "/api/node_replacements")).items():
        for each in several:
            assert each["old_node_id"] == old
            assert each.keys() == {
                "new_node_id",
                "old_node_id",
                "old_widget_ids",
                "input_mapping",
                "output_mapping",
            }


@pytest.mark.protocol("http.2.j", "http.2.k")
async def test_blueprints_are_listed_and_each_is_a_workflow_with_a_subgraph(server: Server) -> None:
    listed = await get(server, "/api/global_subgraphs")
    assert "Text to image" in [entry["name"] for entry in listed.values() if entry["source"] == "templates"]
    for blueprint_id, entry in listed.items():
        assert re.fullmatch(r"[0-9a-f]{64}", blueprint_id)
        assert entry["source"] in ("templates", "custom_node")
        found = await get(server, f"/global_subgraphs/{blueprint_id}")
        data = found.pop("data")
        assert found == entry
        assert json.loads(data)["definitions"]["subgraphs"][0]["name"]


@pytest.mark.protocol("http.2.k")
async def test_an_unknown_blueprint_is_null(server: Server) -> None:
    assert await get(server, "/api/global_subgraphs/" + "0" * 64) is None


@pytest.mark.protocol("http.2.l")
async def test_workflows_of_packs_are_names_by_pack(server: Server) -> None:
    listed = await get(server, "/api/workflow_templates")
    assert all(isinstance(name, str) for names in listed.values() for name in names)


@pytest.mark.protocol("http.2.m")
async def test_workflows_of_packs_that_are_not_there_are_404(server: Server) -> None:
    async with server.get("/api/workflow_templates/gone/x.json") as response:
        assert response.status == 404


@pytest.mark.protocol("http.0.b")
@pytest.mark.parametrize(
    "path", ["/api/internal/logs", "/api/extensions/gone/x.js", "/api/templates/index.json", "/assets", "/tags"]
)
async def test_what_is_served_as_it_is_has_no_twin(server: Server, path: str) -> None:
    async with server.get(path) as response:
        assert response.status == 404
