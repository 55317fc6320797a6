"""How far few steps end from many, by schedule, on the bundled model: the table in docs/samplers.md.

python -m tests.support.gits_comparison

The captions and the noise are others than those that the table of GITSScheduler was measured with.
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from nodes.diffusion.gits import gits
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.sampling import sample_guided
from nodes.diffusion.sigmas import SCHEDULES
from nodes.diffusion.timetables import align_your_steps
from tests.support.gits_costs import guider

CAPTIONS = (
    "a frog on a purple background",
    "a dog on a green background",
    "a lemon",
    "a hamburger on a cyan background",
    "a sun on a blue background",
    "a star on a black background",
    "a soccer ball on a red background",
    "a smiley face",
)
SEED, STEPS, REFERENCE_STEPS = 11, (4, 6, 8, 10, 20), 200


def schedules(prediction: Prediction) -> Mapping[str, Callable[[int], Tensor]]:
    named = {name: partial(SCHEDULES[name], prediction) for name in ("normal", "sgm_uniform", "karras")}
    return {**named, "AlignYourSteps, SD1": partial(align_your_steps, "SD1"), "GITS, 1.2": partial(gits, 1.2)}


def main() -> None:
    """Mean squared distances of the latents, in the network's scale, as rows of a table."""
    guided = guider(CAPTIONS)
    empty = {"samples": torch.zeros(len(CAPTIONS), 4, 16, 16)}
    scale = guided.model.latent_format.to_network

    def ends(sampler: str, sigmas: Tensor) -> Tensor:
        return scale(sample_guided(guided, empty, SAMPLERS[sampler], sigmas, seed=SEED).latent["samples"])

    reference = ends("euler", SCHEDULES["normal"](guided.model.prediction, REFERENCE_STEPS))
    for sampler in ("euler", "dpmpp_2m"):
        for name, schedule in schedules(guided.model.prediction).items():
            far = [(ends(sampler, schedule(steps)) - reference).square().mean().item() for steps in STEPS]
            sys.stdout.write(f"| `{sampler}` | {name} | {' | '.join(f'{each:.4f}' for each in far)} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
