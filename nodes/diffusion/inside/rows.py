"""What watches a sampling from inside the network: which step it is at, and which row is looked at.

Of a batch the first picture is watched, and of its evaluations those with the positive words.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from torch import Tensor

from nodes.diffusion.inputs import Inputs
from nodes.diffusion.inside.anatomy import BLOCKS, Key
from nodes.diffusion.unet.hooks import Spot

POSITIVE = 0  # its place among the conditioning lists
K = TypeVar("K")

WAY_OF = {block: way for way, block in BLOCKS.items()}


def key_of(spot: Spot) -> Key:
    """The block that a hook is called in."""
    return Key(WAY_OF[spot.block], spot.number)


def watched_row(inputs: Inputs) -> int | None:
    """The first row with positive words; None if there is none in this part of the batch."""
    return inputs.lists.index(POSITIVE) if POSITIVE in inputs.lists else None


class Rows(Generic[K]):
    """Something of the first row, by key.

    A batch may be taken in parts, and these again where memory ran out: the first row stays. Guidance may evaluate
    the same again with a change: what was first stays.
    """

    def __init__(self) -> None:
        self._found: dict[K, tuple[int, Tensor]] = {}

    def keep(self, key: K, row: int, value: Tensor) -> None:
        """``row`` counts from the whole batch's first."""
        if key not in self._found or row < self._found[key][0]:
            self._found[key] = (row, value)

    def taken(self) -> dict[K, Tensor]:
        """What was kept since the last time."""
        found, self._found = self._found, {}
        return {key: value for key, (_, value) in found.items()}
