"""CLIP's byte-pair tokenizer, and prompts as chunks of 77 weighted tokens."""

from __future__ import annotations

import gzip
import logging
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from nodes.diffusion.text.weights import parse

if TYPE_CHECKING:
    from torch import Tensor

START, END = 49406, 49407
LENGTH = 77  # places in a chunk, start and end among them
LARGE = 8  # a group of so many tokens is split where a chunk ends; a smaller one goes to the next chunk whole
MERGES = 49152 - 256 - 2
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"
EMBEDDING = re.compile(r"(?:^|(?<=[ \n]))embedding:(\S*)")

log = logging.getLogger(__name__)


class Token(NamedTuple):
    """A token id and its weight; a textual inversion's ``vector`` (D,) stands in place of the id's own."""

    id: int
    weight: float = 1.0
    vector: Tensor | None = None


def no_embedding(name: str) -> None:
    """Where none is known."""


@cache
def byte_pairs() -> Tokenizer:
    """The tokenizer of Radford et al. 2021 (arXiv:2103.00020): 49,408 tokens, lower-case."""
    packed = files("nodes.diffusion.text").joinpath("bpe_simple_vocab_16e6.txt.gz").read_bytes()
    lines = gzip.decompress(packed).decode().split("\n")[1 : MERGES + 1]
    merges = [(first, second) for first, second in (line.split() for line in lines)]
    letters = byte_letters()
    names = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in merges)]
    names += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {name: i for i, name in enumerate(names)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, end_of_word_suffix="</w>", continuing_subword_prefix=""))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return tokenizer


def byte_letters() -> list[str]:
    """A printable letter for each byte, in the vocabulary's order: those that are printable stand for themselves."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = len(set(range(256)) - set(printable))
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(others)]


def tokenize(text: str) -> list[int]:
    """Plain text as token ids, without start and end."""
    return list(byte_pairs().encode(text, add_special_tokens=False).ids)


def chunks(
    prompt: str, padding: int = END, embedding: Callable[[str], Tensor | None] = no_embedding
) -> list[list[Token]]:
    """A prompt as chunks of 77 tokens: start, up to 75, end, padding. At least one.

    ``embedding`` gives a textual inversion's vectors (n, D) by its name, or None.
    """
    done: list[list[Token]] = []
    chunk = [Token(START)]
    for group in groups(prompt, embedding):
        large = len(group) >= LARGE
        while group:
            room = LENGTH - 1 - len(chunk)
            if len(group) <= room:
                chunk, group = chunk + group, []
                continue
            if large:
                chunk, group = chunk + group[:room], group[room:]
            done.append(closed(chunk, padding))
            chunk = [Token(START)]
    return [*done, closed(chunk, padding)]


def groups(prompt: str, embedding: Callable[[str], Tensor | None]) -> Iterator[list[Token]]:
    """The tokens that belong together: pieces of equal weight between embeddings, and each embedding."""
    for text, weight in parse(prompt):
        start = 0
        for match in EMBEDDING.finditer(text):
            yield [Token(i, weight) for i in tokenize(text[start : match.start()])]
            vectors, rest = looked_up(match[1], embedding)
            yield [Token(0, weight, vector) for vector in vectors]
            yield [Token(i, weight) for i in tokenize(rest)]
            start = match.end()
        yield [Token(i, weight) for i in tokenize(text[start:])]


def looked_up(name: str, embedding: Callable[[str], Tensor | None]) -> tuple[list[Tensor], str]:
    """An embedding's vectors, and what of its name is text after all: the commas around it."""
    vectors = embedding(name)
    if vectors is not None:
        return list(vectors), ""
    bare = name.strip(",")
    vectors = embedding(bare) if bare != name else None
    if vectors is None:
        log.warning("embedding %r was not found, its name is left out", name)
        return [], ""
    return list(vectors), name.replace(bare, "", 1)


def closed(chunk: list[Token], padding: int) -> list[Token]:
    """A chunk with its end token and padding, 77 long."""
    return [*chunk, Token(END), *[Token(padding)] * (LENGTH - 1 - len(chunk))]
