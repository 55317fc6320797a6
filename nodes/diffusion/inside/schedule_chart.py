"""A model's noise schedule as a chart."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from nodes.diffusion.inside.forward import Level, level
from nodes.diffusion.levels import TRAIN_STEPS
from nodes.diffusion.prediction import Prediction
from nodes.imaging.charts import Panel, Scale, panels

KINDS = {
    "eps": "the network predicts the noise (ε)",
    "v": "the network predicts the velocity (v)",
    "x0": "the network predicts the clean latent",
    "lcm": "a latent consistency model",
    "img_to_img": "the network turns one latent into another",
    "edm": "EDM's mix of noise and picture",
    "rflow": "rectified flow",
}


def schedule_chart(prediction: Prediction, marked: Sequence[Level]) -> Tensor:
    """Alpha-bar, sigma and signal-to-noise ratio over the 1000 timesteps, some of them marked: (1, H, W, 3)."""
    whole = [level(prediction, timestep) for timestep in range(TRAIN_STEPS)]

    def panel(title: str, name: str, scale: Scale = "log") -> Panel:
        def points(some: Sequence[Level]) -> tuple[list[float], list[float]]:
            return [at.timestep for at in some], [getattr(at, name) for at in some]

        return Panel({"": points(whole)}, title=title, x="timestep t", scale=scale, marked=points(marked))

    return panels(
        [
            panel("ᾱ: the picture's share of the variance", "alpha_bar", "linear"),
            panel("σ: the noise beside the picture", "sigma"),
            panel("SNR = ᾱ / (1 − ᾱ) = 1 / σ²", "snr"),
        ],
        title=f"Noise schedule; {KINDS[prediction.kind]}",
    )
