"""The nodes that patch models: what their arguments come to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from nodes import model_patches
from nodes.diffusion.latent import SD15
from nodes.diffusion.model import Model
from nodes.diffusion.patches import freeu
from nodes.diffusion.patches.compiled import Compiled
from nodes.diffusion.patches.deep_shrink import DeepShrink
from nodes.diffusion.patches.hypertile import HyperTile
from nodes.diffusion.patches.tokens import TokenMerging
from nodes.diffusion.sampling import sample_latent
from tests.support.contexts import context
from tests.support.unets import WORDS, given, model_of, random_unet, words

IN_64 = given(size=(32, 32), sigma=2.0)


@pytest.fixture(scope="module")
def model() -> Model:
    return model_of(random_unet())


def output(model: Model) -> Tensor:
    return model.network(replace(IN_64, hooks=model.hooks))


def test_freeu_gives_b1_and_s1_to_the_deepest_stage(model: Model) -> None:
    first, second = freeu.Factors(1.1, 0.9), freeu.Factors(1.2, 0.2)
    assert torch.equal(output(model_patches.free_u(model)), output(freeu.freeu(model, first, second, freeu.evenly)))
    first, second = freeu.Factors(1.3, 0.9), freeu.Factors(1.4, 0.2)
    v2 = freeu.freeu(model, first, second, freeu.by_structure)
    assert torch.equal(output(model_patches.free_u_v2(model)), output(v2))
    assert not torch.equal(output(model_patches.free_u(model, b1=2.0)), output(model_patches.free_u(model)))


def test_hypertile_and_token_merging_pass_on_what_they_are_given(model: Model) -> None:
    ours = model_patches.hypertile(model, tile_size=64, swap_size=3, max_depth=1, scale_depth=True)
    assert torch.equal(output(ours), output(HyperTile(64, 3, 1, True).patched(model)))
    assert not torch.equal(output(ours), output(model))
    ours = model_patches.merge_tokens(model, 0.4)
    assert torch.equal(output(ours), output(TokenMerging(0.4).patched(model)))


def test_deep_shrinks_percents_become_noise_levels(model: Model) -> None:
    ours = model_patches.add_downscale(model, 2, 1.5, 0.2, 0.7, False, "bilinear", "nearest-exact")
    start, end = (model.prediction.sigma(torch.tensor(999 * (1 - p))).item() for p in (0.2, 0.7))
    wanted = DeepShrink(2, 1.5, start, end, False, "bilinear", "nearest-exact").patched(model)
    assert end < 2.0 < start
    assert torch.equal(output(ours), output(wanted))
    assert not torch.equal(output(ours), output(model))
    assert torch.equal(output(model_patches.add_downscale(model, 2, end_percent=0.0)), output(model))


def test_guidance_nodes_add_to_what_guides_already(model: Model) -> None:
    both = model_patches.attention_guidance(model_patches.perturbed_attention(model))
    assert len(both.guidance.after) == 2
    assert model.guidance.after == ()


def test_torch_compile_is_tried_at_the_first_evaluation(model: Model) -> None:
    compiled = model_patches.torch_compile(model, "inductor")
    assert isinstance(compiled.run, Compiled)
    assert (compiled.unet, model.run) == (model.unet, None)
    assert compiled.kind != model.kind  # what was measured of one says nothing about the other


def test_a_hypernetwork_is_found_in_its_folder(model: Model, tmp_path: Path) -> None:
    ctx, _ = context(tmp_path)
    folder = tmp_path / "models" / "hypernetworks"
    folder.mkdir(parents=True)
    weights = {"linear.0.weight": torch.eye(WORDS), "linear.0.bias": torch.zeros(WORDS)}
    torch.save({WORDS: (weights, weights)}, folder / "twice.pt")
    ours = model_patches.load_hypernetwork(ctx, model, "twice.pt", 1.0)
    twice = replace(IN_64, context=2 * IN_64.context)
    torch.testing.assert_close(output(ours), model.network(twice), atol=1e-4, rtol=1e-4)
    with pytest.raises(FileNotFoundError, match=r"hypernetworks has no file 'none\.pt'"):
        model_patches.load_hypernetwork(ctx, model, "none.pt", 1.0)


@pytest.mark.parametrize("sampler", ["euler", "dpmpp_sde"])
def test_a_patched_model_is_sampled(model: Model, sampler: str) -> None:
    patched = model_patches.perturbed_attention(model_patches.free_u_v2(model_patches.hypertile(model, 32)))
    out = sample_latent(
        patched,
        {"samples": torch.zeros(1, SD15.channels, 16, 16)},
        words(1),
        words(2),
        seed=3,
        steps=3,
        cfg=4.0,
        sampler_name=sampler,
        scheduler="normal",
    )
    assert out["samples"].isfinite().all()
