"""The kinds of adapters, and how their tensors are called in files: ``stem + ending``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from torch import Tensor

from nodes.diffusion.lora.low_rank import Parts, glora, loha, lokr, lora, whole
from nodes.diffusion.lora.magnitude import with_magnitude
from nodes.diffusion.lora.orthogonal import boft, oft

ENDINGS: Mapping[str, str] = {
    **{f".lora_{kohya}.weight": kohya for kohya in ("up", "down", "mid")},
    **{
        f".lora_{letter}{adapter}.weight": slot
        for letter, slot in (("B", "up"), ("A", "down"))
        for adapter in ("", ".default")
    },
    **{f"{old}.{slot}.weight": slot for old in (".lora", "_lora", ".lora_linear_layer") for slot in ("up", "down")},
    ".dora_scale": "magnitude",
    **{f".lora_magnitude_vector{rest}": "lengths" for rest in ("", ".weight", ".default.weight")},
    ".alpha": "alpha",
    **{f".hada_{slot}": slot for slot in ("w1_a", "w1_b", "w2_a", "w2_b", "t1", "t2")},
    **{f".lokr_w{slot}": f"k{slot}" for slot in ("1", "1_a", "1_b", "2", "2_a", "2_b")},
    ".lokr_t2": "kt2",
    **{f".{slot}.weight": slot for slot in ("a1", "a2", "b1", "b2")},
    ".oft_blocks": "blocks",
    ".rescale": "rescale",
    ".diff": "whole",
    ".w_norm": "whole",
    ".diff_b": "bias",
    ".b_norm": "bias",
}
"""What a key ends in -> the slot that it fills; the names of kohya's scripts, LyCORIS, PEFT and diffusers."""


class Kind(NamedTuple):
    """A formula, the slots that it needs one of each group of, and those that it takes besides."""

    name: str
    needed: tuple[tuple[frozenset[str], ...], ...]
    also: frozenset[str]
    delta: Callable[[Parts, Tensor, float | None], Tensor]

    def takes(self, slots: frozenset[str]) -> frozenset[str] | None:
        """Of these slots the ones that it uses; None if one is missing."""
        used = [next((way for way in ways if way <= slots), None) for ways in self.needed]
        if None in used:
            return None
        return frozenset().union(*(way for way in used if way is not None)) | (self.also & slots)


def needs(*slots: str) -> tuple[frozenset[str], ...]:
    """All of these."""
    return (frozenset(slots),)


LOW_RANK = frozenset({"alpha", "magnitude", "lengths"})

KINDS = (
    Kind("LoRA", (needs("up", "down"),), LOW_RANK | {"mid"}, lora),
    Kind("LoHa", (needs("w1_a", "w1_b", "w2_a", "w2_b"),), LOW_RANK | {"t1", "t2"}, loha),
    Kind(
        "LoKr",
        ((*needs("k1"), *needs("k1_a", "k1_b")), (*needs("k2"), *needs("kt2", "k2_a", "k2_b"), *needs("k2_a", "k2_b"))),
        LOW_RANK,
        lokr,
    ),
    Kind("GLoRA", (needs("a1", "a2", "b1", "b2"),), frozenset({"alpha"}), glora),
    Kind("OFT", (needs("blocks"),), frozenset({"alpha", "rescale"}), oft),
    Kind("difference", (needs("whole"),), LOW_RANK, whole),
)
BIAS = Kind(
    "difference of a bias",
    (needs("bias"),),
    frozenset(),
    lambda p, weight, alpha: whole({"whole": p["bias"]}, weight, alpha),
)


@dataclass(frozen=True)
class Recipe:
    """How a file's tensors make the difference of one weight; ``keys`` are their names by slot."""

    kind: Kind
    stem: str
    keys: Mapping[str, str]
    scale: float = 1.0
    """What a file says of its scale elsewhere than in ``alpha``."""

    def delta(self, tensors: Mapping[str, Tensor], weight: Tensor) -> Tensor:
        """The difference at strength 1, float32. Raises ValueError, RuntimeError for shapes that do not fit."""
        p = {slot: tensors[key].to(weight.device).float() for slot, key in self.keys.items()}
        alpha = p.pop("alpha", None)
        magnitude, lengths = p.pop("magnitude", None), p.pop("lengths", None)
        delta = self.scale * self.kind.delta(p, weight, None if alpha is None or alpha.is_meta else alpha.item())
        if lengths is not None:
            magnitude = lengths.flatten()
        return delta if magnitude is None else with_magnitude(weight, delta, magnitude)


def recipes(stem: str, keys: Mapping[str, str], shape_of: Mapping[str, tuple[int, ...]]) -> dict[Target, Recipe]:
    """What a stem's keys (by slot) are: recipes for its weight and its bias."""
    slots = frozenset(keys)
    found: dict[Target, Recipe] = {}
    for kind in KINDS:
        if (used := kind.takes(slots)) is not None:
            if kind.delta is oft and len(shape_of[keys["blocks"]]) == 4:
                kind = kind._replace(name="BOFT", delta=boft)
            found["weight"] = Recipe(kind, stem, {slot: keys[slot] for slot in sorted(used)})
            break
    if BIAS.takes(slots):
        found["bias"] = Recipe(BIAS, stem, {"bias": keys["bias"]})
    return found


Target = Literal["weight", "bias"]
