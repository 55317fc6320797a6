"""``/object_info``: the node types, as the recorded server described them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.asking import get
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance

RECORDED = json.loads(Path(__file__).with_name("examples.json").read_text())["object_info"]
KEYS = list(RECORDED["TInt"])
BUILT_IN = ("KSampler", "CheckpointLoaderSimple", "CLIPTextEncode", "EmptyLatentImage", "VAEDecode", "SaveImage")


@pytest.mark.protocol("http.2.a", "http.2.b")
@pytest.mark.usefixtures("small_nodes")
@pytest.mark.parametrize("name", ["TInt", "TList", "TLazy"])
async def test_a_node_type_is_described_as_recorded(server: Server, name: str) -> None:
    every, one = await get(server, "/object_info"), await get(server, f"/object_info/{name}")
    assert one == {name: every[name]}
    described = {key: value for key, value in one[name].items() if key in KEYS}
    assert list(described) == KEYS
    assert {**described, "input": {}} == {**RECORDED[name], "input": {}}
    for section, inputs in RECORDED[name]["input"].items():
        assert list(described["input"][section]) == list(inputs)
        for key, config in inputs.items():
            shown = described["input"][section][key]  # here options are there even if they are empty
            assert shown == (config if isinstance(config, str) or len(config) == 2 else [*config, {}])


@pytest.mark.protocol("http.2.b")
async def test_an_unknown_node_type_is_nothing(server: Server) -> None:
    assert await get(server, "/object_info/NoSuchNode") == {}


@pytest.mark.protocol("http.2.a", "http.10.a")
async def test_the_types_that_every_picture_needs_are_there(core: Server) -> None:
    every = await get(core, "/object_info")
    assert every.keys() >= set(BUILT_IN)
    for name, info in every.items():
        assert info["name"] == name
        assert info.keys() >= set(KEYS)
        assert len(info["output"]) == len(info["output_name"]) == len(info["output_is_list"])
        assert info["input"].keys() == info["input_order"].keys()
