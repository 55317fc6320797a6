"""Small random checkpoints of each family: written, opened, drawn with."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from nodes.diffusion.checkpoint import Checkpoint, Loader
from nodes.diffusion.lazy import Residency
from nodes.diffusion.sampling import sample_latent
from tests.fixtures import make_random

UNET, VAE = "model.diffusion_model.", "first_stage_model."
LATENT = {"samples": torch.zeros(1, 4, 8, 8)}

Weights = dict[str, Tensor]


@cache
def made(family: str) -> Weights:
    return make_random.weights(family)


def weights(family: str) -> Weights:
    """A family's tensors, in a dict of the test's own."""
    return dict(made(family))


def saved(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> Path:
    save_file({name: each.contiguous() for name, each in tensors.items()}, path, metadata=dict(metadata or {}))
    return path


def load(path: Path, **settings: Any) -> Checkpoint:
    return Loader(Residency(), **settings).checkpoint(path)


def conditioning(checkpoint: Checkpoint, text: str, **fields: Any) -> list[list[Any]]:
    assert checkpoint.clip
    context, pooled = checkpoint.clip.encode(text)
    return [[context, {"pooled_output": pooled, **fields}]]


def drawn(checkpoint: Checkpoint, steps: int = 2, **fields: Any) -> Tensor:
    words = [conditioning(checkpoint, text, **fields) for text in ("a (red:1.3) apple", "")]
    settings: dict[str, Any] = {"seed": 1, "steps": steps, "cfg": 5.0}
    sampled = sample_latent(checkpoint.model, LATENT, *words, sampler_name="euler", scheduler="normal", **settings)
    return sampled["samples"]


def picture(checkpoint: Checkpoint) -> Tensor:
    assert checkpoint.vae
    return checkpoint.vae.decode(drawn(checkpoint))
