"""Nodes that prepare pictures for models that are shown one: to inpaint, to edit or to enlarge."""

from typing import Annotated, Any, NamedTuple

from pydantic import Field
from torch import Tensor

from engine.context import Context
from engine.declare import node
from engine.marks import Widget
from nodes.diffusion import conditioning as conds
from nodes.diffusion import inpainting
from nodes.diffusion.vae import thrift
from nodes.latents import there
from nodes.memory import ladder
from nodes.types import Cond, Image, Latent, Mask, Vae


class Prepared(NamedTuple):
    """Both conditionings with what the model is shown, and what to sample."""

    positive: Cond
    negative: Cond
    latent: Annotated[Latent, Widget(name="latent")]


def prepared(positive: Cond, negative: Cond, latent: Latent, **fields: Any) -> Prepared:
    """Both conditionings with the same fields set."""
    return Prepared(conds.with_fields(positive, **fields), conds.with_fields(negative, **fields), latent)


def encoded(ctx: Context, vae: Vae, image: Tensor) -> Tensor:
    """Image (B, H, W, 3) -> latent (B, Z, h, w), with less memory if there is little."""
    vae = there(vae)
    return ladder(ctx, vae.network).descend(thrift.encoding(vae, image, ctx.progress))


@node("VAEEncodeForInpaint", title="VAE Encode (for Inpainting)", category="latent/inpaint")
def encode_for_inpaint(
    ctx: Context,
    pixels: Image,
    vae: Vae,
    mask: Mask,
    grow_mask_by: Annotated[int, Field(ge=0, le=64), Widget(step=1)] = 6,
) -> Latent:
    """Turn a picture into a latent without what the mask selects, which is to be denoised from the beginning."""
    there(vae)
    parts = inpainting.holed(pixels, mask)
    return {"samples": encoded(ctx, vae, parts.holed), "noise_mask": inpainting.grown(parts.mask, grow_mask_by)}


@node("InpaintModelConditioning", category="conditioning/inpaint")
def inpaint_conditioning(
    ctx: Context,
    positive: Cond,
    negative: Cond,
    vae: Vae,
    pixels: Image,
    mask: Mask,
    noise_mask: bool = True,
) -> Prepared:
    """Show an inpainting model the picture without what the mask selects, and where that is."""
    there(vae)
    parts = inpainting.holed(pixels, mask)
    shown = encoded(ctx, vae, parts.holed)
    latent = {"samples": encoded(ctx, vae, parts.image)} | ({"noise_mask": parts.mask} if noise_mask else {})
    return prepared(positive, negative, latent, concat_latent_image=shown, concat_mask=parts.mask)


@node("InstructPixToPixConditioning", category="conditioning/instructpix2pix", module="comfy_extras.nodes_ip2p")
def instruct_conditioning(ctx: Context, positive: Cond, negative: Cond, vae: Vae, pixels: Image) -> Prepared:
    """Show the picture to a model that edits by instruction; Brooks et al. 2023 (arXiv:2211.09800)."""
    shown = encoded(ctx, vae, pixels)
    latent = {"samples": shown.new_zeros(shown.shape)}
    return prepared(positive, negative, latent, concat_latent_image=shown)


@node(
    "SD_4XUpscale_Conditioning",
    category="conditioning/upscale_diffusion",
    module="comfy_extras.nodes_sdupscale",
    lane="cpu",
)
def upscale_conditioning(
    images: Image,
    positive: Cond,
    negative: Cond,
    scale_ratio: Annotated[float, Field(ge=0.0, le=10.0), Widget(step=0.01)] = 4.0,
    noise_augmentation: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.001)] = 0.0,
) -> Prepared:
    """Show the picture to a model that enlarges four times, with so much noise added before."""
    shown, empty = inpainting.enlarged_low(images, scale_ratio)
    return prepared(positive, negative, {"samples": empty}, concat_image=shown, noise_augmentation=noise_augmentation)
