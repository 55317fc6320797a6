"""Our ControlNets and T2I-Adapters against diffusers', with the same weights.

Tolerance: float32 on both sides, so errors are those of another order of additions, far below 1e-4.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import ControlNetModel, ControlNetUnionModel, T2IAdapter, UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint
from torch import Tensor

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.controlnet.adapter import T2IAdapter as T2IA
from nodes.diffusion.controlnet.control import Net
from nodes.diffusion.controlnet.loading import load_control
from nodes.diffusion.controlnet.network import ControlNet
from nodes.diffusion.inputs import Inputs, Residuals
from nodes.diffusion.lazy import Residency
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from tests.support.parity import Error, randomized, relative_error, saved, seeded

pytestmark = pytest.mark.parity

TOLERANCE = 1e-4
KINDS: dict[str, dict[str, Any]] = {
    "as SD1": {
        "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        "block_out_channels": (32, 64, 64),
        "layers_per_block": 2,
        "cross_attention_dim": 24,
        "attention_head_dim": 8,
    },
    "as SD2": {
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "block_out_channels": (64, 128),
        "layers_per_block": 2,
        "cross_attention_dim": 24,
        "attention_head_dim": (1, 2),  # their name for a count
        "use_linear_projection": True,
    },
    "as SDXL": {
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "block_out_channels": (64, 128, 128),
        "layers_per_block": 2,
        "cross_attention_dim": 24,
        "attention_head_dim": (1, 2, 2),
        "transformer_layers_per_block": (1, 2, 3),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 4,
        "projection_class_embeddings_input_dim": 40,
    },
}


def worst(ours: Residuals, down: list[Tensor], middle: Tensor) -> Error:
    assert ours.middle is not None
    pairs = [*zip(ours.down, down, strict=True), (ours.middle, middle)]
    return max(relative_error(one, other) for one, other in pairs if one is not None)


def inputs_and_hint(vector: bool, size: tuple[int, int]) -> tuple[Inputs, Tensor]:
    generator = seeded(1)
    x = torch.randn(2, 4, *size, generator=generator)
    context = torch.randn(2, 5, 24, generator=generator)
    hint = torch.rand(2, 3, 8 * size[0], 8 * size[1], generator=generator)
    told = torch.randn(2, 16, generator=generator) if vector else None
    if told is not None:  # six sizes as four waves each behind the pooled text, as SDXL's vector has it
        sizes = torch.tensor([[512.0, 640, 0, 8, 512, 640]] * 2)
        told = torch.cat((told, waves(sizes)), 1)
    return Inputs(x, torch.tensor([7.0, 981.0]), context, vector=told), hint


def waves(numbers: Tensor) -> Tensor:
    angles = numbers[..., None] * torch.tensor([1.0, 0.01])
    return torch.cat((angles.cos(), angles.sin()), -1).flatten(1)


def added(inputs: Inputs) -> dict[str, Any] | None:
    if inputs.vector is None:
        return None
    return {"text_embeds": inputs.vector[:, :16], "time_ids": torch.tensor([[512.0, 640, 0, 8, 512, 640]] * 2)}


def blank_unet(config: UNetConfig) -> UNet:
    """Of these measures, without numbers: ControlNets look at nothing else."""
    with torch.device("meta"):
        return UNet(config)


def ours_of(path: Path) -> ControlNet:
    net = load_control(Loader(Residency()), path)
    assert isinstance(net, ControlNet)
    return net


@torch.no_grad()
@pytest.mark.parametrize("size", [(8, 8), (7, 10)], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_a_controlnet_of_diffusers_adds_what_it_does_there(kind: str, size: tuple[int, int], tmp_path: Path) -> None:
    """Also where a size is odd on the way down."""
    theirs = randomized(
        ControlNetModel(
            **KINDS[kind],
            norm_num_groups=8,
            conditioning_embedding_out_channels=(16, 32, 96, 256),
            flip_sin_to_cos=True,
            freq_shift=0,
        )
    )
    metadata = {"unet.norm_groups": "8"}
    net = ours_of(saved(theirs.state_dict(), tmp_path / "control.safetensors", **metadata))
    inputs, hint = inputs_and_hint(kind == "as SDXL", size)
    down, middle = theirs(
        inputs.x, inputs.timesteps, inputs.context, hint, added_cond_kwargs=added(inputs), return_dict=False
    )
    error = worst(net.residuals(net.prepared(hint), inputs, blank_unet(net.config.unet)), down, middle)
    assert error < TOLERANCE


def test_the_originals_names_hold_the_same_network(tmp_path: Path) -> None:
    """lllyasviel's files keep the copy of the U-Net and what was added below ``control_model``; some, without that."""
    theirs = randomized(ControlNetModel(**KINDS["as SD1"], norm_num_groups=8))
    path = tmp_path / "diffusers.safetensors"
    metadata = {"unet.norm_groups": "8"}
    net = ours_of(saved(theirs.state_dict(), path, **metadata))
    weights = net.network.get().state_dict()
    inputs, hint = inputs_and_hint(vector=False, size=(8, 8))
    wanted = net.residuals(net.prepared(hint), inputs, blank_unet(net.config.unet))
    for prefix in ("control_model.", ""):
        named = {prefix + name: tensor for name, tensor in weights.items()}
        other = ours_of(saved(named, tmp_path / f"original{prefix}safetensors", **metadata))
        found = other.residuals(other.prepared(hint), inputs, blank_unet(other.config.unet))
        assert wanted.middle is not None
        assert worst(found, [each for each in wanted.down if each is not None], wanted.middle) == 0


@torch.no_grad()
@pytest.mark.parametrize("task", [0, 5])
def test_a_union_controlnet_of_diffusers_adds_what_it_does_there(task: int, tmp_path: Path) -> None:
    """There the small transformer's tokens look across the batch, not across each picture's own; here that is set
    right on both sides."""
    theirs = randomized(
        ControlNetUnionModel(
            **{**KINDS["as SDXL"], "addition_time_embed_dim": 256, "projection_class_embeddings_input_dim": 1552},
            norm_num_groups=8,
            conditioning_embedding_out_channels=(16, 32, 96, 256),
            num_trans_channel=64,
            num_proj_channel=64,
        )
    )
    for layer in theirs.transformer_layes:
        layer.attn.batch_first = True
    net = ours_of(saved(theirs.state_dict(), tmp_path / "union.safetensors", **{"unet.norm_groups": "8"})).of_kind(task)
    inputs, hint = inputs_and_hint(vector=False, size=(8, 8))
    sizes, pooled = torch.tensor([[512.0, 640, 0, 8, 512, 640]] * 2), torch.randn(2, 16, generator=seeded(2))
    told = theirs.add_time_proj(sizes.flatten()).reshape(2, -1)
    inputs = replace(inputs, vector=torch.cat((pooled, told), 1))
    chosen = torch.zeros(2, 6)
    chosen[:, task] = 1
    down, middle = theirs(
        inputs.x,
        inputs.timesteps,
        inputs.context,
        [hint],
        chosen,
        [task],
        added_cond_kwargs={"text_embeds": pooled, "time_ids": sizes},
        return_dict=False,
    )
    assert worst(net.residuals(net.prepared(hint), inputs, blank_unet(net.config.unet)), down, middle) < TOLERANCE


def unet_pair(kind: str) -> tuple[UNet, UNet2DConditionModel]:
    """A random U-Net of ours, and diffusers' with its weights."""
    settings = KINDS[kind]
    widths, deep = settings["block_out_channels"], "CrossAttnDownBlock2D"
    depths = settings.get("transformer_layers_per_block", (1,) * len(widths))
    config = UNetConfig(
        levels=tuple(
            Level(width, 2, depth if name == deep else 0)
            for width, depth, name in zip(widths, depths, settings["down_block_types"], strict=True)
        ),
        middle_depth=depths[-1],
        model_channels=widths[0],
        context_dim=24,
        head_channels=64 if "use_linear_projection" in settings else None,
        groups=8,
        linear_projections="use_linear_projection" in settings,
        vector_dim=settings.get("projection_class_embeddings_input_dim"),
    )
    ours = randomized(UNet(config))
    up = tuple("CrossAttnUpBlock2D" if name == deep else "UpBlock2D" for name in reversed(settings["down_block_types"]))
    theirs = UNet2DConditionModel(**settings, up_block_types=up, norm_num_groups=8).eval()
    named = {"model.diffusion_model." + name: tensor for name, tensor in ours.state_dict().items()}
    theirs.load_state_dict(convert_ldm_unet_checkpoint(named, dict(theirs.config)))
    return ours, theirs


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_a_unet_takes_a_controlnets_residuals_as_diffusers_does(kind: str) -> None:
    ours, theirs = unet_pair(kind)
    inputs, _ = inputs_and_hint(kind == "as SDXL", (8, 8))
    generator = seeded(3)
    _, skips = ours.down(inputs.x, ours.embedding(inputs), inputs.context)
    down = tuple(torch.randn(skip.shape, generator=generator) for skip in skips)
    middle = torch.randn(skips[-1].shape, generator=generator)
    wanted = theirs(
        inputs.x,
        inputs.timesteps,
        inputs.context,
        added_cond_kwargs=added(inputs),
        down_block_additional_residuals=down,
        mid_block_additional_residual=middle,
    ).sample
    assert relative_error(ours(replace(inputs, residuals=Residuals(down, middle))), wanted) < TOLERANCE
    assert relative_error(ours(inputs), wanted) > 100 * TOLERANCE


ADAPTERS: dict[str, tuple[str, dict[str, Any]]] = {
    "full_adapter": ("as SD1", {"channels": [32, 64, 64]}),
    "light_adapter": ("as SD1", {"channels": [32, 64], "num_res_blocks": 4}),
    "full_adapter_xl": ("as SDXL", {"channels": [64, 128, 128, 128], "downscale_factor": 16}),
    "full_adapter, grey": ("as SD1", {"channels": [32, 64, 64], "in_channels": 1}),
}


@torch.no_grad()
@pytest.mark.parametrize("size", [(8, 8), (12, 20)], ids=str)
@pytest.mark.parametrize("name", ADAPTERS)
def test_a_unet_with_an_adapter_predicts_what_diffusers_does(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    kind, settings = ADAPTERS[name]
    adapter = randomized(T2IAdapter(adapter_type=name.partition(",")[0], **settings))
    net: Net = load_control(Loader(Residency()), saved(adapter.state_dict(), tmp_path / "adapter.safetensors"))
    ours, theirs = unet_pair(kind)
    inputs, hint = inputs_and_hint(kind == "as SDXL", size)
    seen = hint.mean(1, keepdim=True) if "grey" in name else hint
    wanted = theirs(
        inputs.x,
        inputs.timesteps,
        inputs.context,
        added_cond_kwargs=added(inputs),
        down_intrablock_additional_residuals=adapter(seen),
    ).sample
    residuals = net.residuals(net.prepared(hint), inputs, ours)
    assert relative_error(ours(replace(inputs, residuals=residuals)), wanted) < TOLERANCE
    assert relative_error(ours(inputs), wanted) > 100 * TOLERANCE


def test_an_adapters_original_names_hold_the_same_network(tmp_path: Path) -> None:
    """TencentARC's files count the blocks of all levels in a row."""
    adapter = randomized(T2IAdapter(adapter_type="full_adapter", channels=[32, 64, 64]))
    net = load_control(Loader(Residency()), saved(adapter.state_dict(), tmp_path / "diffusers.safetensors"))
    assert isinstance(net, T2IA)
    weights = net.network.get().state_dict()
    assert {"conv_in.weight", "body.2.in_conv.weight", "body.5.block2.bias"} <= weights.keys()
    other = load_control(Loader(Residency()), saved(weights, tmp_path / "original.safetensors"))
    hint = torch.rand(1, 3, 64, 64, generator=seeded(0))
    for one, two in zip(net.prepared(hint), other.prepared(hint), strict=True):
        assert torch.equal(one, two)
