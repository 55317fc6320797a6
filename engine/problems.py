"""What is wrong with a workflow, in ComfyUI's words: the HTTP error body is a dump of these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One complaint. ``type`` is the code that clients match on; ``details`` names the input and the value."""

    type: str
    message: str
    details: str = ""
    extra_info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeProblems:
    """What is wrong with one node, and which output nodes cannot run because of it."""

    errors: tuple[Problem, ...]
    dependent_outputs: tuple[str, ...]
    class_type: str


def unfit(name: str, why: str = "") -> Problem:
    """What a node's own check says of the input ``name``."""
    details = f"{name} - {why}" if why else name
    return Problem("custom_validation_failed", "Custom validation failed for node", details, {"input_name": name})
