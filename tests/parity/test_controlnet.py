"""Our ControlNets and T2I-Adapters against diffusers', with the same weights.

Tolerance: float32 on both sides, so errors are those of another order of additions, far below 1e-4.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import ControlNetModel, ControlNetUnionModel, T2IAdapter, UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor, nn

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.controlnet.control import Net
from nodes.diffusion.controlnet.loading import load_control
from nodes.diffusion.controlnet.network import ControlNet
from nodes.diffusion.inputs import Inputs, Residuals
from nodes.diffusion.lazy import Residency
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet

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


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def randomized(module: nn.Module) -> Any:
    """All weights random, norms, biases and those that begin at zero too, so that a mixed-up pair shows."""
    generator = seeded(0)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            spread = 0.2 if parameter.ndim < 2 else parameter[0].numel() ** -0.5
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)
            if parameter.ndim == 1 and name.endswith("weight"):
                parameter.add_(1)
    return module.eval()


def saved(weights: dict[str, Tensor], folder: Path, name: str = "control.safetensors", **metadata: str) -> Path:
    save_file({n: t.contiguous() for n, t in weights.items()}, folder / name, metadata=metadata)
    return folder / name


def relative_error(ours: Tensor, theirs: Tensor) -> float:
    assert ours.shape == theirs.shape
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


def worst(ours: Residuals, down: list[Tensor], middle: Tensor) -> float:
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


def ours_of(path: Path) -> ControlNet:
    net = load_control(Loader(Residency()), path)
    assert isinstance(net, ControlNet)
    return net


def config_of(net: ControlNet) -> UNetConfig:
    return net.config.unet


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
    net = ours_of(saved(theirs.state_dict(), tmp_path, **metadata))
    inputs, hint = inputs_and_hint(kind == "as SDXL", size)
    down, middle = theirs(
        inputs.x, inputs.timesteps, inputs.context, hint, added_cond_kwargs=added(inputs), return_dict=False
    )
    error = worst(net.residuals(net.prepared(hint), inputs, config_of(net)), down, middle)
    print("error", error)
    assert error < TOLERANCE
