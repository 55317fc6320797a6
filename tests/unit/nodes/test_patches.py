"""What patches do inside the U-Net: closed forms, references written here, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from nodes.diffusion.attention import attention
from nodes.diffusion.inputs import Inputs, Residuals
from nodes.diffusion.model import Model
from nodes.diffusion.patches import freeu
from nodes.diffusion.patches.deep_shrink import DeepShrink
from nodes.diffusion.patches.hypertile import Grid, HyperTile, counts, tiled, untiled
from nodes.diffusion.patches.perturbed import perturbed_attention_guidance
from nodes.diffusion.patches.self_attention import self_attention_guidance
from nodes.diffusion.patches.tokens import TokenMerging
from nodes.diffusion.unet.hooks import NO_HOOKS, Spot
from nodes.diffusion.unet.model import UNet
from tests.support.fakes import denoiser
from tests.support.unets import given, model_of, random_unet, seeded, words

SIGMA = torch.tensor(2.0)
X = seeded(2, 4, 16, 24, seed=3) * 2.5

PATCHES: dict[str, Callable[[Model], Model]] = {
    "FreeU": lambda model: freeu.freeu(model, freeu.Factors(1.3, 0.6), freeu.Factors(1.2, 0.4), freeu.evenly),
    "FreeU V2": lambda model: freeu.freeu(model, freeu.Factors(1.3, 0.6), freeu.Factors(1.2, 0.4), freeu.by_structure),
    "PAG": lambda model: perturbed_attention_guidance(model, 3.0),
    "SAG": lambda model: self_attention_guidance(model, 0.7, 2.0),
    "HyperTile": HyperTile(32, 3, 1).patched,
    "token merging": TokenMerging(0.5).patched,
    "deep shrink": DeepShrink(2, 2.0, 1e9, 0.0, after_skip=True).patched,
    "deep shrink before the skip": DeepShrink(3, 1.5, 1e9, 0.0, after_skip=False).patched,
}


@pytest.fixture(scope="module")
def unet() -> UNet:
    return random_unet()


@pytest.fixture
def model(unet: UNet) -> Model:
    return model_of(unet)


@torch.no_grad()
def denoised(model: Model, cfg: float = 3.0, x: Tensor = X) -> Tensor:
    return denoiser(model, words(4), words(5), cfg, x.shape[-2:])(x, SIGMA)


def one_by_one(model: Model) -> Model:
    """Rows through the network singly, as when memory is short."""
    return model.through(lambda inputs: torch.cat([model.network(part) for part in inputs.split(1)]))


@pytest.mark.parametrize("name", PATCHES)
def test_every_patch_changes_the_estimate_in_the_same_way_each_time(name: str, model: Model) -> None:
    """Whatever the global generator says, which it leaves alone."""
    patched = PATCHES[name](model)
    torch.manual_seed(1)
    first, state = denoised(patched), torch.get_rng_state()
    torch.manual_seed(2)
    assert torch.equal(denoised(patched), first)
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.allclose(first, denoised(model), atol=1e-3)
    assert first.isfinite().all()


@pytest.mark.parametrize("name", PATCHES)
def test_every_patch_gives_the_same_row_by_row(name: str, model: Model) -> None:
    """But for rounding, by other orders of additions in a network of 20 layers; values are up to 100."""
    patched = PATCHES[name](model)
    torch.testing.assert_close(denoised(one_by_one(patched)), denoised(patched), atol=2e-3, rtol=1e-4)


@pytest.mark.parametrize("name", PATCHES)
def test_no_patch_changes_the_model_that_it_is_given(name: str, model: Model) -> None:
    before = denoised(model)
    patched = PATCHES[name](model)
    denoised(patched)
    assert torch.equal(denoised(model), before)
    assert (model.hooks, model.guidance.after) == (NO_HOOKS, ())


def test_all_patches_work_together(model: Model) -> None:
    for patch in PATCHES.values():
        model = patch(model)
    assert denoised(model).isfinite().all()


def test_nothing_is_nothing(model: Model) -> None:
    """Each patch at the strength that says so."""
    plain = denoised(model)
    ones = freeu.Factors(1.0, 1.0)
    assert torch.equal(denoised(perturbed_attention_guidance(model, 0.0)), plain)
    assert torch.equal(denoised(self_attention_guidance(model, 0.0, 2.0)), plain)
    assert torch.equal(denoised(TokenMerging(0.0).patched(model)), plain)
    assert torch.equal(denoised(HyperTile(2048).patched(model)), plain)  # one tile
    assert torch.equal(denoised(DeepShrink(2, 2.0, 1.9, 0.0, after_skip=True).patched(model)), plain)  # not its time
    assert torch.equal(denoised(DeepShrink(2, 1.0, 9.0, 0.0, after_skip=True).patched(model)), plain)
    for raised in (freeu.evenly, freeu.by_structure):  # a Fourier transform there and back rounds
        torch.testing.assert_close(denoised(freeu.freeu(model, ones, ones, raised)), plain, atol=1e-4, rtol=1e-4)


def test_freeu_works_on_the_stages_of_4_and_2_times_the_width(unet: UNet) -> None:
    changed: list[int] = []

    def raised(h: Tensor, factor: float) -> Tensor:
        changed.append(h.shape[1])
        return h

    patched = freeu.freeu(model_of(unet), freeu.Factors(1.1, 1.0), freeu.Factors(1.2, 1.0), raised)
    unet(given(hooks=patched.hooks))
    assert changed == [64, 64, 64, 32, 32]  # not the last block, whose features are 16 wide


def test_freeu_v2_raises_where_there_is_structure() -> None:
    h = torch.zeros(1, 4, 1, 3)
    h[0, :, 0] = torch.tensor([1.0, 2.0, 3.0])  # the same in each channel: its mean lies 0, 1/2 and 1 of the way up
    raised = freeu.by_structure(h, 3.0)
    torch.testing.assert_close(raised[0, :2, 0], torch.tensor([[1.0, 4.0, 9.0]] * 2))
    assert torch.equal(raised[:, 2:], h[:, 2:])
    assert torch.equal(freeu.by_structure(torch.ones(1, 4, 2, 2), 3.0), torch.ones(1, 4, 2, 2))


def test_a_skips_lowest_frequency_is_its_mean() -> None:
    x = seeded(1, 2, 1, 1) + torch.tensor([1.0, -1.0]).repeat(4, 4)  # all the rest is the highest of 8 pixels
    filtered = freeu.low_frequencies_scaled(x, 0.25)
    torch.testing.assert_close(filtered, x - 0.75 * x.mean((2, 3), keepdim=True), atol=1e-6, rtol=1e-6)


def test_perturbed_attention_guidance_is_its_formula(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """The perturbed estimate by a network whose bottleneck has no attention, only values."""
    cond, uncond = denoised(model, 1.0), denoised(model, 0.0)
    guided = denoised(perturbed_attention_guidance(model, 3.0), cfg=2.0)
    at_one = denoised(perturbed_attention_guidance(model, 3.0), cfg=1.0)
    attn = model.unet.get().middle_block[1].transformer_blocks[0].attn1
    monkeypatch.setattr(attn, "forward", lambda x, *_: attn.to_out(attn.to_v(x)))
    perturbed = denoised(model, 1.0)
    close(guided, uncond + 2 * (cond - uncond) + 3 * (cond - perturbed))
    close(at_one, cond + 3 * (cond - perturbed))


def test_self_attention_guidance_is_its_formula(model: Model) -> None:
    """The bottleneck's attention is worked out from what goes into its layer; the blur is written out here."""
    seen: list[Tensor] = []
    attn = model.unet.get().middle_block[1].transformer_blocks[0].attn1
    handle = attn.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    uncond = denoised(model, 0.0)[:]
    handle.remove()
    tokens = seen[0][:2]  # of cond and uncond in one batch, uncond comes first
    q, k = (layer(tokens).unflatten(2, (attn.heads, -1)).transpose(1, 2) for layer in (attn.to_q, attn.to_k))
    received = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1).mean(1).sum(1)  # (B, 24) of 4 x 6 pixels
    looked_at = (received > 1).reshape(2, 1, 4, 6).repeat_interleave(4, 2).repeat_interleave(4, 3)
    assert 0 < looked_at.float().mean() < 1
    degraded = torch.where(looked_at, gaussian(uncond, 1.5), uncond)
    answer = denoised(model, 0.0, degraded + X - uncond)
    wanted = denoised(model, 3.0) + 0.7 * (degraded - answer)
    close(denoised(self_attention_guidance(model, 0.7, 1.5), 3.0), wanted)


def gaussian(x: Tensor, sigma: float) -> Tensor:
    """Over 9 x 9 cells, mirrored at the edges: cell by cell."""
    height, width = x.shape[-2:]
    total, weights = torch.zeros_like(x), 0.0
    for dy in range(-4, 5):
        for dx in range(-4, 5):
            weight = float(torch.tensor(-(dy**2 + dx**2) / (2 * sigma**2)).exp())
            rows, columns = mirrored(height, dy), mirrored(width, dx)
            total, weights = total + weight * x[:, :, rows][:, :, :, columns], weights + weight
    return total / weights


def mirrored(side: int, by: int) -> list[int]:
    return [(side - 1) - abs((side - 1) - abs(i + by)) for i in range(side)]


def close(ours: Tensor, wanted: Tensor) -> None:
    """To the rounding of float32 along networks that are called with other batches."""
    assert (ours - wanted).abs().max() < 1e-4 * wanted.abs().max()


def test_self_attention_guidance_needs_negative_words_that_see_the_whole_picture(model: Model) -> None:
    patched = self_attention_guidance(model, 0.7, 2.0)
    none, corner = [], words(5, area=(8, 8, 0, 0))
    for negative in (none, corner):
        plain, guided = (denoiser(each, words(4), negative, 1.0, (16, 24))(X, SIGMA) for each in (model, patched))
        assert torch.equal(guided, plain)


def test_self_attention_guidance_counts_a_row_once_that_was_computed_again(model: Model) -> None:
    """As when memory ran out behind the bottleneck, and the batch is taken in parts."""

    def again(inputs: Inputs) -> Tensor:
        model.network(inputs)
        return torch.cat([model.network(part) for part in inputs.split(1)])

    patched = self_attention_guidance(model, 0.7, 2.0)
    assert torch.equal(denoised(patched.through(again)), denoised(one_by_one(patched)))


def test_self_attention_guidance_works_on_the_smallest_latents_and_without_blur(model: Model) -> None:
    x = seeded(1, 4, 4, 4)
    assert denoised(self_attention_guidance(model, 0.7, 2.0), x=x).isfinite().all()
    assert denoised(self_attention_guidance(model, 0.7, 0.0)).isfinite().all()


def spot(size: tuple[int, int], inputs: Inputs, transformer: int = 0) -> Spot:
    return Spot(inputs, "input", 1, size=size, transformer=transformer, heads=2, model_channels=16)


def test_a_tiles_pixels_are_a_rectangle_of_the_picture() -> None:
    numbers = torch.arange(24.0).reshape(1, 24, 1)  # a picture of 4 x 6
    apart = tiled(numbers, (4, 6), Grid(2, 3))
    assert apart.shape == (6, 4, 1)
    assert apart[:2, :, 0].tolist() == [[0, 1, 6, 7], [2, 3, 8, 9]]
    assert torch.equal(untiled(apart, (4, 6), Grid(2, 3)), numbers)


def test_self_attention_in_tiles_is_that_of_each_tile_alone() -> None:
    inputs = given(size=(16, 24))
    tile = HyperTile(32)  # of 4 cells
    place, (q, k, v) = spot((16, 24), inputs), (seeded(2, 384, 16, seed=n) for n in (1, 2, 3))
    out = tile.put_together(attention(*tile.take_apart(q, k, v, place), 2), place)
    pictures = [each.reshape(2, 16, 24, 16) for each in (q, k, v, out)]
    for top in range(0, 16, 4):
        for left in range(0, 24, 4):
            alone = [each[:, top : top + 4, left : left + 4].reshape(2, 16, 16) for each in pictures]
            torch.testing.assert_close(alone[3], attention(*alone[:3], 2), atol=1e-6, rtol=1e-5)


def test_tiles_change_from_layer_to_layer_and_from_step_to_step() -> None:
    tile = HyperTile(32, swap_size=4)
    layers = [tile.grid(spot((48, 48), given(size=(48, 48), sigma=1.0), transformer=n)) for n in range(20)]
    steps = [tile.grid(spot((48, 48), given(size=(48, 48), sigma=s))) for s in range(20)]
    assert {side for grid in (*layers, *steps) if grid for side in grid} == {12, 8, 6, 4}  # tiles of 4, 6, 8 and 12
    assert len(set(layers)) > 4
    assert len(set(steps)) > 4


def test_a_sides_tiles_are_its_smallest_divisors_that_suffice() -> None:
    assert counts(48, 10, 2) == [4, 3]  # of 12 and 16 cells
    assert counts(48, 10, 100) == [4, 3, 2, 1]
    assert counts(7, 4, 2) == [1]  # a prime stays whole
    assert counts(5, 8, 2) == [1]


@pytest.mark.parametrize(
    ("depth", "scale", "wanted"),
    [
        (0, False, [Grid(4, 6), None, None]),
        (1, False, [Grid(4, 6), Grid(2, 3), None]),
        (1, True, [Grid(4, 6), None, None]),
    ],
)
def test_deeper_levels_are_tiled_down_to_a_depth(depth: int, scale: bool, wanted: list[Grid | None]) -> None:
    """With scale_depth a tile of the second level has 8 cells a side, and 8 x 12 pixels are one by one of them."""
    tile, inputs = HyperTile(32, 1, depth, scale), given(size=(16, 24))
    assert [tile.grid(spot(size, inputs)) for size in ((16, 24), (8, 12), (4, 6))] == wanted
    assert tile.grid(spot((5, 5), inputs)) is None  # no level of this latent


def naive_merge(x: Tensor, kept: list[int], count: int) -> tuple[Tensor, dict[int, int]]:
    """Tokens (N, C): all others by their likeness to the nearest of ``kept``; the most alike are averaged into it."""
    nearest = {}
    for i in set(range(len(x))) - set(kept):
        likeness = [float(torch.cosine_similarity(x[i], x[j], dim=0)) for j in kept]
        nearest[i] = max((value, kept[n]) for n, value in enumerate(likeness))
    gone = sorted(nearest, key=lambda i: -nearest[i][0])[:count]
    into = {i: nearest[i][1] for i in gone}
    merged = x.clone()
    for j in kept:
        merged[j] = torch.stack([x[j], *[x[i] for i in gone if into[i] == j]]).mean(0)
    return merged, into


def test_token_merging_is_a_naive_references() -> None:
    """Attention over the merged tokens, given back to each that went into one, by loops over single tokens."""
    inputs, size = given(size=(6, 8)), (6, 8)
    merging, place, x = TokenMerging(0.4), spot(size, inputs), seeded(2, 48, 16, seed=9)
    q, _, v = merging.merge(x, x, x, place)
    assert q.shape == (2, 48 - 19, 16)  # 0.4 of 48
    kept = place.notes[merging].kept.tolist()
    out = merging.unmerge(attention(q, q, v, 2), place)
    for row in range(2):
        merged, into = naive_merge(x[row], kept, 19)
        there = [i for i in range(48) if i not in into]
        answers = dict(zip(there, attention(*[merged[there][None]] * 3, 2)[0], strict=True))
        wanted = torch.stack([answers[into.get(i, i)] for i in range(48)])
        torch.testing.assert_close(out[row], wanted, atol=1e-5, rtol=1e-5)


def test_a_token_of_each_square_is_kept() -> None:
    merging, place = TokenMerging(1.0), spot((5, 6), given(size=(5, 6)))
    x = seeded(1, 30, 8)
    (q, _, _) = merging.merge(x, x, x, place)
    kept = place.notes[merging].kept
    assert sorted((int(i) // 6 // 2, int(i) % 6 // 2) for i in kept) == [(r, c) for r in range(2) for c in range(3)]
    assert q.shape == (1, 6, 8)  # all others are gone, those of the fifth row too


def test_tokens_are_merged_where_there_are_most(unet: UNet) -> None:
    counts: list[int] = []

    def count(q: Tensor, k: Tensor, v: Tensor, spot: Spot) -> tuple[Tensor, Tensor, Tensor]:
        counts.append(q.shape[1])
        return q, k, v

    patched = TokenMerging(0.5).patched(model_of(unet))
    unet(given(hooks=patched.hooks.adding("attn1", count)))
    assert counts == [48, 24, 24, 6, 24, 24, 24, 24, 48, 48]  # of 96 at full size


def test_deep_shrink_works_on_fewer_pixels_from_a_block_on(unet: UNet) -> None:
    sizes: dict[bool, list[tuple[int, ...]]] = {}
    for after in (True, False):
        seen = sizes[after] = []

        def look(h: Tensor, skip: Tensor, spot: Spot, seen: list[tuple[int, ...]] = seen) -> tuple[Tensor, Tensor]:
            assert h.shape[-2:] == skip.shape[-2:]
            seen.append(tuple(h.shape[-2:]))
            return h, skip

        patched = DeepShrink(2, 2.0, 9.0, 1.0, after).patched(model_of(unet))
        unet(given(size=(16, 24), sigma=2.0, hooks=patched.hooks.adding("output_block", look)))
    # Input block 2 halves to 8 x 12, which shrinks to 4 x 6; its own copy is put aside before or after that.
    assert sizes[True] == [(2, 3), (2, 3), (4, 6), (8, 12), (16, 24), (16, 24)]
    assert sizes[False] == [(2, 3), (2, 3), (4, 6), (4, 6), (16, 24), (16, 24)]


def test_what_controlnets_add_shrinks_along(unet: UNet) -> None:
    """They know nothing of the shrinking. By hand: what they add at its block, and behind it at a smaller size."""
    at_block, behind, middle = (seeded(2, *size) for size in ((16, 4, 6), (32, 4, 6), (64, 2, 3)))
    residuals = Residuals((None, None, at_block, behind), middle)
    shrink = DeepShrink(2, 2.0, 9.0, 1.0, after_skip=True)
    ours = unet(given(sigma=2.0, residuals=residuals, hooks=shrink.patched(model_of(unet)).hooks))

    def add(h: Tensor, skip: Tensor, spot: Spot) -> tuple[Tensor, Tensor]:
        added = {3: at_block, 2: interpolate(behind, (2, 3), mode="bilinear")}.get(spot.number)
        h = h + interpolate(middle, (1, 2), mode="bilinear") if spot.number == 0 else h
        return h, skip if added is None else skip + added

    by_hand = shrink.patched(replace(model_of(unet), hooks=NO_HOOKS.adding("output_block", add)))
    torch.testing.assert_close(ours, unet(given(sigma=2.0, hooks=by_hand.hooks)), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("sigma", "works"), [(9.5, False), (9.0, True), (5.0, True), (1.0, True), (0.9, False)])
def test_deep_shrink_has_its_time(sigma: float, works: bool) -> None:
    shrink = DeepShrink(1, 2.0, 9.0, 1.0, after_skip=True)
    h = seeded(1, 2, 8, 8)
    assert shrink.shrink(h, spot((8, 8), given(sigma=sigma))).shape[-1] == (4 if works else 8)
    other = replace(spot((8, 8), given(sigma=sigma)), number=2)
    assert shrink.shrink(h, other) is h
