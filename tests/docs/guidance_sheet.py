"""Draw docs/pictures/guidance.webp: the same words and seed with each kind of guidance on the bundled model.

Run it from the repository's root: ``python -m tests.docs.guidance_sheet``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nodes import guidance_patches as patches
from nodes import guiders
from nodes.diffusion.evaluation.painting import Painter
from nodes.diffusion.samplers import sampler_named
from nodes.diffusion.sampling import sample_guided
from nodes.diffusion.sigmas import denoising_sigmas
from nodes.types import Guider, Model
from tests.support.sheets import bundled, sheet, words

SHEET, COLUMNS = Path("docs/pictures/guidance.webp"), 5
WORDS, AWAY, BESIDE = "a panda on an orange background", "a fox", "a rocket"
SEED, STEPS, SCALE, CFG_PP, DUAL = 0, 16, 3.0, 1.0, 2.0


def drawn(painter: Painter, guider: Guider, sampler: str = "euler") -> Tensor:
    """A picture (1, 128, 128, 3)."""
    sigmas = denoising_sigmas(painter.model.prediction, "karras", STEPS)
    start = {"samples": torch.zeros(1, 4, 16, 16)}
    latent = sample_guided(guider, start, sampler_named(sampler), sigmas, seed=SEED).latent
    return painter.vae.decode(latent["samples"])


def softened(latent: Tensor, **more: Any) -> Tensor:
    """An operation on latents: nothing sticks out beyond 1."""
    return latent / (1 + latent.abs())


def patched(model: Model) -> Iterator[tuple[str, Model]]:
    """A label and a model that guides in its own way."""
    yield f"CFG {SCALE:g}", model
    yield "RescaleCFG 0.7", patches.rescale_cfg(model, 0.7)
    yield "CFGZeroStar", patches.cfg_zero_star(model).patched_model
    yield "CFGNorm", patches.cfg_norm(model).patched_model
    yield "APG 0, 5, -0.5", patches.apg(model, 0.0, 5.0, -0.5)
    yield "Mahiro", patches.mahiro(model).patched_model
    yield "TCFG", patches.tcfg(model).patched_model
    yield "FreSca 0.5, 1.5, 3", patches.fresca(model, 0.5, 1.5, 3)
    yield "Epsilon Scaling 1.03", patches.epsilon_scaling(model, 1.03)
    yield "Operation d/(1+|d|)", patches.latent_apply_operation_cfg(model, softened)


def tiles(painter: Painter) -> Iterator[tuple[str, Tensor]]:
    """A label and a picture for each tile."""
    model = painter.model
    positive, negative, empty, beside = (words(painter, text) for text in (WORDS, AWAY, "", BESIDE))
    yield "BasicGuider", drawn(painter, guiders.basic_guider(model, positive))
    for label, changed in patched(model):
        yield label, drawn(painter, guiders.cfg_guider(changed, positive, negative, SCALE))
    plus = guiders.cfg_guider(model, positive, negative, CFG_PP)
    yield f"CFG++ {CFG_PP:g}", drawn(painter, plus, "euler_cfg_pp")
    apart = guiders.perp_neg_guider(model, positive, negative, empty, SCALE, 2.0)
    yield "PerpNegGuider 2", drawn(painter, apart)
    for style in ("regular", "nested"):
        dual = guiders.dual_cfg_guider(model, positive, beside, negative, DUAL, SCALE, style)
        yield f"Dual, {style}", drawn(painter, dual)


if __name__ == "__main__":
    sheet(list(tiles(bundled())), COLUMNS).save(SHEET, "WEBP", quality=90, method=6)
