"""What a model file says of itself before any weight is read: tensor names, shapes and metadata."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Header:
    """Tensor name -> shape, and the file's metadata, all text."""

    shapes: Mapping[str, Shape]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def under(self, prefix: str) -> Header:
        """The tensors below ``prefix``, named without it."""
        return Header(
            {name.removeprefix(prefix): shape for name, shape in self.shapes.items() if name.startswith(prefix)},
            self.metadata,
        )

    def missing(self, names: Iterable[str]) -> list[str]:
        """Which of these tensors are not there."""
        return [name for name in names if name not in self.shapes]

    def count(self, pattern: str) -> int:
        """How many numbered places there are: one more than the largest number that ``pattern`` captures, or 0.

        Raises ValueError for more than there are tensors.
        """
        found = (re.match(pattern, name) for name in self.shapes)
        count = max((int(match[1]) + 1 for match in found if match), default=0)
        if count > len(self.shapes):
            raise ValueError(f"its tensors are numbered up to {count - 1}, but there are only {len(self.shapes)}")
        return count

    def number(self, key: str) -> int | None:
        """A whole number out of the metadata, if it is there and is one."""
        text = self.metadata.get(key, "")
        return int(text) if text.isdecimal() else None


def norm_groups(channels: int) -> int:
    """Groups of a network's GroupNorms by its first width: SD1's 32, fewer where the network is thin."""
    return max(1, min(32, channels // 4))
