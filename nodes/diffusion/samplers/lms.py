"""Linear multistep (Adams-Bashforth) methods on the probability flow ODE: higher order at one evaluation a step."""

from torch import Tensor

from nodes.diffusion.samplers.step import Eval, Noise, State, Step, falling
from nodes.diffusion.samplers.weights import lagrange_weights, weighted

ORDER = 4
ADAMS_BASHFORTH = (  # for even steps, newest direction first
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)


@falling
def lms(state: State, sigmas: Tensor, noise: Noise, order: int = ORDER) -> Step:
    """Adams-Bashforth for uneven steps, integrated exactly; Katherine Crowson's in k-diffusion."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    directions = ((state.x - denoised) / sigma, *state.past)[:order]
    nodes = last_sigmas(state, sigmas, len(directions))
    moved = weighted(lagrange_weights(nodes, nodes[0], sigma_next.item()), directions)
    return state.next(state.x + moved, past=directions[: order - 1])


def ipndm(state: State, sigmas: Tensor, noise: Noise) -> Step:
    """Improved PNDM of order 4: Adams-Bashforth's weights for even steps; Zhang & Chen 2022 (arXiv:2204.13902)."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    directions = ((state.x - denoised) / sigma, *state.past)
    mean = weighted(ADAMS_BASHFORTH[len(directions) - 1], directions)
    return state.next(state.x + mean * (sigma_next - sigma), past=directions[: ORDER - 1])


@falling
def ipndm_v(state: State, sigmas: Tensor, noise: Noise) -> Step:
    """Improved PNDM with the steps' lengths in its weights; from diff-sampler, Zhou et al. 2024 (arXiv:2312.00094)."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    directions = ((state.x - denoised) / sigma, *state.past)
    nodes = [sigma_next.item(), *last_sigmas(state, sigmas, len(directions))]
    lengths = [nodes[k] - nodes[k + 1] for k in range(len(directions))]
    mean = weighted(uneven_weights(*lengths), directions)
    return state.next(state.x + mean * (sigma_next - sigma), past=directions[: ORDER - 1])


def uneven_weights(h: float, h1: float = 0.0, h2: float = 0.0, h3: float = 0.0) -> list[float]:
    """Diff-sampler's weights for a step ``h`` after steps ``h1``, ``h2`` and ``h3``; 0 where there was none.

    As published, and as pictures were made with them; ``lms`` has the exact ones. With two steps behind it they are
    Adams and Bashforth's if the steps are even. With three they are of third order if the steps are even (the last
    difference weighs 11/24 where 3/8 would be of fourth), and of first order where lengths change from step to step,
    for they need not add up to 1.
    """
    if not h1:
        return [1.0]
    first = h / h1 / 2
    weights = [1 + first, -first]
    if not h2:
        return weights
    ratio = h1 / h2
    second = (1 - h**2 / (3 * h1 * (h1 + h2))) / 2
    weights = [1 + first + second, -first - (1 + ratio) * second, ratio * second]
    if not h3:
        return weights
    bend = h1 * (h1 + h2) / (h2 * (h2 + h3))
    third = (1 - h / (3 * (h + h1))) / 2 + (1 - h / (2 * (h + h1))) * h / (6 * (h + h1 + h2))
    third *= h * (h + h1) * (h + h1 + h2) / (h1 * (h1 + h2) * (h1 + h2 + h3))
    changes = [1.0, -1 - ratio - bend, ratio + bend * (1 + h2 / h3), -bend * ratio]
    return [weight + third * change for weight, change in zip([*weights, 0.0], changes, strict=True)]


def last_sigmas(state: State, sigmas: Tensor, count: int) -> list[float]:
    """This step's sigma and those before it, newest first."""
    return [sigmas[state.i - k].item() for k in range(count)]
