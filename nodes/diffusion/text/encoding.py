"""A text encoder's answer as a conditioning, with what its hooks ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from nodes.diffusion.text.clip import Clip


def conditioned(clip: Clip, encode: Callable[[Clip], tuple[Tensor, Tensor]], **told: Any) -> list[list[Any]]:
    """``[[context, fields]]`` of what ``encode`` makes with a text encoder; an item for each stage of its hooks.

    ``told`` are further fields.
    """
    stages: list[tuple[Clip, dict[str, Any]]] = [(clip, {})] if clip.hooks is None else clip.hooks.stages(clip)
    made = []
    for encoder, fields in stages:
        context, pooled = encode(encoder)
        made.append([context, {"pooled_output": pooled, **told, **fields}])
    return made
