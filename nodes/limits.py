"""Sizes that would not fit into this machine, refused before anything is allocated."""

import math
from collections.abc import Mapping
from typing import Any

from engine.machine import machine
from engine.problems import Problem

GIB = 2**30
FLOAT_BYTES = 4


def too_large(name: str, needed_bytes: int, what: str) -> list[Problem]:
    """A problem of input ``name`` if ``needed_bytes`` are more than the whole memory; else nothing."""
    if message := excess(needed_bytes, what):
        return [Problem("value_too_large", message, name, {"input_name": name})]
    return []


def refuse_too_large(*shape: int) -> None:
    """Raise ValueError if float32 pictures of this shape (B, H, W, C), which come of a node's inputs, would need more
    than the whole memory."""
    batch, height, width = shape[:3]
    if message := excess(math.prod(shape) * FLOAT_BYTES, f"{batch} pictures of {width}x{height}"):
        raise ValueError(message)


def excess(needed_bytes: int, what: str) -> str:
    """What to say of more than the whole memory; nothing of what fits."""
    has = machine().limit_bytes
    if needed_bytes <= has:
        return ""
    return f"{what} need {needed_bytes / GIB:.0f} GiB of memory, this machine has {has / GIB:.0f} GiB"


def out_of_range(inputs: Mapping[str, Any], most: int, *names: str) -> list[Problem]:
    """Problems of the inputs that are not from 0 to ``most``: for those that editors move in steps, but that may be
    anything between, since the built-in checks would ask for a multiple of the step."""
    given = {name: inputs.get(name) or 0 for name in names}
    return [
        Problem(
            "value_bigger_than_max" if value > most else "value_smaller_than_min",
            f"Value {value} bigger than max of {most}" if value > most else f"Value {value} smaller than min of 0",
            name,
            {"input_name": name, "received_value": value},
        )
        for name, value in given.items()
        if not 0 <= value <= most
    ]
