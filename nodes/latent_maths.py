"""Nodes that calculate with latents."""

from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from engine.declare import node
from engine.marks import Widget
from nodes.diffusion import latent_maths, latent_shapes
from nodes.types import MAX_SIDE, Latent

Share = Annotated[float, Field(ge=0, le=1), Widget(step=0.01)]

advanced = partial(node, category="latent/advanced", module="comfy_extras.nodes_latent", lane="cpu")


@advanced("LatentAdd")
def add(samples1: Latent, samples2: Latent) -> Latent:
    """The sum of two latents; the second is resized to the first."""
    return latent_maths.add(samples1, samples2)


@advanced("LatentSubtract")
def subtract(samples1: Latent, samples2: Latent) -> Latent:
    """The difference of two latents; the second is resized to the first."""
    return latent_maths.subtract(samples1, samples2)


@advanced("LatentMultiply")
def multiply(
    samples: Latent, multiplier: Annotated[float, Field(ge=-10.0, le=10.0), Widget(step=0.01)] = 1.0
) -> Latent:
    """Each value of a latent times a number."""
    return latent_maths.multiply(samples, multiplier)


@advanced("LatentInterpolate")
def interpolate(samples1: Latent, samples2: Latent, ratio: Share = 1.0) -> Latent:
    """Between two latents, turning one into the other: 1 is the first, 0 the second."""
    return latent_maths.interpolate(samples1, samples2, ratio)


@advanced("LatentConcat")
def concat(
    samples1: Latent,
    samples2: Latent,
    dim: Annotated[Literal["x", "-x", "y", "-y", "t", "-t"], Widget(multiselect=False)],
) -> Latent:
    """Two latents side by side, one above the other or, in films, one after the other; - puts the second first."""
    return latent_shapes.concat(samples1, samples2, dim)


@advanced("LatentCut")
def cut(
    samples: Latent,
    dim: Annotated[Literal["x", "y", "t"], Widget(multiselect=False)],
    index: Annotated[int, Field(ge=-MAX_SIDE, le=MAX_SIDE), Widget(step=1)] = 0,
    amount: Annotated[int, Field(ge=1, le=MAX_SIDE), Widget(step=1)] = 1,
) -> Latent:
    """A piece of a latent along one axis, in cells of 8 pixels; negative indices count from the end."""
    return latent_shapes.cut(samples, dim, index, amount)


@node("LatentBlend", title="Latent Blend", category="_for_testing", lane="cpu")
def blend(samples1: Latent, samples2: Latent, blend_factor: Share = 0.5) -> Latent:
    """Two latents one over the other: 1 is the first alone, 0 the second alone."""
    return latent_maths.blend(samples1, samples2, blend_factor)
