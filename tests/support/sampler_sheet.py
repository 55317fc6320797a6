"""Draw the same words with every sampler on the bundled model: the picture in docs/samplers.md.

python -m tests.support.sampler_sheet docs/pictures/samplers.webp
"""

import sys
import time
from pathlib import Path

import torch

from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.sampling import sample_latent
from tests.support.sheets import bundled, sheet, words

WORDS, SEED, STEPS, CFG, CFG_PP = "a frog on a purple background", 3, 20, 4.0, 1.2
COLUMNS = 9


def main(path: Path, names: list[str]) -> None:
    painter, shown = bundled(), []
    positive, negative = words(painter, WORDS), words(painter, "")
    for name in names:
        began, evaluations = time.monotonic(), list[int]()
        latent = sample_latent(
            painter.model,
            {"samples": torch.zeros(1, 4, 16, 16)},
            positive,
            negative,
            seed=SEED,
            steps=STEPS,
            cfg=CFG_PP if name.endswith("_cfg_pp") else CFG,
            sampler_name=name,
            scheduler="karras",
            on_step=lambda report, counted=evaluations: counted.append(report.step),  # type: ignore[misc]
        )["samples"]
        shown.append((name.replace("_ancestral", "_anc"), painter.vae.decode(latent)))
        sys.stdout.write(f"{name}: {len(evaluations)} steps, {time.monotonic() - began:.1f} s\n")
    sheet(shown, COLUMNS, font_size=9).save(path, quality=85)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(SAMPLERS))
