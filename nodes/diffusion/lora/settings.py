"""PEFT's settings, which diffusers keeps in a file's metadata: they say how strong a LoRA is, where no alpha does."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from nodes.diffusion.lora.kinds import Recipe

KEY = "lora_adapter_metadata"
PARTS = ("text_encoder_2", "text_encoder", "unet")


def declared_scale(metadata: Mapping[str, str], recipe: Recipe) -> float:
    """lora_alpha / r of a recipe's module, or 1 where nothing is said, as in files that have alphas of their own."""
    if KEY not in metadata or "down" not in recipe.keys or "alpha" in recipe.keys:
        return 1.0
    try:
        settings = json.loads(metadata[KEY])
    except ValueError:
        return 1.0
    part = next((part for part in PARTS if recipe.stem.startswith(f"{part}.")), None)
    if part is None or not isinstance(settings, dict):
        return 1.0
    own = {key.removeprefix(f"{part}."): value for key, value in settings.items() if key.startswith(f"{part}.")}
    module = recipe.stem.removeprefix(f"{part}.")
    rank, alpha = _of(module, own, "rank_pattern", "r"), _of(module, own, "alpha_pattern", "lora_alpha")
    if not rank or alpha is None:
        return 1.0
    return alpha / (rank**0.5 if own.get("use_rslora") is True else rank)


def _of(module: str, settings: Mapping[str, Any], pattern: str, rest: str) -> float | None:
    """A module's number: that of the first pattern that its name ends in, or what is for the rest."""
    patterns = settings.get(pattern)
    for key, value in patterns.items() if isinstance(patterns, dict) else ():
        if re.fullmatch(rf"(?:.*\.)?{re.escape(key)}", module) and isinstance(value, int | float):
            return float(value)
    value = settings.get(rest)
    return float(value) if isinstance(value, int | float) else None
