"""What JSON is taken from outside."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import NotAWorkflow
from engine.json_text import MAX_CHARACTERS, MAX_DEPTH, MAX_DIGITS, parse

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(VALUES)
def test_what_is_within_the_limits_is_read_as_json_reads_it(value: Any) -> None:
    text = json.dumps(value)
    assert parse(text) == parse(text.encode()) == parse(b"\xef\xbb\xbf" + text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "Expecting value"),
        (b'{"a": 1,}', "double quotes"),
        (b"\xff\xfe1\0", "can't decode"),
        (b"\xed\xa0\x80", "can't decode"),
        (b'"\\ud800"', "half of a surrogate pair"),
        (b'[{"a": {"\\uDC00": 1}}]', "half of a surrogate pair"),
        (b'{"a": "\\ud83d and \\ude00"}', "half of a surrogate pair"),
        (b"1e999", "larger than any float"),
        (b"[-1" + b"0" * 400 + b".5]", "larger than any float"),
        (b"1" + b"0" * MAX_DIGITS, "more than 300 digits"),
        (b"9" * 100_000, "more than 300 digits"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested more than 100 deep"),
        (b'{"a":' * (MAX_DEPTH + 1) + b'"\\ud83d\\ude00"' + b"}" * (MAX_DEPTH + 1), "nested more than 100 deep"),
        (b"[" * 1_000_000, "recursion"),
        (b'["' + b"x" * MAX_CHARACTERS + b'y"]', "characters"),
    ],
)
def test_what_is_beyond_the_limits_is_refused_with_a_reason(text: bytes, why: str) -> None:
    with pytest.raises(NotAWorkflow, match=f"not valid JSON: .*{why}"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
        ("[NaN, Infinity, -Infinity, 1e300]", [None, None, None, 1e300]),
        ("9" * MAX_DIGITS, 10**MAX_DIGITS - 1),
    ],
)
def test_what_is_odd_but_harmless_is_taken(text: str, value: Any) -> None:
    assert parse(text) == value


def test_the_deepest_is_taken() -> None:
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH)
