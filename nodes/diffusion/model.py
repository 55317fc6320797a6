"""The diffusion model as nodes hold it."""

from collections.abc import Hashable
from dataclasses import dataclass

import torch
from torch import Tensor

from nodes.diffusion.latent import LatentFormat
from nodes.diffusion.lazy import Lazy
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.unet.model import UNet


@dataclass(frozen=True)
class Model:
    """An immutable handle: the network, what its output means, and the space it works in."""

    unet: Lazy[UNet]
    prediction: Prediction
    latent_format: LatentFormat
    in_channels: int = 4
    kind: str = ""
    """What tells how fast the network is: the same for all of its architecture, and between starts."""

    @property
    def identity(self) -> Hashable | None:
        """Equal for models whose evaluations may go through the network in one call; None if they never may."""
        return self.unet

    @property
    def dtype(self) -> torch.dtype:
        """What the network computes in."""
        return self.unet.dtype

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self.unet.device

    def network(self, x: Tensor, timesteps: Tensor, context: Tensor) -> Tensor:
        """(B, C, h, w), (B,), (B, T, D) -> the network's output (B, C, h, w) in float32."""
        unet = self.unet.get()
        wanted = unet.config.context_dim
        if context.shape[-1] != wanted:
            raise ValueError(f"this model takes text {wanted} wide, but the conditioning is {context.shape[-1]} wide")
        out = unet(self.unet.cast(x), timesteps.to(self.device), self.unet.cast(context))
        return out.float()
