"""Sampling from consistency models, whose every estimate is a finished picture."""

import torch
from torch import Tensor

from nodes.diffusion.resizing import resize
from nodes.diffusion.samplers.step import Eval, Noise, State, Step


def lcm(state: State, sigmas: Tensor, noise: Noise) -> Step:
    """Denoise at once, then noise afresh for the next look; Luo et al. 2023, algorithm 3 (arXiv:2310.04378)."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    return state.next(denoised + sigma_next * noise(sigma, sigma_next))


def lcm_upscale(
    state: State,
    sigmas: Tensor,
    noise: Noise,
    scale_ratio: float = 1.0,
    scale_steps: int = -1,
    upscale_method: str = "bislerp",
) -> Step:
    """``lcm`` whose estimates are resized, by equal amounts after each of the first n steps, before they are noised.

    After step k = 1..n of N each side is round(side * (1 + (scale_ratio - 1) * k / n)) of what it was at the start, at
    least 1; then it stays. n is ``scale_steps``, N at most; 0 resizes nothing, and -1 is N - 1, so that the last step
    looks at the final size (or 1, if there is but one step). Noise is drawn in the new size.
    """
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    start = state.past[0] if state.past else torch.tensor(state.x.shape[-2:], dtype=torch.float32)  # (h, w)
    denoised = yield Eval(state.x, sigma)
    total = len(sigmas) - 1
    growing = min(total, scale_steps if scale_steps >= 0 else max(1, total - 1))
    if state.i < growing:
        share = (state.i + 1) / growing
        height, width = (max(1, round(side * (1 - share + scale_ratio * share))) for side in start.tolist())
        if denoised.shape[-2:] != (height, width):
            denoised = resize(denoised, width, height, upscale_method)
    if sigma_next != 0:
        denoised = denoised + sigma_next * noise(sigma, sigma_next, denoised)
    return state.next(denoised, (start,))
