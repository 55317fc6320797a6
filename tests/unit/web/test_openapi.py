"""The OpenAPI document, its completeness, and where it is served."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.unit.web.conftest import Server
from web.openapi.routes import parameters, routes_of
from web.openapi.words import TAGS
from web.operations import operation_of
from web.settings import Settings


@pytest.fixture
async def document(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = await (await server.get("/openapi.json")).json()
    return found


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


async def test_every_route_says_what_it_takes_and_answers(server: Server) -> None:
    assert server.app is not None
    routes = routes_of(server.app)
    assert len(routes) > 20
    assert [f"{route.method} {route.path}" for route in routes if operation_of(route.handler) is None] == []


async def test_the_document_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


async def test_operations_are_told_apart_and_summed_up(document: dict[str, Any]) -> None:
    names = Counter(operation["operationId"] for operation in operations(document))
    assert names.most_common(1)[0][1] == 1
    assert all(operation["summary"] for operation in operations(document))


async def test_tags_are_those_that_have_a_line(document: dict[str, Any]) -> None:
    assert {tag for operation in operations(document) for tag in operation["tags"]} == set(TAGS)


async def test_twins_below_api_are_left_out_and_the_websocket_is_told_in_words(document: dict[str, Any]) -> None:
    assert "/prompt" in document["paths"]
    assert "/api/prompt" not in document["paths"]
    assert "/ws" not in document["paths"]
    assert "GET /ws" in document["info"]["description"]


async def test_what_a_route_takes_is_described(document: dict[str, Any]) -> None:
    history = document["paths"]["/history"]["get"]["parameters"]
    assert {k: history[0][k] for k in ("name", "in", "required")} == {
        "name": "max_items",
        "in": "query",
        "required": False,
    }
    assert history[0]["schema"]["type"] == "integer"
    posted = document["paths"]["/prompt"]["post"]["requestBody"]
    assert posted["required"]
    assert posted["content"] == {"application/json": {"schema": {"$ref": "#/components/schemas/PromptRequest"}}}
    assert not document["paths"]["/interrupt"]["post"]["requestBody"]["required"]
    folder = document["paths"]["/models/{folder}"]["get"]["parameters"]
    assert [(parameter["name"], parameter["in"], parameter["required"]) for parameter in folder] == [
        ("folder", "path", True)
    ]


async def test_everything_that_is_referred_to_is_there(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    named = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named == set(document["components"]["schemas"])


async def test_without_a_token_nobody_is_asked_for_one(document: dict[str, Any]) -> None:
    assert "security" not in document
    assert "securitySchemes" not in document["components"]
    assert all("401" not in operation["responses"] for operation in operations(document))


@pytest.mark.parametrize("settings", [Settings(token="of-this-server", port=1234)])
async def test_the_ways_to_show_the_token_are_told_to_who_has_it(server: Server) -> None:
    assert (await server.get("/openapi.json")).status == 401
    document = await (await server.get("/openapi.json?token=of-this-server")).json()
    validate(document)
    assert document["security"] == [{"bearer": []}, {"query": []}, {"cookie": []}]
    assert document["components"]["securitySchemes"]["cookie"]["name"] == "wireloom_token_1234"
    assert all("401" in operation["responses"] for operation in operations(document))


@pytest.mark.parametrize("settings", [Settings(token="of-this-server")])
async def test_a_token_in_the_query_is_no_mistake_where_every_other_unknown_name_is(server: Server) -> None:
    assert (await server.get("/v1/jobs?token=of-this-server")).status == 200
    assert (await server.get("/v1/jobs?token=of-this-server&tokens=1")).status == 400


async def test_lists_in_a_query_are_written_with_commas(document: dict[str, Any]) -> None:
    for path, name in (("/jobs", "status"), ("/v1/jobs", "state")):
        found = [each for each in document["paths"][path]["get"]["parameters"] if each["name"] == name]
        assert [(each["schema"]["type"], each["explode"]) for each in found] == [("array", False)]


async def test_an_unchanged_document_is_not_sent_twice(server: Server) -> None:
    first = await server.get("/openapi.json")
    again = await server.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")
    other = await server.get("/openapi.json", headers={"If-None-Match": '"another"'})
    assert other.status == 200


async def test_the_page_runs_no_script_but_its_own(server: Server) -> None:
    page = await server.get("/docs")
    assert page.status == 200
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    for name in ("start.js", "swagger-ui.css", "swagger-ui-bundle.js"):
        assert f"docs/{name}" in await page.text()
        assert (await server.get(f"/docs/{name}")).status == 200


@pytest.mark.parametrize("path", ["/docs/KSampler/en.md", "/docs/secret.js", "/docs/..%2Fdocs.html", "/api/docs"])
async def test_the_page_takes_no_other_address(server: Server, path: str) -> None:
    assert (await server.get(path)).status == 404


@pytest.mark.parametrize(
    ("pattern", "groups"),
    [
        ("", {}),
        (r"/a/(?P<b>[^{}/]+)", {"b": "[^{}/]+"}),
        (r"/(?P<pack>(?!core/)[^/]+)/(?P<path>.+)", {"pack": "(?!core/)[^/]+", "path": ".+"}),
    ],
)
def test_patterns_of_parameters_are_read_out_of_that_of_the_route(pattern: str, groups: dict[str, str]) -> None:
    assert parameters(pattern) == groups
