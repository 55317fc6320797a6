"""What the front end loads besides itself: scripts, words, workflows and blueprints of node packs."""

from __future__ import annotations

import asyncio

from aiohttp import web
from pydantic import JsonValue

from web.frontend import core_extensions
from web.keys import packs_key, settings_key
from web.operations import operation
from web.packs.blueprints import Blueprint, Source, blueprints
from web.packs.files import scripts
from web.packs.translations import translations
from web.replies import reply
from web.shapes import Shape

routes = web.RouteTableDef()


class BlueprintInfo(Shape):
    node_pack: str


class BlueprintEntry(Shape):
    """A subgraph to build with, and whose it is."""

    source: Source
    name: str
    info: BlueprintInfo


class BlueprintFile(BlueprintEntry):
    """``data`` is the text of a workflow whose first subgraph it is."""

    data: str


@routes.get("/extensions")
@operation("front end", answers={200: list[str]})
async def extensions(request: web.Request) -> web.Response:
    """URL paths of all scripts: the front end's own, then those of node packs."""
    root, packs = request.app[settings_key].frontend, request.app[packs_key]
    core = await asyncio.to_thread(core_extensions, root) if root else []
    return reply(core + await asyncio.to_thread(scripts, packs))


@routes.get("/i18n")
@operation("front end", answers={200: dict[str, dict[str, JsonValue]]})
async def i18n(request: web.Request) -> web.Response:
    """Translations of node packs, by language."""
    return reply(await asyncio.to_thread(translations, request.app[packs_key]))


@routes.get("/workflow_templates")
@operation("front end", answers={200: dict[str, list[str]]})
async def examples(request: web.Request) -> web.Response:
    """Names of the node packs' example workflows, by pack."""

    def found() -> dict[str, list[str]]:
        names = {pack.folder.name: [path.stem for path in pack.examples()] for pack in request.app[packs_key]}
        return {pack: of_pack for pack, of_pack in names.items() if of_pack}

    return reply(await asyncio.to_thread(found))


@routes.get("/global_subgraphs")
@operation("front end", answers={200: dict[str, BlueprintEntry]})
async def subgraphs(request: web.Request) -> web.Response:
    """All subgraphs to build with, by id."""
    found = await asyncio.to_thread(blueprints, request.app[packs_key])
    return reply({blueprint_id: _entry(blueprint).model_dump() for blueprint_id, blueprint in found.items()})


@routes.get("/global_subgraphs/{id}")
@operation("front end", answers={200: BlueprintFile | None})
async def subgraph(request: web.Request) -> web.Response:
    """One of them with its workflow; null if the id is unknown."""

    def read() -> BlueprintFile | None:
        blueprint = blueprints(request.app[packs_key]).get(request.match_info["id"])
        if blueprint is None:
            return None
        text = blueprint.path.read_text(encoding="utf-8", errors="replace")
        return BlueprintFile(**_entry(blueprint).model_dump(), data=text)

    found = await asyncio.to_thread(read)
    return reply(found and found.model_dump())


def _entry(blueprint: Blueprint) -> BlueprintEntry:
    return BlueprintEntry(
        source=blueprint.source, name=blueprint.path.stem, info=BlueprintInfo(node_pack=blueprint.pack)
    )
