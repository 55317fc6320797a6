"""Measure on the bundled model what steps between noise levels cost: the table of GITSScheduler.

python -m tests.support.gits_costs nodes/diffusion/gits.json
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

from nodes.diffusion import samplers
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.denoiser import Denoiser, Guider
from nodes.diffusion.gits import Table, trajectory, truncation_costs
from nodes.diffusion.lazy import Residency
from nodes.diffusion.model import Model
from nodes.diffusion.rules import Cfg

BUNDLED = Path(samplers.__file__).parents[2] / "bundled" / "wireloom-mini.safetensors"
STEPS, CFG, SEED = 60, 4.0, 1000
DIGITS = 5  # behind the point; the costs are of latents whose values are about 1
CAPTIONS = (
    "a red apple",
    "a banana on a blue background",
    "a pizza",
    "a strawberry on a black background",
    "a watermelon on a pink background",
    "a donut on a green background",
    "a rocket",
    "a red car on a cyan background",
    "a house",
    "a moon on a brown background",
    "a tree on a yellow background",
    "a skull on a red background",
    "a cat on a gray background",
    "a red heart",
    "a panda on an orange background",
    "a robot on a white background",
)


def guider(captions: tuple[str, ...]) -> Guider[Model]:
    """The bundled model, guided to a batch of one picture for each caption."""
    loaded = Loader(Residency()).checkpoint(BUNDLED)
    assert loaded.clip
    words = torch.cat([loaded.clip.encode(caption)[0] for caption in captions])
    return Guider(loaded.model, ([[words, {}]], [[loaded.clip.encode("")[0], {}]]), Cfg(CFG))


def measured(captions: tuple[str, ...] = CAPTIONS) -> Table:
    """Levels even in log sigma, and costs along them to 0, where the last of them is made 0 as in a schedule."""
    guided = guider(captions)
    prediction = guided.model.prediction
    grid = torch.from_numpy(np.geomspace(prediction.sigma_max, prediction.sigma_min, STEPS + 1)).float()
    taken = torch.cat((grid[:-1], torch.zeros(1)))
    noise = torch.randn(len(captions), 4, 16, 16, generator=torch.Generator().manual_seed(SEED))
    way = trajectory(Denoiser(guided, (16, 16)), noise * (taken[0] ** 2 + 1).sqrt(), taken)
    return Table(grid, truncation_costs(way, taken))


def text(table: Table) -> str:
    """As JSON: the levels, and a line for each level with the costs to those below it."""
    sigmas = [float(f"{sigma:.9g}") for sigma in table.sigmas.tolist()]
    rows = [[round(float(cost), DIGITS) for cost in row[i + 1 :]] for i, row in enumerate(table.costs[:-1])]
    lines = ",\n".join(json.dumps(row) for row in rows)
    return f'{{"sigmas": {json.dumps(sigmas)},\n"costs": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(measured()), encoding="utf-8")
