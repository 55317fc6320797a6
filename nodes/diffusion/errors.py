"""What can go wrong with models and their files."""

from collections.abc import Sequence
from pathlib import Path

SHOWN = 6  # names in a message


class DiffusionError(Exception):
    """Anything this library raises on purpose."""


class CorruptCheckpoint(DiffusionError):
    """A file that is damaged, cut short, or not what its name says."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path.name} cannot be read: {why}")


class UnknownCheckpoint(DiffusionError):
    """A sound file of no family we know; names the nearest one and what it would still need."""

    def __init__(self, path: Path, nearest: str, missing: Sequence[str]) -> None:
        super().__init__(
            f"{path.name} is no model we know. The nearest family is {nearest}, which differs in {brief(missing)}"
        )
        self.nearest, self.missing = nearest, tuple(missing)


class UnsupportedModel(DiffusionError):
    """A sound file of a kind that we know, and cannot use."""

    def __init__(self, path: Path, kind: str, why: str) -> None:
        super().__init__(f"{path.name} is of the kind {kind}, which is not supported: {why}")
        self.kind = kind


class MissingWeights(DiffusionError):
    """A file that lacks tensors of a network, or has them in other shapes."""

    def __init__(self, path: Path, part: str, problems: Sequence[str]) -> None:
        super().__init__(f"{path.name}: the {part} is incomplete: {brief(problems)}")
        self.problems = tuple(problems)


class BadWeights(DiffusionError):
    """Weights of a network that are no finite numbers."""

    def __init__(self, file: str, part: str, names: Sequence[str]) -> None:
        super().__init__(f"{file}: the {part} has weights that are no numbers: {brief(names)}")
        self.names = tuple(names)


def brief(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
