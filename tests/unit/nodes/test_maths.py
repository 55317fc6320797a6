"""Numbers: an expression is arithmetic, and nothing that reaches further or takes long."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.node import Blocked
from nodes import maths
from nodes.expressions import evaluate

SMALL = st.integers(-1000, 1000)


@pytest.mark.parametrize(
    ("expression", "number"),
    [
        ("(a + b) / 2", 2.5),
        ("a ** b", 8),
        ("-a // 3", -1),
        ("b % a", 1),
        ("max(a, b, 7)", 7),
        ("round(pi, 2)", 3.14),
        ("round(2.5)", 2),
        ("clamp(12, 0, 10)", 10),
        ("a < b <= 3", 1),
        ("a > b or not a", 0),
        ("a and b", 3),
        ("a if a == 2 else nothing", 2),
        (" floor(sqrt(17)) * 8 ", 32),
    ],
)
def test_expressions(expression: str, number: float) -> None:
    assert evaluate(expression, {"a": 2, "b": 3}) == pytest.approx(number)


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("a +", "no expression"),
        ("c + 1", "nothing is called c; there are pi, e, tau, a"),
        ("1 / 0", "division by zero"),
        ("(-1) ** 0.5", "no real number"),
        ("9 ** 9 ** 9", "too large"),
        ("2.0 ** 99999", "cannot be computed"),
        ("round(2, -1000000000)", "too many"),
        ("sqrt(-1)", "cannot be computed"),
        ("'a' * 9", "no real number"),
        ("__import__('os')", "no arithmetic"),
        ("a.real", "no arithmetic"),
        ("(lambda: 1)()", "no arithmetic"),
        ("[1][0]", "no arithmetic"),
        ("max(*a)", "no arithmetic"),
        ("a in a", "no comparison"),
        ("1 << 9", "no arithmetic"),
        ("sqrt", "nothing is called sqrt"),
        ("1" * 1001, "at most 1000"),
        ("(" * 400 + "1" + ")" * 400, "expression"),
        ("-" * 990 + "1", "nested too deep"),
        ("", "no expression"),
    ],
)
def test_what_cannot_be_computed_is_said(expression: str, complaint: str) -> None:
    started = time.monotonic()
    with pytest.raises(ValueError, match=complaint):
        evaluate(expression, {"a": 2})
    assert time.monotonic() - started < 1


@given(SMALL, SMALL, SMALL)
def test_expressions_count_as_python_does(a: int, b: int, c: int) -> None:
    assert evaluate("a * b - c", {"a": a, "b": b, "c": c}) == a * b - c


@given(st.text("0123456789abpi+-*/%.()<>=! \n'", max_size=40))
def test_any_text_is_a_number_or_refused(expression: str) -> None:
    try:
        found = evaluate(expression, {"a": 2, "b": 0.5})
    except ValueError:
        return
    assert isinstance(found, int | float)


def test_an_expression_gives_both_kinds_of_number() -> None:
    assert maths.math_expression("a * x", a=2, x=1.75) == (3, 3.5)
    with pytest.raises(ValueError, match="b is 'two', which is no number"):
        maths.math_expression("b", b="two")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the result is inf"):
        maths.math_expression("1e999")


def test_comparing_numbers() -> None:
    assert maths.number_compare(1, 1.0)
    assert maths.number_compare(1, 2, "<")
    assert not maths.number_compare(1, 2, ">=")


@pytest.mark.parametrize(
    ("value", "rounding", "whole"),
    [(2.5, "nearest", 2), (-2.5, "down", -3), (2.1, "up", 3), (-2.9, "towards zero", -2), ("7", "nearest", 7)],
)
def test_conversion_rounds_as_asked(value: float | str, rounding: str, whole: int) -> None:
    found = maths.number_convert(value, rounding)  # type: ignore[arg-type]
    assert (found.whole, found.text, found.truth) == (whole, str(value), True)


def test_what_is_no_number_is_not_converted() -> None:
    with pytest.raises(ValueError, match="'seven' is no number"):
        maths.number_convert("seven")
    with pytest.raises(ValueError, match="nan"):
        maths.number_convert("nan")
    with pytest.raises(ValueError, match="too large"):
        maths.number_convert(10**400)


def test_clamping() -> None:
    assert maths.clamp(12, 0, 10) == (10, 10.0)
    with pytest.raises(ValueError, match="above the maximum"):
        maths.clamp(1, 3, 2)


@given(st.integers(0, 2**64 - 1), st.floats(-100, 100), st.floats(0, 100))
def test_random_numbers_stay_within_their_limits_and_repeat(seed: int, minimum: float, span: float) -> None:
    found = maths.random_number(seed, minimum, minimum + span)
    assert minimum <= found.number <= minimum + span
    assert isinstance(found.whole, Blocked) or minimum <= found.whole <= minimum + span
    assert found == maths.random_number(seed, minimum, minimum + span)


def test_random_numbers_differ_by_seed_and_where_none_is_whole_that_output_is_blocked() -> None:
    assert len({maths.random_number(seed).number for seed in range(100)}) == 100
    assert {maths.random_number(seed, 1, 6).whole for seed in range(100)} == set(range(1, 7))
    found = maths.random_number(1, 0.2, 0.8)
    assert isinstance(found.whole, Blocked)
    assert not math.isnan(found.number)
