"""Models without weights, for tests of what drives them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from nodes.diffusion.conditioning import Conditioning
from nodes.diffusion.denoiser import Denoiser, DiffusionModel, Guider
from nodes.diffusion.extras import NO_EXTRAS, Extras
from nodes.diffusion.guidance import PLAIN, Guidance
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.latent import SD15, LatentFormat
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.rules import Cfg
from nodes.diffusion.unet.hooks import NO_HOOKS, Hooks


@dataclass
class FakeModel:
    """Denoises as if all data were standard normal: eps = x / sqrt(1 + sigma^2) * sigma, of the scaled x."""

    prediction: Prediction = field(default_factory=Prediction.eps)
    latent_format: LatentFormat = SD15
    dtype: torch.dtype = torch.float32
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    extras: Extras = NO_EXTRAS
    hooks: Hooks = NO_HOOKS
    guidance: Guidance = PLAIN

    def network(self, inputs: Inputs) -> Tensor:
        sigma = self.prediction.sigma(inputs.timesteps).reshape(-1, 1, 1, 1)
        return inputs.x * sigma / (1 + sigma**2).sqrt()


def denoiser(
    model: DiffusionModel, positive: Conditioning, negative: Conditioning, cfg: float, size: Sequence[int]
) -> Denoiser:
    """What KSampler's sampler is driven by, for latents of ``size`` (h, w)."""
    return Denoiser(Guider(model, (positive, negative), Cfg(cfg)), size)
