"""One convolution of a network at work: its filters, what it is given and what it answers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from nodes.diffusion.inputs import Inputs
from nodes.diffusion.model import Model
from nodes.diffusion.sampling import to_network
from nodes.diffusion.unet.model import UNet
from nodes.diffusion.vae.handle import Vae, centre_cropped

N = TypeVar("N", bound=nn.Module)
PLACES = 77  # of a text encoding


@dataclass(frozen=True)
class Convolution:
    """A convolution, and its answer to one input."""

    name: str
    number: int
    count: int
    """Of all convolutions on the way."""
    kernels: Tensor
    """(C', C, k, k)"""
    response: Tensor
    """(C', h, w)"""


class Tap:
    """Listens to the convolutions of a network, in the order in which they compute, and keeps one."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._count = 0
        self._heard: Convolution | None = None

    def on(self, network: N) -> N:
        """A network of the same tensors that is listened to; what others compute with it meanwhile is not heard."""
        self._count, self._heard = 0, None
        shared = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
        mine = copy.deepcopy(network, shared)
        for name, module in mine.named_modules():
            if isinstance(module, nn.Conv2d):
                module.register_forward_hook(self._listen(name))
        return mine

    def _listen(self, name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def hear(module: nn.Module, _: Any, response: Tensor) -> None:
            if self._count == self._number and isinstance(module, nn.Conv2d):
                weight = module.weight.detach().float().cpu()
                self._heard = Convolution(name, self._number, 0, weight, response[0].detach().float().cpu())
            self._count += 1

        return hear

    def heard(self, part: str) -> Convolution:
        """What was kept. Raises ValueError if the network has fewer convolutions; ``part`` is what it is called."""
        if self._heard is None:
            raise ValueError(
                f"layer: the {part} has {self._count} convolutions, 0 to {self._count - 1}, and no {self._number}"
            )
        return replace(self._heard, count=self._count)


@torch.no_grad()
def in_encoder(vae: Vae, image: Tensor, number: int) -> Convolution:
    """A convolution of the VAE's encoder, given the first of pictures (B, H, W, C) in [0, 1]; 0 sees the picture."""
    tap = Tap(number)
    network = tap.on(vae.network.get())
    pixels = (seen_picture(vae, image)[None] * 2 - 1).movedim(-1, 1)
    network.encode(vae.network.cast(pixels))
    return tap.heard("VAE encoder")


@torch.no_grad()
def in_unet(model: Model, vae: Vae, image: Tensor, number: int) -> Convolution:
    """A convolution of the U-Net, given the picture's latent without noise, at timestep 0 and without words."""
    latent = to_network(vae.encode(seen_picture(vae, image)[None]), model.latent_format)
    tap = Tap(number)

    def listened(unet: UNet, inputs: Inputs) -> Tensor:
        return tap.on(unet)(inputs)

    config = model.unet.get().config
    more = latent.new_zeros(1, config.in_channels - latent.shape[1], *latent.shape[2:])  # such as an inpaint mask
    inputs = Inputs(
        x=torch.cat((latent, more), 1),
        timesteps=torch.zeros(1),
        context=torch.zeros(1, PLACES, config.context_dim),
        vector=torch.zeros(1, config.vector_dim) if config.vector_dim else None,
    )
    replace(model, run=listened).network(inputs)
    return tap.heard("U-Net")


def seen_picture(vae: Vae, image: Tensor) -> Tensor:
    """The first picture (H, W, 3) as the VAE sees it: cut around its centre to whole cells."""
    return centre_cropped(image[:1], vae.downscale)[0, ..., :3]


def most_answering(response: Tensor, count: int) -> list[int]:
    """The filters whose answers (C', h, w) vary most, at most so many, the most first."""
    variances = response.flatten(1).var(1, correction=0)
    return [int(n) for n in variances.topk(min(count, len(variances))).indices]
