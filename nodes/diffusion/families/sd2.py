"""Stable Diffusion 2.x: at 512 pixels it predicts the noise, at 768 the velocity; also for inpainting."""

from dataclasses import replace

from nodes.diffusion.beside import beside
from nodes.diffusion.families.base import Family, Seen, TextPlace, channels, discrete, projections, told
from nodes.diffusion.latent import SD15 as LATENT
from nodes.diffusion.prediction import Prediction

LAST_NORM = "output_blocks.11.1.transformer_blocks.0.norm1.bias"
V_SPREAD = 0.09
"""The bias of models that were trained to predict v varies more than this; no name tells the two apart."""
TEXT = "cond_stage_model."


def prediction(seen: Seen) -> Prediction:
    """What the file says, else what one of its tensors betrays."""
    bias = seen.value(LAST_NORM)
    plain = seen.unet.header.shapes["input_blocks.0.0.weight"][1] == LATENT.channels
    if plain and bias is not None and bias.numel() > 1 and bias.std().item() > V_SPREAD:
        return Prediction.v(zero_terminal_snr=seen.marked("ztsnr"))
    return discrete(seen)


SD2 = Family(
    name="Stable Diffusion 2.x",
    traits=(projections(2), told(vector=False), channels(4, 9)),
    prediction=prediction,
    latent_format=LATENT,
    text=(
        TextPlace("h", TEXT + "model."),
        TextPlace("h", TEXT + "transformer.text_model."),
        TextPlace("h", TEXT + "transformer."),
    ),
    head_channels=64,
    beside=beside(LATENT),
)

SD2_DEPTH = replace(
    SD2,
    name="Stable Diffusion 2 depth",
    traits=(projections(2), told(vector=False), channels(5)),
    unsupported="it takes a depth map beside the latent, which no node makes",
)

UPSCALER = replace(
    SD2,
    name="Stable Diffusion x4 upscaler",
    traits=(projections(2), told(vector=True), channels(7)),
    unsupported="its U-Net takes a level of noise as a class beside the words",
)
