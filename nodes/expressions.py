"""Arithmetic written as text: numbers, names, operators and a few functions of Python's, and nothing else."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Number: TypeAlias = int | float

LONGEST = 1000  # characters
MOST_BITS = 4096
"""Of a whole number: so much that no picture needs more, so little that no product takes long."""

MOST_DIGITS = 300

CONSTANTS: Mapping[str, Number] = {"pi": math.pi, "e": math.e, "tau": math.tau}


def power(base: Number, exponent: Number) -> Any:
    """Refuses what would take long to compute, before it is."""
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > MOST_BITS:
        raise ValueError(f"{base} to the power of {exponent} is too large")
    return base**exponent


def clamp(value: Number, least: Number, most: Number) -> Number:
    return max(least, min(value, most))


def rounded(value: Number, digits: Number = 0) -> Number:
    """To a whole number, or to so many digits behind the point; negative ones are before it."""
    if abs(digits) > MOST_DIGITS:
        raise ValueError(f"{digits} digits are too many to round to")
    return round(value, int(digits)) if digits else round(value)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "min": min,
    "max": max,
    "round": rounded,
    "floor": math.floor,
    "ceil": math.ceil,
    "int": int,
    "float": float,
    "clamp": clamp,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "atan2": math.atan2,
    "hypot": math.hypot,
}

OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: power,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def evaluate(expression: str, values: Mapping[str, Number]) -> Number:
    """What an expression comes to. Raises ValueError, which says where the expression goes wrong."""
    if len(expression) > LONGEST:
        raise ValueError(f"the expression has {len(expression)} characters; at most {LONGEST} are read")
    try:
        found = _Evaluation(values).of(ast.parse(expression.strip(), mode="eval").body)
    except SyntaxError as error:
        raise ValueError(f"{expression!r} is no expression: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise ValueError("the expression is nested too deep") from None
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ValueError(f"{expression!r} cannot be computed: {error}") from None
    return int(found) if isinstance(found, bool) else found


class _Evaluation:
    """One walk through an expression. Only what is named here is understood, so nothing else can be reached."""

    def __init__(self, values: Mapping[str, Number]) -> None:
        self._values = {**CONSTANTS, **values}

    def of(self, part: ast.expr) -> Number:
        found = self._of(part)
        if not isinstance(found, int | float):
            raise ValueError(f"{ast.unparse(part)} is {found!r}, which is no real number")
        if isinstance(found, int) and found.bit_length() > MOST_BITS:
            raise ValueError(f"{ast.unparse(part)} is too large")
        return found

    def _of(self, part: ast.expr) -> Any:
        match part:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._named(name)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
                return OPERATORS[type(op)](self.of(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                return OPERATORS[type(op)](self.of(left), self.of(right))
            case ast.Compare():
                return self._compared(part)
            case ast.BoolOp(op=op, values=parts):
                return self._joined(isinstance(op, ast.And), parts)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.of(body if self.of(test) else orelse)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
                return FUNCTIONS[name](*(self.of(argument) for argument in arguments))
        raise ValueError(f"{ast.unparse(part)} is no arithmetic; there are the functions {', '.join(FUNCTIONS)}")

    def _named(self, name: str) -> Number:
        if name not in self._values:
            raise ValueError(f"nothing is called {name}; there are {', '.join(self._values)}")
        return self._values[name]

    def _compared(self, part: ast.Compare) -> bool:
        left = self.of(part.left)
        for op, each in zip(part.ops, part.comparators, strict=True):
            right = self.of(each)
            if type(op) not in OPERATORS:
                raise ValueError(f"{ast.unparse(part)} is no comparison of numbers")
            if not OPERATORS[type(op)](left, right):
                return False
            left = right
        return True

    def _joined(self, is_and: bool, parts: list[ast.expr]) -> Number:
        found: Number = is_and
        for part in parts:
            found = self.of(part)
            if bool(found) is not is_and:
                break
        return found
