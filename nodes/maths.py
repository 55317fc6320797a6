"""Nodes that calculate. A number on a link may be an INT or a FLOAT; results come as both."""

import math
import operator
import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from engine.declare import node
from engine.lanes import INLINE
from engine.marks import Widget
from engine.node import Blocked
from nodes.expressions import clamp as clamped
from nodes.expressions import evaluate
from nodes.types import Seed

Real = int | float
Typed = Annotated[Real, Widget(widgetType="FLOAT")]
"""Either from a link, and a field to type into where there is none."""
Operand = Annotated[Real, Field(description="A number that the expression names.")]
Bound = Annotated[float, Field(ge=-1e18, le=1e18), Widget(step=0.01)]

COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ROUNDINGS: Mapping[str, Callable[[float], int]] = {
    "nearest": round,
    "down": math.floor,
    "up": math.ceil,
    "towards zero": math.trunc,
}

maths = partial(node, category="utils/math", module="wireloom", lane=INLINE)


class Numbers(NamedTuple):
    whole: Annotated[int, Field(description="Cut to a whole number, towards zero.")]
    number: float


class Converted(NamedTuple):
    whole: int
    number: float
    text: str
    truth: Annotated[bool, Field(description="Whether it is anything but 0.")]


@maths("MathExpression", title="Math Expression")
def math_expression(
    expression: Annotated[str, Field(description="Such as (a + b) / 2, or max(a, 8) if b > 1 else sqrt(c).")],
    a: Operand | None = None,
    b: Operand | None = None,
    c: Operand | None = None,
    d: Operand | None = None,
    **values: Operand,
) -> Numbers:
    """Calculate with numbers by name: arithmetic, comparisons, ``x if test else y``, and functions such as sqrt."""
    known = {"a": a, "b": b, "c": c, "d": d, **values}
    return numbers(
        evaluate(expression, {name: real(value, name) for name, value in known.items() if value is not None})
    )


@maths("NumberCompare", title="Compare Numbers")
def number_compare(a: Typed, b: Typed, comparison: Literal["==", "!=", "<", "<=", ">", ">="] = "==") -> bool:
    """How two numbers compare."""
    return bool(COMPARISONS[comparison](real(a, "a"), real(b, "b")))


@maths("NumberConvert", title="Convert Number")
def number_convert(
    value: int | float | str | bool,
    rounding: Literal["nearest", "down", "up", "towards zero"] = "nearest",
) -> Converted:
    """A number, a text that is one, or a truth as each of them. Halves are rounded to the even neighbour."""
    number = read_number(value) if isinstance(value, str) else real(value, "value")
    return Converted(ROUNDINGS[rounding](finite(number)), float(number), str(value), bool(number))


@maths("Clamp", title="Clamp")
def clamp(value: Typed, minimum: Typed = 0.0, maximum: Typed = 1.0) -> Numbers:
    """The nearest number that is neither below the minimum nor above the maximum."""
    if real(minimum, "minimum") > real(maximum, "maximum"):
        raise ValueError(f"the minimum {minimum} is above the maximum {maximum}")
    return numbers(clamped(real(value, "value"), minimum, maximum))


@maths("RandomNumber", title="Random Number")
def random_number(seed: Seed, minimum: Bound = 0.0, maximum: Bound = 1.0) -> Numbers:
    """A number between two others, each as likely; the same for the same seed. The whole one has limits of its own."""
    if minimum > maximum:
        raise ValueError(f"the minimum {minimum} is above the maximum {maximum}")
    source = random.Random(seed)
    number, least, most = source.uniform(minimum, maximum), math.ceil(minimum), math.floor(maximum)
    if least > most:
        return Numbers(Blocked(f"no whole number lies between {minimum} and {maximum}"), number)  # type: ignore[arg-type]
    return Numbers(source.randint(least, most), number)


def numbers(found: Real) -> Numbers:
    return Numbers(int(finite(found)), float(found))


def real(value: object, name: str) -> Real:
    """A link's value as a number. Raises ValueError for what is none."""
    if not isinstance(value, int | float):
        raise ValueError(f"{name} is {value!r}, which is no number")
    return value


def finite(number: Real) -> Real:
    """Raises ValueError for infinities, NaN, and whole numbers that no float can hold."""
    try:
        if math.isfinite(number):
            return number
    except OverflowError:
        pass
    raise ValueError("the result is too large" if isinstance(number, int) else f"the result is {number}")


def read_number(text: str) -> Real:
    """The number that a text is. Raises ValueError for any other text."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None
