"""All that steers, in one workflow: from files in their folders to a picture."""

import json
from pathlib import Path
from typing import Any

import pytest

from nodes.diffusion.controlnet.adapter import AdapterConfig, AdapterNetwork
from nodes.diffusion.controlnet.network import ControlConfig, ControlNetwork
from nodes.diffusion.gligen.network import GligenConfig, GligenNetwork
from nodes.diffusion.ip_adapter.network import IPAdapterConfig, IPAdapterNetwork
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.vision.network import ClipVisionNetwork, VisionConfig
from nodes.diffusion.vision.style import StyleConfig, StyleNetwork
from tests.support.parity import randomized, saved
from web.cli import main

BUNDLED = UNetConfig(
    levels=(Level(64, 1, 0), Level(128, 1, 1), Level(192, 1, 1)),
    middle_depth=1,
    model_channels=64,
    context_dim=128,
    head_channels=32,
    groups=16,
)
METADATA = {"unet.norm_groups": "16", "unet.num_head_channels": "32"}
FUSERS = (
    *(("input_3_0", 128), ("input_5_0", 192), ("middle_0_0", 192)),
    *(("output_0_0", 192), ("output_1_0", 192), ("output_2_0", 128), ("output_3_0", 128)),
)
WIDTHS = (128, 192, 192, 192, 128, 128, 192)  # of the attentions on the way down, on the way up, and in the middle


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A data folder with random networks that fit the bundled model."""
    vision = VisionConfig(width=64, layers=2, heads=1, inner=48, patch=7, image_size=14, projection=20)
    widths = tuple((2 * n + 1, width) for n, width in enumerate(WIDTHS))
    networks = {
        "controlnet/edges": ControlNetwork(ControlConfig(BUNDLED, (3, 8, 8, 8, 8, 8, 8, 8))),
        "controlnet/pose": AdapterNetwork(AdapterConfig((64, 128, 192))),
        "clip_vision/vision": ClipVisionNetwork(vision),
        "style_models/style": StyleNetwork(StyleConfig(width=64, tokens=2, layers=1, context_dim=128)),
        "ipadapter/pictures": IPAdapterNetwork(IPAdapterConfig(20, 128, widths)),
        "gligen/boxes": GligenNetwork(GligenConfig(text=128, inner=32, out=32, widths=FUSERS)),
    }
    data = tmp_path / "data"
    for name, network in networks.items():
        path = data / "models" / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        weights = {as_published(each): tensor for each, tensor in randomized(network).state_dict().items()}
        saved(weights, path, **METADATA)
    return data


def as_published(name: str) -> str:
    """GLIGEN's names; all others are ours already."""
    if not name.startswith("fusers."):
        return name
    _, place, rest = name.split(".", 2)
    block, number, layer = place.split("_")
    path = "middle_block" if block == "middle" else f"{block}_blocks.{number}"
    return f"{path}.1.transformer_blocks.{layer}.fuser.{rest}"


def workflow(**changes: dict[str, Any]) -> dict[str, Any]:
    nodes: dict[str, dict[str, Any]] = {
        "model": {"class_type": "CheckpointLoaderSimple", "ckpt_name": "wireloom-mini.safetensors"},
        "words": {"class_type": "CLIPTextEncode", "text": "a rocket", "clip": ["model", 1]},
        "none": {"class_type": "CLIPTextEncode", "text": "", "clip": ["model", 1]},
        "image": {"class_type": "EmptyImage", "width": 100, "height": 70, "batch_size": 1, "color": 0x336699},
        "edges": {"class_type": "ControlNetLoader", "control_net_name": "edges.safetensors"},
        "pose": {"class_type": "ControlNetLoader", "control_net_name": "pose.safetensors"},
        "first": {
            "class_type": "ControlNetApplyAdvanced",
            "positive": ["boxed", 0],
            "negative": ["none", 0],
            "control_net": ["edges", 0],
            "image": ["image", 0],
            "strength": 0.5,
            "start_percent": 0.0,
            "end_percent": 1.0,
            "vae": ["model", 2],
        },
        "second": {
            "class_type": "ControlNetApply",
            "conditioning": ["first", 0],
            "control_net": ["pose", 0],
            "image": ["image", 0],
            "strength": 0.2,
        },
        "vision": {"class_type": "CLIPVisionLoader", "clip_name": "vision.safetensors"},
        "seen": {"class_type": "CLIPVisionEncode", "clip_vision": ["vision", 0], "image": ["image", 0], "crop": "none"},
        "style": {"class_type": "StyleModelLoader", "style_model_name": "style.safetensors"},
        "styled": {
            "class_type": "StyleModelApply",
            "conditioning": ["words", 0],
            "style_model": ["style", 0],
            "clip_vision_output": ["seen", 0],
            "strength": 0.5,
            "strength_type": "attn_bias",
        },
        "adapter": {"class_type": "IPAdapterLoader", "ipadapter_name": "pictures.safetensors"},
        "seeing": {
            "class_type": "IPAdapterApply",
            "model": ["model", 0],
            "ipadapter": ["adapter", 0],
            "clip_vision": ["vision", 0],
            "image": ["image", 0],
            "weight": 0.5,
            "start_percent": 0.0,
            "end_percent": 1.0,
        },
        "gligen": {"class_type": "GLIGENLoader", "gligen_name": "boxes.safetensors"},
        "boxed": {
            "class_type": "GLIGENTextBoxApply",
            "conditioning_to": ["styled", 0],
            "clip": ["model", 1],
            "gligen_textbox_model": ["gligen", 0],
            "text": "a moon",
            "width": 32,
            "height": 16,
            "x": 8,
            "y": 0,
        },
        "canvas": {"class_type": "EmptyLatentImage", "width": 64, "height": 72, "batch_size": 2},
        "drawn": {
            "class_type": "KSampler",
            "model": ["seeing", 0],
            "positive": ["second", 0],
            "negative": ["first", 1],
            "latent_image": ["canvas", 0],
            "seed": 1,
            "steps": 2,
            "cfg": 2.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "denoise": 1.0,
        },
        "picture": {"class_type": "VAEDecode", "samples": ["drawn", 0], "vae": ["model", 2]},
        "saved": {"class_type": "SaveImage", "images": ["picture", 0], "filename_prefix": "steered"},
    }
    for name, change in changes.items():
        nodes[name] |= change
    return {name: {"class_type": node.pop("class_type"), "inputs": node} for name, node in nodes.items()}


def run(capsys: pytest.CaptureFixture[str], data: Path, document: dict[str, Any]) -> dict[str, Any]:
    """``wireloom run --json``: what it told."""
    file = data.parent / "workflow.json"
    file.write_text(json.dumps(document))
    main(["run", str(file), "--data", str(data), "--out", str(data.parent / "out"), "--json"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@pytest.mark.slow
def test_a_picture_is_steered_by_all_at_once(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also twice: what is remembered of the first run serves the second."""
    whole = run(capsys, models, workflow())
    assert whole["errors"] == []
    contents = [[Path(file).read_bytes() for file in whole["outputs"]["saved"]["files"]]]
    assert len(contents[0]) == 2
    for change in ({"first": {"strength": 0.9}}, {"second": {"strength": 0.0}}, {"seeing": {"weight": 0.0}}):
        other = run(capsys, models, workflow(**change))
        assert (other["status"], other["errors"]) == ("succeeded", [])
        contents.append([Path(file).read_bytes() for file in other["outputs"]["saved"]["files"]])
    assert len({pictures[0] for pictures in contents}) == len(contents)


def test_a_file_of_another_kind_is_an_error_of_its_node(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = models / "models" / "controlnet" / "other.safetensors"
    other.write_bytes((models / "models" / "gligen" / "boxes.safetensors").read_bytes())
    told = run(capsys, models, workflow(edges={"control_net_name": "other.safetensors"}))
    assert told["status"] == "failed"
    assert "other.safetensors is no model we know" in json.dumps(told["errors"])
