"""How conditioning items share a latent: properties of any set of them."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nodes.diffusion.denoiser import Denoiser, Guider
from nodes.diffusion.rules import Cfg, Unguided
from tests.unit.nodes.test_denoiser import SIGMA, Echo, words

SIDE = 16
X = torch.zeros(1, 4, SIDE, SIDE)

values = st.floats(-10, 10, width=32)
strengths = st.floats(0.125, 10, width=32)
sides = st.integers(1, SIDE)
places = st.integers(0, SIDE - 1)
parts = st.floats(0, 1)
masks = st.integers(0, 2**16).map(lambda seed: torch.rand(1, 8, 8, generator=torch.Generator().manual_seed(seed)))
covering = st.fixed_dictionaries({"strength": strengths})
partial = st.one_of(
    st.fixed_dictionaries({"strength": strengths, "area": st.tuples(sides, sides, places, places)}),
    st.fixed_dictionaries({"area": st.tuples(st.just("percentage"), parts, parts, parts, parts)}),
    st.fixed_dictionaries({"mask": masks, "mask_strength": strengths, "set_area_to_bounds": st.booleans()}),
    st.fixed_dictionaries({"default": st.just(True)}),
    st.fixed_dictionaries({"start_percent": parts, "end_percent": parts}),
)


def estimate(items: list[Any]) -> Tensor:
    return Denoiser(Guider(Echo(), (items,), Unguided()), (SIDE, SIDE))(X, SIGMA)


def made(chosen: list[tuple[float, dict[str, Any]]]) -> list[Any]:
    return [item for value, fields in chosen for item in words(value, 4, **fields)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(values, covering), min_size=1, max_size=4), st.lists(st.tuples(values, partial), max_size=3))
def test_every_cell_is_a_convex_combination_of_the_estimates(
    whole: list[tuple[float, dict[str, Any]]], some: list[tuple[float, dict[str, Any]]]
) -> None:
    out = estimate(made(whole) + made(some))
    known = [value for value, _ in whole + some]
    assert out.min() >= min(known) - 1e-4
    assert out.max() <= max(known) + 1e-4


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(values, strengths), min_size=1, max_size=4))
def test_items_everywhere_are_averaged_by_their_strengths(chosen: list[tuple[float, float]]) -> None:
    out = estimate(made([(value, {"strength": strength}) for value, strength in chosen]))
    mean = sum(value * strength for value, strength in chosen) / sum(strength for _, strength in chosen)
    torch.testing.assert_close(out, torch.full_like(X, mean), atol=1e-4, rtol=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.tuples(sides, sides, places, places), values, values, values)
def test_an_area_among_equal_words_changes_nothing(
    area: tuple[int, int, int, int], positive: float, negative: float, scale: float
) -> None:
    """Its opposite in the other list has the same words there, too."""
    items = words(positive, 4) + words(positive, 4, area=area, strength=3.0)
    out = Denoiser(Guider(Echo(), (items, words(negative, 4)), Cfg(scale)), (SIDE, SIDE))(X, SIGMA)
    torch.testing.assert_close(out, torch.full_like(X, negative + scale * (positive - negative)), atol=1e-3, rtol=1e-4)


def test_a_default_conditioning_holds_where_the_first_does_not() -> None:
    """Where a mask is 0.25, the default is 0.75 of the picture."""
    mask = torch.cat((torch.ones(1, SIDE, 8), torch.full((1, SIDE, 8), 0.25)), 2)
    out = estimate(words(2.0, mask=mask) + words(6.0, default=True))[0, 0]
    torch.testing.assert_close(out[:, :8], torch.full((SIDE, 8), 2.0))
    torch.testing.assert_close(out[:, 8:], torch.full((SIDE, 8), 0.25 * 2 + 0.75 * 6))


def test_mask_strength_and_strength_multiply() -> None:
    everywhere = torch.ones(1, SIDE, SIDE)
    out = estimate(words(2.0, mask=everywhere, mask_strength=0.5, strength=4.0) + words(5.0))
    torch.testing.assert_close(out, torch.full_like(X, (2 * 2 + 5) / 3))


def test_an_areas_edge_rises_over_an_eighth_of_eight_cells_on_each_axis() -> None:
    """A 16 x 16 area in the middle of 32 x 32 cells feathers over min(8, 16 // 4) = 4 cells, corners on both axes."""
    model = Echo()
    items = words(0.0) + words(1.0, area=(16, 16, 8, 8))
    out = Denoiser(Guider(model, (items,), Unguided()), (32, 32))(torch.zeros(1, 4, 32, 32), SIGMA)[0, 0]

    def share(weight: float) -> Any:
        return pytest.approx(weight / (1 + weight))

    assert [out[16, 8 + t].item() for t in range(5)] == [share(w) for w in (0.25, 0.5, 0.75, 1.0, 1.0)]
    assert out[8, 9].item() == share(0.25 * 0.5)
    assert out[23, 23].item() == share(0.25 * 0.25)


def test_an_empty_mask_bounds_eight_cells_at_the_corner() -> None:
    model = Echo()
    items = words(2.0, mask=torch.zeros(1, SIDE, SIDE), set_area_to_bounds=True) + words(3.0)
    out = Denoiser(Guider(model, (items,), Unguided()), (SIDE, SIDE))(X, SIGMA)
    assert sorted(tuple(x.shape[-2:]) for x, _, _ in model.calls) == [(8, 8), (16, 16)]
    assert out.unique().tolist() == [3]


def test_the_opposite_of_an_area_is_the_smallest_item_around_it() -> None:
    """Of two areas and the whole, the inner one's words; areas that enclose it only in part do not count."""
    negative = words(1.0) + words(2.0, area=(12, 12, 0, 0)) + words(3.0, area=(8, 8, 4, 4))
    model = Echo()
    Denoiser(Guider(model, (words(9.0, area=(6, 6, 1, 1)), negative), Cfg(2.0)), (SIDE, SIDE))(X, SIGMA)
    small = [context for x, _, context in model.calls if tuple(x.shape[-2:]) == (6, 6)]
    assert sorted(torch.cat(small)[:, 0, 0].tolist()) == [2, 9]
