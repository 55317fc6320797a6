"""The rules an input's value must keep, one function each: ``(spec, config, value) -> Problem | None``.

Types and texts of the problems are ComfyUI's, so that its clients understand them; where it has no rule (sizes
that are no multiple of 8, numbers that are not finite), ours follow its manner.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from engine.node import InputSpec
from engine.problems import Problem

SHOWN_CHOICES = 20

CONVERTERS: dict[str, Callable[[Any], Any]] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


def compatible(received: Any, expected: Any) -> bool:
    """Whether an output of type ``received`` may feed an input of type ``expected``: equal, ``*``, or sharing a type.

    The ``!=`` comparison comes first because packs make wildcards of strings that are never unequal.
    """
    if not bool(received != expected):
        return True
    if isinstance(received, list | tuple):
        return bool(expected == "COMBO")
    if not isinstance(received, str) or not isinstance(expected, str):
        return False
    ours, theirs = ({part.strip() for part in text.split(",")} for text in (received, expected))
    return bool(ours & theirs) or "*" in (ours | theirs)


def missing(spec: InputSpec) -> Problem:
    """A required input that is not there."""
    return Problem("required_input_missing", "Required input is missing", spec.name, {"input_name": spec.name})


def bad_link(spec: InputSpec, config: list[Any], value: Any) -> Problem:
    """An array that is no link."""
    message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
    return Problem("bad_linked_input", message, spec.name, _info(spec, config, value))


def link_type(spec: InputSpec, config: list[Any], received: Any, link: list[Any]) -> Problem | None:
    """A link's two ends must fit."""
    if compatible(received, spec.type):
        return None
    details = f"{spec.name}, received_type({received}) mismatch input_type({spec.type})"
    extra = {"input_name": spec.name, "input_config": config, "received_type": received, "linked_node": link}
    return Problem("return_type_mismatch", "Return type mismatch between linked nodes", details, extra)


def convert(spec: InputSpec, config: list[Any], value: Any) -> tuple[Any, Problem | None]:
    """Bring a constant to the declared type, as leniently as ComfyUI: 3.7 -> 3, "5" -> 5."""
    converter = CONVERTERS.get(spec.type)
    if converter is None and not spec.link_only:
        return value, None
    try:
        if converter is None:
            raise TypeError("it takes a link to another node, not a value")
        converted = converter(value)
        if isinstance(converted, float) and not math.isfinite(converted):
            raise ValueError("not a finite number")
    except (ValueError, TypeError, OverflowError) as error:
        extra = {**_info(spec, config, value), "exception_message": str(error)}
        message = f"Failed to convert an input value to a {spec.type} value"
        return value, Problem("invalid_input_type", message, f"{spec.name}, {value}, {error}", extra)
    return converted, None


def smallest(spec: InputSpec, config: list[Any], value: Any) -> Problem | None:
    """At least ``min``."""
    least = spec.options.get("min")
    if least is None or not _is_number(value) or value >= least:
        return None
    message = f"Value {value} smaller than min of {least}"
    return Problem("value_smaller_than_min", message, spec.name, _info(spec, config, value))


def largest(spec: InputSpec, config: list[Any], value: Any) -> Problem | None:
    """At most ``max``."""
    most = spec.options.get("max")
    if most is None or not _is_number(value) or value <= most:
        return None
    message = f"Value {value} bigger than max of {most}"
    return Problem("value_bigger_than_max", message, spec.name, _info(spec, config, value))


def multiple(spec: InputSpec, config: list[Any], value: Any) -> Problem | None:
    """A whole number of steps, for the integers that are declared with a step of more than one: sizes in pixels."""
    step = spec.options.get("step", 1)
    if spec.type != "INT" or not isinstance(step, int) or step <= 1 or value % step == 0:
        return None
    message = f"Value {value} is not a multiple of {step}"
    return Problem("value_not_multiple", message, spec.name, _info(spec, config, value))


def member(spec: InputSpec, config: list[Any], value: Any) -> Problem | None:
    """One of the choices."""
    choices = config[0]
    if not isinstance(choices, list) or value in choices:
        return None
    many = len(choices) > SHOWN_CHOICES
    shown = f"(list of length {len(choices)})" if many else str(choices)
    extra = {"input_name": spec.name, "input_config": None if many else config, "received_value": value}
    return Problem("value_not_in_list", "Value not in list", f"{spec.name}: '{value}' not in {shown}", extra)


RULES: Sequence[Callable[[InputSpec, list[Any], Any], Problem | None]] = (smallest, largest, multiple, member)
"""The built-in checks of a converted constant, in order; the first that fails speaks."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _info(spec: InputSpec, config: list[Any], value: Any) -> dict[str, Any]:
    return {"input_name": spec.name, "input_config": config, "received_value": value}
