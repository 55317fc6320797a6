"""The values of a sweep, written as text, brought to what an input takes: lists, ranges, words exchanged for others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from engine.graph import Link
from engine.node import InputSpec
from engine.registry import Registry

MOST_VALUES = 100
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
STEPS = re.compile(rf"({NUMBER})\s*\.\.\s*({NUMBER})(?:\s+step\s+({NUMBER}))?")
COUNTED = re.compile(rf"({NUMBER})\s*:\s*({NUMBER})\s*:\s*(\d+)")
ARROW = re.compile(r"\s*->\s*")
EMPTY = '""'
"""How the empty text is written in a list."""

TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
SHOWN_CHOICES = 12


class Value(NamedTuple):
    """A value as the input takes it, and how it is called on the sheet."""

    value: Any
    label: str


def values(text: str, spec: InputSpec, now: Any) -> list[Value]:
    """What a text lists for an input that holds ``now``.

    One value a line, or in a single line several with commas between them; numbers also as ``1..10``,
    ``1..10 step 2`` (the end included if it is met) and ``2:8:4`` (four values from 2 to 8, evenly spaced). For a text,
    ``dog -> cat`` is what it holds now with other words. Raises ValueError, which says what was expected.
    """
    kinds = kinds_of(spec, now)
    numbers = not {"INT", "FLOAT"}.isdisjoint(kinds)
    parts = split(text, always_at_commas=numbers)
    if numbers:
        parts = [each for part in parts for each in ranged(part)]
    if not parts:
        raise ValueError("it lists no values")
    if len(parts) > MOST_VALUES:
        raise ValueError(f"it lists {len(parts)} values, and at most {MOST_VALUES} can be swept")
    return [converted(part, kinds, now) for part in parts]


def kinds_of(spec: InputSpec, now: Any) -> frozenset[str]:
    """The plain types that an input takes; of one that takes anything, the type of what it holds."""
    if spec.choices is not None:
        return frozenset({"COMBO"})
    if spec.link_only:
        raise ValueError(f"it takes a {spec.type} from another node, and no values; sweep an input of that node")
    kinds = frozenset(part.strip() for part in spec.type.split(","))
    if "*" not in kinds:
        return kinds
    held = {bool: "BOOLEAN", int: "INT", float: "FLOAT"}.get(type(now), "STRING")
    return frozenset({held})


def split(text: str, *, always_at_commas: bool) -> list[str]:
    """The parts of a list, without the blanks around them."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and not always_at_commas:
        return lines
    return [part.strip() for line in lines for part in line.split(",") if part.strip()]


def ranged(part: str) -> Iterator[str]:
    """The numbers of a range, exactly as decimals; anything else is itself."""
    if found := COUNTED.fullmatch(part):
        first, last, count = Decimal(found[1]), Decimal(found[2]), int(found[3])
        if count < 2:
            raise ValueError(f"{part!r} is no range: FIRST:LAST:COUNT needs a count of at least 2")
        limited(part, count)
        yield from (plain(first + (last - first) * i / (count - 1)) for i in range(count))
    elif found := STEPS.fullmatch(part):
        first, last = Decimal(found[1]), Decimal(found[2])
        step = abs(Decimal(found[3] or "1"))
        if step == 0:
            raise ValueError(f"{part!r} is no range: its step is 0")
        count = int(abs(last - first) / step) + 1
        limited(part, count)
        yield from (plain(first + (step if last >= first else -step) * i) for i in range(count))
    else:
        yield part


def limited(part: str, count: int) -> None:
    if count > MOST_VALUES:
        raise ValueError(f"{part!r} stands for {count} values, and at most {MOST_VALUES} can be swept")


def plain(number: Decimal) -> str:
    """Without an exponent and without zeros at the end; ten digits are enough for any input."""
    short = f"{number:.10f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short


def converted(part: str, kinds: frozenset[str], now: Any) -> Value:
    """A part by the first of its types that fits. Stricter than a workflow's own values are read: 3.7 is no whole
    number here, since the sheet would say 3.7 of what was made with 3. Raises ValueError."""
    if "BOOLEAN" in kinds and part.lower() in TRUTHS:
        return Value(TRUTHS[part.lower()], part)
    for kind, convert in (("INT", int), ("FLOAT", float)):
        if kind in kinds:
            try:
                return Value(convert(part), part)
            except ValueError:
                continue
    if "COMBO" in kinds:
        return Value(part, part)
    if "STRING" in kinds:
        return exchanged(part, now)
    names = {"INT": "a whole number", "FLOAT": "a number", "BOOLEAN": "true or false"}
    wanted = " or ".join(names.get(kind, kind) for kind in sorted(kinds))
    raise ValueError(f"{part!r} does not fit; expected {wanted}")


def exchanged(part: str, now: Any) -> Value:
    """A text: itself, or what stands there now with words exchanged."""
    if part == EMPTY:
        return Value("", "(empty)")
    sides = ARROW.split(part, maxsplit=1)
    if len(sides) == 1:
        return Value(part, part)
    old, new = sides
    if isinstance(now, Link):
        raise ValueError(f"{part!r} exchanges words of a text that comes from another node; sweep that node's input")
    if not old or old not in str(now):
        raise ValueError(f"{part!r} exchanges {old!r}, which the text does not have: {str(now)!r:.200}")
    return Value(str(now).replace(old, new), new or f"without {old}")


def expected(spec: InputSpec, registry: Registry) -> str:
    """What an input takes, in words."""
    choices = registry.choices(spec)
    if choices is not None:
        more = f" and {len(choices) - SHOWN_CHOICES} more" if len(choices) > SHOWN_CHOICES else ""
        return f"one of {', '.join(choices[:SHOWN_CHOICES])}{more}"
    least, most, step = (spec.options.get(name) for name in ("min", "max", "step"))
    limits = [f"at least {least}" if least is not None else "", f"at most {most}" if most is not None else ""]
    if spec.type == "INT" and isinstance(step, int) and step > 1:
        limits.append(f"a multiple of {step}")
    return f"{spec.type} {', '.join(limit for limit in limits if limit)}".strip()
