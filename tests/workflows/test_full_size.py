"""A checkpoint as large as Stable Diffusion 1.5 goes the whole way; its weights are random, so is its picture."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Residency
from nodes.diffusion.sampling import sample_latent

pytestmark = pytest.mark.slow

MAKER = Path(__file__).parents[1] / "fixtures" / "make_sd15.py"


def test_a_full_size_checkpoint_draws(tmp_path: Path) -> None:
    path = tmp_path / "sd15.safetensors"
    subprocess.run([sys.executable, str(MAKER), str(path)], check=True)
    loaded = Loader(Residency()).checkpoint(path)
    assert loaded.clip
    assert loaded.vae
    config = loaded.model.unet.get().config
    assert [level.channels for level in config.levels] == [320, 640, 1280, 1280]
    assert config.heads(1280) == 8

    words = [[[loaded.clip.encode(text)[0], {}]] for text in ("a cat", "")]
    latent = sample_latent(
        loaded.model,
        {"samples": torch.zeros(1, 4, 32, 32)},
        *words,
        seed=1,
        steps=2,
        cfg=7.0,
        sampler_name="euler",
        scheduler="normal",
    )
    picture = loaded.vae.decode(latent["samples"])
    assert picture.shape == (1, 256, 256, 3)
    assert picture.isfinite().all()
