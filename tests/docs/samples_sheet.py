"""Draw docs/pictures/samples.webp, which README.md shows: one seed of each prompt, nothing picked out.

Run it from the repository's root: ``python -m tests.docs.samples_sheet``.
"""

from pathlib import Path

import torch

from nodes.diffusion.sampling import sample_latent
from tests.support.sheets import bundled, sheet, words

SHEET, COLUMNS = Path("docs/pictures/samples.webp"), 8
SEED, STEPS, CFG = 1, 20, 3.0
PROMPTS = (
    "a fox on a cyan background",
    "a red balloon on a yellow background",
    "a flat penguin on an orange background",
    "a rocket on a purple background",
    "a strawberry on a white background",
    "a panda on a pink background",
    "a flat sailboat on a blue background",
    "an owl on a green background",
    "a flat cactus on a pink background",
    "a dolphin on a yellow background",
    "a birthday cake on a cyan background",
    "a tiger on a blue background",
    "a flat volcano on a black background",
    "a frog on a red background",
    "a sunflower on a purple background",
    "a teapot on an orange background",
    "a planet on a black background",
    "a flat hamburger on a green background",
    "a unicorn on a purple background",
    "a traffic light on a gray background",
    "a flat octopus on a cyan background",
    "a pineapple on a red background",
    "a koala on a yellow background",
    "a flat ufo on a blue background",
)


def main() -> None:
    painter = bundled()
    latent = sample_latent(
        painter.model,
        {"samples": torch.zeros(len(PROMPTS), 4, 16, 16), "batch_index": [0] * len(PROMPTS)},  # all from one noise
        words(painter, *PROMPTS),
        words(painter, ""),
        seed=SEED,
        steps=STEPS,
        cfg=CFG,
        sampler_name="dpmpp_2m",
        scheduler="karras",
    )
    pictures = painter.vae.decode(latent["samples"])
    sheet([("", picture[None]) for picture in pictures], COLUMNS).save(SHEET, "WEBP", quality=90, method=6)


if __name__ == "__main__":
    main()
