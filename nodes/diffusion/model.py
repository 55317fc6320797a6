"""The diffusion model as nodes hold it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.extras import NO_EXTRAS, Extras
from nodes.diffusion.finite import finite
from nodes.diffusion.guidance import PLAIN, Guidance
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.latent import LatentFormat
from nodes.diffusion.lazy import Lazy, computing_in
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.unet.hooks import NO_HOOKS, Hooks
from nodes.diffusion.unet.model import UNet

Network: TypeAlias = Callable[[Inputs], Tensor]


@dataclass(frozen=True)
class Model:
    """An immutable handle: the network, what its output means, the space it works in, and what was changed about it.

    ``dataclasses.replace`` makes a model that differs, as nodes do that patch one.
    """

    unet: Lazy[UNet]
    prediction: Prediction
    latent_format: LatentFormat
    in_channels: int = 4
    kind: str = ""
    """What tells how fast the network is: the same for all of its architecture, and between starts."""
    extras: Extras = NO_EXTRAS
    """What the family's network is told beside the words."""
    hooks: Hooks = NO_HOOKS
    """What is called inside the network."""
    guidance: Guidance = PLAIN
    """What is done with its estimates."""
    run: Callable[[UNet, Inputs], Tensor] | None = None
    """Evaluates the network's module in its stead, such as compiled."""
    via: Network | None = field(default=None, compare=False)
    """Who evaluates the network in its place: by turns with others, or with little memory."""

    @property
    def identity(self) -> Hashable | None:
        """Equal for models whose evaluations may go through the network in one call; None if they never may."""
        return (self.unet, self.run)

    @property
    def dtype(self) -> torch.dtype:
        """What the network computes in."""
        return self.unet.dtype

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self.unet.device

    def computing_in(self, dtype: torch.dtype) -> Model:
        """The same model, computed in other numbers."""
        return replace(self, unet=computing_in(self.unet, dtype), kind=f"{self.kind} {dtype}")

    def through(self, via: Network) -> Model:
        """The same model, evaluated by somebody else, who has ``network`` of this one."""
        return replace(self, via=via)

    def network(self, inputs: Inputs) -> Tensor:
        """The network's output (B, C, h, w), in float32.

        Raises ValueError for inputs that are not this network's, BadWeights if what it gives is no number.
        """
        if self.via is not None:
            return self.via(inputs)
        unet = (inputs.unet or self.unet).get()
        check(inputs, unet)
        inputs = inputs.to(self.device, self.dtype)
        if inputs.steering is not None:
            inputs = replace(inputs, residuals=inputs.steering.residuals(inputs, unet), steering=None)
        output = self.run(unet, inputs) if self.run else unet(inputs)
        return finite(output, self.unet).float()


def check(inputs: Inputs, unet: UNet) -> None:
    """Raises ValueError if what a network is told is not as wide as it takes it."""
    wanted, given = unet.config.context_dim, inputs.context.shape[-1]
    if given != wanted:
        raise ValueError(f"this model takes text {wanted} wide, but the conditioning is {given} wide")
    wanted, given = unet.config.in_channels, inputs.x.shape[1]
    if given != wanted:
        raise ValueError(f"this model takes latents of {wanted} channels, with what belongs to them, but got {given}")
    wide = unet.config.vector_dim
    if wide is not None and (inputs.vector is None or inputs.vector.shape[-1] != wide):
        found = "none" if inputs.vector is None else f"one {inputs.vector.shape[-1]} wide"
        raise ValueError(f"this model takes a vector {wide} wide beside the text, but the conditioning has {found}")
