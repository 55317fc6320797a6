"""Stable Diffusion 1.x; Rombach et al. 2022 (arXiv:2112.10752). Also for inpainting and for InstructPix2Pix."""

from nodes.diffusion.beside import beside
from nodes.diffusion.families.base import Family, TextPlace, channels, discrete, projections, told, without
from nodes.diffusion.latent import SD15 as LATENT

TEXT = "cond_stage_model.transformer."

SD15 = Family(
    name="Stable Diffusion 1.x",
    traits=(
        projections(4),
        told(vector=False),
        channels(4, 9, 8),
        without("its text encoder: CLIP alone", "cond_stage_model.model.", "conditioner."),
    ),
    prediction=discrete,
    latent_format=LATENT,
    text=(TextPlace("l", TEXT + "text_model."), TextPlace("l", TEXT)),
    beside=beside(LATENT),
)
