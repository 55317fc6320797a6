"""Stable Diffusion XL, Podell et al. 2023 (arXiv:2307.01952), its refiner, and what others made of it."""

from dataclasses import replace

from nodes.diffusion.beside import beside
from nodes.diffusion.families.base import (
    Family,
    Seen,
    TextPlace,
    Trait,
    channels,
    context_dim,
    discrete,
    projections,
    told,
    vector_dim,
)
from nodes.diffusion.latent import PLAYGROUND as PLAYGROUND_LATENT
from nodes.diffusion.latent import SDXL as LATENT
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.vector import WAVES, refiner_vector, sdxl_vector

EMBEDDERS = "conditioner.embedders."
EDM_MAX, EDM_MIN = "edm_vpred.sigma_max", "edm_vpred.sigma_min"
PLAYGROUND_SIGMAS = (0.002, 80.0)
G_PLACES = ("model.", "transformer.text_model.", "transformer.")


def g_at(embedder: int) -> tuple[TextPlace, ...]:
    """Where OpenCLIP's ViT-bigG may lie."""
    return tuple(TextPlace("g", f"{EMBEDDERS}{embedder}.{place}") for place in G_PLACES)


def prediction(seen: Seen) -> Prediction:
    """The velocity on continuous levels (as CosXL), or what is predicted on the usual ones."""
    sigma_max = seen.number(EDM_MAX)
    if sigma_max is None:
        return discrete(seen)
    return Prediction.continuous("v", seen.number(EDM_MIN) or 0.002, sigma_max)


def is_refiner(seen: Seen) -> bool:
    """Only the refiner is told five numbers, and has the words of the encoder alone whose pooled text it takes."""
    header = seen.unet.header
    return vector_dim(header) == context_dim(header) + 5 * WAVES


SHARED = (projections(2), told(vector=True))

SDXL = Family(
    name="Stable Diffusion XL",
    traits=(
        *SHARED,
        channels(4, 9, 8),
        Trait("words of both its text encoders", lambda seen: not is_refiner(seen)),
    ),
    prediction=prediction,
    latent_format=LATENT,
    text=(
        TextPlace("l", EMBEDDERS + "0.transformer.text_model."),
        TextPlace("l", EMBEDDERS + "0.transformer."),
        *g_at(1),
    ),
    head_channels=64,
    vector=sdxl_vector,
    beside=beside(LATENT),
)

EDITOR = replace(
    SDXL,
    name="Stable Diffusion XL for edits, on continuous levels",
    traits=(
        *SHARED,
        channels(8),
        Trait(f"a tensor {EDM_MAX}", lambda seen: seen.marked(EDM_MAX)),
    ),
    beside=beside(LATENT, scaled_edits=True),
)

PLAYGROUND = replace(
    SDXL,
    name="Playground 2.5",
    traits=(
        *SDXL.traits,
        Trait("tensors edm_mean and edm_std", lambda seen: seen.marked("edm_mean") and seen.marked("edm_std")),
    ),
    prediction=lambda seen: Prediction.continuous("edm", *PLAYGROUND_SIGMAS),
    latent_format=PLAYGROUND_LATENT,
    beside=beside(PLAYGROUND_LATENT),
)

REFINER = replace(
    SDXL,
    name="Stable Diffusion XL refiner",
    traits=(*SHARED, channels(4), Trait("words of one text encoder, and five numbers", is_refiner)),
    prediction=discrete,
    text=g_at(0),
    vector=refiner_vector,
    beside={},
)
