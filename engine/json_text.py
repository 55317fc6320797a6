"""JSON from outside, within limits: what gets in can be stored, sent on, and read by any other program."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from engine.errors import NotAWorkflow

MAX_DEPTH = 100
"""Arrays and objects within one another. Workflows have about 20; Python's own recursion ends at 1,000."""
MAX_CHARACTERS = 16 * 1024 * 1024
"""Of one string."""
MAX_DIGITS = 300
"""Of a whole number: with some more, it would not fit a float."""

HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Half of a surrogate pair as JSON writes it."""


def parse(text: str | bytes) -> Any:
    """Parse JSON, in UTF-8 if it is bytes. NaN and infinities, which Python's json writes, become null.

    Raises NotAWorkflow with the place of the mistake, or what is beyond the limits.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        document = json.loads(text, parse_constant=_nothing, parse_int=_whole, parse_float=_finite)
        _look_at(document, strings=len(text) > MAX_CHARACTERS or ("\\u" in text and HALF.search(text) is not None))
    except (ValueError, RecursionError) as error:
        raise NotAWorkflow(f"not valid JSON: {error}") from None
    return document


def _nothing(constant: str) -> None:
    return None


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has more than {MAX_DIGITS} digits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:20]} is larger than any float")
    return number


def _look_at(document: Any, *, strings: bool) -> None:
    """Raises ValueError if it is too deep, or, if wanted, for a string that is wrong. Level by level: no recursion."""
    level, depth = [document], 0
    while level:
        objects = [value for value in level if type(value) is dict]
        inner: list[Any] = [value for value in level if type(value) is list]
        inner += [each.values() for each in objects]
        if inner and depth == MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
        if strings:
            for text in [value for value in (*level, *(key for each in objects for key in each)) if type(value) is str]:
                _look_at_string(text)
        level = [value for values in inner for value in values if strings or type(value) in (dict, list)]
        depth += 1


def _look_at_string(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"a string has {len(text)} characters, more than {MAX_CHARACTERS}")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"{text[:80]!a} holds half of a surrogate pair")
