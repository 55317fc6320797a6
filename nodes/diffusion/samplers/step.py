"""The form all samplers share: a generator of one step.

It yields what it wants denoised, is sent the answer, and returns the next state. So progress, previews,
cancellation, resuming and batching are the driver's, and a sampler is nothing but its mathematics.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from functools import partial, wraps
from inspect import signature
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar, cast

import torch
from torch import Tensor

from nodes.diffusion.prediction import Prediction


@dataclass(frozen=True)
class State:
    """Everything a sampler knows between two steps.

    ``past`` is what it remembers, newest first: latents like ``x``, and rows of numbers.
    """

    x: Tensor  # (B, C, h, w) at noise level sigmas[i]
    i: int = 0  # which sigma; for samplers that choose their own, the last one they have passed
    past: tuple[Tensor, ...] = ()

    def next(self, x: Tensor, past: tuple[Tensor, ...] = (), steps: int = 1) -> "State":
        """The state one sigma further, or some."""
        return State(x, self.i + steps, past)


class Eval(NamedTuple):
    """ "Denoise this, please."

    The answer has the shape of ``x``; with ``uncond`` it is (2, B, C, h, w): guided, then unconditional.
    """

    x: Tensor
    sigma: Tensor  # a scalar
    uncond: bool = False


class Noise(Protocol):
    """A source of standard normal noise in the shape of the latent that it was made for, or of another, ``like``."""

    def __call__(self, sigma: Tensor, sigma_next: Tensor, like: Tensor | None = None) -> Tensor: ...

    def state(self) -> Tensor:
        """What ``restore`` needs to go on from here."""

    def restore(self, state: Tensor) -> None: ...


Step: TypeAlias = Generator[Eval, Tensor, State]
StepFunction: TypeAlias = Callable[[State, Tensor, Noise], Step]
AnyStep = TypeVar("AnyStep", bound=Callable[..., Step])
Option: TypeAlias = float | int | str | bool
NoiseSource: TypeAlias = Callable[[Tensor, Tensor, int], Noise]  # (latent, sigmas, seed)


@dataclass(frozen=True)
class Sampler:
    """A step function and what it expects of the driver. ``settled`` comes before the first step."""

    step: StepFunction
    noise: NoiseSource
    discard_penultimate: bool = False  # leave out the schedule's second-to-last sigma
    fresh_inpaint_noise: bool = False  # noise the kept part with noise of its own instead of the initial one
    resizes: bool = False  # its latents may change their height and width from step to step
    of_model: Callable[[Prediction], Mapping[str, Option]] | None = None  # options that depend on the model

    def having(self, **options: Option) -> "Sampler":
        """The same with other values for some of the step's keyword arguments."""
        return replace(self, step=partial(self.step, **options))

    def settled(self, prediction: Prediction) -> "Sampler":
        """The same for one model."""
        return replace(self.having(**self.of_model(prediction)), of_model=None) if self.of_model else self

    @property
    def described(self) -> str:
        """Its step, options and noise by name: equal for equal samplers, in any process."""
        step = self.step
        if not isinstance(step, partial):
            return f"{name_of(step)} {name_of(self.noise)}"
        options = [f"{name}={value!r}" for name, value in sorted(step.keywords.items())]
        return " ".join([name_of(step.func), *options, name_of(self.noise)])


def name_of(part: Callable[..., object]) -> str:
    return getattr(part, "__name__", type(part).__name__)


def falling(step: AnyStep) -> AnyStep:
    """For a method whose formulas want each sigma below the one before: it, and what to do where that is not so.

    Between equal sigmas the latent stays. On the way up, as along a flipped schedule, there is no noise to be taken
    away and added again, so ``eta`` is 0: the flow. Where the schedule turns, what was known is forgotten, for no slope
    is found between values at the same sigma.
    """
    has_eta = "eta" in signature(step).parameters

    @wraps(step)
    def taken(state: State, sigmas: Tensor, noise: Noise, **options: Any) -> Step:
        way = course(sigmas, state.i)
        if state.i > 0 and way != course(sigmas, state.i - 1):
            state = replace(state, past=())
        if way == 0:
            return standing(state, sigmas)
        return step(state, sigmas, noise, **({**options, "eta": 0.0} if has_eta and way > 0 else options))

    return cast("AnyStep", taken)


def course(sigmas: Tensor, i: int) -> float:
    """Whether a step goes down (-1), up (1) or nowhere (0)."""
    return torch.sign(sigmas[i + 1] - sigmas[i]).item()


def standing(state: State, sigmas: Tensor) -> Step:
    """A step that only looks."""
    yield Eval(state.x, sigmas[state.i])
    return state.next(state.x)


def ancestral_split(sigma: Tensor, sigma_next: Tensor, eta: float = 1.0) -> tuple[Tensor, Tensor]:
    """How far to denoise, and how much noise to add, so that both together arrive at sigma_next: (down, up)."""
    if eta == 0:
        return sigma_next, sigma_next.new_zeros(())
    variance = sigma_next**2 * (sigma**2 - sigma_next**2) / sigma**2
    up = (eta * variance.sqrt()).minimum(sigma_next)
    return (sigma_next**2 - up**2).sqrt(), up


def churned(
    state: State, sigmas: Tensor, noise: Noise, s_churn: float, between: tuple[float, float], s_noise: float
) -> tuple[Tensor, Tensor]:
    """The latent with its step's share of ``s_churn`` as further noise, and the sigma that it has then.

    Only at sigmas ``between`` two; Karras et al. 2022, algorithm 2 (arXiv:2206.00364).
    """
    sigma = sigmas[state.i]
    gamma = min(s_churn / (len(sigmas) - 1), 2**0.5 - 1) if between[0] <= sigma <= between[1] else 0.0
    if gamma == 0:
        return state.x, sigma
    raised = sigma * (1 + gamma)
    return state.x + noise(sigma, raised) * s_noise * (raised**2 - sigma**2).sqrt(), raised
