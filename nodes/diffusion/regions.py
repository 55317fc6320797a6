"""Conditioning items, settled for one latent: which cells each sees, how much it counts there, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from nodes.diffusion.conditioning import Conditioning
from nodes.diffusion.controlnet.chain import Chain, Chains
from nodes.diffusion.extras import Extras, Wish
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.unet.hooks import NO_HOOKS, Hooks
from nodes.diffusion.weight_hooks import WeightHooks

FEATHER = 8  # cells over which an area's weight falls off at edges inside the picture
HOOKING = ("gligen", "style_bias")
"""Fields whose values have a method ``for_item``: an area, and how many tokens the item has -> hooks, and tensors
(1 or B, ...) for them."""

SMALLEST = 8  # cells a side of an area around a mask


class Area(NamedTuple):
    """A rectangle of latent cells, in the order of ComfyUI's field."""

    h: int
    w: int
    y: int
    x: int

    def of(self, grid: Tensor) -> Tensor:
        """The view of ``grid`` (..., h, w) inside."""
        return grid[..., self.y : self.y + self.h, self.x : self.x + self.w]

    def encloses(self, other: "Area") -> bool:
        inside_y = self.y <= other.y and other.y + other.h <= self.y + self.h
        return inside_y and self.x <= other.x and other.x + other.w <= self.x + self.w


class Settling(Protocol):
    """What is asked of a model to settle conditionings for it."""

    @property
    def prediction(self) -> Prediction: ...

    @property
    def extras(self) -> Extras: ...

    @property
    def device(self) -> torch.device: ...


@dataclass(frozen=True)
class Region:
    """One conditioning item on a latent of known size."""

    context: Tensor  # (1 or B, T, D)
    area: Area  # all of the latent, unless the item asked for less
    weight: Tensor  # (1 or B, 1, area.h, area.w): how much its estimate counts in each cell
    start: float = float("inf")  # the highest sigma at which it is active
    end: float = 0.0  # the lowest
    default: bool = False  # fills what others leave
    vector: Tensor | None = None  # (1, V): what the family's network is told beside the words
    concat: Tensor | None = None  # (1 or B, C, area.h, area.w): channels behind the latent's
    chain: Chain | None = None  # what steers the network
    words: tuple[Tensor, Tensor | None] | None = None  # the controls' own context and vector, if they have any
    hooks: Hooks = NO_HOOKS  # called in this item's evaluations, with its extras
    extras: Mapping[str, Tensor] = field(default_factory=dict)  # (1 or B, ...)
    weights: WeightHooks | None = None  # what the network's own are changed by

    def active(self, sigma: float) -> bool:
        return self.end <= sigma <= self.start


@dataclass(frozen=True)
class Item:
    """A conditioning item whose area is known; None is the whole latent."""

    context: Tensor
    fields: Mapping[str, Any]
    area: Area | None


def regions(lists: Sequence[Conditioning], model: Settling, height: int, width: int) -> list[list[Region]]:
    """Settle several conditionings (positive, negative) for a latent of ``height`` x ``width`` cells.

    An area in one list that has no equal in another is also looked at with that other list's words.
    """
    items = [[settled(context, fields, height, width) for context, fields in one] for one in lists]
    items = [items[0], *(with_controls_of(items[0], one) for one in items[1:])] if items else []
    complete = [own + mirrored(own, [one for one in items if one is not own]) for own in items]
    chains = Chains(model.prediction, height, width)
    return [
        [replace(region(item, model, height, width, k), chain=chains.of(item.fields.get("control"))) for item in one]
        for k, one in enumerate(complete)
    ]


def settled(context: Tensor, fields: Mapping[str, Any], height: int, width: int) -> Item:
    """An item with its mask resized to cells and its area in cells, inside the latent."""
    mask = fields.get("mask")
    if mask is not None:
        mask = mask if mask.ndim == 3 else mask.unsqueeze(0)
        mask = interpolate(mask.unsqueeze(1).float(), (height, width), mode="bilinear")
        fields = {**fields, "mask": mask}
    area = fields.get("area")
    if area is None and mask is not None and fields.get("set_area_to_bounds"):
        area = bounds(mask)
    if area is None:
        return Item(context, fields, None)
    if area[0] == "percentage":
        h, w, y, x = (round(part * side) for part, side in zip(area[1:], (height, width) * 2, strict=True))
        area = (max(1, h), max(1, w), y, x)
    h, w, y, x = area
    y, x = min(y, height - 1), min(x, width - 1)
    return Item(context, fields, Area(min(h, height - y), min(w, width - x), y, x))


def bounds(mask: Tensor) -> Area:
    """The box around what ``mask`` (B, 1, h, w) selects, at least 8 x 8 cells."""
    rows, columns = mask.abs().amax((0, 1)).nonzero(as_tuple=True)
    if len(rows) == 0:
        return Area(SMALLEST, SMALLEST, 0, 0)
    y, x = int(rows.min()), int(columns.min())
    h, w = int(rows.max()) - y + 1, int(columns.max()) - x + 1
    return Area(max(SMALLEST, h), max(SMALLEST, w), y, x)


def mirrored(own: Sequence[Item], others: Sequence[Sequence[Item]]) -> list[Item]:
    """Copies of ``own`` items for the areas that only other lists have, each of the smallest item around it."""
    wanted = {item.area: None for other in others for item in other if item.area is not None}
    copies = []
    for area in wanted:
        if any(item.area == area for item in own):
            continue
        around = [item for item in own if item.area is None or item.area.encloses(area)]
        if around:
            copies.append(replace(min(around, key=cells), area=area))
    return copies


def with_controls_of(positive: Sequence[Item], others: Sequence[Item]) -> list[Item]:
    """Other items, those without a control given the positive list's that hold for them too, in their order."""
    holding = [item for item in positive if item.fields.get("control") and item.fields.get("control_apply_to_uncond")]
    given = iter(holding)
    made = []
    for item in others:
        source = None if item.fields.get("control") else next(given, None)
        more = {"control": source.fields["control"]} if source else {}
        made.append(replace(item, fields={**item.fields, **more}))
    return made


def cells(item: Item) -> float:
    """How many cells an item sees."""
    return float("inf") if item.area is None else item.area.h * item.area.w


def region(item: Item, model: Settling, height: int, width: int, k: int) -> Region:
    """An item of list ``k`` with its weights, its sigmas, and what its network is told beside the words."""
    fields, area = item.fields, item.area or Area(height, width, 0, 0)
    strength = fields.get("strength", 1.0)
    if (mask := fields.get("mask")) is not None:
        weight = area.of(mask) * fields.get("mask_strength", 1.0) * strength
    else:
        weight = strength * feathered(area, height, width)
    start, end = fields.get("start_percent"), fields.get("end_percent")
    wish, extras = Wish(fields, height, width, k), model.extras
    vector = extras.vector(wish) if extras.vector else None
    concat = extras.concat(wish) if extras.concat else None
    own_hooks, own_extras = hooked(item, area)
    return Region(
        context=item.context.to(model.device),
        area=area,
        weight=weight.to(model.device),
        start=float("inf") if start is None else model.prediction.percent_to_sigma(start),
        end=0.0 if end is None else model.prediction.percent_to_sigma(end),
        default=bool(fields.get("default", False)),
        vector=None if vector is None else vector.to(model.device),
        concat=None if concat is None else area.of(concat).to(model.device),
        words=control_words(wish, extras),
        hooks=own_hooks,
        extras=own_extras,
        weights=fields.get("hooks"),
    )


def hooked(item: Item, area: Area) -> tuple[Hooks, dict[str, Tensor]]:
    """What an item has called inside the network, and what that is told."""
    hooks, told = NO_HOOKS, dict[str, Tensor]()
    for name in HOOKING:
        if (telling := item.fields.get(name)) is not None:
            more, extras = telling.for_item(area, item.context.shape[1])
            hooks, told = hooks.and_then(more), {**told, **extras}
    return hooks, told


def control_words(wish: Wish, extras: Extras) -> tuple[Tensor, Tensor | None] | None:
    """What an item tells its controls in its own words' stead: a context (1, T, D), and a vector where there is one."""
    context = wish.fields.get("cross_attn_controlnet")
    if context is None:
        return None
    own, other = wish.fields.get("pooled_output"), wish.fields.get("pooled_output_controlnet")
    fields = {**wish.fields, "pooled_output": own if other is None else other}
    return context, extras.vector(wish._replace(fields=fields)) if extras.vector else None


def feathered(area: Area, height: int, width: int) -> Tensor:
    """Ones (1, 1, h, w) that fall off towards those edges of the area that are not the latent's."""
    rows = ramp(area.h, at_start=area.y > 0, at_end=area.y + area.h < height)
    columns = ramp(area.w, at_start=area.x > 0, at_end=area.x + area.w < width)
    return rows[None, None, :, None] * columns[None, None, None, :]


def ramp(size: int, *, at_start: bool, at_end: bool) -> Tensor:
    reach = min(FEATHER, size // 4)
    line, slope = torch.ones(size), torch.arange(1, reach + 1) / max(reach, 1)
    if at_start:
        line[:reach] *= slope
    if at_end:
        line[size - reach :] *= slope.flip(0)
    return line
