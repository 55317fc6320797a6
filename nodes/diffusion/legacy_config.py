"""The settings that Stable Diffusion's first checkpoints came with, as YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from nodes.diffusion.prediction import Kind, Prediction

PARAMETERIZATIONS: dict[str, Kind] = {"v": "v", "eps": "eps", "x0": "x0"}


def configured_prediction(path: Path) -> Prediction | None:
    """What ``model.params.parameterization`` says that is predicted; None if it says nothing. Raises ValueError."""
    try:
        content: Any = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path.name} is no YAML: {error}") from None
    for key in ("model", "params", "parameterization"):
        content = content.get(key) if isinstance(content, dict) else None
    if content is None:
        return None
    if content not in PARAMETERIZATIONS:
        raise ValueError(f"{path.name}: parameterization {content!r} is none of {', '.join(PARAMETERIZATIONS)}")
    return Prediction.discrete(PARAMETERIZATIONS[content])
