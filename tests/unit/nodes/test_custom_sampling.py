"""Nodes for custom sampling: what KSampler does, taken apart; stored, resumed, reported and cancelled like it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.cache import NoCache
from engine.checkpoints import Checkpoints
from engine.context import Context
from engine.errors import Cancelled
from engine.events import Event, NodePreview, NodeProgress
from engine.graph import NodeRef
from engine.jobs import Job
from engine.ledger import Ledger
from engine.services import Services
from nodes.custom_sampling import add_noise, disable_noise, random_noise, sampler_custom, sampler_custom_advanced
from nodes.diffusion import resuming
from nodes.diffusion.latent import SD15
from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.model import Model
from nodes.diffusion.noise import initial_noise
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.sigmas import SCHEDULES
from nodes.diffusion.stepper import Stepper
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from nodes.guidance_patches import apg, differential_diffusion, rescale_cfg
from nodes.guiders import basic_guider, cfg_guider, dual_cfg_guider, perp_neg_guider
from nodes.sampling import ksampler, ksampler_advanced
from tests.unit.nodes.test_resuming import Memory

STEPS = 5
EMPTY = {"samples": torch.zeros(2, 4, 4, 4)}
MASKED = {"samples": torch.randn(2, 4, 4, 4), "noise_mask": torch.linspace(0, 1, 4).expand(1, 1, 4, 4)}
WORDS = [[[torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(k)), {}]] for k in range(3)]
POSITIVE, NEGATIVE, OTHER = WORDS


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    """Whose threads wait for nobody: the network is tiny."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def build() -> UNet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return UNet(UNetConfig((Level(8, 1, 1),), 1, model_channels=8, context_dim=8, groups=4)).eval()


MODEL = Model(Lazy(build, Residency(), torch.float32, torch.device("cpu")), Prediction.eps(), SD15, kind="tiny")
SIGMAS = SCHEDULES["karras"](MODEL.prediction, STEPS)


class Call(Context):
    """A context by itself; ``events`` are what it told. ``found`` is what an attempt before it stored last."""

    def __init__(self, found: bytes | None = None, *services: object) -> None:
        self.events: list[Event] = []
        super().__init__(
            Job({}, ()),
            NodeRef("1", "1", None, "1"),
            Services(Stepper(), *services),
            self.events.append,
            threading.Event(),
            checkpoints=Checkpoints(),
        )
        self.kept = Memory(found)

    @property
    def stored(self) -> Any:
        return self.kept


@pytest.mark.parametrize("latent", [EMPTY, MASKED, {**EMPTY, "batch_index": [3, 1]}], ids=["empty", "masked", "index"])
@pytest.mark.parametrize("name", ["dpmpp_2m", "dpmpp_sde", "euler_ancestral_cfg_pp", "ddim"])
def test_the_same_settings_give_the_bytes_of_ksampler(name: str, latent: dict[str, Any]) -> None:
    whole = ksampler(Call(), MODEL, 7, STEPS, 4.0, name, "karras", POSITIVE, NEGATIVE, latent)["samples"]
    sampler = SAMPLERS[name]
    custom, estimate = sampler_custom(Call(), MODEL, True, 7, 4.0, POSITIVE, NEGATIVE, sampler, SIGMAS, latent)
    guider = cfg_guider(MODEL, POSITIVE, NEGATIVE, 4.0)
    advanced, _ = sampler_custom_advanced(Call(), random_noise(7), guider, sampler, SIGMAS, latent)
    assert torch.equal(custom["samples"], whole)
    assert torch.equal(advanced["samples"], whole)
    torch.testing.assert_close(estimate["samples"], whole)  # nothing is left of the noise
    assert custom.keys() == estimate.keys() == latent.keys()


def test_without_noise_it_goes_on_where_another_stopped() -> None:
    """As KSampler (Advanced) does, also for a sampler that draws noise by the seed."""
    sampler, settings = SAMPLERS["euler_ancestral"], (7, STEPS, 4.0, "euler_ancestral", "karras", POSITIVE, NEGATIVE)
    noisy = ksampler_advanced(Call(), MODEL, "enable", *settings, EMPTY, 0, 3, "enable")
    there = ksampler_advanced(Call(), MODEL, "disable", *settings, noisy, 3)["samples"]
    custom, estimate = sampler_custom(Call(), MODEL, True, 7, 4.0, POSITIVE, NEGATIVE, sampler, SIGMAS[:4], EMPTY)
    assert torch.equal(custom["samples"], noisy["samples"])
    assert not torch.allclose(estimate["samples"], noisy["samples"], atol=0.1)
    rest, _ = sampler_custom(Call(), MODEL, False, 7, 4.0, POSITIVE, NEGATIVE, sampler, SIGMAS[3:], custom)
    assert torch.equal(rest["samples"], there)


def test_no_noise_is_none_and_the_seed_is_0() -> None:
    guider, sampler = cfg_guider(MODEL, POSITIVE, NEGATIVE, 4.0), SAMPLERS["euler_ancestral"]
    silent, _ = sampler_custom_advanced(Call(), disable_noise(), guider, sampler, SIGMAS, MASKED)
    custom, _ = sampler_custom(Call(), MODEL, False, 0, 4.0, POSITIVE, NEGATIVE, sampler, SIGMAS, MASKED)
    assert torch.equal(silent["samples"], custom["samples"])


def test_without_steps_both_outputs_are_the_latent() -> None:
    for sigmas in (SIGMAS[:0], SIGMAS[:1]):
        both = sampler_custom(Call(), MODEL, True, 7, 4.0, POSITIVE, NEGATIVE, SAMPLERS["euler"], sigmas, MASKED)
        assert [out["samples"] is MASKED["samples"] for out in both] == [True, True]


@pytest.mark.parametrize("sigmas", [torch.tensor([1.0, float("nan"), 0.0]), torch.ones(2, 2)])
def test_sigmas_that_are_no_schedule_are_refused(sigmas: Tensor) -> None:
    with pytest.raises(ValueError, match="sigmas must be a list of finite numbers"):
        sampler_custom(Call(), MODEL, True, 7, 4.0, POSITIVE, NEGATIVE, SAMPLERS["euler"], sigmas, EMPTY)


def guiders() -> dict[str, Any]:
    pushed = apg(MODEL, 0.5, 5.0, -0.5)
    return {
        "cfg": cfg_guider(MODEL, POSITIVE, NEGATIVE, 4.0),
        "basic": basic_guider(MODEL, POSITIVE),
        "regular": dual_cfg_guider(MODEL, POSITIVE, OTHER, NEGATIVE, 4.0, 2.0, "regular"),
        "nested": dual_cfg_guider(MODEL, POSITIVE, OTHER, NEGATIVE, 4.0, 2.0, "nested"),
        "perp": perp_neg_guider(MODEL, POSITIVE, NEGATIVE, OTHER, 4.0, 1.5),
        "momentum": cfg_guider(pushed, POSITIVE, NEGATIVE, 4.0),
        "dual momentum": dual_cfg_guider(pushed, POSITIVE, OTHER, NEGATIVE, 4.0, 2.0, "regular"),
    }


def drawn(call: Call, guider: Any, name: str = "dpmpp_2s_ancestral", latent: dict[str, Any] = EMPTY) -> Tensor:
    out, _ = sampler_custom_advanced(call, random_noise(7), guider, SAMPLERS[name], SIGMAS, latent)
    samples: Tensor = out["samples"]
    return samples


def test_each_guider_draws_something_else() -> None:
    all_of_them = [drawn(Call(), guider) for guider in guiders().values()]
    assert all(each.isfinite().all() for each in all_of_them)
    assert all(not torch.allclose(a, b) for i, a in enumerate(all_of_them) for b in all_of_them[:i])


def test_cfg_pp_without_guidance_is_the_plain_sampler() -> None:
    guider = basic_guider(MODEL, POSITIVE)
    torch.testing.assert_close(
        drawn(Call(), guider, "euler_cfg_pp"), drawn(Call(), guider, "euler"), atol=1e-4, rtol=1e-4
    )


@pytest.fixture
def each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Store after every step, whatever it costs."""
    monkeypatch.setattr(resuming, "EVERY_S", 0.0)
    monkeypatch.setattr(resuming, "SHARE", 1e9)


@pytest.mark.usefixtures("each_step")
@pytest.mark.parametrize(
    ("kind", "name"),
    [*((kind, "dpmpp_2s_ancestral") for kind in guiders()), ("momentum", "euler_cfg_pp"), ("perp", "dpmpp_2m")],
)
def test_it_goes_on_after_any_step_to_the_same_bytes(kind: str, name: str) -> None:
    """Momentum of guidance, too, is what it was."""
    call, guider = Call(), guiders()[kind]
    undisturbed = drawn(call, guider, name)
    assert len(call.kept.stored) == STEPS
    for k, found in enumerate(call.kept.stored):
        again = Call(found)
        assert torch.equal(drawn(again, guider, name), undisturbed)
        assert [event.value for event in again.events if isinstance(event, NodeProgress)] == [*range(k + 2, STEPS + 1)]
        assert again.kept.stored == call.kept.stored[k + 1 :]


@pytest.mark.usefixtures("each_step")
def test_what_was_stored_without_its_momentum_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    """Another guider cannot get there, for its key differs; what is damaged may."""
    call, guider = Call(), guiders()["momentum"]
    undisturbed = drawn(call, guider)
    damaged = call.kept.stored[2].replace(b'"memory apg"', b'"memory apx"')
    assert damaged != call.kept.stored[2]
    assert torch.equal(drawn(Call(damaged), guider), undisturbed)
    assert "starts over" in caplog.text


def test_momentum_begins_anew_with_each_sampling_also_side_by_side() -> None:
    guider = guiders()["momentum"]
    alone = drawn(Call(), guider)
    assert torch.equal(drawn(Call(), guider), alone)
    results: list[Tensor] = []
    threads = [threading.Thread(target=lambda: results.append(drawn(Call(), guider))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [torch.equal(each, alone) for each in results] == [True] * 3


def test_progress_and_previews_are_told_and_the_ledger_knows() -> None:
    ledger = Ledger(NoCache())
    held: list[int] = []

    class Watched(Call):
        def progress(self, value: float, total: float) -> None:
            held.extend(working.size_bytes for working in asyncio.run(ledger.memory()).working)
            super().progress(value, total)

    call = Watched(None, ledger)
    drawn(call, guiders()["regular"])
    steps = [(event.value, event.total) for event in call.events if isinstance(event, NodeProgress)]
    assert steps == [(k + 1, STEPS) for k in range(STEPS)]
    assert any(isinstance(event, NodePreview) for event in call.events)
    assert min(held) > sum(each[0][0].nbytes for each in WORDS)


def test_it_can_be_cancelled() -> None:
    call = Call()
    call.cancelled.set()
    with pytest.raises(Cancelled):
        drawn(call, guiders()["cfg"])


def test_a_differential_mask_keeps_black_and_repaints_the_rest_in_turn() -> None:
    """Half grey is masked while more than half the timesteps are left; a soft mask is the same at each step."""
    latent = {"samples": MASKED["samples"], "noise_mask": torch.tensor([0.0, 0.0, 0.5, 1.0]).expand(1, 1, 4, 4)}
    sigmas = SCHEDULES["simple"](MODEL.prediction, STEPS)  # its last step begins above the least sigma

    def out(model: Model) -> Tensor:
        guider = cfg_guider(model, POSITIVE, NEGATIVE, 4.0)
        made, _ = sampler_custom_advanced(Call(), random_noise(7), guider, SAMPLERS["euler"], sigmas, latent)
        samples: Tensor = made["samples"]
        return samples

    soft, hard = out(MODEL), out(differential_diffusion(MODEL))
    assert not torch.allclose(soft[..., 2:], hard[..., 2:], atol=1e-3)
    for each in (soft, hard):
        torch.testing.assert_close(each[..., :2], latent["samples"][..., :2], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(out(differential_diffusion(MODEL, 0.0)), soft)


def test_a_patched_model_is_another_and_the_old_one_is_as_it_was() -> None:
    patched = rescale_cfg(MODEL, 0.7)
    assert patched.unet is MODEL.unet
    assert MODEL.guidance.combine is None
    plain, other = (drawn(Call(), cfg_guider(model, POSITIVE, NEGATIVE, 8.0), "euler") for model in (MODEL, patched))
    assert not torch.allclose(plain, other)
    assert torch.equal(other, drawn(Call(), cfg_guider(replace(patched), POSITIVE, NEGATIVE, 8.0), "euler"))


@pytest.mark.parametrize(("sigmas", "scale"), [([5.0, 3.0, 1.0], 4.0), ([5.0], 5.0), ([1.0, 3.0], 2.0)])
def test_noise_is_added_in_the_networks_scale(sigmas: list[float], scale: float) -> None:
    latent = {**MASKED, "batch_index": [2, 0]}
    out = add_noise(MODEL, random_noise(3), torch.tensor(sigmas), latent)
    expected = latent["samples"] + scale * initial_noise((2, 4, 4, 4), 3, [2, 0]) / SD15.scale
    torch.testing.assert_close(out["samples"], expected)
    assert out.keys() == latent.keys()


def test_of_no_sigmas_no_noise_is_added_and_what_is_not_finite_goes() -> None:
    assert add_noise(MODEL, random_noise(3), torch.zeros(0), EMPTY)["samples"] is EMPTY["samples"]
    broken = {"samples": torch.tensor([float("nan"), float("inf"), -float("inf"), 1.0]).reshape(1, 4, 1, 1)}
    out = add_noise(MODEL, disable_noise(), torch.tensor([5.0]), broken)["samples"]
    torch.testing.assert_close(out, torch.tensor([0.0, 0.0, 0.0, 1.0]).reshape(1, 4, 1, 1))
