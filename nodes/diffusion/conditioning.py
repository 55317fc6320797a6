"""Conditioning: what to paint, where and when.

A conditioning is ComfyUI's list of ``[context, fields]``: a (1, T, D) text encoding and a dict of wishes, such as
``area``, ``strength``, ``mask`` or ``start_percent``. Conditionings are shared between nodes: nothing here changes
one, every function makes a new list with new dicts.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import pad

Conditioning: TypeAlias = Sequence[Sequence[Any]]  # [[context, fields], ...]


def with_fields(conditioning: Conditioning, **fields: Any) -> list[list[Any]]:
    """Every item with these fields set."""
    return [[context, {**old, **fields}] for context, old in conditioning]


def combine(first: Conditioning, second: Conditioning) -> list[list[Any]]:
    """Items of both; where several are active, their estimates are averaged by weight."""
    return with_fields([*first, *second])


def concat(to: Conditioning, other: Conditioning) -> list[list[Any]]:
    """The first other item's tokens after those of every item."""
    more = other[0][0]
    return [[torch.cat((context, more), 1), dict(fields)] for context, fields in to]


def average(to: Conditioning, other: Conditioning, strength: float) -> list[list[Any]]:
    """``to * strength + other * (1 - strength)``, with the first other item, cut or zero-padded to each length."""
    more, more_fields = other[0]
    mixed = []
    for context, fields in to:
        fitted = pad(more, (0, 0, 0, context.shape[1] - more.shape[1]))  # a negative pad cuts
        pooled = mix_pooled(fields, more_fields, strength)
        mixed.append([context * strength + fitted * (1 - strength), {**fields, **pooled}])
    return mixed


def mix_pooled(fields: Mapping[str, Any], others: Mapping[str, Any], strength: float) -> dict[str, Tensor]:
    """The ``pooled_output`` field of an average: mixed if both have one, else the one there is."""
    own, other = fields.get("pooled_output"), others.get("pooled_output")
    if own is not None and other is not None:
        return {"pooled_output": own * strength + other * (1 - strength)}
    pooled = own if own is not None else other
    return {} if pooled is None else {"pooled_output": pooled}


def zero_out(conditioning: Conditioning) -> list[list[Any]]:
    """The same with zeros for the text, which networks take as "no prompt at all"."""

    def zeroed(fields: Mapping[str, Any]) -> dict[str, Any]:
        pooled = fields.get("pooled_output")
        return dict(fields) if pooled is None else {**fields, "pooled_output": torch.zeros_like(pooled)}

    return [[torch.zeros_like(context), zeroed(fields)] for context, fields in conditioning]


def with_mask(conditioning: Conditioning, mask: Tensor, strength: float, *, to_bounds: bool) -> list[list[Any]]:
    """Only where ``mask`` ((B,) H, W) is; ``to_bounds`` shows the network no more than the mask's bounding box."""
    mask = mask if mask.ndim == 3 else mask.unsqueeze(0)
    return with_fields(conditioning, mask=mask, mask_strength=strength, set_area_to_bounds=to_bounds)


def with_properties(
    conditioning: Conditioning,
    strength: float,
    *,
    to_bounds: bool = False,
    mask: Tensor | None = None,
    hooks: Any = None,
    timesteps: tuple[float, float] | None = None,
) -> list[list[Any]]:
    """Every item with these wishes; those that are None stay as they were.

    The strength is that of the mask; without a mask it multiplies the item's own.
    """
    if mask is not None:
        changed = with_mask(conditioning, mask, strength, to_bounds=to_bounds)
    elif strength != 1.0:
        changed = [[text, {**old, "strength": old.get("strength", 1.0) * strength}] for text, old in conditioning]
    else:
        changed = with_fields(conditioning)
    if timesteps is not None:
        changed = with_fields(changed, start_percent=timesteps[0], end_percent=timesteps[1])
    return with_hooks(changed, hooks)


def with_hooks(conditioning: Conditioning, hooks: Any) -> list[list[Any]]:
    """Every item with hooks attached; None leaves those that are there."""
    return with_fields(conditioning) if hooks is None else with_fields(conditioning, hooks=hooks)


def with_default(conditioning: Conditioning, default: Conditioning, hooks: Any = None) -> list[list[Any]]:
    """Both, where the items of ``default`` fill what the others leave, with hooks if there are any."""
    return combine(conditioning, with_hooks(with_fields(default, default=True), hooks))


def with_control_text(conditioning: Conditioning, context: Tensor, pooled: Tensor | None) -> list[list[Any]]:
    """Every item with a text (1, T, D) of its own for control networks."""
    return with_fields(conditioning, cross_attn_controlnet=context, pooled_output_controlnet=pooled)


def mapped(conditioning: Conditioning, change: Callable[[Tensor], Tensor]) -> list[list[Any]]:
    """Every item with its context changed."""
    return [[change(context), dict(fields)] for context, fields in conditioning]
