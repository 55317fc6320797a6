"""Schedules that were found by search or training, and are tables."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from nodes.diffusion.prediction import Prediction
from nodes.diffusion.ramps import ending_in_zero

TURBO_TIMESTEPS = 10
ALIGNED: Mapping[str, Sequence[float]] = {
    "SD1": (
        *(14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092),
        *(0.9642583904, 0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582),
    ),
    "SDXL": (
        *(14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141),
        *(0.5550693289, 0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582),
    ),
    "SVD": (700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002),
}
"""Sabour et al. 2024, Align Your Steps (arXiv:2404.14507): ten steps that bound the solver's error for each model."""


def align_your_steps(model_type: str, steps: int, denoise_fraction: float = 1.0) -> Tensor:
    """The table of ``model_type``, or for other than ten steps what lies between, linear in log sigma; ends in 0.

    The last ``steps * denoise_fraction`` steps: (that + 1,) float32, or (0,) for none.
    """
    return last_steps(ALIGNED[model_type], steps, denoise_fraction)


def last_steps(table: Sequence[float], steps: int, denoise_fraction: float) -> Tensor:
    """The end of a table's schedule, the last level made 0: (``steps * denoise_fraction`` + 1,) float32, or (0,).

    For another number of ``steps`` than the table has, what lies between its levels, linear in log sigma.
    """
    kept = round(steps * denoise_fraction)
    if kept < 1:
        return torch.empty(0)
    levels = np.asarray(table)
    if steps + 1 != len(levels):
        places = np.linspace(0, 1, steps + 1)
        levels = np.exp(np.interp(places, np.linspace(0, 1, len(levels)), np.log(levels)))
    sigmas = torch.tensor(levels[-(kept + 1) :], dtype=torch.float32)
    sigmas[-1] = 0
    return sigmas


def sd_turbo(prediction: Prediction, steps: int, denoise_fraction: float = 1.0) -> Tensor:
    """The ``steps`` first of the timesteps 999, 899, ... that SD-Turbo was distilled for, and 0.

    Sauer et al. 2023 (arXiv:2311.17042). With less to denoise it begins further down, and may have fewer steps.
    """
    timesteps = torch.arange(TURBO_TIMESTEPS, 0, -1) * 100 - 1
    begin = TURBO_TIMESTEPS - int(TURBO_TIMESTEPS * denoise_fraction)
    return ending_in_zero(prediction.sigma(timesteps[begin : begin + steps]))
