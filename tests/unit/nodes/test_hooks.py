"""Where hooks are called and with what, what they can change; and what a network is given, taken apart and joined."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.diffusion.attention import attention
from nodes.diffusion.guidance import PLAIN
from nodes.diffusion.inputs import Inputs, Residuals, joined
from nodes.diffusion.unet.hooks import NO_HOOKS, Hooks, Place, Point, Spot
from nodes.diffusion.unet.model import UNet
from tests.support.fakes import denoiser
from tests.support.unets import given, model_of, random_unet, seeded, words

IN_ATTENTION: tuple[Point, ...] = ("attn1", "attn1_out", "between", "attn2", "attn2_out")
AT_BLOCKS: tuple[Point, ...] = ("input_block", "input_block_after_skip", "output_block")


@pytest.fixture(scope="module")
def unet() -> UNet:
    return random_unet()


class Log:
    """Hooks at all points, which change nothing and note where they are called."""

    def __init__(self) -> None:
        self.calls: list[tuple[Point, tuple[tuple[int, ...], ...], Spot]] = []

    @property
    def hooks(self) -> Hooks:
        hooks = NO_HOOKS
        for point in (*IN_ATTENTION, *AT_BLOCKS):
            hooks = hooks.adding(point, self.noting(point))
        return hooks

    def noting(self, point: Point) -> Any:
        def note(*values: Any) -> Any:
            *tensors, spot = values
            self.calls.append((point, tuple(tuple(each.shape) for each in tensors), spot))
            return tuple(tensors) if len(tensors) > 1 else tensors[0]

        return note


def test_without_hooks_and_with_hooks_that_change_nothing_the_output_is_the_same(unet: UNet) -> None:
    inputs = given()
    plain = unet(inputs)
    assert torch.equal(unet(replace(inputs, hooks=Hooks())), plain)
    assert torch.equal(unet(replace(inputs, hooks=Log().hooks)), plain)
    same = NO_HOOKS.replacing(Place("attn1", "middle", 0), lambda q, k, v, spot: attention(q, k, v, spot.heads))
    assert torch.equal(unet(replace(inputs, hooks=same)), plain)
    assert not Hooks()
    assert same


def test_points_are_called_in_the_networks_order(unet: UNet) -> None:
    log = Log()
    unet(given(hooks=log.hooks))
    inside = [(point, spot.block, spot.number, spot.layer) for point, _, spot in log.calls]
    assert inside[:4] == [
        ("input_block", "input", 0, 0),
        ("input_block_after_skip", "input", 0, 0),
        *[(point, "input", 1, 0) for point in IN_ATTENTION[:2]],
    ]
    blocks = [(point, number) for point, _, number, _ in inside if point in AT_BLOCKS]
    assert blocks == [
        *[(point, n) for n in range(6) for point in AT_BLOCKS[:2]],
        *[("output_block", n) for n in range(6)],
    ]
    layers = [(block, number, layer) for point, block, number, layer in inside if point == "attn1"]
    assert layers == [
        ("input", 1, 0),
        *[("input", 3, layer) for layer in (0, 1)],
        ("middle", 0, 0),
        *[("output", n, layer) for n in (2, 3) for layer in (0, 1)],
        ("output", 4, 0),
        ("output", 5, 0),
    ]
    of_layers = [point for point, _, _, _ in inside if point in IN_ATTENTION]
    assert of_layers == list(IN_ATTENTION) * len(layers)


def test_each_point_gets_the_shapes_that_it_says(unet: UNet) -> None:
    log = Log()
    unet(given(hooks=log.hooks))
    shapes = {(point, spot.block, spot.number): shape for point, shape, spot in log.calls}
    tokens, words = (2, 8 * 12, 16), (2, 5, 12)
    assert shapes["attn1", "input", 1] == (tokens, tokens, tokens)
    assert shapes["attn2", "input", 1] == (tokens, words, words)
    for point in ("attn1_out", "attn2_out", "between"):
        assert shapes[point, "input", 1] == (tokens,)
    assert shapes["input_block", "input", 3] == shapes["input_block_after_skip", "input", 3] == ((2, 32, 4, 6),)
    assert shapes["output_block", "output", 2] == ((2, 64, 4, 6), (2, 32, 4, 6))


def test_a_spot_says_where_it_is(unet: UNet) -> None:
    log = Log()
    inputs = given(hooks=log.hooks, sigma=3.0)
    unet(inputs)
    spots = [spot for point, _, spot in log.calls if point == "attn2"]
    assert [spot.transformer for spot in spots] == list(range(10))
    assert [spot.size for spot in spots] == [(8, 12), (4, 6), (4, 6), (2, 3), *[(4, 6)] * 4, *[(8, 12)] * 2]
    assert [spot.heads for spot in spots] == [2, 4, 4, 8, *[4] * 4, *[2] * 2]
    assert {spot.model_channels for _, _, spot in log.calls} == {16}
    assert all(spot.inputs is inputs for _, _, spot in log.calls)


def test_notes_are_kept_within_one_evaluation(unet: UNet) -> None:
    found = []

    def look(h: Tensor, spot: Spot) -> Tensor:
        found.append(spot.notes.setdefault("first", spot.number))
        return h

    hooks = NO_HOOKS.adding("input_block", look)
    unet(given(hooks=hooks))
    assert found == [0] * 6
    found.clear()
    unet(given(hooks=hooks.adding("input_block", lambda h, spot: h * (not spot.notes.clear()))))
    assert found == list(range(6))  # cleared behind each, and nothing of the evaluation before


def test_hooks_of_a_point_are_called_one_after_the_other() -> None:
    hooks = NO_HOOKS.adding("between", lambda x, spot: x + 1).and_then(
        NO_HOOKS.adding("between", lambda x, spot: x * 2)
    )
    x = seeded(1, 4, 16)
    for hook in hooks.calls["between"]:
        x = hook(x, None)
    torch.testing.assert_close(x, (seeded(1, 4, 16) + 1) * 2)
    assert hooks.and_then(NO_HOOKS) is hooks
    assert not NO_HOOKS.calls  # each is new


def test_what_hooks_return_is_what_goes_on(unet: UNet) -> None:
    """A skip connection that is nothing, and words that are nothing, as if they were given so."""
    inputs = given()

    def no_words(q: Tensor, k: Tensor, v: Tensor, spot: Spot) -> tuple[Tensor, Tensor, Tensor]:
        return q, torch.zeros_like(k), torch.zeros_like(v)

    silent = unet(replace(inputs, hooks=NO_HOOKS.adding("attn2", no_words)))
    assert torch.equal(silent, unet(replace(inputs, context=torch.zeros_like(inputs.context))))

    down = tuple(seeded(2, *shape, seed=k) for k, shape in enumerate([(16, 8, 12), (16, 8, 12)]))
    shifted = unet(replace(inputs, residuals=Residuals(down=down)))

    def shift(h: Tensor, skip: Tensor, spot: Spot) -> tuple[Tensor, Tensor]:
        n = 5 - spot.number  # of the input block that it comes from
        return h, skip + down[n] if n < 2 else skip

    assert torch.equal(unet(replace(inputs, hooks=NO_HOOKS.adding("output_block", shift))), shifted)


def test_after_the_skip_the_copy_for_the_way_up_stays_as_it_is(unet: UNet) -> None:
    inputs = given()
    skips: dict[str, list[Tensor]] = {}

    def hooks(point: Point) -> Hooks:
        def keep(h: Tensor, skip: Tensor, spot: Spot) -> tuple[Tensor, Tensor]:
            skips.setdefault(point, []).append(skip)
            return h, skip

        changed = NO_HOOKS.adding(point, lambda h, spot: h + 1 if spot.number == 5 else h)
        return changed.adding("output_block", keep)

    unet(replace(inputs, hooks=hooks("input_block")))
    unet(replace(inputs, hooks=hooks("input_block_after_skip")))
    torch.testing.assert_close(skips["input_block"][0], skips["input_block_after_skip"][0] + 1)
    assert all(torch.equal(*pair) for pair in zip(*(each[1:] for each in skips.values()), strict=True))


def test_an_attention_is_replaced_in_a_block_or_in_one_of_its_layers(unet: UNet) -> None:
    seen: list[tuple[str, int, int]] = []

    def whole(q: Tensor, k: Tensor, v: Tensor, spot: Spot) -> Tensor:
        seen.append((f"{spot.block} {spot.number}", spot.layer, q.shape[-1]))
        return attention(q, k, v, spot.heads)

    def one(q: Tensor, k: Tensor, v: Tensor, spot: Spot) -> Tensor:
        return v

    block = NO_HOOKS.replacing(Place("attn1", "input", 3), whole)
    inputs = given()
    assert torch.equal(unet(replace(inputs, hooks=block)), unet(inputs))
    assert seen == [("input 3", 0, 32), ("input 3", 1, 32)]
    seen.clear()
    changed = unet(replace(inputs, hooks=block.replacing(Place("attn1", "input", 3, layer=1), one)))
    assert seen == [("input 3", 0, 32)]
    assert not torch.equal(changed, unet(inputs))


def test_of_several_replacements_the_last_one_counts() -> None:
    place = Place("attn1", "middle", 0)
    first, second = (NO_HOOKS.replacing(place, lambda q, k, v, spot, n=n: n) for n in (1, 2))
    assert first.and_then(second).replaced[place] is second.replaced[place]


def test_residuals_are_added_where_they_say(unet: UNet) -> None:
    """Against a sum by hand along the network's own parts."""
    inputs = given()
    sizes = [(16, 8, 12), (16, 8, 12), (16, 4, 6), (32, 4, 6), (32, 2, 3), (64, 2, 3)]
    down, inner = ([seeded(2, *size, seed=start + k) for k, size in enumerate(sizes)] for start in (10, 20))
    middle = seeded(2, 64, 2, 3, seed=30)
    residuals = Residuals((None, *down[1:]), middle, (inner[0], None, inner[2]))
    emb, h, skips = unet.embedding(inputs), inputs.x, []
    for n, stage in enumerate(unet.input_blocks):
        h = stage(h, emb, inputs.context)
        h = h + inner[n] if n in (0, 2) else h
        skips.append(h + down[n] if n else h)
    h = unet.middle_block(h, emb, inputs.context) + middle
    by_hand = unet.out(unet.up(h, skips, emb, inputs.context))
    assert torch.equal(unet(replace(inputs, residuals=residuals)), by_hand)


def test_a_row_says_which_list_it_belongs_to(unet: UNet) -> None:
    """Of two latents; in one call, in parts, and where guidance asks for another estimate."""
    seen: list[tuple[tuple[int, ...], int, float]] = []

    def look(h: Tensor, spot: Spot) -> Tensor:
        if spot.number == 0:
            seen.append((spot.inputs.lists, spot.inputs.first, spot.inputs.sigma))
        return h

    model = replace(model_of(unet), hooks=NO_HOOKS.adding("input_block", look))
    x, sigma = seeded(2, 4, 8, 8), torch.tensor(1.5)
    denoiser(model, words(1), words(2), 3.0, (8, 8))(x, sigma)
    assert seen == [((1, 1, 0, 0), 0, 1.5)]
    seen.clear()
    parts = model.through(lambda inputs: torch.cat([model.network(part) for part in inputs.split(3)]))
    denoiser(parts, words(1), words(2), 3.0, (8, 8))(x, sigma)
    assert seen == [((1, 1, 0), 0, 1.5), ((0,), 3, 1.5)]
    seen.clear()
    guided = replace(model, guidance=PLAIN.adding(after=[lambda moment, result: moment.again(0, sigma=2 * sigma)]))
    denoiser(guided, words(1), words(2), 1.0, (8, 8))(x, sigma)
    assert seen == [((0, 0), 0, 1.5), ((0, 0), 0, 3.0)]


@torch.no_grad()
def test_further_hooks_of_another_estimate_are_called_behind_the_models_own(unet: UNet) -> None:
    order: list[str] = []

    def saying(word: str) -> Hooks:
        return NO_HOOKS.adding("input_block", lambda h, spot: (order.append(word), h)[1])

    again = PLAIN.adding(after=[lambda moment, result: moment.again(1, hooks=saying("further"))])
    model = replace(model_of(unet), hooks=saying("own"), guidance=again)
    denoiser(model, words(1), words(2), 1.0, (8, 8))(seeded(1, 4, 8, 8), torch.tensor(1.5))
    assert order == ["own"] * 6 + ["own", "further"] * 6


def full(rows: int) -> Inputs:
    """Everything that inputs can have."""
    residuals = Residuals((seeded(rows, 2, 8, 12), None), seeded(rows, 2, 2, 3), (None, seeded(rows, 3, 4, 6)))
    extras = {"boxes": seeded(rows, 3, 4, seed=7)}
    return given(rows, vector=seeded(rows, 6, seed=5), residuals=residuals, extras=extras, sigma=2.0)


@pytest.mark.parametrize("most", [1, 2, 3, 5, 8])
def test_inputs_are_split_by_rows_and_nothing_is_lost(most: int) -> None:
    whole = full(5)
    parts = whole.split(most)
    assert [len(part) for part in parts] == [min(most, 5 - start) for start in range(0, 5, most)]
    assert [part.first for part in parts] == list(range(0, 5, most))
    assert [row for part in parts for row in part.lists] == list(whole.lists)

    def rows(find: Any) -> Tensor:
        return torch.cat([find(part) for part in parts])

    for find in (
        lambda one: one.x,
        lambda one: one.timesteps,
        lambda one: one.context,
        lambda one: one.vector,
        lambda one: one.extras["boxes"],
        lambda one: one.residuals.down[0],
        lambda one: one.residuals.middle,
        lambda one: one.residuals.inner[1],
    ):
        assert torch.equal(rows(find), find(whole))
    residuals = [part.residuals for part in parts if part.residuals]
    assert {(each.down[1], each.inner[0]) for each in residuals} == {(None, None)}
    assert {part.sigma for part in parts} == {2.0}


def test_rows_that_were_split_are_joined_again() -> None:
    whole = replace(full(5), residuals=None, extras={})
    again = joined(whole.split(2))
    for name in ("x", "timesteps", "context", "vector"):
        assert torch.equal(getattr(again, name), getattr(whole, name))
    assert (again.lists, again.first) == (whole.lists, 0)


def test_parts_are_split_further_and_know_their_place() -> None:
    assert [part.first for half in full(5).split(3) for part in half.split(2)] == [0, 2, 3]


def test_only_inputs_without_residuals_extras_and_hooks_can_be_joined() -> None:
    plain = given()
    assert plain.form == given(3).form
    assert plain.form != given(size=(8, 8)).form
    assert replace(plain, hooks=NO_HOOKS.adding("between", lambda x, spot: x)).form is None
    assert replace(plain, residuals=Residuals()).form is None
    assert replace(plain, extras={"a": seeded(2)}).form is None


def test_a_networks_rows_are_the_same_in_parts(unet: UNet) -> None:
    """But for rounding: other sizes are added up in another order."""
    whole = given(3)
    parts = torch.cat([unet(part) for part in whole.split(1)])
    torch.testing.assert_close(parts, unet(whole), atol=1e-4, rtol=1e-4)
