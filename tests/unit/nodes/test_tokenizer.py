"""CLIP tokens, and prompts as rows of 77."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.diffusion.text.tokenizer import END, LENGTH, START, Token, byte_pairs, chunks, tokenize

CAT, DOG = 2368, 1929


def test_the_vocabulary_has_49408_tokens() -> None:
    assert byte_pairs().get_vocab_size() == 49_408


def test_well_known_words_have_their_well_known_numbers() -> None:
    assert tokenize("cat") == [CAT]
    assert tokenize("A photo of a CAT") == [320, 1125, 539, 320, CAT]


def test_an_empty_prompt_is_start_end_and_padding() -> None:
    assert chunks("") == [[Token(START), *[Token(END)] * 76]]


def test_padding_may_be_another_token() -> None:
    assert chunks("cat", padding=0) == [[Token(START), Token(CAT), Token(END), *[Token(0)] * 74]]


def test_weights_are_the_tokens_own() -> None:
    [chunk] = chunks("cat (dog:1.5)")
    assert chunk[:4] == [Token(START), Token(CAT), Token(DOG, 1.5), Token(END)]


def test_75_tokens_fill_a_row_and_a_76th_begins_the_next() -> None:
    assert len(chunks("cat " * 75)) == 1
    first, second = chunks("cat " * 76)
    assert first[1:-1] == [Token(CAT)] * 75
    assert second[:3] == [Token(START), Token(CAT), Token(END)]


@pytest.mark.parametrize(("size", "in_first"), [(7, 0), (8, 5)])
def test_only_a_group_of_eight_is_split_where_a_row_ends(size: int, in_first: int) -> None:
    first, second = chunks("cat " * 70 + f"({'dog ' * size}:1.2)")
    assert first.count(Token(DOG, 1.2)) == in_first
    assert second.count(Token(DOG, 1.2)) == size - in_first
    assert first[71 + in_first] == Token(END)


def test_an_embedding_that_is_not_there_is_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert chunks("cat embedding:nice dog") == chunks("cat dog")
    assert "nice" in caplog.text


@given(st.text(max_size=300))
def test_every_row_has_77_tokens_between_start_and_end(text: str) -> None:
    for chunk in chunks(text):
        assert len(chunk) == LENGTH
        assert chunk[0] == Token(START)
        assert chunk[-1] == Token(END)
