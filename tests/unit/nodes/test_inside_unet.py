"""Looking into a U-Net: feature maps as the architecture has them, and networks without some of their parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes import inside_unet
from nodes.diffusion.checkpoint import Checkpoint
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.inside.ablation import ablated, scales
from nodes.diffusion.inside.anatomy import Key, chosen, parts
from nodes.diffusion.inside.feature_sheets import u_sheet, way_sheets
from nodes.diffusion.inside.features import FeatureWatch, most_active, projected
from nodes.diffusion.model import Model
from nodes.diffusion.sampling import sample_latent
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.hooks import Spot
from nodes.sampling import ksampler
from tests.fixtures import make_random
from tests.support.calls import Call
from tests.support.families import conditioning, load, saved, weights
from tests.support.unets import THREE_LEVELS, given, model_of, random_unet, seeded

FAMILIES = ("sd15", "sd2", "sdxl")
SD1 = UNetConfig((Level(320, 2, 1), Level(640, 2, 1), Level(1280, 2, 1), Level(1280, 2, 0)), middle_depth=1)
HOW: dict[str, Any] = {"steps": 2, "cfg": 4.0, "sampler_name": "euler", "scheduler": "normal"}


@pytest.fixture(scope="module")
def model() -> Model:
    return model_of(random_unet())


@pytest.fixture(scope="module", params=FAMILIES)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path: Path = tmp_path_factory.mktemp("models") / "small.safetensors"
    return load(saved(path, weights(request.param), make_random.recipe(request.param, small=True).metadata))


def output(model: Model, inputs: Inputs) -> Tensor:
    return model.network(replace(inputs, hooks=model.hooks))


def test_the_blocks_of_sd1_are_those_of_its_paper() -> None:
    """Rombach et al. 2022, table 14 (320 channels, multipliers 1, 2, 4, 4, two residual blocks a level)."""
    there = parts(SD1)
    assert [part.channels for part in there if part.key.way == "down"] == [320] * 4 + [640] * 3 + [1280] * 5
    assert [part.channels for part in there if part.key.way == "up"] == [1280] * 6 + [640] * 3 + [320] * 3
    assert [part.halvings for part in there if part.key.way == "up"] == [3, 3, 2, 2, 2, 1, 1, 1, 0, 0, 0, 0]
    assert [part.key.number for part in there if part.key.way == "down" and part.depth] == [1, 2, 4, 5, 7, 8]
    assert [part.size(64, 64) for part in there if part.key == Key("middle")] == [(8, 8)]


def test_features_have_the_shapes_of_the_architecture(checkpoint: Checkpoint) -> None:
    model = checkpoint.model
    config = model.unet.get().config
    there = parts(config)
    watch = FeatureWatch(1, [part.key for part in there])
    lists = [conditioning(checkpoint, text) for text in ("a dog", "")]
    latent = {"samples": torch.zeros(2, 4, 10, 13)}  # odd sides are halved upwards
    sample_latent(watch.patched(model), latent, *lists, seed=1, on_step=watch.on_step, **HOW)
    found = {key: tuple(each.shape) for key, each in watch.features().items()}
    assert found == {part.key: (part.channels, *part.size(10, 13)) for part in there}
    skips = {part.key: part.channels for part in there if part.key.way == "down"}
    assert all(part.skip_channels == skips[part.skip] for part in there if part.key.way == "up" and part.skip)


def test_features_show_without_changing_the_sampling(checkpoint: Checkpoint) -> None:
    lists = [conditioning(checkpoint, text) for text in ("a dog", "")]
    how = {"seed": 3, **HOW, "positive": lists[0], "negative": lists[1]}
    how["latent_image"] = {"samples": torch.zeros(1, 4, 8, 8)}
    seen = inside_unet.unet_features(Call(), checkpoint.model, **how, step=1, channels=2)
    assert torch.equal(seen.latent["samples"], ksampler(Call(), checkpoint.model, **how)["samples"])
    assert [sheet.shape[-1] for sheet in (seen.unet, *seen.ways)] == [3] * 4
    one = inside_unet.unet_features(Call(), checkpoint.model, **how, step=1, blocks="middle", channels=0)
    assert len(one.ways) == 1


def test_features_are_of_the_first_picture_and_the_positive_words(model: Model) -> None:
    """Whichever rows a batch is taken in."""
    inputs = given(rows=4, lists=(1, 1, 0, 0))
    watch = FeatureWatch(0, [Key("down", 1)])
    hooks = watch.patched(model).hooks
    for part in reversed(replace(inputs, hooks=hooks).split(1)):
        model.network(part)
    kept: list[Tensor] = []

    def keep(h: Tensor, spot: Spot) -> Tensor:
        kept.append(h)
        return h

    model.network(replace(inputs, hooks=model.hooks.adding("input_block", keep)))
    torch.testing.assert_close(watch.features()[Key("down", 1)], kept[1][2])


def test_a_step_that_was_not_taken_is_named(checkpoint: Checkpoint) -> None:
    empty = {"samples": torch.zeros(1, 4, 8, 8)}
    lists = [conditioning(checkpoint, text) for text in ("a dog", "")]
    with pytest.raises(ValueError, match="step 2 is not one of this sampling's: they are 0 to 1"):
        inside_unet.unet_features(
            Call(), checkpoint.model, seed=1, positive=lists[0], negative=lists[1], latent_image=empty, step=2, **HOW
        )


def test_blocks_are_chosen_by_name() -> None:
    def names(text: str) -> list[str]:
        return [str(key) for key in chosen(text, THREE_LEVELS)]

    assert names("up 5, middle, Down 0-2") == ["down 0", "down 1", "down 2", "middle", "up 5"]
    assert len(names("all")) == len(names("down, middle, up")) == 13
    assert names("") == names("none") == []


@pytest.mark.parametrize("text", ["up 6", "down 4-6", "down 3-2", "left 1", "middle 1", "skip 1", "3"])
def test_a_block_that_is_not_there_is_named_with_those_that_are(text: str) -> None:
    with pytest.raises(ValueError, match=rf"blocks: .*'{text}'; it has down 0 to down 5, middle, up 0 to up 5"):
        chosen(text, THREE_LEVELS)


def test_principal_components_hold_what_three_channels_say() -> None:
    """Of mixtures of three pictures nothing is lost; numpy's singular values are the measure for others."""
    hidden, mixing = seeded(3, 6, 7, seed=1), seeded(40, 3, seed=2)
    assert projected(torch.einsum("ck,khw->chw", mixing, hidden)).share == pytest.approx(1.0)
    for shape in ((5, 6, 7), (60, 4, 5)):  # more pixels than channels, and fewer
        features = seeded(*shape, seed=3)
        flat = features.flatten(1)
        values = torch.linalg.svdvals(flat - flat.mean(1, keepdim=True)) ** 2
        shown = projected(features)
        assert shown.share == pytest.approx((values[:3].sum() / values.sum()).item(), rel=1e-4)
        assert shown.picture.shape == (*shape[1:], 3)
        assert (shown.picture.amin((0, 1)).abs().max(), shown.picture.amax((0, 1)).min()) == (0.0, 1.0)


def test_flat_features_are_grey() -> None:
    assert torch.equal(projected(torch.ones(4, 2, 2)).picture, torch.full((2, 2, 3), 0.5))


def test_the_most_active_channels_vary_most() -> None:
    features = seeded(4, 8, 8) * torch.tensor([1.0, 5.0, 0.1, 3.0])[:, None, None] + 100
    assert most_active(features, 2) == [1, 3]
    assert len(most_active(features, 9)) == 4


def test_sheets_leave_out_what_is_not_chosen() -> None:
    there = parts(THREE_LEVELS)
    every = {part.key: torch.rand(part.channels, *part.size(8, 8)) for part in there}
    some = {key: each for key, each in every.items() if key.way == "down" and key.number < 2}
    assert len(way_sheets(there, every, 2, "now")) == 3
    assert len(way_sheets(there, some, 2, "now")) == 1
    assert u_sheet(there, some, "now").shape[1] < u_sheet(there, every, "now").shape[1]


def test_with_nothing_taken_away_the_model_is_the_same(model: Model) -> None:
    same = inside_unet.unet_ablation(model)
    assert same is model
    assert inside_unet.unet_ablation(model, "none", "on", "up 3: 1, skip: 1.0") is model
    never = ablated(model, "all", "zero", start=1.0, end=2.0)
    inputs = given(sigma=5.0)
    assert torch.equal(output(never, inputs), output(model, inputs))


def test_without_skips_the_way_up_is_handed_zeros(model: Model) -> None:
    seen: list[tuple[int, bool]] = []

    def look(h: Tensor, skip: Tensor, spot: Spot) -> tuple[Tensor, Tensor]:
        seen.append((spot.number, bool(skip.any())))
        return h, skip

    some = ablated(model, skips_off="down 1, down 5")
    output(replace(some, hooks=some.hooks.adding("output_block", look)), given())
    assert [number for number, any_left in seen if not any_left] == [0, 4]  # the last copy comes first


def test_the_bottleneck_is_silenced_or_bypassed(model: Model) -> None:
    reached: list[Tensor] = []
    before: list[Tensor] = []

    def arrive(h: Tensor, skip: Tensor, spot: Spot) -> tuple[Tensor, Tensor]:
        if spot.number == 0:
            reached.append(h)
        return h, skip

    def leave(h: Tensor, spot: Spot) -> Tensor:
        before.append(h)
        return h

    for how in ("zero", "bypass", "on"):
        one = ablated(model, bottleneck=how)  # type: ignore[arg-type]
        hooks = one.hooks.adding("output_block", arrive).adding("input_block_after_skip", leave)
        output(replace(one, hooks=hooks), given())
    assert not reached[0].any()
    assert torch.equal(reached[1], before[11])
    assert not torch.equal(reached[2], before[17])


@pytest.mark.parametrize(
    ("text", "point", "number"),
    [("down 2: 0.5", "input_block", 2), ("middle: 0.5", "middle_block", 0), ("up 5: 0.5", "output_block_after", 5)],
)
def test_a_scaled_block_gives_so_much_of_what_it_gave(model: Model, text: str, point: Any, number: int) -> None:
    def given_by(one: Model) -> Tensor:
        found: dict[int, Tensor] = {}

        def look(h: Tensor, spot: Spot) -> Tensor:
            found[spot.number] = h
            return h

        output(replace(one, hooks=one.hooks.adding(point, look)), given())
        return found[number]

    assert torch.equal(given_by(ablated(model, scaled=text)), given_by(model) * 0.5)


def test_a_skip_is_scaled_and_taken_away_at_the_right_noise_levels(model: Model) -> None:
    late = ablated(model, scaled="skip 0-5: 0", start=3.0)
    assert torch.equal(output(late, given(sigma=5.0)), output(model, given(sigma=5.0)))
    off = ablated(model, skips_off="all")
    assert torch.equal(output(late, given(sigma=2.0)), output(off, given(sigma=2.0)))
    assert not torch.equal(output(off, given()), output(model, given()))


@pytest.mark.parametrize("text", ["up 3", "up 3: much", "up 3: inf", ": 2"])
def test_a_scale_that_says_nothing_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="scales: "):
        scales(text, THREE_LEVELS)


def test_scales_of_blocks_that_are_not_there_are_errors() -> None:
    with pytest.raises(ValueError, match="scales: this model has no 'skip 6'"):
        scales("skip 6: 1", THREE_LEVELS)


def test_an_ablation_draws_with_any_family(checkpoint: Checkpoint) -> None:
    lists = [conditioning(checkpoint, text) for text in ("a dog", "")]
    latent = {"samples": torch.zeros(1, 4, 8, 8)}
    drawn = [
        sample_latent(one, latent, *lists, seed=1, **HOW)["samples"]
        for one in (
            checkpoint.model,
            inside_unet.unet_ablation(checkpoint.model, "all"),
            inside_unet.unet_ablation(checkpoint.model, bottleneck="zero"),
            inside_unet.unet_ablation(checkpoint.model, scales="up 0: 0.5"),
        )
    ]
    assert not any(torch.equal(drawn[0], other) for other in drawn[1:])
    assert all(each.isfinite().all() for each in drawn)


def test_a_contact_sheet_needs_no_more_labels_than_pictures() -> None:
    pictures = torch.rand(3, 8, 8, 3)
    assert inside_unet.contact_sheet(pictures, "one\ntwo", "all").shape[-1] == 3
    with pytest.raises(ValueError, match="4 labels for 3 pictures"):
        inside_unet.contact_sheet(pictures, "1\n2\n3\n4")
