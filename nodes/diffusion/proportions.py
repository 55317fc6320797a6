"""Conditionings that are for latents of one size, for those of another: what counts in cells covers the same part."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from nodes.diffusion.conditioning import Conditioning

Size: TypeAlias = tuple[int, int]
"""Cells: (h, w)."""

BOXES = "gligen"
"""A field whose value has a method ``scaled``: by how much down, and by how much across."""


def in_proportion(lists: Sequence[Conditioning], own: Size, other: Size) -> Sequence[Conditioning]:
    """Conditionings for latents of size ``own``, as they are for ones of size ``other``.

    Masks, hints and pictures are resized to any latent when they are settled, and percentages are of any latent; what
    is left are areas and boxes in cells.
    """
    if own == other:
        return lists
    return [[[context, fields_for(fields, own, other)] for context, fields in one] for one in lists]


def fields_for(fields: Mapping[str, Any], own: Size, other: Size) -> dict[str, Any]:
    """An item's fields, the same way."""
    made = dict(fields)
    area = fields.get("area")
    if area is not None and area[0] != "percentage":
        made["area"] = area_for(area, own, other)
    if (boxes := fields.get(BOXES)) is not None:
        made[BOXES] = boxes.scaled(other[0] / own[0], other[1] / own[1])
    return made


def area_for(area: Sequence[int], own: Size, other: Size) -> tuple[int, int, int, int]:
    """An area (h, w, y, x), the same way. Its edges are rounded, so that areas side by side stay so."""
    h, w, y, x = area
    top, bottom = (round(edge * other[0] / own[0]) for edge in (y, y + h))
    left, right = (round(edge * other[1] / own[1]) for edge in (x, x + w))
    return max(1, bottom - top), max(1, right - left), top, left
