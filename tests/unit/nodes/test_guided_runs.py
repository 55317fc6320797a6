"""Samplings under guiders: stored, resumed, reported and cancelled like KSampler's; wired up in a workflow."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.cache import NoCache
from engine.declare import node
from engine.errors import Cancelled
from engine.events import NodeFinished, NodePreview, NodeProgress
from engine.jobs import Job
from engine.lanes import Lanes
from engine.ledger import Ledger
from engine.node import Output
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.services import Services
from nodes import types
from nodes.custom_sampling import random_noise, sampler_custom_advanced
from nodes.diffusion import resuming
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.stepper import Stepper
from nodes.guidance_patches import apg
from nodes.guiders import basic_guider, cfg_guider, dual_cfg_guider, perp_neg_guider
from nodes.latents import empty_latent
from tests.support.calls import MODEL, SIGMAS, STEPS, WORDS, Call, drawn
from tests.support.toys import api

POSITIVE, NEGATIVE, OTHER = WORDS


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    """Whose threads wait for nobody: the network is tiny."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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


@node("Tiny")
def tiny() -> types.Model:
    return MODEL


@node("Words", lane="cpu")
def said(which: int) -> types.Cond:
    return WORDS[which]


@node("Euler", lane="cpu")
def euler() -> types.Sampler:
    return SAMPLERS["euler"]


@node("Levels", lane="cpu")
def levels() -> types.Sigmas:
    return SIGMAS


@node("Keep", lane="cpu", is_output=True)
def keep(latent: types.Latent) -> Output:
    return Output(ui={"sums": [latent["samples"].double().sum().item()]})


NODES = (tiny, said, euler, levels, keep, apg, cfg_guider, perp_neg_guider, random_noise, sampler_custom_advanced)


async def test_a_workflow_wires_guider_noise_sampler_and_sigmas() -> None:
    document = api(
        m=("Tiny", {}),
        p=("Words", {"which": 0}),
        n=("Words", {"which": 1}),
        a=("APG", {"model": ["m", 0], "eta": 0.5, "norm_threshold": 5.0, "momentum": -0.5}),
        g=("CFGGuider", {"model": ["a", 0], "positive": ["p", 0], "negative": ["n", 0], "cfg": 4.0}),
        r=("RandomNoise", {"noise_seed": 7}),
        k=("Euler", {}),
        s=("Levels", {}),
        e=("EmptyLatentImage", {"width": 32, "height": 32, "batch_size": 2}),
        c=(
            "SamplerCustomAdvanced",
            {"noise": ["r", 0], "guider": ["g", 0], "sampler": ["k", 0], "sigmas": ["s", 0], "latent_image": ["e", 0]},
        ),
        o=("Keep", {"latent": ["c", 0]}),
        d=("Keep", {"latent": ["c", 1]}),
    )
    services = Services(Stepper())
    definitions = Registry(services)
    definitions.add(*(each.definition for each in (*NODES, empty_latent)))
    pool = LocalPool(lambda: definitions, NoCache(), Lanes({"gpu": 1, "cpu": 1, "sampling": 1, "hook": 1}))
    shown = {
        event.node.id: event.ui["sums"][0]
        async for event in pool.run(Job(document, ("o", "d")))
        if isinstance(event, NodeFinished) and event.ui
    }
    await pool.close()
    expected = drawn(Call(), guiders()["momentum"], "euler").double().sum().item()
    assert shown == {"o": expected, "d": pytest.approx(expected, rel=1e-5)}
