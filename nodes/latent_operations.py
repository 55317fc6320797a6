"""Nodes that make operations on latents, and one that applies them."""

from functools import partial
from typing import Annotated

from pydantic import Field

from engine.declare import node
from engine.marks import Widget
from nodes.diffusion import latent_operations
from nodes.types import Latent, LatentOperation

operation_node = partial(
    node,
    category="latent/advanced/operations",
    module="comfy_extras.nodes_latent",
    lane="cpu",
    flags={"experimental": True},
)


@operation_node("LatentApplyOperation")
def apply_operation(samples: Latent, operation: LatentOperation) -> Latent:
    """A latent after an operation."""
    return {**samples, "samples": latent_operations.applied(samples["samples"], operation)}


@operation_node("LatentOperationTonemapReinhard")
def tonemap(multiplier: Annotated[float, Field(ge=0.0, le=100.0), Widget(step=0.01)] = 1.0) -> LatentOperation:
    """Draw in what sticks out of a latent, the more the smaller the multiplier."""
    return latent_operations.Tonemap(multiplier)


@operation_node("LatentOperationSharpen")
def sharpen(
    sharpen_radius: Annotated[int, Field(ge=1, le=31), Widget(step=1)] = 9,
    sigma: Annotated[float, Field(ge=0.1, le=10.0), Widget(step=0.1)] = 1.0,
    alpha: Annotated[float, Field(ge=0.0, le=5.0), Widget(step=0.01)] = 0.1,
) -> LatentOperation:
    """Sharpen a latent within a radius of cells."""
    return latent_operations.Sharpen(sharpen_radius, sigma, alpha)
