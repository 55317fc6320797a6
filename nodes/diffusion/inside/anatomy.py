"""The blocks of a U-Net by name, with what they hold and hand on: ``down 0``, ``middle``, ``up 5``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from nodes.diffusion.unet.config import UNetConfig
from nodes.diffusion.unet.hooks import Block

Way: TypeAlias = Literal["down", "middle", "up", "skip"]
WAYS: tuple[Way, ...] = ("down", "middle", "up")
BLOCKS: dict[Way, Block] = {"down": "input", "middle": "middle", "up": "output"}
"""By the names that hooks have."""
ITEM = re.compile(r"(down|middle|up|skip)(?:\s*(\d+)(?:\s*-\s*(\d+))?)?")


class Key(NamedTuple):
    """A block. ``skip`` n is the copy of what ``down`` n gives, on its way to the way up."""

    way: Way
    number: int = 0

    def __str__(self) -> str:
        return "middle" if self.way == "middle" else f"{self.way} {self.number}"


@dataclass(frozen=True)
class Part:
    """A block as the architecture has it."""

    key: Key
    channels: int
    """Of what it gives."""
    halvings: int
    """How often what it gives has been halved, against the latent."""
    what: str
    depth: int = 0
    """Transformer layers."""
    skip: Key | None = None
    """Where its copy goes, on the way down; where it comes from, on the way up."""
    skip_channels: int = 0

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(h, w) of its features, for a latent's; an odd side is halved upwards."""
        step = 2**self.halvings
        return -(-height // step), -(-width // step)


def parts(config: UNetConfig) -> list[Part]:
    """All blocks, in the order of computing."""
    down = list(_down(config))
    bottom = down[-1]
    what = _what(config.middle_depth) if config.middle_blocks else "nothing"  # in some distilled networks
    middle = Part(Key("middle"), bottom.channels, bottom.halvings, what, config.middle_depth)
    return [*down, middle, *_up(config, down)]


def _down(config: UNetConfig) -> list[Part]:
    made = [("convolution", config.model_channels, 0, 0)]
    for n, level in enumerate(config.levels):
        made += [(_what(depth), level.channels, n, depth) for depth in level.down_depths]
        if n < len(config.levels) - 1:
            made.append(("halving", level.channels, n + 1, 0))
    last = len(made) - 1
    return [
        Part(Key("down", k), channels, halvings, what, depth, Key("up", last - k), channels)
        for k, (what, channels, halvings, depth) in enumerate(made)
    ]


def _up(config: UNetConfig, down: Sequence[Part]) -> list[Part]:
    made: list[Part] = []
    for n, level in reversed(list(enumerate(config.levels))):
        for block, depth in enumerate(level.up_depths):
            doubles = n > 0 and block == level.blocks
            what = _what(depth) + (", doubling" if doubles else "")
            source = down[len(down) - 1 - len(made)]
            key = Key("up", len(made))
            made.append(Part(key, level.channels, n - doubles, what, depth, source.key, source.channels))
    return made


def _what(depth: int) -> str:
    return f"residual, attention x{depth}" if depth else "residual"


def chosen(text: str, config: UNetConfig, ways: Sequence[Way] = WAYS, name: str = "blocks") -> list[Key]:
    """The blocks that a list names, in the order of computing: ``all``, or such as ``down 0-3, middle, up``.

    Empty, or ``none``, is none. Raises ValueError for what this U-Net has not; ``name`` is what the list is called.
    """
    there = [part.key for part in parts(config)]
    there += [Key("skip", key.number) for key in there if key.way == "down"]
    there = [key for key in there if key.way in ways]
    wanted: set[Key] = set()
    for item in filter(None, (each.strip().lower() for each in text.split(","))):
        if item == "none":
            continue
        found = there if item == "all" else _named(item, there)
        if not found:
            raise ValueError(f"{name}: this model has no {item!r}; it has {_listed(there)}")
        wanted.update(found)
    return [key for key in there if key in wanted]


def _named(item: str, there: Sequence[Key]) -> list[Key]:
    """What one item of a list names; nothing if it, or an end of its range, is not there."""
    match = ITEM.fullmatch(item)
    if match is None:
        return []
    way, first, last = match[1], match[2], match[3]
    if first is None:
        return [key for key in there if key.way == way]
    numbers = range(int(first), int(last or first) + 1)
    found = [key for key in there if key.way == way and key.number in numbers]
    return found if len(found) == len(numbers) else []


def _listed(there: Sequence[Key]) -> str:
    """All blocks in a few words."""
    spans = []
    for way in dict.fromkeys(key.way for key in there):
        numbers = [key.number for key in there if key.way == way]
        spans.append("middle" if way == "middle" else f"{way} {numbers[0]} to {way} {numbers[-1]}")
    return ", ".join(spans)
