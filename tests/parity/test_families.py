"""What SD 2 and SDXL add, against diffusers and transformers: vectors, towers, irregular U-Nets, continuous levels.

Tolerance: float32 on both sides, so errors are those of another order of additions, far below 1e-4.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import EDMEulerScheduler, LCMScheduler
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.diffusers_names import unet_names
from nodes.diffusion.extras import Wish
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.lazy import Residency
from nodes.diffusion.openclip_names import IN_LAYER, WHOLE
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.text.clip import Clip
from nodes.diffusion.text.tokenizer import END, START, tokenize
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.vector import sdxl_vector
from tests.support.diffusers_models import their_unet
from tests.support.parity import relative_error
from tests.support.unets import random_unet

pytestmark = pytest.mark.parity

TOLERANCE = 1e-4
POOLED = 24
THIN: dict[str, Any] = {"model_channels": 32, "context_dim": 16, "groups": 8, "linear_projections": True}
UNETS = {
    "SD2": UNetConfig(
        levels=(Level(32, 1, 1), Level(64, 1, 1), Level(64, 1, 0)), middle_depth=1, head_channels=16, **THIN
    ),
    "SDXL": UNetConfig(
        levels=(Level(32, 1, 0), Level(64, 1, 2), Level(96, 1, 3)),
        middle_depth=3,
        head_channels=32,
        vector_dim=POOLED + 6 * 256,
        **THIN,
    ),
    "as SSD-1B": UNetConfig(
        levels=(Level(32, 2, 0), Level(64, 2, 2, (2, 2), (2, 1, 1)), Level(96, 2, 5, (4, 4), (4, 4, 5))),
        middle_depth=0,
        middle_blocks=1,
        head_channels=32,
        vector_dim=POOLED + 6 * 256,
        **THIN,
    ),
    "without a middle": UNetConfig(
        levels=(Level(32, 1, 1), Level(64, 1, 1)), middle_depth=0, middle_blocks=0, head_channels=16, **THIN
    ),
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@torch.no_grad()
@pytest.mark.parametrize("config", UNETS.values(), ids=UNETS)
def test_a_unet_predicts_what_diffusers_does(config: UNetConfig) -> None:
    """With SDXL's sizes told as its own pipeline does."""
    ours, theirs, generator = random_unet(config), their_unet(config).eval(), seeded(1)
    weights = ours.state_dict()
    theirs.load_state_dict({name: weights[own] for name, own in unet_names(config).items()})
    x, context = torch.randn(2, 4, 8, 12, generator=generator), torch.randn(2, 5, 16, generator=generator)
    pooled, timesteps = torch.randn(2, POOLED, generator=generator), torch.tensor([7.0, 981.0])
    sizes = {"height": 1024, "width": 768, "crop_h": 8, "crop_w": 16, "target_height": 512, "target_width": 640}
    vector, told = None, None
    if config.vector_dim:
        vector = torch.cat([sdxl_vector(Wish({"pooled_output": row[None], **sizes}, 8, 12, 0)) for row in pooled])
        told = {"text_embeds": pooled, "time_ids": torch.tensor([list(sizes.values())] * 2, dtype=torch.float32)}
    wanted = theirs(x, timesteps, context, added_cond_kwargs=told).sample
    assert relative_error(ours(Inputs(x, timesteps, context, vector)), wanted) < TOLERANCE


# Text


def text_settings(width: int, layers: int, activation: str) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=49408,
        hidden_size=width,
        intermediate_size=96,
        projection_dim=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        hidden_act=activation,
        eos_token_id=END,
    )


def named(model: Any) -> dict[str, Tensor]:
    """A text model's tensors in today's names, without ``text_model.``."""
    return {name.removeprefix("text_model."): each.clone() for name, each in model.state_dict().items()}


def as_openclip(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same as OpenCLIP keeps them: q, k and v in one matrix, the projection turned over."""
    whole, inside = ({ours: theirs for theirs, ours in each.items()} for each in (WHOLE, IN_LAYER))
    found = {whole[name]: each for name, each in weights.items() if name in whole}
    found["text_projection"] = weights["text_projection.weight"].T.contiguous()
    for name, each in weights.items():
        if not name.startswith("encoder.layers."):
            continue
        _, _, number, part = name.split(".", 3)
        stem, _, kind = part.rpartition(".")
        layer = f"transformer.resblocks.{number}"
        if stem in inside:
            found[f"{layer}.{inside[stem]}.{kind}"] = each
        elif stem == "self_attn.q_proj":
            three = [weights[f"encoder.layers.{number}.self_attn.{letter}_proj.{kind}"] for letter in "qkv"]
            found[f"{layer}.attn.in_proj_{kind}"] = torch.cat(three)
    return found


@pytest.fixture(scope="module")
def towers() -> tuple[CLIPTextModel, CLIPTextModelWithProjection]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        small = CLIPTextModel(text_settings(64, 3, "quick_gelu")).eval()
        large = CLIPTextModelWithProjection(text_settings(128, 4, "gelu")).eval()
        for parameter in (*small.parameters(), *large.parameters()):
            parameter.data += torch.randn_like(parameter) * 0.02
    return small, large


@pytest.fixture(scope="module")
def clip(towers: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """SDXL's two encoders: L as transformers names it, G as OpenCLIP does."""
    folder = tmp_path_factory.mktemp("text")
    files = {"l": named(towers[0]), "g": as_openclip(named(towers[1]))}
    for name, weights in files.items():
        save_file(weights, folder / f"{name}.safetensors")
    return Loader(Residency()).text([folder / "g.safetensors", folder / "l.safetensors"])


def ids(text: str, padding: int) -> Tensor:
    tokens = tokenize(text)
    return torch.tensor([[START, *tokens, END, *[padding] * (75 - len(tokens))]])


@torch.no_grad()
@pytest.mark.parametrize(("layer", "theirs"), [(None, -2), (-1, -1), (-3, -3)])
def test_sdxls_encoders_say_what_those_of_transformers_do(
    layer: int | None, theirs: int, clip: Clip, towers: tuple[Any, Any]
) -> None:
    """Without the last norm; pooled is G's, projected."""
    text = "a red apple on a table"
    asked = clip if layer is None else clip.with_layer(layer)
    hidden, pooled = asked.encode(text)
    l_out = towers[0](input_ids=ids(text, END), output_hidden_states=True)
    g_out = towers[1](input_ids=ids(text, 0), output_hidden_states=True)
    wanted = torch.cat((l_out.hidden_states[theirs], g_out.hidden_states[theirs]), -1)
    assert hidden.shape == (1, 77, 64 + 128)
    assert relative_error(hidden, wanted) < TOLERANCE
    assert relative_error(pooled, g_out.text_embeds) < TOLERANCE


@torch.no_grad()
def test_each_encoder_may_have_a_text_of_its_own(clip: Clip, towers: tuple[Any, Any]) -> None:
    """Where one is longer, empty chunks are put behind the other."""
    long = "a cat and " * 40
    hidden, _ = clip.encode({"l": "a dog", "g": long})
    l_out = towers[0](input_ids=ids("a dog", END), output_hidden_states=True)
    empty = towers[0](input_ids=ids("", END), output_hidden_states=True)
    assert hidden.shape[1] == 154
    assert relative_error(hidden[:, :77, :64], l_out.hidden_states[-2]) < TOLERANCE
    assert relative_error(hidden[:, 77:, :64], empty.hidden_states[-2]) < TOLERANCE


@torch.no_grad()
def test_an_encoder_may_be_in_transformers_names_with_its_projection_beside(
    towers: tuple[Any, Any], clip: Clip, tmp_path: Path
) -> None:
    weights = {f"text_model.{n}" if n != "text_projection.weight" else n: t for n, t in named(towers[1]).items()}
    save_file(weights, tmp_path / "g.safetensors")
    save_file(named(towers[0]), tmp_path / "l.safetensors")
    other = Loader(Residency()).text([tmp_path / "l.safetensors", tmp_path / "g.safetensors"])
    assert all(map(torch.equal, other.encode("a cat"), clip.encode("a cat")))


# Predictions

SIGMAS = torch.tensor([0.01, 0.7, 5.0, 75.0])


@pytest.mark.parametrize(("kind", "named", "data"), [("edm", "epsilon", 0.5), ("v", "v_prediction", 1.0)])
def test_continuous_levels_are_those_of_diffusers(kind: Any, named: str, data: float) -> None:
    """Playground's and CosXL's."""
    theirs = EDMEulerScheduler(sigma_min=0.002, sigma_max=80.0, sigma_data=data, prediction_type=named)
    ours = Prediction.continuous(kind, 0.002, 80.0)
    x, output = (torch.randn(4, 4, 3, 3, generator=seeded(seed)) for seed in (0, 1))
    for sigma in SIGMAS:
        assert relative_error(ours.network_input(x, sigma), theirs.precondition_inputs(x, sigma)) < 1e-6
        wanted = theirs.precondition_outputs(x, output, sigma)
        assert relative_error(ours.denoised(x, sigma, output), wanted) < 1e-5
        assert ours.timestep(sigma).item() == pytest.approx(theirs.precondition_noise(sigma).item(), abs=1e-6)


def test_lcms_boundary_condition_is_that_of_diffusers() -> None:
    theirs, ours = LCMScheduler(), Prediction.discrete("lcm")
    x, output = (torch.randn(2, 4, 3, 3, generator=seeded(seed)) for seed in (0, 1))
    assert ours.sigmas.shape == (50,)
    for timestep in (19, 499, 999):
        sigma = ours.sigma(torch.tensor(float(timestep)))
        assert ours.timestep(sigma) == timestep
        skip, out = theirs.get_scalings_for_boundary_condition_discrete(timestep)
        unit, noise = x / (1 + sigma**2).sqrt(), sigma / (1 + sigma**2).sqrt()
        wanted = skip * unit + out * (unit - noise * output) * (1 + sigma**2).sqrt()
        assert relative_error(ours.denoised(x, sigma, output), wanted) < 1e-5
