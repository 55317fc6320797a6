"""The form all samplers share: a generator of one step.

It yields what it wants denoised, is sent the answer, and returns the next state. So progress, previews,
cancellation, resuming and batching are the driver's, and a sampler is nothing but its mathematics.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from torch import Tensor


@dataclass(frozen=True)
class State:
    """Everything a sampler knows between two steps."""

    x: Tensor  # (B, C, h, w) at noise level sigmas[i]
    i: int = 0  # which sigma
    past: tuple[Tensor, ...] = ()  # what multistep methods remember, newest first

    def next(self, x: Tensor, past: tuple[Tensor, ...] = ()) -> "State":
        """The state one sigma further."""
        return State(x, self.i + 1, past)


class Eval(NamedTuple):
    """ "Denoise this, please."

    The answer has the shape of ``x``; with ``uncond`` it is (2, B, C, h, w): guided, then unconditional.
    """

    x: Tensor
    sigma: Tensor  # a scalar
    uncond: bool = False


class Noise(Protocol):
    """A source of standard normal noise in the shape of the latent."""

    def __call__(self, sigma: Tensor, sigma_next: Tensor) -> Tensor: ...

    def state(self) -> Tensor:
        """What ``restore`` needs to go on from here."""

    def restore(self, state: Tensor) -> None: ...


Step: TypeAlias = Generator[Eval, Tensor, State]
StepFunction: TypeAlias = Callable[[State, Tensor, Noise], Step]
NoiseSource: TypeAlias = Callable[[Tensor, Tensor, int], Noise]  # (latent, sigmas, seed)


@dataclass(frozen=True)
class Sampler:
    """A step function and what it expects of the driver."""

    step: StepFunction
    noise: NoiseSource
    discard_penultimate: bool = False  # leave out the schedule's second-to-last sigma
    fresh_inpaint_noise: bool = False  # noise the kept part with noise of its own instead of the initial one


def ancestral_split(sigma: Tensor, sigma_next: Tensor, eta: float = 1.0) -> tuple[Tensor, Tensor]:
    """How far to denoise, and how much noise to add, so that both together arrive at sigma_next: (down, up)."""
    variance = sigma_next**2 * (sigma**2 - sigma_next**2) / sigma**2
    up = (eta * variance.sqrt()).minimum(sigma_next)
    return (sigma_next**2 - up**2).sqrt(), up
