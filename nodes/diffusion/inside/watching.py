"""Watching a sampling without changing it: what each step began with and what the network made of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from nodes.diffusion.guidance import Moment
from nodes.diffusion.inside.choosing import numbers, steps
from nodes.diffusion.model import Model
from nodes.diffusion.sampling import OnStep, StepReport


@dataclass(frozen=True, eq=False)
class Seen:
    """One step; tensors are (B, C, h, w) in float32 on the CPU, in the network's scale."""

    step: int
    sigma: float
    timestep: float  # what the network was told
    x: Tensor  # what it was asked about: picture + sigma * noise
    denoised: Tensor  # the clean latent, as the sampler was told
    cond: Tensor  # estimated with the words
    uncond: Tensor  # and without
    guided: Tensor

    @property
    def unit(self) -> Tensor:
        """``x`` brought to the variance of a clean latent: x_t of the textbooks."""
        return self.x / (1 + self.sigma**2) ** 0.5

    @property
    def noise(self) -> Tensor:
        """The noise that is in ``x`` if ``denoised`` is right."""
        return (self.x - self.denoised) / self.sigma

    @property
    def label(self) -> str:
        return f"step {self.step}\nσ {self.sigma:.3g}\nt {self.timestep:.3g}"


@dataclass
class Watch:
    """Keeps each step's first evaluation. ``chosen`` is as in ``choosing.steps``, and checked with the first step."""

    chosen: str
    seen: list[Seen] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    _moments: list[tuple[Moment, Tensor]] = field(default_factory=list)

    def __post_init__(self) -> None:
        numbers(self.chosen, "steps")

    def watching(self, model: Model, *, uncond: bool = False) -> Model:
        """The same model, whose evaluations are noted. With ``uncond`` it also estimates without words at scale 1."""
        guidance = model.guidance.adding(after=(self._note,))
        return replace(model, guidance=replace(guidance, always_uncond=guidance.always_uncond or uncond))

    def stepping(self, model: Model, and_then: OnStep) -> OnStep:
        """What is to hear of the steps, before somebody else does."""

        def report(step: StepReport) -> None:
            self.shown = self.shown or steps(self.chosen, step.total)
            moment, guided = self._moments[0]
            self._moments.clear()
            self.seen.append(
                Seen(
                    step=step.step,
                    sigma=moment.sigma.item(),
                    timestep=model.prediction.timestep(moment.sigma).item(),
                    **kept(x=moment.x, denoised=step.denoised, cond=moment.cond, uncond=moment.uncond, guided=guided),
                )
            )
            and_then(step)

        return report

    def of_chosen(self) -> list[Seen]:
        """The chosen steps, of those that the sampler took."""
        first = {seen.step: seen for seen in reversed(self.seen)}
        return [first[step] for step in self.shown if step in first]

    def _note(self, moment: Moment, guided: Tensor) -> Tensor:
        if not self._moments:
            self._moments.append((moment, guided))
        return guided


def kept(**tensors: Tensor) -> dict[str, Any]:
    """Copies on the CPU, which nobody else changes."""
    return {name: each.detach().to("cpu", copy=True).float() for name, each in tensors.items()}
