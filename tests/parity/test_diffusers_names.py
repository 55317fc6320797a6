"""Our table of diffusers' names against diffusers' and transformers' own networks, name by name and shape by shape."""

import pytest
import torch
from diffusers import AutoencoderKL as TheirVae
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from nodes.diffusion.diffusers_names import current_vae_name, text_names, turned, unet_names, vae_names
from nodes.diffusion.text.clip import ClipConfig, ClipText
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from nodes.diffusion.vae.config import VAEConfig
from nodes.diffusion.vae.model import AutoencoderKL
from tests.support.diffusers_models import their_unet

pytestmark = pytest.mark.parity

THIN = {"model_channels": 32, "context_dim": 16, "groups": 8}
UNETS = {
    "SD1": UNetConfig(levels=(Level(32, 2, 1), Level(64, 2, 1), Level(64, 2, 0)), middle_depth=1, **THIN),
    "SDXL": UNetConfig(
        levels=(Level(32, 2, 0), Level(64, 2, 2), Level(96, 2, 4)),
        middle_depth=4,
        head_channels=16,
        linear_projections=True,
        vector_dim=96,
        **THIN,
    ),
    "no middle": UNetConfig(levels=(Level(32, 1, 1), Level(64, 1, 1)), middle_depth=0, middle_blocks=0, **THIN),
    "a middle of one block": UNetConfig(
        levels=(Level(32, 2, 0), Level(64, 2, 2, (2, 2), (2, 1, 1)), Level(96, 2, 10, (4, 4), (4, 4, 10))),
        middle_depth=0,
        middle_blocks=1,
        head_channels=16,
        linear_projections=True,
        **THIN,
    ),
}


def shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("config", UNETS.values(), ids=UNETS)
def test_every_tensor_of_a_unet_has_its_name(config: UNetConfig) -> None:
    with torch.device("meta"):
        ours = shapes(UNet(config))
    theirs = shapes(their_unet(config))
    names = unet_names(config)
    assert names.keys() == theirs.keys()
    assert set(names.values()) == ours.keys()
    assert all(theirs[name] == ours[own] for name, own in names.items())


@pytest.mark.parametrize("blocks", [1, 2])
def test_every_tensor_of_a_vae_has_its_name(blocks: int) -> None:
    config = VAEConfig(widths=(16, 32, 32), blocks=blocks, groups=4)
    theirs = shapes(
        TheirVae(
            block_out_channels=config.widths,
            layers_per_block=blocks,
            down_block_types=("DownEncoderBlock2D",) * 3,
            up_block_types=("UpDecoderBlock2D",) * 3,
            norm_num_groups=4,
        )
    )
    ours, names = shapes(AutoencoderKL(config)), vae_names(config)
    assert names.keys() == theirs.keys()
    assert set(names.values()) == ours.keys()
    assert all(ours[own][: len(theirs[name])] == theirs[name] for name, own in names.items())  # 1x1 or a matrix


def test_a_vae_without_quantising_has_no_names_for_it() -> None:
    config = VAEConfig(widths=(16, 32), groups=4, quantised=False)
    assert set(vae_names(config).values()) == AutoencoderKL(config).state_dict().keys()


def test_old_names_of_the_vaes_attention_are_brought_up_to_date() -> None:
    old = "decoder.mid_block.attentions.0"
    assert current_vae_name(f"{old}.query.weight") == f"{old}.to_q.weight"
    assert current_vae_name(f"{old}.proj_attn.bias") == f"{old}.to_out.0.bias"
    assert current_vae_name(f"{old}.group_norm.bias") == f"{old}.group_norm.bias"
    assert current_vae_name("encoder.conv_in.weight") == "encoder.conv_in.weight"


def test_every_tensor_of_a_text_encoder_has_its_name() -> None:
    config = ClipConfig(vocabulary=100, positions=7, width=16, layers=2, heads=2, inner=32, projection=8)
    settings = CLIPTextConfig(
        vocab_size=100,
        hidden_size=16,
        intermediate_size=32,
        projection_dim=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=7,
    )
    names = text_names(config)
    theirs: dict[str, Tensor] = CLIPTextModelWithProjection(settings).state_dict()
    prefixed = {n if n.startswith("text_") else f"text_model.{n}" for n in theirs}  # newer versions leave it out
    assert names.keys() == prefixed
    plain = ClipConfig(vocabulary=100, positions=7, width=16, layers=2, heads=2, inner=32)
    assert set(text_names(plain).values()) == ClipText(plain).state_dict().keys()


def test_names_can_be_turned() -> None:
    names = unet_names(UNETS["SD1"])
    assert turned(turned(names)) == names
