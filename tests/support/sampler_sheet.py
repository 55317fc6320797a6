"""Draw the same words with every sampler on the bundled model: the picture in docs/samplers.md.

python -m tests.support.sampler_sheet docs/pictures/samplers.webp
"""

import sys
import time
from pathlib import Path

import torch
from PIL import Image, ImageDraw

from nodes.diffusion import samplers
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Residency
from nodes.diffusion.pictures import to_pil
from nodes.diffusion.sampling import sample_latent

BUNDLED = Path(samplers.__file__).parents[2] / "bundled" / "wireloom-mini.safetensors"
WORDS, SEED, STEPS, CFG, CFG_PP = "a frog on a purple background", 3, 20, 4.0, 1.2
COLUMNS, SIDE, LABEL, GAP = 9, 128, 16, 6  # pixels


def main(path: Path, names: list[str]) -> None:
    loaded = Loader(Residency()).checkpoint(BUNDLED)
    assert loaded.clip
    assert loaded.vae
    words, none = ([[loaded.clip.encode(text)[0], {}]] for text in (WORDS, ""))
    rows = -(-len(names) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (SIDE + GAP) + GAP, rows * (SIDE + LABEL + GAP) + GAP), "white")
    drawn = ImageDraw.Draw(sheet)
    for k, name in enumerate(names):
        began, evaluations = time.monotonic(), list[int]()
        latent = sample_latent(
            loaded.model,
            {"samples": torch.zeros(1, 4, 16, 16)},
            words,
            none,
            seed=SEED,
            steps=STEPS,
            cfg=CFG_PP if name.endswith("_cfg_pp") else CFG,
            sampler_name=name,
            scheduler="karras",
            on_step=lambda report, counted=evaluations: counted.append(report.step),  # type: ignore[misc]
        )["samples"]
        row, column = divmod(k, COLUMNS)
        x, y = GAP + column * (SIDE + GAP), GAP + row * (SIDE + LABEL + GAP)
        sheet.paste(to_pil(loaded.vae.decode(latent)[0]), (x, y + LABEL))
        drawn.text((x, y + 3), name.replace("_ancestral", "_anc"), "black", font_size=9)
        sys.stdout.write(f"{name}: {len(evaluations)} steps, {time.monotonic() - began:.1f} s\n")
    sheet.save(path, quality=85)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(samplers.SAMPLERS))
