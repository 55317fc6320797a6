"""The families we know, tried in order."""

from nodes.diffusion.families.base import Family
from nodes.diffusion.families.sd15 import SD15

FAMILIES: tuple[Family, ...] = (SD15,)

__all__ = ["FAMILIES", "SD15", "Family"]
