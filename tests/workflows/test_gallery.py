"""What comes along for the front end: the gallery shows every shipped workflow, and the blueprint draws."""

import json
from typing import Any

import pytest

from engine.lower import lower
from engine.registry import Registry
from web.cli.documents import SHIPPED
from web.cli.pools import NodeTypes
from web.cli.wiring import build_folders
from web.shipped import BLUEPRINTS, GALLERY, WORKFLOWS


def test_the_gallery_shows_every_shipped_workflow_with_a_picture_and_nothing_else() -> None:
    assert WORKFLOWS.resolve() == SHIPPED.resolve()
    listed = [
        entry["name"]
        for category in json.loads((GALLERY / "index.json").read_text())
        for entry in category["templates"]
    ]
    assert sorted(listed) == sorted(path.stem for path in (SHIPPED / "ui").glob("*.json"))
    assert {path.name for path in GALLERY.glob("*.webp")} == {f"{name}-1.webp" for name in listed}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The built-in node types."""
    return NodeTypes(build_folders(tmp_path_factory.mktemp("data"))).load()


def test_the_blueprint_stands_for_the_shipped_text_to_image(registry: Registry) -> None:
    """Between a loader and a SaveImage it comes to the same nodes."""
    (file,) = BLUEPRINTS.glob("*.json")
    workflow = json.loads(file.read_text())
    (instance,) = workflow["nodes"]
    assert instance["type"] == workflow["definitions"]["subgraphs"][0]["id"]
    shipped = json.loads((SHIPPED / "ui" / "text_to_image.json").read_text())
    loader, save = (
        next(n for n in shipped["nodes"] if n["type"] == kind) for kind in ("CheckpointLoaderSimple", "SaveImage")
    )
    instance["id"] = 100
    for slot in range(3):
        instance["inputs"][slot]["link"] = slot + 1
    save["inputs"][0]["link"] = 4
    workflow["nodes"] += [loader, save]
    links = [[slot + 1, loader["id"], slot, 100, slot, "*"] for slot in range(3)]
    workflow["links"] = [*links, [4, 100, 0, save["id"], 0, "IMAGE"]]
    found = lower(workflow, registry)
    expected = json.loads((SHIPPED / "text_to_image.json").read_text())
    assert constants(found) == constants(expected)
    assert [node["class_type"] for node in found.values()].count("KSampler") == 1


def constants(document: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Each node's type and what it is given that is no link, in a fixed order."""
    given = [(node["class_type"], node["inputs"].items()) for node in document.values()]
    return sorted((kind, json.dumps(sorted((k, v) for k, v in items if type(v) is not list))) for kind, items in given)
