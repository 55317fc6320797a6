"""A file seen under other names; some tensors are parts of larger ones there."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from nodes.diffusion.header import Header, Shape
from nodes.diffusion.tensors import Source


class Piece(NamedTuple):
    """A tensor, or of its rows' ``parts`` equal ones the ``part``-th; turned over if ``transposed``."""

    name: str
    part: int = 0
    parts: int = 1
    transposed: bool = False

    def shape(self, whole: Shape) -> Shape:
        rows = (whole[0] // self.parts, *whole[1:]) if whole else whole
        return rows[::-1] if self.transposed else rows

    def of(self, whole: Tensor) -> Tensor:
        part = whole.chunk(self.parts)[self.part] if self.parts > 1 else whole
        return part.T.contiguous() if self.transposed else part


class Renamed:
    """A file's tensors under our names; nothing is read before it is asked for."""

    def __init__(self, file: Source, pieces: Mapping[str, Piece], called: str) -> None:
        """``pieces`` is our name -> what it is in the file; ``called`` tells these from others of the same file."""
        self._file, self._pieces = file, {n: piece for n, piece in pieces.items() if piece.name in file.header.shapes}
        self.path: Path = file.path
        self.stamp: tuple[Hashable, ...] = (*file.stamp, called)
        shapes = {name: piece.shape(file.header.shapes[piece.name]) for name, piece in self._pieces.items()}
        self.header = Header(shapes, file.header.metadata)

    def read(self, prefix: str) -> dict[str, Tensor]:
        names = [name for name in self._pieces if name.startswith(prefix)]
        return {name.removeprefix(prefix): tensor for name, tensor in self.named(names).items()}

    def named(self, names: Iterable[str]) -> dict[str, Tensor]:
        pieces = {name: self._pieces[name] for name in names}
        stored = self._file.named({piece.name for piece in pieces.values()})
        return {name: piece.of(stored[piece.name]) for name, piece in pieces.items()}


def renamed(file: Source, stored: Mapping[str, str], called: str) -> Renamed:
    """A file seen under our names; ``stored`` is our name -> the file's."""
    return Renamed(file, {name: Piece(theirs) for name, theirs in stored.items()}, called)
