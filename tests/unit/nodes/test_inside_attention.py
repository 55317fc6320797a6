"""Looking at attention: shares of all words add up, maps lie where they belong, and nothing changes by being seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes import inside_unet, model_patches
from nodes.diffusion.attention import attention, split_heads
from nodes.diffusion.checkpoint import Checkpoint
from nodes.diffusion.inside.anatomy import Key, parts
from nodes.diffusion.inside.attention_maps import AttentionWatch, at_words, attention_weights, from_point, mean_map
from nodes.diffusion.inside.attention_sheets import marked, rows_of, spread
from nodes.diffusion.inside.words import grouped, words_of
from nodes.diffusion.model import Model
from nodes.diffusion.sampling import StepReport, sample_latent
from nodes.diffusion.text.tokenizer import chunks
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from nodes.sampling import ksampler
from tests.fixtures import make_random
from tests.support.calls import Call
from tests.support.families import conditioning, load, saved, weights
from tests.support.unets import WORDS, given, model_of, random_unet, seeded, words

HOW: dict[str, Any] = {"steps": 2, "cfg": 4.0, "sampler_name": "euler", "scheduler": "normal"}
LONG = "a red fox, " * 20  # more than one chunk of 77 tokens
NAMES = ("[start]", "a", "red", "fox", "[end]")


@pytest.fixture(scope="module")
def model() -> Model:
    return model_of(random_unet())


@pytest.fixture(scope="module", params=("sd15", "sd2", "sdxl"))
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path: Path = tmp_path_factory.mktemp("models") / "small.safetensors"
    return load(saved(path, weights(request.param), make_random.recipe(request.param, small=True).metadata))


def cross(checkpoint: Checkpoint, text: str, **more: Any) -> inside_unet.WordMaps:
    return inside_unet.cross_attention(
        Call(),
        checkpoint.model,
        checkpoint.clip,
        checkpoint.vae,
        text,
        conditioning(checkpoint, ""),
        {"samples": torch.zeros(1, 4, 8, 12)},
        seed=1,
        **{**HOW, **more},
    )


def done(watch: AttentionWatch, step: int = 0) -> None:
    watch.on_step(StepReport(step, 2, torch.zeros(1), torch.zeros(1)))


@pytest.mark.parametrize("text", ["a red fox", LONG])
def test_shares_of_all_words_add_up_to_one(checkpoint: Checkpoint, text: str) -> None:
    """At every place of the picture, of a prompt that fills one chunk and of one that fills two."""
    seen = cross(checkpoint, text)
    assert checkpoint.clip
    assert len(seen.maps) == len(words_of(checkpoint.clip, text).names)
    assert seen.maps.shape[1:] == (64, 96)
    assert seen.maps.amin() >= 0
    torch.testing.assert_close(seen.maps.sum(0), torch.ones(64, 96), atol=1e-5, rtol=0)


def test_the_weights_of_all_tokens_add_up_to_one_and_make_attentions_output() -> None:
    q, k, v = (seeded(1, n, 24, seed=n) for n in (10, 154, 154))
    shares = attention_weights(q[0], k[0], heads=3)
    torch.testing.assert_close(shares.sum(-1), torch.ones(3, 10))
    mixed = (shares @ split_heads(v, 3)[0]).transpose(0, 1).flatten(1)
    torch.testing.assert_close(mixed, attention(q, k, v, 3)[0])


def test_being_looked_at_changes_nothing(checkpoint: Checkpoint) -> None:
    positive, negative = (conditioning(checkpoint, text) for text in ("a red fox", ""))
    latent = {"samples": torch.zeros(1, 4, 8, 12)}
    plain = ksampler(
        Call(), checkpoint.model, seed=1, positive=positive, negative=negative, latent_image=latent, **HOW
    )["samples"]
    assert torch.equal(cross(checkpoint, "a red fox").latent["samples"], plain)
    looked = inside_unet.self_attention(
        Call(), checkpoint.model, checkpoint.vae, positive, negative, latent, seed=1, x=95, y=63, **HOW
    )
    assert torch.equal(looked.latent["samples"], plain)
    assert looked.map.shape == (1, 64, 96)
    assert looked.map.max() == 1


@pytest.mark.parametrize("show", ["average", "per block", "per resolution", "per step"])
def test_every_kind_of_sheet_is_drawn(checkpoint: Checkpoint, show: Any) -> None:
    assert cross(checkpoint, "a red fox", show=show, words="fox, Red", tile=64).sheet.shape[-1] == 3


def test_all_blocks_that_attend_are_seen_at_their_size(model: Model) -> None:
    watch = AttentionWatch("attn2", at_words(torch.eye(5)))
    sample_latent(
        watch.patched(model),
        {"samples": torch.zeros(1, 4, 8, 12)},
        words(1),
        words(2),
        seed=1,
        on_step=watch.on_step,
        **HOW,
    )
    wanted = {part.key for part in parts(model.unet.get().config) if part.depth}
    assert [step.keys() for step in watch.steps] == [wanted] * 2
    blocks = watch.blocks()
    assert blocks[Key("down", 1)].shape == (5, 8, 12)
    assert blocks[Key("down", 3)].shape == (5, 4, 6)
    assert blocks[Key("middle")].shape == (5, 2, 3)
    for maps in blocks.values():
        torch.testing.assert_close(maps.sum(0), torch.ones(maps.shape[1:]), atol=1e-5, rtol=0)
    assert len(rows_of(watch, "per block")) == 1 + len(wanted)
    assert list(rows_of(watch, "per step"))[1:] == ["step 0", "step 1"]
    assert list(rows_of(watch, "per resolution"))[1:] == ["12x8\n3 blocks", "6x4\n3 blocks", "3x2\n1 blocks"]


def test_maps_are_of_the_words_they_are_named_by() -> None:
    """A U-Net whose queries and keys are the same one number everywhere, but for one token's key."""
    unet = random_unet(UNetConfig((Level(8, 1, 1),), 0, model_channels=8, context_dim=WORDS, head_channels=8, groups=4))
    model = model_of(unet)
    watch = AttentionWatch("attn2", at_words(torch.eye(5)))
    layer = unet.input_blocks[1][1].transformer_blocks[0].attn2
    layer.to_k.weight.zero_()
    layer.to_k.weight[0, 0] = 100.0
    inputs = given(rows=1, hooks=watch.patched(model).hooks)
    context = torch.zeros(1, 5, WORDS)
    context[0, 3, 0] = 1.0
    model.network(type(inputs)(inputs.x, inputs.timesteps, context, hooks=inputs.hooks, lists=(0,)))
    done(watch)
    maps = watch.blocks()[Key("down", 1)]
    others = maps[[0, 1, 2, 4]]
    assert torch.allclose(others, others[:1].expand_as(others))
    assert (maps[3] - others[0]).abs().mean() > 0.2  # far from a fifth, up or down by the query's sign


def test_a_shorter_text_that_is_repeated_beside_a_longer_one_counts_by_its_words() -> None:
    look = at_words(torch.eye(5))
    q, k = seeded(6, 8, seed=1), seeded(5, 8, seed=2)
    spot: Any = type("Spot", (), {"heads": 2, "size": (2, 3)})
    once, twice = look(q, k, spot), look(q, k.repeat(2, 1), spot)
    assert once is not None
    torch.testing.assert_close(twice, once)
    assert look(q, seeded(7, 8), spot) is None


def test_a_point_sees_its_own_pixel_of_every_resolution() -> None:
    q, k = torch.zeros(6, 4), seeded(6, 4)
    q[4] = 50 * k[4]  # the pixel in row 1, column 1, looks for itself
    k = torch.nn.functional.normalize(k)
    spot: Any = type("Spot", (), {"heads": 1, "size": (2, 3)})
    maps = from_point(0.5, 0.75)(q, k, spot)
    assert maps is not None
    assert maps.mean() == pytest.approx(1.0, abs=1e-5)
    assert maps.flatten().argmax() == 4
    elsewhere = from_point(0.9, 0.1)(q, k, spot)
    torch.testing.assert_close(elsewhere, torch.ones(1, 2, 3))


def test_a_replaced_attention_is_still_what_computes(model: Model) -> None:
    """Perturbed attention takes the middle's place, in an evaluation of its own; merging leaves fewer tokens."""
    latent = {"samples": torch.zeros(1, 4, 8, 12)}
    for patched in (model_patches.perturbed_attention(model), model_patches.merge_tokens(model, 0.5)):
        watch = AttentionWatch("attn1", from_point(0.5, 0.5))
        seen = sample_latent(watch.patched(patched), latent, words(1), words(2), seed=1, on_step=watch.on_step, **HOW)
        assert torch.equal(
            seen["samples"], sample_latent(patched, latent, words(1), words(2), seed=1, **HOW)["samples"]
        )
        assert watch.blocks()


def test_parts_of_a_batch_and_repeated_ones_count_once(model: Model) -> None:
    watch = AttentionWatch("attn2", at_words(torch.eye(5)))
    inputs = given(rows=3, lists=(1, 0, 0), hooks=watch.patched(model).hooks, sigma=2.0)
    model.network(inputs)
    done(watch)
    for part in (*inputs.split(1), *inputs.split(2)):
        model.network(part)
    done(watch, 1)
    for key, maps in watch.steps[0].items():
        torch.testing.assert_close(watch.steps[1][key], maps, atol=1e-5, rtol=1e-4)


def test_a_model_without_attention_is_an_error() -> None:
    blind = model_of(UNet(UNetConfig((Level(8, 1, 0),), 0, model_channels=8, groups=4)))
    with pytest.raises(ValueError, match="no block of this model has attention"):
        AttentionWatch("attn1", from_point(0, 0)).patched(blind)
    watch = AttentionWatch("attn1", from_point(0, 0))
    with pytest.raises(ValueError, match="no attention was seen"):
        watch.blocks()


@pytest.mark.parametrize(("x", "y"), [(96, 0), (0, 64)])
def test_a_point_outside_of_the_picture_is_an_error(checkpoint: Checkpoint, x: int, y: int) -> None:
    latent = {"samples": torch.zeros(1, 4, 8, 12)}
    none = conditioning(checkpoint, "")
    with pytest.raises(ValueError, match=rf"\({x}, {y}\) is not in the picture, which is 96x64"):
        inside_unet.self_attention(
            Call(), checkpoint.model, checkpoint.vae, none, none, latent, seed=1, x=x, y=y, **HOW
        )


def test_tokens_are_merged_to_words() -> None:
    names = grouped(chunks("A (fluffy:1.2) axolotl's café, 42")).names
    assert names == ("[start]", "a", "fluffy", "axolotl", "'s", "café", ",", "4", "2", "[end]")


def test_every_place_belongs_to_one_word() -> None:
    text = "red fox " * 50
    known = grouped(chunks(text))
    assert known.places.shape == (154, 102)
    assert torch.equal(known.places.sum(1), torch.ones(154))
    assert known.places[:, 0].nonzero().flatten().tolist() == [0, 77]
    assert known.places[:, -1].nonzero().flatten().tolist() == [76, *range(77 + 26, 154)]


def test_a_textual_inversion_is_one_word() -> None:
    def vectors(name: str) -> Tensor | None:
        return torch.zeros(3, 8) if name == "style" else None

    known = grouped(chunks("a cat embedding:style on", embedding=vectors))
    assert known.names == ("[start]", "a", "cat", "[embedding]", "on", "[end]")
    assert known.places.sum(0)[3] == 3


def test_words_are_chosen_by_name() -> None:
    known = grouped(chunks("a red fox"))
    assert known.names == NAMES
    assert known.chosen("Fox, red") == [2, 3]
    assert known.chosen(" ") == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match=r"words: 'dog' is not in the prompt; it has .*fox"):
        known.chosen("dog")


def test_a_mean_of_maps_keeps_their_sum() -> None:
    maps = [torch.rand(3, *size).softmax(0) for size in ((2, 3), (4, 6))]
    assert mean_map(maps).shape == (3, 4, 6)
    torch.testing.assert_close(mean_map(maps, (16, 24)).sum(0), torch.ones(16, 24))


def test_steps_are_spread_over_all() -> None:
    assert spread(range(20), 5) == [0, 5, 10, 14, 19]
    assert spread([1, 2], 5) == [1, 2]


def test_a_mark_lies_around_its_point() -> None:
    changed = (marked(torch.zeros(64, 64, 3), (0.25, 0.75)) > 0).any(-1).nonzero().float()
    assert changed.mean(0).tolist() == pytest.approx([47.5, 15.5])
