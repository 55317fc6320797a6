"""Mixing models weight by weight, and scaling their attention."""

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from nodes.diffusion.checkpoint import Checkpoint, Loader
from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.merging import ADDED, Unlike, blended, mix_clips, mix_models, mixed, subtracted
from nodes.diffusion.scaling import temporal_attention, text_attention, unet_attention
from nodes.diffusion.text.clip import Clip
from nodes.diffusion.text.handles import towers
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from nodes.merging import merge_blocks, merge_sd1, merge_sdxl
from tests.support import small

TIME, DOWN = "time_embed.0.weight", "input_blocks.1.0.in_layers.2.weight"
MIDDLE, UP, OUT = "middle_block.0.in_layers.2.weight", "output_blocks.1.0.in_layers.2.weight", "out.2.weight"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkpoint, Checkpoint]:
    folder, loader = tmp_path_factory.mktemp("models"), Loader(Residency())
    for seed in (0, 1):
        save_file(small.checkpoint(seed), folder / f"{seed}.safetensors")
    return loader.checkpoint(folder / "0.safetensors"), loader.checkpoint(folder / "1.safetensors")


def unet(checkpoint_or_model: object) -> dict[str, Tensor]:
    model = getattr(checkpoint_or_model, "model", checkpoint_or_model)
    weights: dict[str, Tensor] = model.unet.get().state_dict()
    return weights


def text(clip: Clip | None) -> dict[str, Tensor]:
    assert clip is not None
    return towers(clip)["l"].get().state_dict()


def ratios(models: tuple[Checkpoint, Checkpoint], merged: object) -> dict[str, float]:
    """How much of the first each weight has."""
    first, second, result = unet(models[0]), unet(models[1]), unet(merged)
    found = {}
    for name in (TIME, DOWN, MIDDLE, UP, OUT):
        away = (first[name] - second[name]).flatten()
        found[name] = round((torch.dot((result[name] - second[name]).flatten(), away) / away.dot(away)).item(), 4)
    return found


def test_a_ratio_is_of_the_first_and_the_rest_of_the_second(models: tuple[Checkpoint, Checkpoint]) -> None:
    merged = mix_models(models[0].model, models[1].model, {"": blended(0.3)})
    for name, weight in unet(merged).items():
        torch.testing.assert_close(weight, 0.3 * unet(models[0])[name] + 0.7 * unet(models[1])[name])


def test_the_whole_of_the_first_is_the_first(models: tuple[Checkpoint, Checkpoint]) -> None:
    assert mix_models(models[0].model, models[1].model, {"": blended(1.0)}).unet is models[0].model.unet


def test_equal_merges_are_one_network(models: tuple[Checkpoint, Checkpoint]) -> None:
    first, again = (mix_models(models[0].model, models[1].model, {"": blended(0.5)}) for _ in range(2))
    assert first.identity == again.identity
    assert first.unet is again.unet


def test_what_comes_of_one_side_alone_is_shared_with_it(models: tuple[Checkpoint, Checkpoint]) -> None:
    merged = merge_blocks(models[0].model, models[1].model, input=1.0, middle=1.0, out=0.5)
    assert unet(merged)[DOWN].data_ptr() == unet(models[0])[DOWN].data_ptr()
    assert unet(merged)[UP].data_ptr() != unet(models[0])[UP].data_ptr()


def test_a_difference_added_to_what_was_taken_away_gives_the_other(models: tuple[Checkpoint, Checkpoint]) -> None:
    difference = mix_models(models[1].model, models[0].model, {"": subtracted(1.0)})
    back = mix_models(models[0].model, difference, {"": ADDED})
    for name, weight in unet(back).items():
        torch.testing.assert_close(weight, unet(models[1])[name], rtol=1e-5, atol=1e-6)
    twice = mix_models(models[1].model, models[0].model, {"": subtracted(-2.0)})
    torch.testing.assert_close(unet(twice)[TIME], -2 * unet(difference)[TIME])


def test_blocks_have_ratios_of_their_own_and_the_rest_has_the_first(models: tuple[Checkpoint, Checkpoint]) -> None:
    merged = merge_blocks(models[0].model, models[1].model, input=0.1, middle=0.2, out=0.3)
    assert ratios(models, merged) == {TIME: 0.1, DOWN: 0.1, MIDDLE: 0.2, UP: 0.3, OUT: 0.3}


def test_a_longer_name_goes_before_a_shorter(models: tuple[Checkpoint, Checkpoint]) -> None:
    sliders = {"time_embed.": 0.1, "input_blocks.1.": 0.2, "middle_block.0.": 0.3, "output_blocks.1.": 0.4, "out.": 0.5}
    merged = merge_sd1(models[0].model, models[1].model, **sliders)
    assert ratios(models, merged) == {TIME: 0.1, DOWN: 0.2, MIDDLE: 0.3, UP: 0.4, OUT: 0.5}
    merged = merge_sdxl(models[0].model, models[1].model, **{"time_embed.": 0.0, "input_blocks.1": 0.25})
    assert ratios(models, merged) == {TIME: 0.0, DOWN: 0.25, MIDDLE: 1.0, UP: 1.0, OUT: 1.0}


def test_text_encoders_are_mixed_too(models: tuple[Checkpoint, Checkpoint]) -> None:
    first, second = (each.clip for each in models)
    name = "encoder.layers.0.mlp.fc1.weight"
    a, b = text(first)[name], text(second)[name]
    torch.testing.assert_close(text(mix_clips(first, second, blended(0.25)))[name], 0.25 * a + 0.75 * b)
    torch.testing.assert_close(text(mix_clips(first, second, subtracted(2.0)))[name], 2 * a - 2 * b)
    torch.testing.assert_close(text(mix_clips(first, second, ADDED))[name], a + b)
    with pytest.raises(ValueError, match="clip2 is of a file without one"):
        mix_clips(first, None, ADDED)


def test_other_architectures_are_refused_with_the_first_weight_that_differs(
    models: tuple[Checkpoint, Checkpoint],
) -> None:
    config = UNetConfig((Level(32, 1, 1), Level(64, 1, 0)), 1, model_channels=32, context_dim=48, groups=8)
    other = Lazy(lambda: UNet(config), Residency(), torch.float32, torch.device("cpu"))
    with pytest.raises(Unlike, match=r"attn2\.to_k\.weight is \(32, 64\) in 0\.safetensors and \(32, 48\) in"):
        mixed(models[0].model.unet, other, {"": blended(0.5)})
    config = UNetConfig((Level(32, 1, 1), Level(64, 1, 0)), 0, model_channels=32, context_dim=64, groups=8)
    other = Lazy(lambda: UNet(config), Residency(), torch.float32, torch.device("cpu"))
    with pytest.raises(Unlike, match=r"middle_block\.1\.\S+ is .* in 0\.safetensors and"):
        mixed(models[0].model.unet, other, {"": blended(0.5)})


# Attention


def test_attention_of_a_unet_is_scaled_where_it_was_asked_for(models: tuple[Checkpoint, Checkpoint]) -> None:
    model = models[0].model
    scaled = unet(unet_attention(model, "attn2", 1.5, 1.0, 2.0, 0.5))
    factors = {"attn2.to_q.weight": 1.5, "attn2.to_v.weight": 2.0}
    factors |= {"attn2.to_out.0.weight": 0.5, "attn2.to_out.0.bias": 0.5}
    for name, weight in unet(model).items():
        factor = next((factor for ending, factor in factors.items() if name.endswith(ending)), 1.0)
        torch.testing.assert_close(scaled[name], weight * factor)
    assert unet_attention(model, "attn1", 1, 1, 1, 1).unet is model.unet


def test_a_model_of_single_pictures_has_only_structural_attention(models: tuple[Checkpoint, Checkpoint]) -> None:
    model = models[0].model
    scaled = unet(temporal_attention(model, 0.5, 9.0, 2.0, 9.0))
    place = "middle_block.1.transformer_blocks.0.{}.to_out.0.bias"
    for attention, factor in (("attn1", 0.5), ("attn2", 2.0)):
        torch.testing.assert_close(scaled[place.format(attention)], unet(model)[place.format(attention)] * factor)


def test_attention_of_a_text_encoder_is_scaled(models: tuple[Checkpoint, Checkpoint]) -> None:
    clip = models[0].clip
    scaled = text(text_attention(clip, 1.0, 0.5, 1.0, 1.0))
    for name in ("encoder.layers.1.self_attn.k_proj.weight", "encoder.layers.1.self_attn.k_proj.bias"):
        torch.testing.assert_close(scaled[name], text(clip)[name] * 0.5)
    name = "encoder.layers.1.self_attn.q_proj.weight"
    assert torch.equal(scaled[name], text(clip)[name])
    with pytest.raises(ValueError, match="no text encoder"):
        text_attention(None, 1, 1, 1, 1)
