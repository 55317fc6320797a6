"""Sample with every sampler on the bundled model in this process; print what share of the bytes was that of before.

The first process below a folder stores what each step leaves, and the outcome. The next goes on from each step.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch

from nodes.diffusion import resuming
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Residency
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.sampling import sample_latent

STEPS = 3
BUNDLED = Path(resuming.__file__).parents[1] / "bundled" / "wireloom-mini.safetensors"


class Files:
    """A store that keeps what each step left, in a file each; ``at`` is the one to go on from."""

    def __init__(self, folder: Path, at: int | None = None) -> None:
        self.folder, self.at, self.count = folder, at, 0

    def load(self) -> bytes | None:
        return None if self.at is None else (self.folder / str(self.at)).read_bytes()

    def store(self, data: bytes) -> None:
        if self.at is None:
            (self.folder / str(self.count)).write_bytes(data)
        self.count += 1


def main(root: Path) -> dict[str, float]:
    torch.set_num_threads(1)  # small latents, and many samplings
    resuming.EVERY_S, resuming.SHARE = 0.0, 1e9
    loaded = Loader(Residency()).checkpoint(BUNDLED)
    assert loaded.clip
    words, none = ([[loaded.clip.encode(text)[0], {}]] for text in ("a red apple", ""))
    latent = {"samples": torch.zeros(1, 4, 8, 8)}
    shares = {}
    for name in SAMPLERS:
        settings: dict[str, Any] = {"seed": 3, "steps": STEPS, "cfg": 4.0, "sampler_name": name, "scheduler": "normal"}
        folder = root / name
        folder.mkdir(exist_ok=True)
        stored = [int(path.name) for path in folder.iterdir() if path.name != "out"]
        outcomes = []
        for at in stored or (None,):
            out = sample_latent(loaded.model, latent, words, none, **settings, store=Files(folder, at))["samples"]
            if at is None:
                torch.save(out, folder / "out")
            outcomes.append(at is not None and torch.equal(out, torch.load(folder / "out")))
        shares[name] = sum(outcomes) / len(outcomes)
    return shares


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
