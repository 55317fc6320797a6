"""Where randomness comes from: the noise a latent starts from, and what stochastic samplers add on the way.

Nothing here touches torch's global generator. A source's state is one tensor, so a run can be stored and resumed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

SEEDS = 2**64  # seeds wrap around, as torch's do
TREE_DIGITS = 6  # to which the Brownian tree rounds sigmas; other digits would give other noise


def initial_noise(shape: Sequence[int], seed: int, batch_index: Sequence[int] | None = None) -> Tensor:
    """Standard normal of ``shape`` (B, C, h, w), float32, on the CPU; the same for a seed on every machine.

    ``batch_index`` names the draws of a larger batch, made one latent at a time, that this batch consists of.
    """
    generator = torch.Generator().manual_seed(seed % SEEDS)
    if batch_index is None:
        return torch.randn(tuple(shape), generator=generator)
    wanted, kept = set(batch_index), dict[int, Tensor]()
    for i in range(max(batch_index) + 1):
        draw = torch.randn((1, *shape[1:]), generator=generator)
        if i in wanted:
            kept[i] = draw
    return torch.cat([kept[i] for i in batch_index])


@dataclass(frozen=True)
class StartNoise:
    """What a latent begins with: noise by a seed, or none. What samplers add on the way follows from the seed too."""

    seed: int = 0
    silent: bool = False

    def like(self, samples: Tensor, batch_index: Sequence[int] | None = None) -> Tensor:
        """For latents (B, C, h, w), float32, on the CPU; see ``initial_noise``."""
        if self.silent:
            return torch.zeros(samples.shape)
        return initial_noise(samples.shape, self.seed, batch_index)


class GaussianNoise:
    """Independent draws from a generator on the latent's device."""

    def __init__(self, x: Tensor, sigmas: Tensor, seed: int) -> None:
        # On the CPU, the seed itself would repeat the latent's initial noise.
        own_seed = seed + 1 if x.device.type == "cpu" else seed
        self._generator = torch.Generator(x.device).manual_seed(own_seed % SEEDS)
        self._like = x

    def __call__(self, sigma: Tensor, sigma_next: Tensor, like: Tensor | None = None) -> Tensor:
        shape = self._like.shape if like is None else like.shape
        return torch.randn(shape, generator=self._generator, dtype=self._like.dtype, device=self._like.device)

    def state(self) -> Tensor:
        return self._generator.get_state()

    def restore(self, state: Tensor) -> None:
        self._generator.set_state(state)


class BrownianNoise:
    """Increments of one Brownian motion in sigma, scaled to unit variance.

    Finer schedules see the same path in more detail, so pictures hardly change with the number of steps.
    Li et al. 2020 (arXiv:2001.01328), by torchsde's virtual Brownian tree.
    """

    def __init__(self, x: Tensor, sigmas: Tensor, seed: int, *, on_cpu: bool = True) -> None:
        from torchsde import BrownianTree  # brings scipy: a second that most runs need not spend

        positive = sigmas[sigmas > 0].tolist()
        # The tree rounds times, so a bound as it was given could lie outside.
        self._bounds = round(min(positive), TREE_DIGITS), round(max(positive), TREE_DIGITS)
        path = torch.zeros_like(x, device="cpu", dtype=torch.float32) if on_cpu else torch.zeros_like(x)
        self._like = x
        self._tree = BrownianTree(self._bounds[0], path, self._bounds[1], tol=10.0**-TREE_DIGITS, entropy=seed % SEEDS)

    def __call__(self, sigma: Tensor, sigma_next: Tensor, like: Tensor | None = None) -> Tensor:
        """Raises ValueError for a latent of another shape: there is no path between two sizes."""
        if like is not None and like.shape != self._like.shape:
            raise ValueError(f"Brownian noise of {list(self._like.shape)} has no increment for {list(like.shape)}")
        low, high = sorted((sigma.item(), sigma_next.item()))
        bottom, top = self._bounds
        increment = self._tree(max(low, bottom), min(high, top)) / (high - low) ** 0.5
        return (increment if sigma < sigma_next else -increment).to(self._like)

    def state(self) -> Tensor:
        return torch.empty(0)  # the path follows from the seed

    def restore(self, state: Tensor) -> None:
        pass


class DeviceBrownianNoise(BrownianNoise):
    """The same, drawn on the latent's device: faster there, and another path."""

    def __init__(self, x: Tensor, sigmas: Tensor, seed: int) -> None:
        super().__init__(x, sigmas, seed, on_cpu=False)
