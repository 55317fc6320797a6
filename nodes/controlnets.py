"""Nodes that steer a picture by other pictures: ControlNets and T2I-Adapters."""

from typing import Annotated, Literal, NamedTuple, TypeAlias

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import FileIn, Socket, Widget
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.controlnet.control import Net, steer, steer_all
from nodes.diffusion.controlnet.loading import load_control
from nodes.diffusion.controlnet.network import ControlNet as UnionNet
from nodes.diffusion.gligen.handle import Box, load_gligen, with_box
from nodes.diffusion.gligen.handle import Gligen as GligenModel
from nodes.types import MAX_SIDE, Clip, Cond, Image, Model, Percent, Vae

CELL = 8  # pixels of a latent cell

ControlNet: TypeAlias = Annotated[Net, Socket("CONTROL_NET")]
Gligen: TypeAlias = Annotated[GligenModel, Socket("GLIGEN")]
Text = Annotated[str, Widget(multiline=True, dynamicPrompts=True)]
Side = Annotated[int, Field(ge=8, le=MAX_SIDE, multiple_of=CELL)]
Place = Annotated[int, Field(ge=0, le=MAX_SIDE, multiple_of=CELL)]
Strength = Annotated[float, Field(ge=0.0, le=10.0), Widget(step=0.01)]
ControlFile = Annotated[str, FileIn("controlnet")]

NO_CLIP = "there is no text encoder: the checkpoint has none, connect one from another file"
DEPRECATED = {"deprecated": True}
KINDS = {
    "auto": None,
    "openpose": 0,
    "depth": 1,
    "hed/pidi/scribble/ted": 2,
    "canny/lineart/anime_lineart/mlsd": 3,
    "normal": 4,
    "segment": 5,
    "tile": 6,
    "repaint": 7,
}
Kind = Literal[
    "auto",
    "openpose",
    "depth",
    "hed/pidi/scribble/ted",
    "canny/lineart/anime_lineart/mlsd",
    "normal",
    "segment",
    "tile",
    "repaint",
]


class Steered(NamedTuple):
    positive: Cond
    negative: Cond


@node("ControlNetLoader", title="Load ControlNet Model", category="loaders")
def load_controlnet(ctx: Context, control_net_name: ControlFile) -> ControlNet:
    """Load a ControlNet or a T2I-Adapter; the weights are read when they are first used."""
    return load_control(ctx.service(Loader), ctx.service(Folders).resolve("controlnet", control_net_name))


@node("DiffControlNetLoader", title="Load ControlNet Model (diff)", category="loaders")
def load_controlnet_of_differences(ctx: Context, model: Model, control_net_name: ControlFile) -> ControlNet:
    """Load a ControlNet whose file holds differences to a model's weights."""
    return load_control(ctx.service(Loader), ctx.service(Folders).resolve("controlnet", control_net_name), model)


@node("ControlNetApply", title="Apply ControlNet (OLD)", category="conditioning/controlnet", flags=DEPRECATED)
def apply_controlnet(conditioning: Cond, control_net: ControlNet, image: Image, strength: Strength = 1.0) -> Cond:
    """Steer by a picture such as edges, depth or a pose; the negative words are steered along."""
    return steer(conditioning, control_net, image, strength)


@node("ControlNetApplyAdvanced", title="Apply ControlNet", category="conditioning/controlnet")
def apply_controlnet_advanced(
    positive: Cond,
    negative: Cond,
    control_net: ControlNet,
    image: Image,
    strength: Strength = 1.0,
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
    vae: Vae | None = None,
) -> Steered:
    """Steer by a picture such as edges, depth or a pose, during a part of the sampling."""
    steered = steer_all([positive, negative], control_net, image, strength, start_percent, end_percent)
    return Steered(*steered)


@node("SetUnionControlNetType", category="conditioning/controlnet", module="comfy_extras.nodes_controlnet")
def set_union_controlnet_type(control_net: ControlNet, type: Kind) -> ControlNet:
    """Tell a ControlNet for many kinds of pictures which kind it is shown."""
    if not isinstance(control_net, UnionNet):
        raise ValueError("a T2I-Adapter takes one kind of picture; only union ControlNets are told one")
    return control_net.of_kind(KINDS[type])


@node("GLIGENLoader", category="loaders")
def load_gligen_model(ctx: Context, gligen_name: Annotated[str, FileIn("gligen")]) -> Gligen:
    """Load a GLIGEN, which knows how to put things into boxes; the weights are read when they are first used."""
    return load_gligen(ctx.service(Loader), ctx.service(Folders).resolve("gligen", gligen_name))


@node("GLIGENTextBoxApply", category="conditioning/gligen")
def apply_gligen_box(
    conditioning_to: Cond,
    clip: Clip,
    gligen_textbox_model: Gligen,
    text: Text,
    width: Side = 64,
    height: Side = 64,
    x: Place = 0,
    y: Place = 0,
) -> Cond:
    """Say what is to be in a box of the picture, in pixels; any number of times."""
    if clip is None:
        raise ValueError(NO_CLIP)
    _, pooled = clip.encode(text)
    box = Box(pooled, height // CELL, width // CELL, y // CELL, x // CELL)
    return with_box(conditioning_to, gligen_textbox_model, box)
