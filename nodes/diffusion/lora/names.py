"""What adapters call the modules of a network -> what we call them.

A file's key is a stem, which names a module, and an ending, which says what the tensor is (``kinds.ENDINGS``). kohya's
scripts write all dots of a stem as underscores, so stems are not parsed but looked up: every network lists what its
modules may be called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TypeAlias

from nodes.diffusion.diffusers_names import text_names, unet_names
from nodes.diffusion.lora.kinds import ENDINGS
from nodes.diffusion.text.clip import ClipConfig
from nodes.diffusion.unet.config import UNetConfig

Stems: TypeAlias = Mapping[str, str]
"""A stem -> the name of our module, without ``.weight``."""

UNET_ORIGINAL = ("diffusion_model.", "model.diffusion_model.")
UNET_DIFFUSERS = ("", "unet.", "base_model.model.", "unet.base_model.model.")
UNET_FLAT = ("lora_unet_", "oft_unet_", "lycoris_")
TEXT = {
    "l": ("lora_te_", "lora_te1_", "text_encoder.", "clip_l.transformer.", "", "base_model.model.", "lycoris_te_"),
    "g": ("lora_te2_", "text_encoder_2.", "clip_g.transformer."),
    "h": ("lora_te_", "lora_te1_", "text_encoder.", "clip_h.transformer.", "", "base_model.model.", "lycoris_te_"),
}
"""Of each tower; flat ones end in an underscore."""
TEXT_STEM = re.compile(r"lora_te\d?_|lycoris_te|text_encoders?[._]|text_model\.|clip_[lgh]\.")
LONGEST_FIRST = tuple(sorted(ENDINGS, key=len, reverse=True))
OLD_PLACES = re.compile(r"\.processor(?=\.to_(?:q|k|v|out)$)")
OLD_PROJECTIONS = {"to_q": "q_proj", "to_k": "k_proj", "to_v": "v_proj", "to_out": "out_proj"}


def split(key: str) -> tuple[str, str] | None:
    """A key as its stem and the slot that it fills; None if it ends as no adapter's does."""
    ending = next((ending for ending in LONGEST_FIRST if key.endswith(ending)), "")
    stem = key.removesuffix(ending)
    return (OLD_PLACES.sub("", stem), ENDINGS[ending]) if stem and ending else None


def is_text(stem: str) -> bool:
    """Whether a stem names a module of a text encoder, of whatever model."""
    return bool(TEXT_STEM.match(stem))


@cache
def unet_stems(config: UNetConfig) -> Stems:
    """All that modules of a U-Net may be called."""
    return dict(_unet(config))


@cache
def text_stems(config: ClipConfig, tower: str) -> Stems:
    """All that modules of a text encoder may be called; ``tower`` is "l", "g" or "h"."""
    return dict(_text(config, tower))


def modules(names: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The modules that tensors belong to: ``a.weight: b.weight`` -> ``a: b``."""
    return {theirs.rpartition(".")[0]: ours.rpartition(".")[0] for theirs, ours in names}


def _unet(config: UNetConfig) -> Iterator[tuple[str, str]]:
    for theirs, ours in modules(unet_names(config).items()).items():
        for spelling in (theirs, theirs.removesuffix(".0")) if theirs.endswith(".to_out.0") else (theirs,):
            yield from ((prefix + spelling, ours) for prefix in UNET_DIFFUSERS)
            yield from ((prefix + spelling.replace(".", "_"), ours) for prefix in UNET_FLAT)
        yield from ((prefix + ours, ours) for prefix in UNET_ORIGINAL)
        yield from ((prefix + ours.replace(".", "_"), ours) for prefix in UNET_FLAT)


def _text(config: ClipConfig, tower: str) -> Iterator[tuple[str, str]]:
    for theirs, ours in modules(text_names(config).items()).items():
        for spelling in _text_spellings(theirs):
            for prefix in TEXT[tower]:
                yield prefix + (spelling.replace(".", "_") if prefix.endswith("_") else spelling), ours
            yield f"text_encoders.clip_{tower}.transformer.{spelling}", ours


def _text_spellings(theirs: str) -> Iterator[str]:
    yield theirs
    head, _, last = theirs.rpartition(".")
    old = {new: old for old, new in OLD_PROJECTIONS.items()}.get(last)
    if old and head.endswith("self_attn"):
        yield f"{head}.{old}"
    if theirs.startswith("text_model."):  # as transformers 5 names them
        yield theirs.removeprefix("text_model.")
