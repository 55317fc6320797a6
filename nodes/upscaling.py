"""Nodes that enlarge pictures with networks made for that."""

from functools import partial
from typing import Annotated

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import FileIn, Widget
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.upscalers import open_upscaler
from nodes.memory import ladder
from nodes.types import Image, UpscaleModel

upscale_node = partial(node, module="comfy_extras.nodes_upscale_model")


@upscale_node("UpscaleModelLoader", title="Load Upscale Model", category="loaders")
def load_upscale_model(
    ctx: Context, model_name: Annotated[str, FileIn("upscale_models"), Widget(multiselect=False)]
) -> UpscaleModel:
    """Load a network that enlarges pictures, such as ESRGAN; needs the extra ``upscale``."""
    return open_upscaler(ctx.service(Folders).resolve("upscale_models", model_name), ctx.service(Loader))


@upscale_node("ImageUpscaleWithModel", title="Upscale Image (using Model)", category="image/upscaling")
def upscale_with_model(ctx: Context, upscale_model: UpscaleModel, image: Image) -> Image:
    """Enlarge pictures by the factor that the network was made for, in tiles; smaller ones if memory runs out."""
    return ladder(ctx, upscale_model.network).descend(upscale_model.ways(image, ctx.progress))
