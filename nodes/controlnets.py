"""Nodes that steer a picture by other pictures: ControlNets and T2I-Adapters."""

from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import FileIn, Socket, Widget
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.conditioning import with_fields
from nodes.diffusion.controlnet.control import Net, steer, steer_all
from nodes.diffusion.controlnet.loading import load_control
from nodes.diffusion.controlnet.network import ControlNet as UnionNet
from nodes.types import Clip, Cond, Image, Model, Vae

ControlNet: TypeAlias = Annotated[Net, Socket("CONTROL_NET")]
Strength = Annotated[float, Field(ge=0.0, le=10.0), Widget(step=0.01)]
Percent = Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.001)]
ControlFile = Annotated[str, FileIn("controlnet")]

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


@node("CLIPTextEncodeControlnet", category="_for_testing/conditioning", module="comfy_extras.nodes_cond")
def encode_for_controlnet(
    clip: Clip,
    conditioning: Cond,
    text: Annotated[str, Widget(multiline=True, dynamicPrompts=True)],
) -> Cond:
    """Tell ControlNets other words than the model."""
    context, pooled = clip.encode(text)
    return with_fields(conditioning, cross_attn_controlnet=context, pooled_output_controlnet=pooled)
