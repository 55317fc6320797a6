"""The rules an input's value must keep, one function each: ``(spec, shown, value) -> Problem | None``.

Types and texts of the problems are ComfyUI's, so that its clients understand them; where it has no rule (sizes
that are no multiple of 8, numbers that are not finite), ours follow its manner.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from engine.node import InputSpec
from engine.problems import Problem

SHOWN_CHOICES = 20

CONVERTERS: dict[str, Callable[[Any], Any]] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}

Shown: TypeAlias = Callable[[InputSpec], list[Any]]
"""Gives an input as clients see it, ``[type, options]``. Asked only when there is something to say."""

Rule: TypeAlias = Callable[[InputSpec, Shown, Any], Problem | None]


def is_link(value: Any) -> bool:
    """Whether a JSON value is a link: a node id and the number of one of its outputs."""
    if type(value) is not list or len(value) != 2 or not isinstance(value[0], str):
        return False
    slot = value[1]
    return type(slot) is int or (isinstance(slot, float) and slot.is_integer())


def compatible(received: Any, expected: Any) -> bool:
    """Whether an output of type ``received`` may feed an input of type ``expected``: equal, ``*``, or sharing a type.

    The ``!=`` comparison comes first because packs make wildcards of strings that are never unequal.
    """
    if not bool(received != expected):
        return True
    if isinstance(received, list | tuple):
        return bool(expected in ("COMBO", "*"))
    if not isinstance(received, str) or not isinstance(expected, str):
        return False
    ours, theirs = ({part.strip() for part in text.split(",")} for text in (received, expected))
    return bool(ours & theirs) or not WILD.isdisjoint(ours | theirs)


WILD = frozenset({"*", "COMFY_MATCHTYPE_V3"})
"""Types that fit every other one, also as a part of a union."""


def missing(spec: InputSpec) -> Problem:
    """A required input that is not there. Of a dotted name, a field of a group of inputs, people know the last part."""
    details = spec.name.rpartition(".")[2]
    return Problem("required_input_missing", "Required input is missing", details, {"input_name": spec.name})


def bad_link(spec: InputSpec, shown: Shown, value: Any) -> Problem:
    """An array that is no link."""
    message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
    return Problem("bad_linked_input", message, spec.name, _info(spec, shown, value))


def link_type(spec: InputSpec, shown: Shown, received: Any, link: list[Any]) -> Problem | None:
    """A link's two ends must fit."""
    if compatible(received, spec.type):
        return None
    details = f"{spec.name}, received_type({received}) mismatch input_type({spec.type})"
    extra = {"input_name": spec.name, "input_config": shown(spec), "received_type": received, "linked_node": link}
    return Problem("return_type_mismatch", "Return type mismatch between linked nodes", details, extra)


def unwrapped(value: Any) -> Any:
    """A constant out of ``{"__value__": ...}``, the form in which arrays are told from links."""
    return value["__value__"] if isinstance(value, Mapping) and "__value__" in value else value


def convert(spec: InputSpec, shown: Shown, value: Any) -> tuple[Any, Problem | None]:
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
        extra = {**_info(spec, shown, value), "exception_message": str(error)}
        message = f"Failed to convert an input value to a {spec.type} value"
        return value, Problem("invalid_input_type", message, f"{spec.name}, {value}, {error}", extra)
    return converted, None


def rules(spec: InputSpec) -> list[Rule]:
    """The built-in checks that an input's declaration asks for, in order; the first that fails speaks."""
    limited: list[Rule] = [rule for name, rule in LIMITS.items() if spec.options.get(name) is not None]
    return [*limited, member] if spec.choices is not None or spec.type == "COMBO" else limited


def smallest(spec: InputSpec, shown: Shown, value: Any) -> Problem | None:
    """At least ``min``."""
    least = spec.options["min"]
    if not _is_number(value) or value >= least:
        return None
    message = f"Value {value} smaller than min of {least}"
    return Problem("value_smaller_than_min", message, spec.name, _info(spec, shown, value))


def largest(spec: InputSpec, shown: Shown, value: Any) -> Problem | None:
    """At most ``max``."""
    most = spec.options["max"]
    if not _is_number(value) or value <= most:
        return None
    message = f"Value {value} bigger than max of {most}"
    return Problem("value_bigger_than_max", message, spec.name, _info(spec, shown, value))


def multiple(spec: InputSpec, shown: Shown, value: Any) -> Problem | None:
    """A whole number of steps, for the integers that are declared with a step of more than one: sizes in pixels."""
    step = spec.options["step"]
    if spec.type != "INT" or not isinstance(step, int) or step <= 1 or value % step == 0:
        return None
    message = f"Value {value} is not a multiple of {step}"
    return Problem("value_not_multiple", message, spec.name, _info(spec, shown, value))


LIMITS: Mapping[str, Rule] = {"min": smallest, "max": largest, "step": multiple}


def member(spec: InputSpec, shown: Shown, value: Any) -> Problem | None:
    """One of the choices, or where several may be picked, each of them."""
    config = shown(spec)
    choices = config[0] if isinstance(config[0], list) else config[1].get("options")
    if not isinstance(choices, Sequence):
        return None  # what is offered is known to the editor alone
    many = spec.options.get("multiselect") and isinstance(value, list)
    strangers = [each for each in (value if many else [value]) if each not in choices]
    if not strangers:
        return None
    long = len(choices) > SHOWN_CHOICES
    offered = f"(list of length {len(choices)})" if long else str(list(choices))
    named = ", ".join(f"'{each}'" for each in strangers)
    details = f"{spec.name}: {named} not in {offered}"
    extra = {"input_name": spec.name, "input_config": None if long else config, "received_value": value}
    return Problem("value_not_in_list", "Value not in list", details, extra)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _info(spec: InputSpec, shown: Shown, value: Any) -> dict[str, Any]:
    return {"input_name": spec.name, "input_config": shown(spec), "received_value": value}
