"""The denoiser: a network and its conditionings, as one function from ``(x, sigma)`` to the denoised latent."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor

from nodes.diffusion.conditioning import Conditioning
from nodes.diffusion.controlnet.chain import Row, Steering
from nodes.diffusion.extras import Extras
from nodes.diffusion.guidance import Guidance, Memory, Moment
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.latent import LatentFormat
from nodes.diffusion.lazy import Lazy
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.proportions import Size, in_proportion
from nodes.diffusion.regions import Region, regions
from nodes.diffusion.resizing import match_batch
from nodes.diffusion.rules import Rule, Seen
from nodes.diffusion.unet.hooks import NO_HOOKS, Hooks
from nodes.diffusion.unet.model import UNet

STRETCH = 4  # a context is repeated at most this often to share a call with a longer one
LISTS = 2  # numbers that are a guider's, whether it has so many lists or not
TINY = 1e-37  # keeps cells that no item covers from 0 / 0


class DiffusionModel(Protocol):
    """What sampling needs of a model; ``nodes.diffusion.model.Model`` is one."""

    def network(self, inputs: Inputs) -> Tensor:
        """The network's output (B, C, h, w)."""

    @property
    def unet(self) -> Lazy[UNet]:
        """What conditionings of their own weights change."""
        ...

    @property
    def prediction(self) -> Prediction: ...

    @property
    def latent_format(self) -> LatentFormat: ...

    @property
    def dtype(self) -> torch.dtype: ...

    @property
    def device(self) -> torch.device: ...

    @property
    def extras(self) -> Extras: ...

    @property
    def hooks(self) -> Hooks: ...

    @property
    def guidance(self) -> Guidance: ...


M = TypeVar("M", bound=DiffusionModel)


class Denoise(Protocol):
    """What drives a sampler: its ``Eval``, answered."""

    def __call__(self, x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor: ...


class Look(NamedTuple):
    """One item's part in an evaluation."""

    list: int  # 0 is the positive list, 1 the negative, others are further ones
    region: Region
    weight: Tensor


@dataclass(frozen=True, eq=False)
class Guider(Generic[M]):
    """Who answers a sampler: a model, its conditioning lists, and the rule by which their estimates become one."""

    model: M
    lists: tuple[Conditioning, ...]
    rule: Rule


class Denoiser:
    """A guider at work on the latents of one sampling: all lists in as few network calls as shapes allow.

    ``memory`` is what its guidance remembers between evaluations of latents of one size.
    """

    def __init__(self, guider: Guider[Any], size: Sequence[int]) -> None:
        """``size`` (h, w) is what the conditionings are for, and that of the first latents."""
        self._model: DiffusionModel = guider.model
        self._rule, self._own = guider.rule, len(guider.lists)
        self.memory: Memory = {}
        beside = self._model.guidance.beside
        self._lists = (*guider.lists, *beside.values())
        first = max(LISTS, self._own)
        self._beside = dict(zip(beside, range(first, first + len(beside)), strict=True))
        self._size: Size = (size[0], size[1])
        self._settle(self._size)

    def _settle(self, size: Size) -> None:
        """Settle the conditionings for latents of ``size``."""
        self._settled = size
        settled = regions(in_proportion(self._lists, self._size, size), self._model, *size)
        self._regions = dict(zip((*range(self._own), *self._beside.values()), settled, strict=True))

    def _meet(self, x: Tensor) -> None:
        """Get ready for latents of another size than the last ones."""
        if (size := (x.shape[-2], x.shape[-1])) != self._settled:
            self._settle(size)
        for name in [name for name, known in self.memory.items() if known.shape != x.shape]:
            del self.memory[name]

    def __call__(self, x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
        """The denoised estimate for ``x`` (B, C, h, w); with ``uncond`` (2, B, C, h, w), the unconditional second."""
        self._meet(x)
        guidance, rule = self._model.guidance, self._rule
        if guidance.scale_at:
            rule = rule.scaled(partial(guidance.scale, sigma=sigma.item(), prediction=self._model.prediction))
        wanted = {*rule.wants(guidance, uncond), *self._beside.values()}
        lists = {k: items for k, items in self._regions.items() if k in wanted}
        estimates = estimate(self._model, lists, x, sigma)
        answer = rule(Seen(estimates, guidance, partial(self._moment, estimates, x, sigma)))
        return torch.stack(answer) if uncond else answer.result

    def _moment(
        self, estimates: Mapping[int, Tensor], x: Tensor, sigma: Tensor, cond: int, uncond: int, cfg: float
    ) -> Moment:
        """See ``rules.Seen``."""
        return Moment(
            x=x,
            sigma=sigma,
            cfg=cfg,
            cond=estimates[cond],
            uncond=estimates.get(uncond, estimates[cond]),
            again=partial(self._again, (cond, uncond if uncond < self._own else cond), x, sigma),
            has_uncond=uncond in estimates,
            beside={name: estimates[k] for name, k in self._beside.items()},
            memory=self.memory,
        )

    def _again(
        self,
        roles: tuple[int, int],
        at: Tensor,
        level: Tensor,
        k: int,
        x: Tensor | None = None,
        sigma: Tensor | None = None,
        hooks: Hooks | None = None,
    ) -> Tensor:
        """See ``guidance.Again``."""
        here, there = at if x is None else x, level if sigma is None else sigma
        lists = {roles[k]: self._regions[roles[k]]}
        return estimate(self._model, lists, here, there, hooks or NO_HOOKS)[roles[k]]


def estimate(
    model: DiffusionModel,
    lists: Mapping[int, Sequence[Region]],
    x: Tensor,
    sigma: Tensor,
    hooks: Hooks = NO_HOOKS,
) -> dict[int, Tensor]:
    """The denoised estimate of each list: its active items' own, averaged by their weights cell by cell.

    ``hooks`` are called inside the network after the model's own.
    """
    looks = [look for k, one in lists.items() for look in looks_of(k, one, x, sigma.item())]
    sums = {k: torch.zeros_like(x, dtype=torch.float32) for k in lists}
    weights = {k: torch.full_like(total, TINY) for k, total in sums.items()}
    for group in groups(looks):
        for look, denoised in zip(group, evaluated(model, group, x, sigma, hooks), strict=True):
            look.region.area.of(sums[look.list]).add_(denoised * look.weight)
            look.region.area.of(weights[look.list]).add_(look.weight)
    return {k: total / weights[k] for k, total in sums.items()}


def looks_of(k: int, items: Sequence[Region], x: Tensor, sigma: float) -> list[Look]:
    """The active items of list ``k``; default ones count as much as the others leave."""
    active = [item for item in items if item.active(sigma)]
    looks = [Look(k, item, match_batch(item.weight, len(x))) for item in active if not item.default]
    if len(looks) == len(active):
        return looks
    left = x.new_ones((len(x), 1, *x.shape[2:]), dtype=torch.float32)
    for look in looks:
        look.region.area.of(left).sub_(look.weight)
    left = left.clamp(min=0)
    if left.any():
        looks += [Look(k, item, item.area.of(left)) for item in active if item.default]
    return looks


def groups(looks: Sequence[Look]) -> list[list[Look]]:
    """Looks that can share a call: crops of the same size, contexts that can be made the same length."""
    made: list[list[Look]] = []
    for look in reversed(looks):
        for group in made:
            if fits(look, group):
                group.append(look)
                break
        else:
            made.append([look])
    return made


def fits(look: Look, group: Sequence[Look]) -> bool:
    """Whether a look can join a group."""
    one, first = look.region, group[0].region
    lengths = [member.region.context.shape[1] for member in (*group, look)]
    same_crop = one.area[:2] == first.area[:2]
    same_width = one.context.shape[2] == first.context.shape[2]
    return same_crop and same_width and same_company(one, first) and math.lcm(*lengths) <= STRETCH * min(lengths)


def same_company(one: Region, other: Region) -> bool:
    """Whether the same controls, hooks and weights work on two items, and what they are told has the same shapes."""

    def told(region: Region) -> list[tuple[str, torch.Size]]:
        words = [("", each.shape) for each in region.words or () if each is not None]
        return words + [(name, each.shape[1:]) for name, each in region.extras.items()]

    alike = one.chain is other.chain and one.hooks == other.hooks and one.weights == other.weights
    return alike and told(one) == told(other)


def evaluated(model: DiffusionModel, group: Sequence[Look], x: Tensor, sigma: Tensor, hooks: Hooks) -> Sequence[Tensor]:
    """One call of the network: the denoised crop of each look, (B, C, area.h, area.w)."""
    crops = torch.cat([look.region.area.of(x) for look in group])
    output = model.network(inputs_of(model, group, crops, sigma, hooks))
    return model.prediction.denoised(crops, sigma, output).chunk(len(group))


def inputs_of(model: DiffusionModel, group: Sequence[Look], crops: Tensor, sigma: Tensor, hooks: Hooks) -> Inputs:
    """What the network is given for a group: the rows of each look, one after the other."""
    count = len(crops) // len(group)
    length = math.lcm(*(look.region.context.shape[1] for look in group))
    contexts = [look.region.context.repeat(1, length // look.region.context.shape[1], 1) for look in group]
    scaled = model.prediction.network_input(crops, sigma)
    if (beside := rows([look.region.concat for look in group], count)) is not None:
        scaled = torch.cat((scaled, beside), 1)
    vector, weights = rows([look.region.vector for look in group], count), group[0].region.weights
    return Inputs(
        x=scaled.to(model.dtype),
        timesteps=model.prediction.timestep(sigma).expand(len(crops)),
        context=torch.cat([match_batch(context, count) for context in contexts]).to(model.dtype),
        vector=None if vector is None else vector.to(model.dtype),
        steering=steering(group, count, sigma.item()),
        extras=extras_of(group, count),
        hooks=model.hooks.and_then(group[0].region.hooks).and_then(hooks),
        unet=weights.unet_at(model.unet, sigma.item(), model.prediction) if weights else None,
        lists=tuple(look.list for look in group for _ in range(count)),
        sigma=sigma.item(),
    )


def steering(group: Sequence[Look], count: int, sigma: float) -> Steering | None:
    """The controls of a group, if one is active."""
    chain = group[0].region.chain
    if chain is None:
        return None
    words = [look.region.words or (None, None) for look in group]
    context, vector = (rows([each[k] for each in words], count) for k in range(2))
    return chain.steering([Row(look.region.area, n) for look in group for n in range(count)], sigma, context, vector)


def extras_of(group: Sequence[Look], count: int) -> dict[str, Tensor]:
    """What the hooks of a group are told, row by row."""
    told = {name: [match_batch(look.region.extras[name], count) for look in group] for name in group[0].region.extras}
    return {name: torch.cat(parts) for name, parts in told.items()}


def rows(parts: Sequence[Tensor | None], count: int) -> Tensor | None:
    """Each look's tensor, ``count`` rows of it; None if none has one: a family's items all have, or all have not."""
    given = [match_batch(part, count) for part in parts if part is not None]
    return torch.cat(given) if given else None
