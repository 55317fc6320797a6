"""Stable Diffusion 1.x, in the layout of its original checkpoints."""

from nodes.diffusion.families.base import Family
from nodes.diffusion.header import Header
from nodes.diffusion.latent import SD15 as LATENT
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.unet.config import unet_config

UNET = "model.diffusion_model."
TEXT = "cond_stage_model.transformer."
LANDMARKS = (
    UNET + "input_blocks.0.0.weight",
    UNET + "time_embed.0.weight",
    UNET + "middle_block.0.in_layers.2.weight",
    UNET + "middle_block.1.transformer_blocks.0.attn2.to_k.weight",
    UNET + "out.2.weight",
)


def matches(header: Header) -> bool:
    """A U-Net in the original layout, conditioned on CLIP's text alone: not on labels, as SDXL, or OpenCLIP, as SD2."""
    others = (UNET + "label_emb.", "cond_stage_model.model.", "conditioner.")
    return not header.missing(LANDMARKS) and not any(name.startswith(others) for name in header.shapes)


def prediction(header: Header) -> Prediction:
    """SD1 predicts noise; a file marked by ``v_pred`` or in its metadata predicts v."""
    marked = header.metadata.get("prediction_type") in ("v", "v_prediction") or "v_pred" in header.shapes
    return Prediction.v(zero_terminal_snr="ztsnr" in header.shapes) if marked else Prediction.eps()


SD15 = Family(
    name="Stable Diffusion 1.x",
    landmarks=LANDMARKS,
    matches=matches,
    unet=unet_config,
    prediction=prediction,
    latent_format=LATENT,
    unet_prefix=UNET,
    vae_prefix="first_stage_model.",
    text_prefixes=(TEXT + "text_model.", TEXT),
)
