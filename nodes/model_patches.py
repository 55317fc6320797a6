"""Nodes that change what happens inside a model's network. No weight is changed."""

from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import FileIn, Widget
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.patches import compiled, freeu, perturbed, self_attention
from nodes.diffusion.patches.deep_shrink import DeepShrink
from nodes.diffusion.patches.hypernetwork import open_hypernetwork, with_hypernetwork
from nodes.diffusion.patches.hypertile import HyperTile
from nodes.diffusion.patches.tokens import TokenMerging
from nodes.types import Model, Percent

UNET = "model_patches/unet"
EXPERIMENTAL = {"experimental": True}

Factor = Annotated[float, Field(ge=0.0, le=10.0), Widget(step=0.01)]
Method = Literal["bicubic", "nearest-exact", "bilinear", "area", "bislerp"]
Multi = Widget(multiselect=False)

unet_patch = partial(node, category=UNET, lane="cpu")


@unet_patch("FreeU", module="comfy_extras.nodes_freelunch")
def free_u(model: Model, b1: Factor = 1.1, b2: Factor = 1.2, s1: Factor = 0.9, s2: Factor = 0.2) -> Model:
    """More of the backbone (b), less of the skip connections' low frequencies (s), at the two deepest stages."""
    return freeu.freeu(model, freeu.Factors(b1, s1), freeu.Factors(b2, s2), freeu.evenly)


@unet_patch("FreeU_V2", module="comfy_extras.nodes_freelunch")
def free_u_v2(model: Model, b1: Factor = 1.3, b2: Factor = 1.4, s1: Factor = 0.9, s2: Factor = 0.2) -> Model:
    """FreeU whose backbone is raised where there is structure, and not everywhere alike."""
    return freeu.freeu(model, freeu.Factors(b1, s1), freeu.Factors(b2, s2), freeu.by_structure)


@unet_patch("PerturbedAttentionGuidance", module="comfy_extras.nodes_pag")
def perturbed_attention(
    model: Model, scale: Annotated[float, Field(ge=0.0, le=100.0), Widget(step=0.01, round=0.01)] = 3.0
) -> Model:
    """Guide away from what comes out when pixels cannot look at one another; a third evaluation per step."""
    return perturbed.perturbed_attention_guidance(model, scale)


@node(
    "SelfAttentionGuidance",
    title="Self-Attention Guidance",
    category="_for_testing",
    module="comfy_extras.nodes_sag",
    lane="cpu",
    flags=EXPERIMENTAL,
)
def attention_guidance(
    model: Model,
    scale: Annotated[float, Field(ge=-2.0, le=5.0), Widget(step=0.01)] = 0.5,
    blur_sigma: Annotated[float, Field(ge=0.0, le=10.0), Widget(step=0.1)] = 2.0,
) -> Model:
    """Guide away from what comes out when the places that are looked at most are blurred."""
    return self_attention.self_attention_guidance(model, scale, blur_sigma)


@unet_patch("HyperTile", module="comfy_extras.nodes_hypertile")
def hypertile(
    model: Model,
    tile_size: Annotated[int, Field(ge=1, le=2048, description="Pixels a side, at least.")] = 256,
    swap_size: Annotated[int, Field(ge=1, le=128, description="Among how many sizes of tiles to change.")] = 2,
    max_depth: Annotated[int, Field(ge=0, le=10, description="How many levels below the first to tile too.")] = 0,
    scale_depth: bool = False,
) -> Model:
    """Large pictures faster: pixels look at one another within tiles."""
    return HyperTile(tile_size, swap_size, max_depth, scale_depth).patched(model)


@unet_patch("TomePatchModel", module="comfy_extras.nodes_tomesd")
def merge_tokens(model: Model, ratio: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.01)] = 0.3) -> Model:
    """Faster: this part of the pixels, those most like others, are looked at as one with these."""
    return TokenMerging(ratio).patched(model)


@unet_patch(
    "PatchModelAddDownscale",
    title="PatchModelAddDownscale (Kohya Deep Shrink)",
    module="comfy_extras.nodes_model_downscale",
)
def add_downscale(
    model: Model,
    block_number: Annotated[int, Field(ge=1, le=32, multiple_of=1)] = 3,
    downscale_factor: Annotated[float, Field(ge=0.1, le=9.0), Widget(step=0.001)] = 2.0,
    start_percent: Percent = 0.0,
    end_percent: Percent = 0.35,
    downscale_after_skip: bool = True,
    downscale_method: Annotated[Method, Multi] = "bicubic",
    upscale_method: Annotated[Method, Multi] = "bicubic",
) -> Model:
    """Larger pictures than a model was trained on, without repeated motives: it lays them out at a smaller size."""
    start, end = (model.prediction.percent_to_sigma(percent) for percent in (start_percent, end_percent))
    return DeepShrink(
        block_number, downscale_factor, start, end, downscale_after_skip, downscale_method, upscale_method
    ).patched(model)


@node(
    "TorchCompileModel",
    category="_for_testing",
    module="comfy_extras.nodes_torch_compile",
    lane="cpu",
    flags=EXPERIMENTAL,
)
def torch_compile(model: Model, backend: Annotated[Literal["inductor", "cudagraphs"], Multi]) -> Model:
    """Compile the network when it is first used, which takes a while; each evaluation after that is faster."""
    return compiled.compiled(model, backend)


@node("HypernetworkLoader", category="loaders", module="comfy_extras.nodes_hypernetwork")
def load_hypernetwork(
    ctx: Context,
    model: Model,
    hypernetwork_name: Annotated[str, FileIn("hypernetworks")],
    strength: Annotated[float, Field(ge=-10.0, le=10.0), Widget(step=0.01)] = 1.0,
) -> Model:
    """Put a hypernetwork's small networks in front of the keys and values of all attention."""
    path = ctx.service(Folders).resolve("hypernetworks", hypernetwork_name)
    return with_hypernetwork(model, open_hypernetwork(path, ctx.service(Loader)), strength)
