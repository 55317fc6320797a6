"""What a network is given for one evaluation: a row for each latent."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.lazy import Lazy
from nodes.diffusion.unet.hooks import NO_HOOKS, Hooks

if TYPE_CHECKING:
    from nodes.diffusion.unet.model import UNet

Form: TypeAlias = tuple[Hashable, ...]


@dataclass(frozen=True, eq=False)
class Residuals:
    """What ControlNets add to a U-Net's features; each tensor (B, C, h, w) at its place's resolution, None: nothing.

    ``down`` are added to what its input blocks hand over to the way up, in their order; ``middle`` to the bottleneck.
    ``inner`` are added within the way down, where T2I-Adapters work.
    """

    down: tuple[Tensor | None, ...] = ()
    middle: Tensor | None = None
    inner: tuple[Tensor | None, ...] = ()

    def split(self, sizes: Sequence[int]) -> list[Residuals]:
        """By rows."""
        down, inner = (_split_each(each, sizes) for each in (self.down, self.inner))
        (middle,) = zip(*_split_each((self.middle,), sizes), strict=True)
        return [Residuals(*parts) for parts in zip(down, middle, inner, strict=True)]


class Steering(Protocol):
    """What has residuals made for a batch, once the U-Net is asked for."""

    def residuals(self, inputs: Inputs, unet: UNet) -> Residuals:
        """What to add to the U-Net's features, a row for each of the inputs'. Raises ValueError if it does not fit."""

    def split(self, sizes: Sequence[int]) -> Sequence[Steering]:
        """By rows."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """A batch of B rows, from one or more conditioning items, jobs or seeds.

    ``lists`` tells of each row which conditioning list it belongs to: 0 the positive, 1 the negative, 2... others.
    ``extras`` are tensors (B, ...) that hooks of the network look for, by name.
    """

    x: Tensor
    """(B, C, h, w), scaled by c_in; some models take further channels beside the latent's."""
    timesteps: Tensor
    """(B,)"""
    context: Tensor
    """(B, T, D): the words."""
    vector: Tensor | None = None
    """(B, V): what SDXL is told beside the words."""
    residuals: Residuals | None = None
    steering: Steering | None = None
    """What makes residuals where the network is evaluated: on its device, in its turn, as many rows as it is given."""
    extras: Mapping[str, Tensor] = field(default_factory=dict)
    hooks: Hooks = NO_HOOKS
    unet: Lazy[Any] | None = None
    """The network itself, where it is not the model's own."""
    lists: tuple[int, ...] = ()
    sigma: float = 0.0
    """Of all rows, where one sampling asks; hooks may look at it."""
    first: int = 0
    """How many rows come before these, where a batch is taken in parts."""

    def __len__(self) -> int:
        return len(self.x)

    @property
    def form(self) -> Form | None:
        """What others must have in common with it to go through a network in the same call; None if none can."""
        if self.residuals is not None or self.steering is not None or self.extras or self.hooks:
            return None
        tensors = (self.x, self.timesteps, self.context, self.vector)
        return (self.unet, *(None if each is None else (each.shape[1:], each.dtype) for each in tensors))

    def to(self, device: torch.device, dtype: torch.dtype) -> Inputs:
        """As a network computes; timesteps keep their dtype."""
        extras = {name: each.to(device, dtype) for name, each in self.extras.items()}
        return replace(
            self,
            x=self.x.to(device, dtype),
            timesteps=self.timesteps.to(device),
            context=self.context.to(device, dtype),
            vector=None if self.vector is None else self.vector.to(device, dtype),
            extras=extras,
        )

    def split(self, most: int) -> list[Inputs]:
        """In parts of at most so many rows."""
        sizes = [min(most, len(self) - start) for start in range(0, len(self), most)]
        none = [None] * len(sizes)
        vectors = none if self.vector is None else torch.split(self.vector, sizes)
        residuals = none if self.residuals is None else self.residuals.split(sizes)
        steering = none if self.steering is None else self.steering.split(sizes)
        extras = {name: torch.split(each, sizes) for name, each in self.extras.items()}
        starts = range(0, len(self), most)
        return [
            replace(
                self,
                x=self.x[start : start + most],
                timesteps=self.timesteps[start : start + most],
                context=self.context[start : start + most],
                vector=vectors[k],
                residuals=residuals[k],
                steering=steering[k],
                extras={name: parts[k] for name, parts in extras.items()},
                lists=self.lists[start : start + most],
                first=self.first + start,
            )
            for k, start in enumerate(starts)
        ]


def joined(parts: Sequence[Inputs]) -> Inputs:
    """Rows of inputs of the same form, one after the other."""
    first = parts[0]
    vectors = [part.vector for part in parts if part.vector is not None]
    return replace(
        first,
        x=torch.cat([part.x for part in parts]),
        timesteps=torch.cat([part.timesteps for part in parts]),
        context=torch.cat([part.context for part in parts]),
        vector=torch.cat(vectors) if vectors else None,
        lists=tuple(k for part in parts for k in part.lists),
    )


def _split_each(tensors: Sequence[Tensor | None], sizes: Sequence[int]) -> list[tuple[Tensor | None, ...]]:
    """Each tensor's rows, by part."""
    none: list[Tensor | None] = [None] * len(sizes)
    split = [none if each is None else list(torch.split(each, list(sizes))) for each in tensors]
    return [tuple(each[k] for each in split) for k in range(len(sizes))]
