"""Linear multistep (Adams-Bashforth) methods on the probability flow ODE: higher order at one evaluation a step."""

from math import prod

from torch import Tensor

from nodes.diffusion.samplers.step import Eval, Noise, State, Step

ORDER = 4
ADAMS_BASHFORTH = (  # for even steps, newest direction first
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)


def lms(state: State, sigmas: Tensor, noise: Noise) -> Step:
    """Adams-Bashforth of order 4 for uneven steps; Katherine Crowson's in k-diffusion."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    directions = ((state.x - denoised) / sigma, *state.past)
    nodes = [sigmas[state.i - k].item() for k in range(len(directions))]
    weights = lagrange_weights(nodes, sigma_next.item())
    moved = sum(weight * d for weight, d in zip(weights, directions, strict=True))
    return state.next(state.x + moved, past=directions[: ORDER - 1])


def ipndm(state: State, sigmas: Tensor, noise: Noise) -> Step:
    """Improved PNDM of order 4: Adams-Bashforth's weights for even steps; Zhang & Chen 2022 (arXiv:2204.13902)."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    directions = ((state.x - denoised) / sigma, *state.past)
    weights = ADAMS_BASHFORTH[len(directions) - 1]
    mean = sum(weight * d for weight, d in zip(weights, directions, strict=True))
    return state.next(state.x + mean * (sigma_next - sigma), past=directions[: ORDER - 1])


def lagrange_weights(nodes: list[float], end: float) -> list[float]:
    """Integrals from ``nodes[0]`` to ``end`` of the polynomials that are 1 at one node and 0 at the others.

    Gauss's rule with two points is exact for cubics, the most that four nodes need.
    """
    middle, half = (nodes[0] + end) / 2, (end - nodes[0]) / 2
    points = (middle - half / 3**0.5, middle + half / 3**0.5)

    def basis(k: int, at: float) -> float:
        return prod((at - node) / (nodes[k] - node) for j, node in enumerate(nodes) if j != k)

    return [half * sum(basis(k, at) for at in points) for k in range(len(nodes))]
