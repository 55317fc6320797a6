"""Each variant of guidance against its formula, worked out by hand or by another way of computing it."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.diffusion.guidance import Guidance, Moment
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.variants import filtered, projected, scaled
from nodes.diffusion.variants.differential import thresholded

SHAPE = (2, 4, 6, 8)


def never(k: int, x: Tensor | None = None, sigma: Tensor | None = None, hooks: object = None) -> Tensor:
    raise AssertionError("no other estimate is needed")


def moment(**changes: Any) -> Moment:
    """Random estimates at sigma 2, scale 5."""
    made = torch.Generator().manual_seed(0)
    x, cond, uncond = (torch.randn(SHAPE, generator=made) for _ in range(3))
    settings = {"x": x, "sigma": torch.tensor(2.0), "cfg": 5.0, "cond": cond, "uncond": uncond, "again": never}
    return Moment(**{**settings, **changes})


def column(*channels: float) -> Tensor:
    """A latent (1, 4, 1, 1)."""
    return torch.tensor(channels).reshape(1, -1, 1, 1)


def at(cond: Tensor, uncond: Tensor, cfg: float, x: Tensor | None = None, **changes: Any) -> Moment:
    x = torch.zeros_like(cond) if x is None else x
    return moment(x=x, cond=cond, uncond=uncond, cfg=cfg, **changes)


def test_before_combine_and_after_are_called_in_their_order() -> None:
    def double(at: Moment) -> Moment:
        return Moment(at.x, at.sigma, at.cfg, at.cond * 2, at.uncond, at.again)

    guidance = Guidance(combine=lambda at: at.cond - at.uncond)
    guidance = guidance.adding(before=[double], after=[lambda at, result: result * 10])
    guidance = guidance.adding(after=[lambda at, result: result + at.cond])
    assert guidance(at(column(3.0), column(1.0), 7.0)).item() == (6 - 1) * 10 + 6


def test_without_a_negative_there_is_nothing_to_combine() -> None:
    cond = column(3.0)
    alone = at(cond, cond, 1.0, has_uncond=False)
    for combine in (scaled.rescaled, projected.apg):
        assert Guidance(combine=combine)(alone) is cond  # type: ignore[arg-type]


@pytest.mark.parametrize("multiplier", [0.0, 0.4, 1.0])
def test_rescaled_varies_as_much_as_cond_in_velocity(multiplier: float) -> None:
    now = moment()
    x, sigma = now.x.double(), 2.0

    def as_v(denoised: Tensor) -> Tensor:  # alpha eps - sigma_vp x0, with x = x0 + sigma eps
        alpha = (1 + sigma**2) ** -0.5
        return alpha * (x - denoised) / sigma - alpha * sigma * denoised

    cond, uncond = as_v(now.cond.double()), as_v(now.uncond.double())
    plain = uncond + 5 * (cond - uncond)
    ratio = cond.flatten(1).std(1) / plain.flatten(1).std(1)
    v = plain * (multiplier * ratio + 1 - multiplier).reshape(-1, 1, 1, 1)
    torch.testing.assert_close(as_v(scaled.rescaled(now, multiplier).double()), v, rtol=1e-5, atol=1e-5)


def test_rescaled_by_nothing_is_cfg() -> None:
    now = moment()
    torch.testing.assert_close(scaled.rescaled(now, 0.0), Guidance()(now), rtol=1e-5, atol=1e-5)


def test_zero_star_scales_the_unconditional_noise_to_its_projection() -> None:
    """Noise at x = 0 is the estimate's negative: c = (4, 2), u = (2, 0); <c, u> / <u, u> = 2."""
    now = projected.zero_star(at(column(4.0, 2.0), column(2.0, 0.0), 3.0))
    torch.testing.assert_close(now.uncond, column(4.0, 0.0))
    torch.testing.assert_close(Guidance()(now), column(4.0, 6.0))


def test_tangential_damping_keeps_what_lies_along_the_first_singular_vector() -> None:
    """Of the rows (3, 0) and (0, 1) that is (1, 0); of u = (0, 1) nothing lies along it, of equal rows all."""
    assert projected.tangential(at(column(3.0, 0.0), column(0.0, 1.0), 2.0)).uncond.abs().max() < 1e-7
    same = column(1.0, 2.0)
    torch.testing.assert_close(projected.tangential(at(same, same, 2.0)).uncond, same)


def test_apg_without_its_parts_is_cfg() -> None:
    now = moment()
    out = projected.apg(now, eta=1.0, longest=0.0, momentum=0.0, name="apg")
    torch.testing.assert_close(out, Guidance()(now), rtol=1e-5, atol=1e-5)
    assert now.memory == {}


def test_apg_shortens_and_splits_the_guidance() -> None:
    """c - u = (6, 8), made 5 long (3, 4), of which (3, 0) is along c: c + (cfg - 1) (eta (3, 0) + (0, 4))."""
    now = at(column(2.0, 0.0), column(-4.0, -8.0), 3.0)
    out = projected.apg(now, eta=0.5, longest=5.0, momentum=0.0, name="apg")
    torch.testing.assert_close(out, column(2 + 2 * 1.5, 2 * 4.0))


def test_apg_adds_up_its_guidance_over_evaluations() -> None:
    memory: dict[str, Tensor] = {}
    results = [
        projected.apg(
            at(column(0.0, 1.0), column(0.0, 1.0 - change), 2.0, memory=memory),
            eta=1.0,
            longest=0.0,
            momentum=-0.5,
            name="apg",
        )
        for change in (4.0, 8.0)
    ]
    assert [result[0, 1].item() for result in results] == [1 + 4, 1 + 8 - 2]
    assert memory["apg"][0, 1].item() == 6


def test_perp_neg_leaves_the_positive_direction_alone() -> None:
    """Seen from the empty (1, 1): positive (2, 0), negative (3, 5), of which (0, 5) is perpendicular."""
    positive, negative, empty = column(3.0, 1.0), column(4.0, 6.0), column(1.0, 1.0)
    out = projected.perp_neg(positive, negative, empty, cfg=4.0, scale=0.5)
    torch.testing.assert_close(out, column(1 + 4 * 2.0, 1 - 4 * 0.5 * 5))
    beside = at(positive, negative, 4.0, beside={"e": empty})
    assert torch.equal(projected.perp_neg_beside(beside, "e", 0.5), out)


def test_renormed_is_no_longer_than_cond_in_any_cell() -> None:
    """A cell where the result is 10 long and cond 5, and one where the result is the shorter."""
    cond = torch.tensor([[[[3.0, 6.0]], [[4.0, 8.0]]]])
    result = torch.tensor([[[[6.0, 0.0]], [[8.0, 2.0]]]])
    out = scaled.renormed(at(cond, cond, 2.0), result, strength=1.0)
    torch.testing.assert_close(out, torch.tensor([[[[3.0, 0.0]], [[4.0, 2.0]]]]))
    torch.testing.assert_close(scaled.renormed(at(cond, cond, 2.0), result, strength=0.5), out / 2)


def test_noise_is_divided() -> None:
    now = at(column(2.0), column(0.0), 1.0, x=column(10.0))
    assert scaled.noise_scaled(now, column(6.0), 2.0).item() == 10 - 4 / 2


@pytest.mark.parametrize("k", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("sigma", [0.1, 1.0, 10.0])
def test_rescaled_in_time_normal_data_vary_less(sigma: float, k: float) -> None:
    """The estimate for N(0, s^2) becomes that for N(0, s^2 / k)."""
    x, s = column(3.0), 0.7

    def estimate(variance: float) -> Tensor:
        return x * variance / (variance + sigma**2)

    now = at(column(0.0), column(0.0), 1.0, x=x, sigma=torch.tensor(sigma))
    torch.testing.assert_close(scaled.temperature_scaled(now, estimate(s**2), k, s), estimate(s**2 / k))


def test_a_scale_is_overridden_within_its_percents_and_the_last_counts() -> None:
    prediction = Prediction.eps()
    guidance = Guidance(
        scale_at=(
            partial(scaled.overridden, scale=1.0, start=0.0, end=0.5),
            partial(scaled.overridden, scale=2.0, start=0.4, end=0.8),
        )
    )
    levels = [prediction.percent_to_sigma(percent) for percent in (0.01, 0.3, 0.45, 0.7, 0.9)]
    assert [guidance.scale(8.0, sigma, prediction) for sigma in levels] == [1, 1, 2, 2, 8]


def test_mahiro_leans_on_cond_where_uncond_opposes() -> None:
    """One cell: u and the mean of both results opposite: all scaled cond; alike: all CFG; at right angles: half."""
    cond = column(1.0, 0.0)
    for uncond, alike in ((column(-0.5, 0.0), 0.0), (column(0.5, 0.0), 1.0)):
        now = at(cond, uncond, 2.0)
        result = Guidance()(now)
        torch.testing.assert_close(scaled.mahiro(now, result), alike * result + (1 - alike) * 2 * cond)
    now = at(cond, column(0.0, 0.0), 2.0)
    torch.testing.assert_close(scaled.mahiro(now, column(0.0, 3.0)), column(1.0, 1.5))


def test_each_latent_of_a_batch_is_guided_by_itself() -> None:
    now = moment()
    one = moment(x=now.x[:1], cond=now.cond[:1], uncond=now.uncond[:1])
    for variant in (
        Guidance(combine=lambda at: scaled.rescaled(at, 0.7)),
        Guidance(combine=lambda at: projected.apg(at, 0.5, 2.0, 0.0, "apg")),
        Guidance(before=(projected.zero_star,)),
        Guidance(before=(projected.tangential,)),
        Guidance(before=(lambda at: filtered.frequencies_scaled(at, 0.5, 2.0, 2),)),
        Guidance(after=(lambda at, result: scaled.renormed(at, result, 1.0), scaled.mahiro)),
    ):
        torch.testing.assert_close(variant(now)[:1], variant(one))


@pytest.mark.parametrize(("wave", "factor"), [(0, 0.5), (1, 0.5), (2, 3.0), (3, 3.0)])
def test_frequencies_are_scaled_by_where_they_are(wave: int, factor: float) -> None:
    """A cosine of so many waves over 8 cells; below 2 is low. What ``uncond`` has of it stays."""
    line = torch.cos(2 * torch.pi * wave * torch.arange(8) / 8)
    uncond = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    now = at(uncond + line, uncond, 2.0)
    out = filtered.frequencies_scaled(now, low=0.5, high=3.0, cutoff=2).cond - uncond
    # The negative frequency -2 is low and 2 is high, so two waves get the mean of both.
    expected = line * ((0.5 + 3.0) / 2 if wave == 2 else factor)
    torch.testing.assert_close(out, expected.expand_as(out), atol=1e-5, rtol=1e-5)


def test_an_operation_sees_the_difference() -> None:
    now = filtered.operated(at(column(5.0), column(2.0), 2.0), torch.square)
    assert (now.cond.item(), now.uncond.item()) == (2 + 9, 2)
    alone = at(column(5.0), column(5.0), 1.0, has_uncond=False)
    assert filtered.operated(alone, torch.square).cond.item() == 25


@pytest.mark.parametrize(
    ("sigma_of", "expected"), [(999, [0, 0, 0, 1]), (500, [0, 0, 1, 1]), (100, [0, 1, 1, 1]), (0, [1, 1, 1, 1])]
)
def test_a_differential_mask_lets_cells_in_one_after_the_other(sigma_of: int, expected: list[int]) -> None:
    prediction = Prediction.eps()
    mask = torch.tensor([0.0, 0.2, 0.6, 1.0])
    settings: dict[str, Any] = {"sigmas": prediction.sigmas[[999, 500, 0]], "prediction": prediction}
    sigma = prediction.sigmas[sigma_of]
    hard = thresholded(mask, sigma, **settings)
    assert hard.tolist() == expected
    torch.testing.assert_close(thresholded(mask, sigma, **settings, strength=0.25), 0.25 * hard + 0.75 * mask)


def test_a_differential_mask_counts_from_the_first_sigma_to_the_last() -> None:
    """Timesteps 800 to 200 here, so 500 is half the way; a final 0 counts as the model's least."""
    prediction = Prediction.eps()
    table, mask = prediction.sigmas, torch.tensor([0.49, 0.51])
    assert thresholded(mask, table[500], sigmas=table[[800, 200]], prediction=prediction).tolist() == [0, 1]
    ending = torch.cat((table[[800]], torch.zeros(1)))
    assert thresholded(mask, table[400], sigmas=ending, prediction=prediction).tolist() == [0, 1]
    assert thresholded(mask, table[800], sigmas=table[[800, 800]], prediction=prediction).tolist() == [1, 1]
