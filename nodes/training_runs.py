"""What nodes that train have in common: where they put things, and what they show meanwhile."""

import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from engine.context import Context
from engine.folders import Folders
from engine.marks import Widget
from engine.node import Result
from engine.paths import safe_join
from engine.services import Services
from nodes.diffusion.pictures import to_pil
from nodes.diffusion.preview import fitted, jpeg
from nodes.diffusion.training.course import Course, Look
from nodes.diffusion.training.loop import Pace, Training
from nodes.imaging.charts import lines
from nodes.imaging.sheets import Tile, sheet, stacked
from nodes.saving import proof_of

FOLDER = "training"
CURVE_EVERY_S = 15.0
SHEET_EVERY_S = 30.0
WINDOW = 50
"""How many losses are averaged at most, to see where they go."""
POINTS = 1500
WIDEST = 1600  # pixels, of what is shown meanwhile
LETTERS = 22
DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}

Name = Annotated[
    str,
    Field(description="A training of this name goes on where it is; it lies in the output folder, in training/."),
]
Steps = Annotated[int, Field(ge=1, le=10_000_000)]
BatchSize = Annotated[int, Field(ge=1, le=4096, description="Pictures a step.")]
Rate = Annotated[float, Field(ge=0, le=1, description="How far weights move each step."), Widget(step=1e-6)]
Workers = Annotated[
    int,
    Field(ge=1, le=256, description="Threads that compute side by side. Another number gives slightly other weights."),
    Widget(advanced=True),
]
Average = Annotated[
    float,
    Field(
        ge=0, le=0.99999, description="What comes out is the weights' moving average: so much of it stays each step."
    ),
    Widget(step=0.0001),
]
SampleEvery = Annotated[int, Field(ge=0, description="Steps between two sheets of samples; 0 for none on the way.")]
Prompts = Annotated[
    str,
    Field(description="What is painted meanwhile and at the end, one prompt a line. Empty: captions of the data set."),
    Widget(multiline=True),
]


def course(
    ctx: Context,
    name: str,
    pace: Pace,
    seed: int,
    workers: int,
    precision: str,
    watch: Callable[[Training, Look], None],
) -> Course:
    """A training in the output folder. Raises ValueError for a name that is none, UnsafePath for one that leads out."""
    return Course(
        training_folder(ctx, name), pace, seed, workers, DTYPES[precision], watch, lambda done, total: ctx.check()
    )


def training_folder(ctx: Context, name: str) -> Path:
    """Where a training's files are."""
    if not name.strip():
        raise ValueError("a training needs a name: its files go to a folder of that name in the output folder")
    return safe_join(ctx.service(Folders).directory("output") / FOLDER, name.strip())


def pace(steps: int, batch_size: int, learning_rate: float, average: float) -> Pace:
    """The usual one; the warm-up is short where there are few steps."""
    return Pace(steps, batch_size, learning_rate, warmup=max(1, min(100, steps // 10)), average=average)


class Watch:
    """Tells of each step, and shows the loss so far, with samples below, a few times a minute."""

    def __init__(self, ctx: Context, title: str, page: Callable[[Sequence[Tensor]], Tensor], sample_every: int) -> None:
        self._ctx, self._title, self._page, self._every = ctx, title, page, sample_every
        self._samples: Tensor | None = None
        self._shown_at, self._sampled_at = time.monotonic(), float("-inf")

    def __call__(self, training: Training, look: Look) -> None:
        """After a step. Raises Cancelled."""
        self._ctx.progress(training.step, training.pace.steps)
        if not self._ctx.wants_previews:
            return
        now = time.monotonic()
        sampling = self._every and training.step % self._every == 0 and now - self._sampled_at >= SHEET_EVERY_S
        if sampling:
            self._samples, self._sampled_at = self._page(look()), time.monotonic()
        if sampling or now - self._shown_at >= CURVE_EVERY_S:
            pages = [curve(training.losses, self._title), *([] if self._samples is None else [self._samples])]
            picture = to_pil(stacked(pages)[0])
            small = fitted(picture, WIDEST) if max(picture.size) > WIDEST else picture
            self._ctx.preview("image/jpeg", jpeg(small))
            self._shown_at = time.monotonic()


def curve(losses: Sequence[float], title: str = "loss") -> Tensor:
    """The loss of each step and the mean of those before, as a chart: (1, H, W, 3) in [0, 1]."""
    width = max(1, min(WINDOW, len(losses) // 10))
    at = range(0, len(losses), max(1, len(losses) // POINTS))
    steps = [n + 1.0 for n in at]
    means = [fmean(losses[max(0, n + 1 - width) : n + 1]) for n in at]
    data = {"each step": (steps, [losses[n] for n in at])}
    if width > 1:
        data[f"mean of {width}"] = (steps, means)
    told = f"{title}, step {len(losses)}: {fmean(losses[-width:]):.4f}" if losses else title
    scale: Literal["log", "linear"] = "log" if losses and min(losses) > 0 else "linear"
    return lines(data, title=told, x="step", y="loss", scale=scale, pale=("each step",) if width > 1 else ())


def painted_page(prompts: Sequence[str], title: str) -> Callable[[Sequence[Tensor]], Tensor]:
    """A sheet of pictures above their prompts."""

    def page(pictures: Sequence[Tensor]) -> Tensor:
        tiles = [Tile(each, textwrap.fill(prompt, LETTERS)) for each, prompt in zip(pictures, prompts, strict=True)]
        return sheet([tiles[n : n + 6] for n in range(0, len(tiles), 6)], title=title, side=128)

    return page


def rebuilt_page(pictures: Sequence[Tensor]) -> Tensor:
    """A row of pictures, and below each what came back of it."""
    tiles, half = [Tile(each) for each in pictures], len(pictures) // 2
    return sheet([tiles[:half], tiles[half:]], row_names=["as it is", "rebuilt"], side=128)


def is_file_there(result: Result, services: Services) -> bool:
    """Whether the file that a remembered training tells of is still there, and the same."""
    return all(each is not None and proof_of(each[0]) == each for each in result.proof)
