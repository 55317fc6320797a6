"""What some families' networks are told beside the words: sizes as a vector, pictures as further channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from torch import Tensor


class Wish(NamedTuple):
    """A conditioning item, and the latent that it is for."""

    fields: Mapping[str, Any]
    height: int  # cells
    width: int
    list: int  # 0 is the positive list, 1 the negative


Telling: TypeAlias = Callable[[Wish], Tensor | None]


@dataclass(frozen=True)
class Extras:
    """Of a family: how a conditioning item's fields become what its network takes. Each raises ValueError.

    ``vector`` gives (1, V). ``concat`` gives (1 or B, C, h, w), in the network's scale, behind the latent's channels.
    """

    vector: Telling | None = None
    concat: Telling | None = None


NO_EXTRAS = Extras()
