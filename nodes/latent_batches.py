"""Nodes that make batches of latents, and take them apart."""

from typing import Annotated, Literal

from pydantic import Field

from engine.declare import node
from engine.marks import Widget
from nodes.diffusion import latent_batches, latents
from nodes.types import Latent


@node("RepeatLatentBatch", title="Repeat Latent Batch", category="latent/batch", lane="cpu")
def repeat(samples: Latent, amount: Annotated[int, Field(ge=1, le=64)] = 1) -> Latent:
    """The same latent several times, each with noise of its own."""
    return latents.repeat(samples, amount)


@node("LatentFromBatch", title="Latent From Batch", category="latent/batch", lane="cpu")
def from_batch(
    samples: Latent,
    batch_index: Annotated[int, Field(ge=0, le=63)] = 0,
    length: Annotated[int, Field(ge=1, le=64)] = 1,
) -> Latent:
    """Some latents out of a batch, with the noise they would have had in it."""
    return latents.from_batch(samples, batch_index, length)


@node("LatentBatch", category="latent/batch", module="comfy_extras.nodes_latent", lane="cpu")
def join(samples1: Latent, samples2: Latent) -> Latent:
    """Both batches in one; the second is resized to the first."""
    return latents.join(samples1, samples2)


@node(
    "RebatchLatents", title="Rebatch Latents", category="latent/batch", module="comfy_extras.nodes_rebatch", lane="cpu"
)
def rebatch(
    latents: list[Latent], batch_size: Annotated[list[Annotated[int, Field(ge=1, le=4096)]], Widget(default=1)]
) -> list[Latent]:
    """The latents of a list in batches of another size; those of other sides are kept apart."""
    return latent_batches.rebatch(latents, batch_size[0])


@node("LatentBatchSeedBehavior", category="latent/advanced", module="comfy_extras.nodes_latent", lane="cpu")
def seed_behavior(
    samples: Latent, seed_behavior: Annotated[Literal["random", "fixed"], Widget(multiselect=False)] = "fixed"
) -> Latent:
    """Whether the latents of a batch are sampled from noise of their own, or all from the same."""
    return latent_batches.with_seed_behavior(samples, seed_behavior)
