"""A tiny data set and tiny new models, for tests of training."""

from __future__ import annotations

import torch
from torch import Tensor

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Residency
from nodes.diffusion.training.course_unet import Lesson
from nodes.diffusion.training.dataset import WHITE, Background, Dataset, Example
from nodes.diffusion.training.new import Measures, new_model, new_vae
from nodes.diffusion.vae.handle import Vae

SIZE = 16
BLUE = Background(("blue", "azure"), (0.1, 0.2, 0.9))
MEASURES = Measures(channels=16, multipliers=(1, 2), context=64, text_layers=1)
COLOURS = {"dog": (200, 120, 40), "cat": (240, 180, 20), "leaf": (30, 160, 60)}


def square(colour: tuple[int, int, int]) -> Tensor:
    """(4, 16, 16) uint8: a square in the middle of nothing."""
    picture = torch.zeros(4, SIZE, SIZE, dtype=torch.uint8)
    picture[:, 4:12, 4:12] = torch.tensor([*colour, 255], dtype=torch.uint8)[:, None, None]
    return picture


def dataset(**told: object) -> Dataset:
    """Three squares, on white and on blue."""
    examples = tuple(
        Example(f"clear/{name}", square(colour), (f"a {name}", f"a {name}{{ on| before}} <a background> background"))
        for name, colour in COLOURS.items()
    )
    return Dataset(examples, **{"backgrounds": (WHITE, BLUE), **told})  # type: ignore[arg-type]


def vae(seed: int = 0) -> Vae:
    """One latent cell is two pixels a side."""
    return new_vae(Loader(Residency()), (16, 16), 1, 4, seed)


def lesson(seed: int = 0) -> Lesson:
    """A model that knows nothing yet."""
    model, clip = new_model(Loader(Residency()), MEASURES, "v", seed)
    assert clip is not None
    return Lesson(model, clip, vae(), dataset())
