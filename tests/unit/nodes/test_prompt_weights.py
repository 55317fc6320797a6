"""Prompt weights: the table of the syntax, and what holds for every text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.diffusion.text.weights import parse

TABLE = [
    ("", []),
    ("a cat", [("a cat", 1)]),
    ("(a)", [("a", 1.1)]),
    ("((a))", [("a", 1.21)]),
    ("(a:1.3)", [("a", 1.3)]),
    ("(a (b:0.5) c:1.2)", [("a ", 1.2), ("b", 0.5), (" c", 1.2)]),
    ("((a):1.5)", [("a", 1.65)]),
    ("(a:1e-1)", [("a", 0.1)]),
    ("(a: 1.2 )", [("a", 1.2)]),
    ("(a:-2)", [("a", -2)]),
    ("(a:inf)", [("a", float("inf"))]),
    ("(:1.2)", [(":1.2", 1.1)]),
    ("(a:x)", [("a:x", 1.1)]),
    ("(a:b:1.4)", [("a:b", 1.4)]),
    ("a (b", [("a ", 1), ("(b", 1)]),
    ("a) b", [("a) b", 1)]),
    ("a) (b)", [("a) (b)", 1)]),  # the depth is negative: the group is text
    (r"\(a\)", [("(a)", 1)]),
    (r"(a \(b\):1.3)", [("a (b)", 1.3)]),
    (r"(a\)", [("(a)", 1)]),  # the escaped bracket closes nothing
    (r"a\b \\n", [(r"a\b \\n", 1)]),
    ("[a] {b|c} AND BREAK <lora:x:1>", [("[a] {b|c} AND BREAK <lora:x:1>", 1)]),
    ("()", []),
]


@pytest.mark.parametrize(("prompt", "wanted"), TABLE)
def test_prompts_parse_as_the_syntax_says(prompt: str, wanted: list[tuple[str, float]]) -> None:
    parsed = parse(prompt)
    assert [text for text, _ in parsed] == [text for text, _ in wanted]
    assert [weight for _, weight in parsed] == pytest.approx([weight for _, weight in wanted])


PROMPTS = st.text(st.sampled_from("ab ():\\1.\n")) | st.text()


@given(PROMPTS)
def test_every_text_is_a_prompt(text: str) -> None:
    for segment in parse(text):
        assert isinstance(segment.text, str)
        assert isinstance(segment.weight, float)


@given(st.text(st.characters(exclude_characters="\0")))
def test_escaped_brackets_are_text(text: str) -> None:
    escaped = text.replace("(", "\\(").replace(")", "\\)")
    assert parse(escaped) == ([(text, 1.0)] if text else [])


@given(st.text(st.characters(exclude_characters="()\\\0")))
def test_text_without_brackets_is_one_segment(text: str) -> None:
    assert parse(text) == ([(text, 1.0)] if text else [])


def test_depth_costs_no_stack() -> None:
    [segment] = parse("(" * 2000 + "a" + ")" * 2000)
    assert segment.text == "a"
    assert segment.weight == pytest.approx(1.1**2000)
