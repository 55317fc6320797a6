"""The families we know, tried in order."""

from nodes.diffusion.families.base import Family, Seen
from nodes.diffusion.families.sd2 import SD2, SD2_DEPTH, UPSCALER
from nodes.diffusion.families.sd15 import SD15
from nodes.diffusion.families.sdxl import EDITOR, PLAYGROUND, REFINER, SDXL

FAMILIES: tuple[Family, ...] = (SD15, SD2, SD2_DEPTH, UPSCALER, REFINER, EDITOR, PLAYGROUND, SDXL)

__all__ = ["FAMILIES", "SD2", "SD15", "SDXL", "Family", "Seen"]
