"""Model files that cannot be used: each error names the file and what is wrong."""

import random
from pathlib import Path

import pytest
import torch
from torch import Tensor

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.diffusers_names import unet_names, vae_names
from nodes.diffusion.errors import (
    BadWeights,
    CorruptCheckpoint,
    DiffusionError,
    MissingWeights,
    UnknownCheckpoint,
    UnsupportedModel,
)
from nodes.diffusion.lazy import Residency
from tests.fixtures.make_random import recipe
from tests.support.families import UNET, VAE, Weights, load, picture, saved, weights


def test_half_of_the_text_encoders_is_an_error(tmp_path: Path) -> None:
    own = {name: each for name, each in weights("sdxl").items() if not name.startswith("conditioner.embedders.1.")}
    with pytest.raises(MissingWeights, match="text encoder g"):
        load(saved(tmp_path / "m.safetensors", own, recipe("sdxl", small=True).metadata))


def test_a_model_that_is_known_and_not_supported_says_why(tmp_path: Path) -> None:
    own = weights("sd2")
    own[f"{UNET}input_blocks.0.0.weight"] = torch.zeros(32, 5, 3, 3)
    with pytest.raises(UnsupportedModel, match="depth"):
        load(saved(tmp_path / "m.safetensors", own))


@pytest.mark.parametrize("prefix", ["", UNET])
def test_a_model_of_another_kind_is_named(prefix: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "m.safetensors", {f"{prefix}double_blocks.0.img_attn.norm.key_norm.scale": torch.zeros(1)})
    with pytest.raises(UnsupportedModel, match=r"m\.safetensors.*FLUX"):
        load(path)


def test_the_nearest_family_is_named_with_what_differs(tmp_path: Path) -> None:
    own = weights("sd15")
    own[f"{UNET}input_blocks.0.0.weight"] = torch.zeros(32, 6, 3, 3)
    with pytest.raises(UnknownCheckpoint, match=r"Stable Diffusion 1\.x.*input channels \(4, 9 or 8\)"):
        load(saved(tmp_path / "m.safetensors", own))


@pytest.mark.parametrize("index", ["[]", "{", '{"weight_map": {"x": "../x.safetensors"}}', '{"weight_map": 3}'])
def test_a_broken_index_of_shards_is_named(index: str, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors.index.json"
    path.write_text(index)
    with pytest.raises(CorruptCheckpoint, match=r"m\.safetensors\.index\.json"):
        load(path)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("U-Net", f"{UNET}middle_block.0.in_layers.2.weight"),
        ("VAE", f"{VAE}decoder.conv_in.weight"),
        ("text encoder l", "cond_stage_model.transformer.text_model.encoder.layers.1.mlp.fc1.weight"),
    ],
)
def test_weights_that_are_no_numbers_are_named_with_their_file(part: str, name: str, tmp_path: Path) -> None:
    own = weights("sd15")
    own[name] = torch.full_like(own[name], float("nan"))
    checkpoint = load(saved(tmp_path / "broken.safetensors", own))
    with pytest.raises(BadWeights, match=rf"broken\.safetensors: the {part}") as caught:
        picture(checkpoint)
    assert name.endswith(caught.value.names[0])


def test_a_file_that_is_cut_short_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "cut.safetensors", weights("sdxl"))
    whole = path.read_bytes()
    for size in (4, 1000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(CorruptCheckpoint, match=r"cut\.safetensors"):
            load(path)


def broken(tensor: Tensor) -> list[Tensor | None]:
    """Ways for a tensor to be wrong; None: it is not there."""
    return [None, torch.zeros(()), torch.zeros(3), torch.zeros(2, 2, 2, 2, 2), torch.zeros(0, *tensor.shape[1:])]


def alone(part: str) -> Weights:
    """A part of SD 2 without its prefix; a text encoder of few words, so that it is small."""
    prefix = {"U-Net": UNET, "VAE": VAE, "text": "cond_stage_model.model."}[part.removesuffix(" of diffusers")]
    own = {name.removeprefix(prefix): each for name, each in weights("sd2").items() if name.startswith(prefix)}
    small = recipe("sd2", small=True)
    if part == "text":
        return {**own, "token_embedding.weight": torch.zeros(100, 64)}
    if part.endswith("of diffusers"):
        names = unet_names(small.unet) if part.startswith("U-Net") else vae_names(small.vae)
        return {name: own[ours] for name, ours in names.items()}
    return own


@pytest.mark.parametrize("drawn", [2, pytest.param(12, marks=pytest.mark.slow)])
@pytest.mark.parametrize("part", ["U-Net", "U-Net of diffusers", "VAE", "VAE of diffusers", "text"])
def test_any_tensor_may_be_wrong_and_the_error_names_the_file(part: str, drawn: int, tmp_path: Path) -> None:
    """Some of them, drawn; each missing, or of a shape that it can't have."""
    own, metadata, loader = alone(part), recipe("sd2", small=True).metadata, Loader(Residency())
    opened = {"U": loader.unet, "V": loader.vae, "t": lambda path: loader.text([path])}[part[0]]
    opened(saved(tmp_path / "whole.safetensors", own, metadata))
    needed = sorted(own.keys() - {"text_projection"})  # without which pooled text is not projected
    for name in random.Random(part).sample(needed, drawn):
        for wrong in broken(own[name]):
            tensors = {**own, name: wrong} if wrong is not None else {n: t for n, t in own.items() if n != name}
            path = saved(tmp_path / "wrong.safetensors", tensors, metadata)
            with pytest.raises(DiffusionError, match=r"wrong\.safetensors"):
                opened(path)


@pytest.mark.parametrize(
    "name", [f"{UNET}input_blocks.99999999.0.op.weight", f"{VAE}encoder.down.99999999.block.0.conv1.weight"]
)
def test_numbers_that_are_too_large_are_not_counted_to(name: str, tmp_path: Path) -> None:
    with pytest.raises(MissingWeights, match="numbered up to 99999999"):
        load(saved(tmp_path / "m.safetensors", {**weights("sd15"), name: torch.zeros(1)}))
