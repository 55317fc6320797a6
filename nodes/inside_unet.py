"""Nodes that show a U-Net at work: features, filters, attention, and what is missing without a part."""

from functools import partial
from typing import Annotated, Any, Literal, NamedTuple, Protocol

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.marks import Widget
from nodes import latents
from nodes.diffusion.inside import attention_maps, attention_sheets, convolution_sheets, convolutions
from nodes.diffusion.inside.ablation import Bottleneck, ablated
from nodes.diffusion.inside.anatomy import chosen, parts
from nodes.diffusion.inside.feature_sheets import u_sheet, way_sheets
from nodes.diffusion.inside.features import FeatureWatch
from nodes.diffusion.inside.words import words_of
from nodes.diffusion.sampling import StepReport, sample_latent
from nodes.diffusion.text.encoding import conditioned
from nodes.imaging.sheets import labelled
from nodes.memory import holding
from nodes.sampling import Cfg, SamplerName, SchedulerName, Steps, report_to, shared
from nodes.text import checked
from nodes.types import Clip, Cond, Image, Latent, Mask, Model, Seed, Vae

inside = partial(node, category="inside", module="wireloom")
watching = partial(inside, lane="sampling")

Prompt = Annotated[
    str, Widget(multiline=True, dynamicPrompts=True), Field(description="The words to draw; their maps are shown.")
]
Blocks = Annotated[str, Field(description="all, or a list such as: down 0-3, middle, up 5")]
Denoise = Annotated[
    float,
    Field(ge=0.0, le=1.0, description="1 repaints all; less keeps that much more of the input."),
    Widget(step=0.01),
]
Percent = Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.001)]
Tiles = Annotated[int, Field(ge=64, le=1024, description="The longer side of each picture, in pixels.")]
Pixel = Annotated[int, Field(ge=0, le=16383, description="In pixels of the finished picture, from its upper left.")]


class Watch(Protocol):
    """What looks into a sampling."""

    def patched(self, model: Model) -> Model:
        """The model, watched."""

    def on_step(self, report: StepReport) -> None:
        """A step is done."""


class FeatureSheets(NamedTuple):
    unet: Image
    ways: list[Image]
    latent: Latent


class WordMaps(NamedTuple):
    sheet: Image
    maps: Mask
    latent: Latent


class PointMaps(NamedTuple):
    sheet: Image
    map: Mask
    latent: Latent


class Filters(NamedTuple):
    filters: Image
    pooling: Image


def watched(ctx: Context, watch: Watch, model: Model, latent: Latent, lists: tuple[Cond, Cond], **how: Any) -> Latent:
    """A whole sampling, from its first step: what was seen before a restart is not stored."""
    latest: list[Any] = []
    tell = report_to(ctx, model, latest)

    def on_step(report: StepReport) -> None:
        watch.on_step(report)
        tell(report)

    with holding(ctx, "sampling", latent, *lists, latest):
        return sample_latent(shared(ctx, watch.patched(model)), latent, *lists, on_step=on_step, **how)


@watching("UNetFeatures", title="U-Net Features")
def unet_features(
    ctx: Context,
    model: Model,
    seed: Seed,
    steps: Steps,
    cfg: Cfg,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    positive: Cond,
    negative: Cond,
    latent_image: Latent,
    step: Annotated[int, Field(ge=0, le=9_999, description="When to look; 0 is the first step.")] = 10,
    blocks: Blocks = "all",
    channels: Annotated[int, Field(ge=0, le=64, description="The most active ones of each block.")] = 4,
    denoise: Denoise = 1.0,
) -> FeatureSheets:
    """Sample as KSampler does, and show what the U-Net's blocks hold at one step: down, middle and up."""
    config = model.unet.get().config
    if step >= steps:
        raise ValueError(f"step {step} is not one of this sampling's: they are 0 to {steps - 1}")
    keys = chosen(blocks, config)
    if not keys:
        raise ValueError("blocks: none is chosen; all are shown by 'all'")
    watch = FeatureWatch(step, keys)
    how = {"seed": seed, "steps": steps, "cfg": cfg, "sampler_name": sampler_name, "scheduler": scheduler}
    latent = watched(ctx, watch, model, latent_image, (positive, negative), **how, denoise_fraction=denoise)
    features, all_parts = watch.features(), parts(config)
    at = f"step {step} of {steps} (sigma {watch.sigma:.2f})"
    sheets = way_sheets(all_parts, features, channels, at)
    return FeatureSheets(u_sheet(all_parts, features, at), sheets, latent)


@watching("CrossAttention", title="Cross-Attention")
def cross_attention(
    ctx: Context,
    model: Model,
    clip: Clip,
    vae: Vae,
    text: Prompt,
    negative: Cond,
    latent_image: Latent,
    seed: Seed,
    steps: Steps,
    cfg: Cfg,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    show: attention_sheets.Shown = "per resolution",
    words: Annotated[str, Field(description="Which of them to show, by commas; empty shows all.")] = "",
    tile: Tiles = 160,
    denoise: Denoise = 1.0,
) -> WordMaps:
    """Sample as KSampler does, and show for each word of the prompt which places of the picture look at it.

    The maps are of all words, the start and the end among them, and add up to 1 at each place.
    """
    encoder, decoder = checked(clip), latents.there(vae)
    known = words_of(encoder, text)
    columns = known.chosen(words)
    watch = attention_maps.AttentionWatch("attn2", attention_maps.at_words(known.places))
    how = {"seed": seed, "steps": steps, "cfg": cfg, "sampler_name": sampler_name, "scheduler": scheduler}
    positive = conditioned(encoder, lambda each: each.encode(text))
    latent = watched(ctx, watch, model, latent_image, (positive, negative), **how, denoise_fraction=denoise)
    picture = latents.decode(ctx, {"samples": latent["samples"][:1]}, decoder)[0]
    sheet = attention_sheets.word_sheet(picture, attention_sheets.rows_of(watch, show), known.names, columns, tile)
    maps = attention_maps.mean_map(list(watch.blocks().values()), (picture.shape[0], picture.shape[1]))
    return WordMaps(sheet, maps, latent)


@watching("SelfAttention", title="Self-Attention")
def self_attention(
    ctx: Context,
    model: Model,
    vae: Vae,
    positive: Cond,
    negative: Cond,
    latent_image: Latent,
    seed: Seed,
    steps: Steps,
    cfg: Cfg,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    x: Annotated[Pixel, Widget(point="x", point_on="latent")] = 64,
    y: Annotated[Pixel, Widget(point="y")] = 64,
    show: attention_sheets.Shown = "per block",
    tile: Tiles = 160,
    denoise: Denoise = 1.0,
) -> PointMaps:
    """Sample as KSampler does, and show where one place of the picture looks. The map is 1 where it looks most."""
    decoder = latents.there(vae)
    height, width = (side * decoder.downscale for side in latent_image["samples"].shape[-2:])
    if x >= width or y >= height:
        raise ValueError(f"the point ({x}, {y}) is not in the picture, which is {width}x{height}")
    at = ((x + 0.5) / width, (y + 0.5) / height)
    watch = attention_maps.AttentionWatch("attn1", attention_maps.from_point(*at))
    how = {"seed": seed, "steps": steps, "cfg": cfg, "sampler_name": sampler_name, "scheduler": scheduler}
    latent = watched(ctx, watch, model, latent_image, (positive, negative), **how, denoise_fraction=denoise)
    picture = latents.decode(ctx, {"samples": latent["samples"][:1]}, decoder)[0]
    sheet = attention_sheets.point_sheet(picture, watch, show, at, tile)
    looked_at = attention_maps.mean_map(list(watch.blocks().values()), (height, width))
    return PointMaps(sheet, looked_at / looked_at.max(), latent)


@inside("ConvFeatures", title="Convolution and Pooling")
def conv_features(
    vae: Vae,
    image: Image,
    part: Literal["VAE encoder", "U-Net"] = "VAE encoder",
    layer: Annotated[int, Field(ge=0, le=9_999, description="In the order of computing; 0 is the first.")] = 0,
    filters: Annotated[int, Field(ge=1, le=64, description="The most active ones.")] = 8,
    model: Model | None = None,
) -> Filters:
    """Show single filters of a convolution, what they answer to a picture, and what pooling makes of it.

    The VAE's encoder sees the picture; the U-Net sees its latent, without noise and words, and needs the model.
    """
    network = latents.there(vae)
    if part == "VAE encoder":
        found = convolutions.in_encoder(network, image, layer)
    elif model is None:
        raise ValueError("model: the U-Net's convolutions need a model, and none is connected")
    else:
        found = convolutions.in_unet(model, network, image, layer)
    picture = convolutions.seen_picture(network, image)
    sheet = convolution_sheets.filter_sheet(picture, found, filters)
    return Filters(sheet, convolution_sheets.pooling_sheet(image[0, ..., :3]))


@node("ContactSheet", title="Contact Sheet", category="inside", module="wireloom", lane="cpu")
def contact_sheet(
    images: Image,
    labels: Annotated[str, Widget(multiline=True), Field(description="A line for each picture.")] = "",
    title: str = "",
    columns: Annotated[int, Field(ge=0, le=64, description="0 makes it as square as can be.")] = 0,
) -> Image:
    """All pictures of a batch in one, row by row, with words below each."""
    return labelled(images[..., :3], labels.splitlines(), title, columns)


@inside("UNetAblation", title="U-Net Ablation", lane="cpu")
def unet_ablation(
    model: Model,
    skips_off: Annotated[
        str, Field(description="Whose copies are not handed to the way up: none, all, or such as: down 0-2, down 5")
    ] = "none",
    bottleneck: Annotated[
        Bottleneck, Field(description="zero: the middle block gives nothing; bypass: it gives what it is given.")
    ] = "on",
    scales: Annotated[
        str, Field(description="Factors for what blocks and skip connections give, such as: up 3: 0.5, skip 0-2: 1.2")
    ] = "",
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
) -> Model:
    """Take parts of a U-Net away, so that a sampler behind shows what they did. Nothing chosen changes nothing."""
    start, end = (model.prediction.percent_to_sigma(percent) for percent in (start_percent, end_percent))
    return ablated(model, skips_off, bottleneck, scales, start, end)
