"""Guiders on a network that answers with the mean of its words, so that estimates are numbers."""

from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.diffusion.denoiser import Denoiser, Guider
from nodes.diffusion.guidance import Guidance, Moment
from nodes.diffusion.rules import Cfg, DualCfg, NestedCfg, PerpNeg, Rule, Unguided
from nodes.diffusion.unet.hooks import Hooks
from nodes.guidance_patches import cfg_override, perp_neg
from tests.unit.nodes.test_denoiser import SIGMA, Echo, words

X = torch.zeros(1, 4, 8, 8)
A, N, B = 3.0, 1.0, 2.0
THREE = (words(A), words(N), words(B))


def answer(rule: Rule, *lists: list[Any], model: Echo | None = None) -> tuple[float, float]:
    """The estimate and the unconditional one, of a denoiser that is asked for both."""
    result, uncond = Denoiser(Guider(model or Echo(), lists, rule), (8, 8))(X, SIGMA, True)
    return only(result), only(uncond)


def only(x: Tensor) -> float:
    (value,) = x.unique().tolist()
    return float(value)


def asked(rule: Rule, *lists: list[Any], guidance: Guidance | None = None) -> list[float]:
    """The words that the network is asked about for an estimate alone."""
    model = Echo(guidance=guidance or Guidance())
    Denoiser(Guider(model, lists, rule), (8, 8))(X, SIGMA)
    return sorted(value for _, _, context in model.calls for value in context.mean((1, 2)).tolist())


def test_without_guidance_the_estimate_is_its_own_unconditional_one() -> None:
    assert answer(Unguided(), words(A)) == (A, A)
    assert asked(Unguided(), words(A), guidance=Guidance(always_uncond=True)) == [A]


def test_dual_guidance_adds_the_firsts_difference_to_the_seconds() -> None:
    assert answer(DualCfg(4.0, 6.0), *THREE) == (N + 6 * (B - N) + 4 * (A - B), N)
    assert answer(DualCfg(4.0, 1.0), *THREE) == (B + 4 * (A - B), N)


def test_nested_guidance_guides_the_firsts_guided_estimate() -> None:
    assert answer(NestedCfg(4.0, 6.0), *THREE) == (N + 6 * (B + 4 * (A - B) - N), N)
    assert answer(NestedCfg(1.0, 6.0), *THREE) == (N + 6 * (A - N), N)
    assert answer(NestedCfg(4.0, 1.0), *THREE) == (B + 4 * (A - B), N)


def test_perp_neg_guides_away_from_what_is_not_shared() -> None:
    """Constant estimates are parallel, so nothing is left to guide away from; the empty one is unconditional."""
    assert answer(PerpNeg(4.0, 2.0), words(A), words(N), words(B)) == (pytest.approx(B + 4 * (A - B)), B)


def test_lists_that_cancel_out_are_not_looked_at() -> None:
    assert asked(Cfg(1.0), words(A), words(N)) == [A]
    assert asked(DualCfg(4.0, 1.0), *THREE) == [B, A]
    assert asked(NestedCfg(1.0, 6.0), *THREE) == [N, A]
    assert asked(NestedCfg(4.0, 1.0), *THREE) == [B, A]
    assert asked(Cfg(1.0), words(A), words(N), guidance=Guidance(always_uncond=True)) == [N, A]


def test_what_a_model_does_with_estimates_it_does_under_each_guider() -> None:
    """In place of CFG; under Perp-Neg that place is taken."""
    seen: list[Moment] = []

    def sum_up(moment: Moment) -> Tensor:
        seen.append(moment)
        return moment.cond + moment.uncond

    model = Echo(guidance=Guidance(combine=sum_up, after=(lambda moment, result: result + 100,)))
    assert answer(Cfg(4.0), words(A), words(N), model=model)[0] == A + N + 100
    assert answer(DualCfg(4.0, 6.0), *THREE, model=model)[0] == B + N + 100 + 4 * (A - B)
    assert answer(NestedCfg(4.0, 6.0), *THREE, model=model)[0] == N + 6 * (A + B + 100 - N)
    assert [(only(moment.cond), only(moment.uncond), moment.cfg) for moment in seen] == [
        (A, N, 4),
        (B, N, 6),
        (A, B, 4),
    ]
    assert answer(PerpNeg(4.0, 2.0), *THREE, model=model)[0] == pytest.approx(B + 4 * (A - B) + 100)
    assert answer(Unguided(), words(A), model=model)[0] == A + 100


def test_an_overridden_scale_counts_in_each_guider() -> None:
    """Scale 1 is no guidance, and half the work."""
    model: Any = cfg_override(Echo(), 1.0)  # type: ignore[arg-type]
    assert answer(Cfg(4.0), *THREE[:2], model=model) == (A, N)
    for rule in (DualCfg(4.0, 6.0), NestedCfg(4.0, 6.0), PerpNeg(4.0, 0.0)):
        assert answer(rule, *THREE, model=model)[0] == A
    assert answer(Unguided(), THREE[0], model=model) == (A, A)
    assert asked(Cfg(4.0), *THREE[:2], guidance=model.guidance) == [A]
    late: Any = cfg_override(Echo(), 1.0, 0.9, 1.0)  # type: ignore[arg-type]
    assert answer(Cfg(4.0), *THREE[:2], model=late)[0] == N + 4 * (A - N)


def test_another_estimate_is_of_the_same_words_as_the_first() -> None:
    """``again`` speaks of cond and uncond, whichever lists these are."""
    found: list[tuple[float, float]] = []

    def look_again(moment: Moment, result: Tensor) -> Tensor:
        found.append((only(moment.again(0)), only(moment.again(1, moment.x + 1, moment.sigma / 2, Hooks()))))
        return result

    model = Echo(guidance=Guidance(after=(look_again,)))
    for rule, lists in (
        (Cfg(4.0), THREE[:2]),
        (Cfg(1.0), THREE[:2]),
        (DualCfg(4.0, 6.0), THREE),
        (NestedCfg(4.0, 6.0), THREE),
        (PerpNeg(4.0, 1.0), THREE),
        (Unguided(), THREE[:1]),
    ):
        Denoiser(Guider(model, lists, rule), (8, 8))(X, SIGMA)
    assert found == [(A, N), (A, N), (B, N), (A, B), (A, B), (A, A)]


def test_guidance_may_bring_words_of_its_own() -> None:
    guidance = Guidance(combine=lambda moment: moment.beside["more"] * 10 + moment.cond, beside={"more": words(7.0)})
    assert answer(Cfg(4.0), words(A), words(N), model=Echo(guidance=guidance))[0] == 73
    assert answer(DualCfg(0.0, 4.0), *THREE, model=Echo(guidance=guidance))[0] == 72
    model = Echo(guidance=guidance)
    Denoiser(Guider(model, (words(A),), Unguided()), (8, 8))(X, SIGMA)
    assert len(model.calls) == 1  # one call for all


@pytest.mark.parametrize("cfg", [4.0, 1.0])
def test_the_deprecated_patch_does_what_its_guider_does(cfg: float) -> None:
    patched: Any = perp_neg(Echo(), words(B), 0.5)  # type: ignore[arg-type]
    assert answer(Cfg(cfg), words(A), words(N), model=patched)[0] == answer(PerpNeg(cfg, 0.5), *THREE)[0]
