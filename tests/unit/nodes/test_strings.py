"""Text nodes do what ComfyUI's do."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes import patterns, strings

SLOW = "(?:a|aa|aaa)+(?:b|bb)*$"


def test_texts_are_joined_cut_and_measured() -> None:
    assert strings.concatenate("a", "b", ", ") == "a, b"
    assert strings.substring("wireloom", 4, -1) == "loo"
    assert strings.length("wire").length == 4
    assert strings.replace("a cat, a hat", "a", "o") == "o cot, o hot"


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("UPPERCASE", "A RED FOX"),
        ("lowercase", "a red fox"),
        ("Capitalize", "A red fox"),
        ("Title Case", "A Red Fox"),
    ],
)
def test_cases(mode: str, text: str) -> None:
    assert strings.convert_case("a Red fOX", mode) == text  # type: ignore[arg-type]


def test_white_space_is_trimmed_on_the_sides_asked_for() -> None:
    assert strings.trim(" \n a ", "Both") == "a"
    assert strings.trim(" a ", "Left") == "a "
    assert strings.trim(" a ", "Right") == " a"


def test_comparisons_may_ignore_case() -> None:
    assert not strings.contains("A Cat", "cat").contains
    assert strings.contains("A Cat", "cat", case_sensitive=False).contains
    assert strings.compare("Cat", "ca", "Starts With", case_sensitive=False)
    assert strings.compare("Cat", "at", "Ends With")
    assert not strings.compare("Cat", "cat", "Equal")
    assert strings.compare("Cat", "cat", "Equal", case_sensitive=False)


def test_a_pattern_is_found_anywhere() -> None:
    assert strings.regex_match("a Red fox", "red").matches
    assert not strings.regex_match("a Red fox", "red", case_insensitive=False).matches
    assert strings.regex_match("a\nb", "^b", multiline=True).matches
    assert not strings.regex_match("a\nb", "a.b").matches
    assert strings.regex_match("a\nb", "a.b", dotall=True).matches


@pytest.mark.parametrize(
    ("mode", "pattern", "group", "found"),
    [
        ("First Match", r"(\w)=(\d)", 1, "a=1"),
        ("All Matches", r"\w=\d", 1, "a=1\nb=2"),
        ("All Matches", r"(\w)=(\d)", 2, "a\nb"),
        ("First Group", r"(\w)=(\d)", 2, "1"),
        ("All Groups", r"(\w)=(\d)", 2, "1\n2"),
        ("All Groups", r"(\w)=(\d)", 3, ""),
        ("First Match", "nothing", 1, ""),
        ("All Groups", r"(x)?=(\d)", 1, "\n"),
    ],
)
def test_extraction(mode: str, pattern: str, group: int, found: str) -> None:
    assert strings.regex_extract("a=1, b=2", pattern, mode, group_index=group) == found  # type: ignore[arg-type]


def test_replacement_knows_groups_and_a_limit() -> None:
    assert strings.regex_replace("a1 b2", r"([a-z])(\d)", r"\2\1") == "1a 2b"
    assert strings.regex_replace("aaa", "a", "b", count=2) == "bba"
    assert strings.regex_replace("Aa", "a", "b", case_insensitive=False) == "Ab"


@pytest.mark.parametrize("pattern", ["(", "a{99999999999999999999}", r"\p{L}", "(?<name>a)"])
def test_what_is_no_pattern_finds_nothing_and_cannot_replace(pattern: str) -> None:
    assert not strings.regex_match("(", pattern).matches
    assert strings.regex_extract("(", pattern, "First Match") == ""
    with pytest.raises(ValueError, match="no regular expression"):
        strings.regex_replace("(", pattern, "x")


def test_a_replacement_without_its_group_is_told() -> None:
    with pytest.raises(ValueError, match="cannot replace 'a'"):
        strings.regex_replace("a", "a", r"\2")


@pytest.mark.parametrize(
    "find",
    [
        lambda text: strings.regex_match(text, SLOW),
        lambda text: strings.regex_extract(text, SLOW, "All Matches"),
        lambda text: strings.regex_replace(text, SLOW, ""),
    ],
)
def test_a_pattern_that_takes_for_ever_is_stopped(find, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(patterns, "LIMIT_S", 0.1)
    started = time.monotonic()
    with pytest.raises(ValueError, match=r"takes more than 0\.1 s"):
        find("a" * 5000 + "c")
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("pattern", ["a{4000000000}", "(?:(?:a{1000}){1000}){1000}", "((((a{20}){20}){20}){20}){20}"])
def test_a_pattern_that_would_fill_the_memory_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="repeats too much"):
        strings.regex_match("a", pattern)


def test_the_length_of_a_pattern_written_out() -> None:
    assert patterns.written_out(r"(ab{3}){2}") == 8
    assert patterns.written_out(r"\d{4}-[^]0-9{9}]{2}") == 7
    assert patterns.written_out("a{,3}|b") == 5


@pytest.mark.filterwarnings("ignore:Possible:FutureWarning")  # of what a later Python may read otherwise
@given(st.text(r"ab(|)*?.^$[]\dw", max_size=8), st.text("ab1 ", max_size=12))
def test_patterns_mean_what_they_mean_to_re(pattern: str, text: str) -> None:
    try:
        expected = re.search(pattern, text)
    except re.error:
        expected = None
    assert strings.regex_match(text, pattern, case_insensitive=False).matches == (expected is not None)
    found = strings.regex_extract(text, pattern, "First Match", case_insensitive=False)
    assert found == (expected[0] if expected else "")
