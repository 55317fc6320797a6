"""Functions that a model carries into its U-Net, to look at or change what happens inside; no weight is touched.

Where they are called, and with what:

===========================  =================================================================================
``attn1``, ``attn2``         (q, k, v, spot) -> (q, k, v): what attention projects; (B, N, C) or (B, T, D)
``attn2_mixed``              (out, q, spot) -> (out, q): the same before the last projection, with the queries
``attn1_out``, ``attn2_out`` (out, spot) -> out: what attention gives, before it is added; (B, N, C)
``between``                  (x, spot) -> x: between looking at one another and at the words; (B, N, C)
``input_block``              (h, spot) -> h: after each block of the way down; (B, C, h, w)
``input_block_after_skip``   the same, once the copy for the way up is put aside
``middle_block``             (h, spot) -> h: after the middle block; (B, C, h, w)
``output_block``             (h, skip, spot) -> (h, skip): before each block of the way up
``output_block_after``       (h, spot) -> h: after each block of the way up; (B, C, h, w)
===========================  =================================================================================

``replaced`` takes the place of attention itself: (q, k, v, spot) -> out, after the projections and before the last one.
attn1 is self-attention, attn2 looks at the words.

Hooks must work for any number of rows: a batch may be taken in parts.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from torch import Tensor

if TYPE_CHECKING:
    from nodes.diffusion.inputs import Inputs

Block: TypeAlias = Literal["input", "middle", "output"]
Attention: TypeAlias = Literal["attn1", "attn2"]
Point: TypeAlias = Literal[
    "attn1",
    "attn2",
    "attn2_mixed",
    "attn1_out",
    "attn2_out",
    "between",
    "input_block",
    "input_block_after_skip",
    "middle_block",
    "output_block",
    "output_block_after",
]
Hook: TypeAlias = Callable[..., Any]
Replacement: TypeAlias = Callable[[Tensor, Tensor, Tensor, "Spot"], Tensor]


class Place(NamedTuple):
    """An attention in a U-Net: which block, and which of the block's transformer layers; None: all of them."""

    attention: Attention
    block: Block
    number: int
    layer: int | None = None


@dataclass(frozen=True)
class Hooks:
    """What is called where. Immutable: ``adding`` and ``replacing`` give new ones."""

    calls: Mapping[Point, tuple[Hook, ...]] = field(default_factory=dict)
    replaced: Mapping[Place, Replacement] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.calls or self.replaced)

    def adding(self, point: Point, hook: Hook) -> Hooks:
        """With one more, called after those that are there."""
        return replace(self, calls={**self.calls, point: (*self.calls.get(point, ()), hook)})

    def replacing(self, place: Place, call: Replacement) -> Hooks:
        """With another attention at a place; the last one that is given for it counts."""
        return replace(self, replaced={**self.replaced, place: call})

    def and_then(self, others: Hooks) -> Hooks:
        """These, then the others."""
        if not others:
            return self
        calls = {**self.calls, **{point: (*self.calls.get(point, ()), *more) for point, more in others.calls.items()}}
        return Hooks(calls, {**self.replaced, **others.replaced})


NO_HOOKS = Hooks()


@dataclass(frozen=True, eq=False)
class Spot:
    """Where a hook is called, and in which evaluation."""

    inputs: Inputs
    block: Block
    number: int
    """Of the input or output block, from 0."""
    size: tuple[int, int] = (0, 0)
    """(h, w) of the features whose pixels are the tokens; for what is called in a transformer layer."""
    layer: int = 0
    """Of the transformer layers in this block."""
    transformer: int = 0
    """Of all transformer layers that came before in this evaluation."""
    heads: int = 1
    model_channels: int = 0
    """The network's width at full size; deeper levels are multiples of it."""
    notes: dict[Hashable, Any] = field(default_factory=dict)
    """What hooks leave for those that are called later in the same evaluation, each under a key of its own."""


class Inside:
    """The way through one evaluation: knows where it is, and calls what is to be called there."""

    def __init__(self, inputs: Inputs, model_channels: int) -> None:
        self.hooks = inputs.hooks
        self._start = self.spot = Spot(inputs, "input", 0, model_channels=model_channels)
        self._transformers = 0

    def enter(self, block: Block, number: int) -> None:
        """A block begins."""
        self.spot = replace(self._start, block=block, number=number)

    def enter_layer(self, layer: int, heads: int, size: tuple[int, int]) -> None:
        """A transformer layer begins."""
        self.spot = replace(self.spot, layer=layer, heads=heads, size=size, transformer=self._transformers)
        self._transformers += 1

    def call(self, point: Point, *values: Tensor) -> tuple[Tensor, ...]:
        """The values, changed by every hook of this point in turn."""
        for hook in self.hooks.calls.get(point, ()):
            changed = hook(*values, self.spot)
            values = changed if isinstance(changed, tuple) else (changed,)
        return values

    def replacement(self, attention: Attention) -> Replacement | None:
        """What takes the place of an attention here."""
        at = Place(attention, self.spot.block, self.spot.number)
        replaced = self.hooks.replaced
        return replaced.get(at._replace(layer=self.spot.layer)) or replaced.get(at)
