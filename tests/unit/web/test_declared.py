"""Editors' workflows are lowered with what a server declares just as with the node types themselves."""

import json
from pathlib import Path

import pytest

import nodes
from engine.folders import Folders
from engine.lower import lower
from engine.registry import Registry
from engine.services import Services
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Residency
from web.cli.declared import registry_of
from web.object_info import describe

ROOT = Path(__file__).parents[3]
FILES = [*sorted((ROOT / "workflows" / "ui").glob("*.json")), ROOT / "tests" / "fixtures" / "nested_subgraphs.ui.json"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    residency = Residency()
    registry = Registry(Services(Folders(tmp_path_factory.mktemp("data")), residency, Loader(residency)))
    nodes.register(registry)
    return registry


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_workflow_is_lowered_alike_from_afar(here: Registry, file: Path) -> None:
    declared = json.loads(json.dumps({info.name: describe(info) for info in here.describe()}))
    document = json.loads(file.read_text())
    far, near = lower(document, registry_of(declared)), lower(document, here)
    assert (far, list(far)) == (near, list(near))
