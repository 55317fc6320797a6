"""The bundled icons: what they are put on, and how much of that is held out."""

from __future__ import annotations

from nodes.diffusion.training.dataset import WHITE, Background


def _coloured(names: str, red: int, green: int, blue: int) -> Background:
    """Names between commas, and a colour in 8 bits."""
    return Background(tuple(names.split(",")), (red / 255, green / 255, blue / 255))


BACKGROUNDS = (
    WHITE,
    _coloured("black", 20, 20, 24),
    _coloured("gray,grey", 140, 140, 145),
    _coloured("red", 222, 44, 48),
    _coloured("orange", 246, 140, 36),
    _coloured("yellow", 250, 214, 50),
    _coloured("green", 52, 168, 83),
    _coloured("blue", 48, 104, 226),
    _coloured("purple", 132, 68, 196),
    _coloured("pink", 248, 150, 190),
    _coloured("brown", 126, 80, 48),
    _coloured("cyan", 70, 206, 220),
)
"""All that an icon may lie on, the plain one first."""
HOLD_OUT = 0.12
"""The share of pairs of a concept and a colour that are kept from training, see ``Dataset``."""
