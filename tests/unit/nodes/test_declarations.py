"""The built-in nodes against ComfyUI's: names, inputs and their order, defaults, limits, outputs.

``core_nodes.json`` describes ComfyUI 0.3.64's nodes as data.
"""

import json
from pathlib import Path
from typing import Any

import pytest

import nodes
from engine.folders import Folders
from engine.node import NodeInfo
from engine.registry import Registry
from engine.services import Services

REFERENCE: dict[str, Any] = json.loads((Path(__file__).parent / "core_nodes.json").read_text())
OWN_CATEGORIES = ("flow", "utils/list", "utils/logic", "utils/math")
OWN = {"IPAdapterApply", "IPAdapterLoader", "ImageGrid", "SaveImageWebsocket"}
FEWER_CHOICES = {"sampler_name"}  # not all of its samplers are built yet


@pytest.fixture(scope="module")
def infos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NodeInfo]:
    registry = Registry(Services(Folders(tmp_path_factory.mktemp("data"))))
    nodes.register(registry)
    return {info.name: info for info in registry.describe()}


def test_every_node_is_ours_or_described(infos: dict[str, NodeInfo]) -> None:
    own = {name for name, info in infos.items() if info.category in OWN_CATEGORIES} | OWN
    assert infos.keys() - own == REFERENCE.keys()


def test_no_node_of_our_own_takes_a_name_of_comfyuis(infos: dict[str, NodeInfo]) -> None:
    assert all(info.module == "wireloom" for info in infos.values() if info.category in OWN_CATEGORIES)
    assert not {name for name, info in infos.items() if info.module == "wireloom"} & REFERENCE.keys()


@pytest.mark.parametrize("name", REFERENCE)
def test_a_node_is_declared_as_in_comfyui(name: str, infos: dict[str, NodeInfo]) -> None:
    info, reference = infos[name], REFERENCE[name]
    assert info.title == (reference["display_name"] or name)
    assert (info.category, info.module, info.is_output) == (
        reference["category"],
        reference["python_module"],
        reference["output_node"],
    )
    assert [(o.type, o.name, o.is_list) for o in info.outputs] == [
        (o["type"], o["name"], o["is_list"]) for o in reference["outputs"]
    ]
    wanted = reference["inputs"]
    if "hidden" in wanted and "unique_id" not in wanted["hidden"]:
        assert info.hidden == wanted["hidden"]
    for section in ("required", "optional"):
        assert list(info.inputs.get(section, {})) == [spec["name"] for spec in wanted.get(section, [])]
        for spec in wanted.get(section, []):
            check_input(info.inputs[section][spec["name"]], spec)


def check_input(config: list[Any], spec: dict[str, Any]) -> None:
    kind, options = config[0], {key: value for key, value in config[1].items() if key != "tooltip"}
    if spec["type"] != "COMBO":
        assert kind == spec["type"]
    elif spec["name"] in FEWER_CHOICES:
        assert kind == [name for name in spec["values"] if name in kind]
    elif "values" in spec:
        assert kind == spec["values"]
    wanted = spec.get("options", {})
    if kind in ("STRING", "BOOLEAN") and "default" not in wanted and options.get("default") in ("", False):
        options.pop("default")
    assert options == wanted, spec["name"]
