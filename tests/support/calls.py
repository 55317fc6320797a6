"""Calls of nodes by themselves, with a tiny model, for tests of what samples."""

from __future__ import annotations

import threading
from typing import Any

import torch
from torch import Tensor

from engine.checkpoints import Checkpoints
from engine.context import Context
from engine.events import Event
from engine.graph import NodeRef
from engine.jobs import Job
from engine.services import Services
from nodes.custom_sampling import random_noise, sampler_custom_advanced
from nodes.diffusion.latent import SD15
from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.model import Model
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.sigmas import SCHEDULES
from nodes.diffusion.stepper import Stepper
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet

STEPS = 5
EMPTY = {"samples": torch.zeros(2, 4, 4, 4)}
WORDS = [[[torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(k)), {}]] for k in range(3)]


def build() -> UNet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return UNet(UNetConfig((Level(8, 1, 1),), 1, model_channels=8, context_dim=8, groups=4)).eval()


MODEL = Model(Lazy(build, Residency(), torch.float32, torch.device("cpu")), Prediction.eps(), SD15, kind="tiny")
SIGMAS = SCHEDULES["karras"](MODEL.prediction, STEPS)


class Kept:
    """A store that keeps everything; ``found`` is what the next attempt finds."""

    def __init__(self, found: bytes | None = None) -> None:
        self.found, self.stored = found, list[bytes]()

    def load(self) -> bytes | None:
        return self.found

    def store(self, data: bytes) -> None:
        self.stored.append(data)


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
        self.kept = Kept(found)

    @property
    def stored(self) -> Any:
        return self.kept


def drawn(call: Call, guider: Any, name: str = "dpmpp_2s_ancestral") -> Tensor:
    """What SamplerCustomAdvanced makes of an empty latent under a guider."""
    out, _ = sampler_custom_advanced(call, random_noise(7), guider, SAMPLERS[name], SIGMAS, EMPTY)
    samples: Tensor = out["samples"]
    return samples
