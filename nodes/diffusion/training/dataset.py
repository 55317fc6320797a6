"""Pictures with captions, as training draws them: put on a background, moved a little, told in one of many ways."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from nodes.diffusion.training.captions import tells_background, written

CONCEPTS_KEY, HOLD_OUT_KEY = "wireloom.concepts", "wireloom.hold_out"
MOST_TOLD = 2000
"""Subjects; of a larger set the first ones are named."""
UNSAID = 0.75
"""How often the plain background is not mentioned."""
JITTER = 0.012
"""Deviation of a background's colour from its name's, so that no colour is one number."""


@dataclass(frozen=True)
class Example:
    """A picture, and patterns of captions; see ``captions``."""

    name: str
    picture: Tensor  # (4, H, W) uint8: RGB and alpha
    captions: tuple[str, ...]

    @property
    def subject(self) -> str:
        """What it shows, by the last part of its name: pictures of one subject share it."""
        return self.name.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Augment:
    """How a picture is moved before it is learned from. ``scale`` are a range, ``shift`` a part of half the width,
    each way; ``shift_step`` of the same has it moved by whole steps only."""

    scale: tuple[float, float] = (1.0, 1.0)
    shift: float = 0.0
    shift_step: float = 0.0
    flip: bool = False


class Background(NamedTuple):
    """A colour, as parts of red, green and blue in [0, 1], and what it may be called."""

    names: tuple[str, ...]
    colour: tuple[float, float, float]


WHITE = Background(("white",), (1.0, 1.0, 1.0))


class Choice(NamedTuple):
    """Which picture, on what; nothing lies behind pictures that are opaque."""

    example: int
    background: Background | None = None


@dataclass(frozen=True)
class Dataset:
    """Pictures of one size. Those with transparent parts are put on one of ``backgrounds``; the first is the plain one,
    which goes without saying, and is taken ``plain_share`` of the time.

    Pairs of a subject and a background that ``hold_out`` chooses (a share, 0 to 1) are never drawn: whether they can be
    painted all the same tells whether a model has learned both, or pictures by heart. The plain one is never held out.
    """

    examples: tuple[Example, ...]
    backgrounds: tuple[Background, ...] = (WHITE,)
    plain_share: float = 0.4
    hold_out: float = 0.0
    augment: Augment = Augment()

    @property
    def size(self) -> int:
        """Pixels a side."""
        return self.examples[0].picture.shape[-1]

    def told(self) -> dict[str, str]:
        """What the metadata of a model says that learned from it, so that ``wireloom evaluate`` knows what to ask."""
        subjects = sorted({example.subject for example in self.examples})
        return {CONCEPTS_KEY: json.dumps(subjects[:MOST_TOLD]), HOLD_OUT_KEY: str(self.hold_out)}

    def is_plain(self, background: Background | None) -> bool:
        """Whether nothing needs to be said of it."""
        return background is None or background == self.backgrounds[0]

    def held_out(self, subject: str, background: Background) -> bool:
        """Whether this pair is never drawn; the same in every run."""
        if self.is_plain(background):
            return False
        digest = hashlib.sha256(f"{subject} on {background.names[0]}".encode()).digest()
        return int.from_bytes(digest[:4]) < self.hold_out * 2**32

    def choices(self) -> list[Choice]:
        """All that may be drawn."""
        made = []
        for n, example in enumerate(self.examples):
            if has_transparency(example.picture):
                seen = (each for each in self.backgrounds if not self.held_out(example.subject, each))
                made += [Choice(n, background) for background in seen]
            else:
                made.append(Choice(n))
        return made

    def weights(self, choices: Sequence[Choice]) -> Tensor:
        """How often each of ``choices`` is drawn: (N,), summing to 1; each picture as often as any other."""
        coloured = Counter(choice.example for choice in choices if not self.is_plain(choice.background))

        def weight(choice: Choice) -> float:
            others = coloured[choice.example]
            if not others:
                return 1.0
            return self.plain_share if self.is_plain(choice.background) else (1 - self.plain_share) / others

        weights = torch.tensor([weight(choice) for choice in choices], dtype=torch.float64)
        return weights / weights.sum()

    def picture(self, choice: Choice, rng: Random) -> Tensor:
        """(3, H, W) in [-1, 1]: the picture moved, on a shade of its background."""
        moved = augmented(self.examples[choice.example].picture, self.augment, rng)
        shade = torch.tensor((choice.background or WHITE).colour)
        if shade.min() < 1:  # white stays white
            shade = (shade + torch.tensor([rng.gauss(0, JITTER) for _ in range(3)])).clamp(0, 1)
        return flattened(moved, shade) * 2 - 1

    def caption(self, choice: Choice, rng: Random) -> str:
        """One way to say what is seen. The plain background may go unsaid, others not, where captions can tell them."""
        patterns = self.examples[choice.example].captions
        silent = [pattern for pattern in patterns if not tells_background(pattern)]
        telling = [pattern for pattern in patterns if tells_background(pattern)] if choice.background else []
        unsaid = self.is_plain(choice.background) and rng.random() < UNSAID
        usable = (silent or telling) if unsaid else (telling or silent)
        name = rng.choice(choice.background.names) if choice.background else ""
        return written(rng.choice(usable), rng, name) if usable else ""


def has_transparency(picture: Tensor) -> bool:
    """Whether anything shows through a (4, H, W) uint8 picture."""
    return bool((picture[3] < 255).any())


def augmented(picture: Tensor, how: Augment, rng: Random) -> Tensor:
    """A (4, H, W) uint8 picture moved: float32 in [0, 1], its colours multiplied with its alpha."""
    rgba = picture.float() / 255
    rgba = torch.cat((rgba[:3] * rgba[3:], rgba[3:]))
    if how.flip and rng.random() < 0.5:
        rgba = rgba.flip(-1)
    scale = rng.uniform(*how.scale)
    shifts = [stepped(rng.uniform(-how.shift, how.shift), how.shift_step) for _ in range(2)]
    if scale == 1 and not any(shifts):
        return rgba
    theta = torch.tensor([[1 / scale, 0, shifts[0]], [0, 1 / scale, shifts[1]]])[None]
    grid = affine_grid(theta, [1, *rgba.shape], align_corners=False)
    return grid_sample(rgba[None], grid, align_corners=False)[0]


def stepped(value: float, step: float) -> float:
    """The nearest whole step; the value itself without steps."""
    return round(value / step) * step if step else value


def flattened(rgba: Tensor, colour: Tensor) -> Tensor:
    """Premultiplied (4, H, W) in [0, 1] over a colour (3,): (3, H, W)."""
    return (rgba[:3] + (1 - rgba[3:]) * colour[:, None, None]).clamp(0, 1)
