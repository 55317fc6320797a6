"""Porter and Duff's operators (SIGGRAPH 1984) and the blend modes that Android's PorterDuff.Mode has beside them.

Colours are premultiplied: ``s`` and ``d`` (B, H, W, 3) of source and destination, alphas ``sa`` and ``da``
(B, H, W, 1).
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

TRANSPARENT = 1e-5
"""An alpha below it has no colour: dividing by it would amplify rounding."""


class Layer(NamedTuple):
    """Premultiplied colour and alpha."""

    colour: Tensor
    alpha: Tensor


Factors = Callable[[Tensor, Tensor], tuple[Tensor | float, Tensor | float]]
"""(sa, da) -> how much of source and of destination is in the result, colour and alpha alike: the paper's F_A, F_B."""

OPERATORS: Mapping[str, Factors] = {
    "CLEAR": lambda sa, da: (0.0, 0.0),
    "SRC": lambda sa, da: (1.0, 0.0),
    "DST": lambda sa, da: (0.0, 1.0),
    "SRC_OVER": lambda sa, da: (1.0, 1 - sa),
    "DST_OVER": lambda sa, da: (1 - da, 1.0),
    "SRC_IN": lambda sa, da: (da, 0.0),
    "DST_IN": lambda sa, da: (0.0, sa),
    "SRC_OUT": lambda sa, da: (1 - da, 0.0),
    "DST_OUT": lambda sa, da: (0.0, 1 - sa),
    "SRC_ATOP": lambda sa, da: (da, 1 - sa),
    "DST_ATOP": lambda sa, da: (1 - da, sa),
    "XOR": lambda sa, da: (1 - da, 1 - sa),
    "ADD": lambda sa, da: (1.0, 1.0),
}

Meeting = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""(s, sa, d, da) -> the premultiplied colour where both are; where only one is, it stays as it is."""

BLENDS: Mapping[str, Meeting] = {
    "DARKEN": lambda s, sa, d, da: torch.minimum(s * da, d * sa),
    "LIGHTEN": lambda s, sa, d, da: torch.maximum(s * da, d * sa),
    "OVERLAY": lambda s, sa, d, da: torch.where(2 * d <= da, 2 * s * d, sa * da - 2 * (da - d) * (sa - s)),
    "SCREEN": lambda s, sa, d, da: s * da + d * sa - s * d,
}

MODES = (*OPERATORS, *BLENDS, "MULTIPLY")


def composite(source: Tensor, source_alpha: Tensor, destination: Tensor, destination_alpha: Tensor, mode: str) -> Layer:
    """Colours (B, H, W, 3) that are not premultiplied and alphas (B, H, W), 1 opaque; the same out, in [0, 1].

    Raises ValueError for an unknown mode.
    """
    sa, da = source_alpha.unsqueeze(-1), destination_alpha.unsqueeze(-1)
    mixed = mix(Layer(source * sa, sa), Layer(destination * da, da), mode)
    colour, alpha = mixed.colour.clamp(0, 1), mixed.alpha.clamp(0, 1)  # only ADD exceeds it
    seen = alpha > TRANSPARENT
    colour = torch.where(seen, colour / alpha.where(seen, 1.0), 0.0).clamp(0, 1)
    return Layer(colour, alpha.squeeze(-1))


def mix(source: Layer, destination: Layer, mode: str) -> Layer:
    """Two layers in one."""
    (s, sa), (d, da) = source, destination
    if mode in OPERATORS:
        of_source, of_destination = OPERATORS[mode](sa, da)
        return Layer(of_source * s + of_destination * d, of_source * sa + of_destination * da)
    if mode == "MULTIPLY":  # Android's: what only one of them covers is gone
        return Layer(s * d, sa * da)
    if mode not in BLENDS:
        raise ValueError(f"unknown Porter-Duff mode {mode!r}; known are {', '.join(sorted(MODES))}")
    return Layer((1 - da) * s + (1 - sa) * d + BLENDS[mode](s, sa, d, da), sa + da - sa * da)
