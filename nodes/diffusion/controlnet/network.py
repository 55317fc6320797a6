"""ControlNet: a copy of a U-Net's way down that also sees a hint; Zhang et al. 2023 (arXiv:2302.05543)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor, nn

from nodes.diffusion.header import Header
from nodes.diffusion.inputs import Inputs, Residuals
from nodes.diffusion.lazy import Lazy
from nodes.diffusion.unet.config import UNetConfig, unet_config
from nodes.diffusion.unet.model import UNet

HEAD_CHANNELS = 64  # of SD2 and SDXL, whose projections are linear


@dataclass(frozen=True)
class ControlConfig:
    """The U-Net that it was copied from, and the widths of what goes into each convolution over the hint."""

    unet: UNetConfig
    hint: tuple[int, ...] = (3, 16, 16, 32, 32, 96, 96, 256)
    tasks: int = 0
    """How many kinds of hints a union network tells apart."""


def control_config(header: Header) -> ControlConfig:
    """Read the shape of a ControlNet off its tensors, named as in the original."""
    copied = Header({**header.shapes, "out.2.weight": (4,)}, header.metadata)  # the way up is not copied
    unet = unet_config(copied)
    if unet.head_channels is None and unet.linear_projections:
        unet = replace(unet, head_channels=HEAD_CHANNELS)
    count = header.count(r"input_hint_block\.(\d+)\.weight")
    return ControlConfig(
        unet,
        tuple(header.shapes[f"input_hint_block.{n}.weight"][1] for n in range(0, count, 2)),
        header.shapes["task_embedding"][0] if "task_embedding" in header.shapes else 0,
    )


class ControlNetwork(UNet):
    """Parameter names match the original's."""

    def __init__(self, config: ControlConfig) -> None:
        super().__init__(config.unet)
        del self.output_blocks, self.out  # the way up stays the U-Net's own
        widths = self._skip_channels()
        self.input_hint_block = hint_embedding(config.hint, config.unet.model_channels)
        self.zero_convs = nn.ModuleList(nn.Sequential(nn.Conv2d(width, width, 1)) for width in widths)
        self.middle_block_out = nn.Sequential(nn.Conv2d(widths[-1], widths[-1], 1))

    def prepared(self, hint: Tensor) -> Tensor:
        """A hint (B, 3, 8h, 8w) at a latent's resolution: (B, C, h, w)."""
        return self.input_hint_block(hint)

    def residuals(self, inputs: Inputs, hint: Tensor, task: int | None = None) -> Residuals:
        """What to add to the skips and to the bottleneck. ``hint`` is (B, C, h, w), prepared; ``task`` is a union's."""
        return self.outputs(inputs, self.embedding(inputs), hint)

    def outputs(self, inputs: Inputs, emb: Tensor, hint: Tensor) -> Residuals:
        """The way down with the hint added to its first features, through convolutions that were zeros once."""
        x = inputs.x[:, : self.config.in_channels]  # not what inpainting models take beside
        h, skips = self.down(x, emb, inputs.context, Residuals(inner=(hint,)))
        h = self.middle(h, emb, inputs.context)
        down = tuple(conv(skip) for conv, skip in zip(self.zero_convs, skips, strict=True))
        return Residuals(down, self.middle_block_out(h))


def hint_embedding(widths: Sequence[int], out_channels: int) -> nn.Sequential:
    """Convolutions from pixels to latent cells, of which every second but the first halves the resolution."""
    layers: list[nn.Module] = []
    for n, (before, after) in enumerate(pairwise((*widths, out_channels))):
        halves = n % 2 == 0 and 0 < n < len(widths) - 1
        layers += [nn.Conv2d(before, after, 3, stride=2 if halves else 1, padding=1), nn.SiLU()]
    return nn.Sequential(*layers[:-1])


@dataclass(frozen=True)
class ControlNet:
    """A ControlNet as nodes hold it; its weights come into memory at first use."""

    file: str
    network: Lazy[ControlNetwork]
    config: ControlConfig
    pooled: bool = False
    """Whether what it adds is averaged over the picture, as the one trained on shuffled pictures wants it."""
    task: int | None = None
    """Which kind of hint a union network is shown; None leaves it to guess."""

    def of_kind(self, task: int | None) -> ControlNet:
        """The same, shown hints of a kind. Raises ValueError if it tells no such kind apart."""
        if task is not None and task >= self.config.tasks:
            has = f"kinds 0 to {self.config.tasks - 1}" if self.config.tasks else "no kinds of hints"
            raise ValueError(f"{self.file} tells {has} apart, so it has no kind {task}")
        return replace(self, task=task)

    @torch.no_grad()
    def prepared(self, hint: Tensor) -> tuple[Tensor, ...]:
        """See ``control.Net``."""
        return (self.network.get().prepared(self.network.cast(hint)),)

    @torch.no_grad()
    def residuals(self, prepared: Sequence[Tensor], inputs: Inputs, unet: UNet) -> Residuals:
        """See ``control.Net``."""
        check(self.file, self.config.unet, unet.config)
        network = self.network.get()
        inputs = inputs.to(self.network.device, self.network.dtype)
        check_vector(self.file, network.config.vector_dim, inputs)
        found = network.residuals(inputs, prepared[0], self.task)
        return averaged(found) if self.pooled else found


def check(file: str, own: UNetConfig, unet: UNetConfig) -> None:
    """Raises ValueError if a ControlNet was not copied from such a U-Net."""

    def measures(config: UNetConfig) -> list[tuple[int, int]]:
        return [(level.channels, level.blocks) for level in config.levels]

    wordless = not any(level.depth for level in own.levels)  # then it reads no text, and any will do
    fits = measures(own) == measures(unet) and (wordless or own.context_dim == unet.context_dim)
    if not fits:
        raise ValueError(f"{file} is a ControlNet for {kind_of(own)}, but the model is {kind_of(unet)}")


def check_vector(file: str, wanted: int | None, inputs: Inputs) -> None:
    """Raises ValueError if a network is not told beside the words what it is to be told."""
    given = None if inputs.vector is None else inputs.vector.shape[-1]
    if wanted is not None and given != wanted:
        raise ValueError(f"{file} takes a vector {wanted} wide beside the text, but the conditioning has {given}")


FAMILIES = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 2048: "Stable Diffusion XL"}


def kind_of(config: UNetConfig) -> str:
    """A U-Net's family, told by the width of its text, and its measures."""
    widths = ", ".join(str(level.channels) for level in config.levels)
    named = FAMILIES.get(config.context_dim, "a U-Net")
    return f"{named} (text {config.context_dim} wide, levels of {widths} channels)"


def averaged(residuals: Residuals) -> Residuals:
    """Each as one value for all pixels."""

    def mean(one: Tensor | None) -> Tensor | None:
        return None if one is None else one.mean((2, 3), keepdim=True)

    return Residuals(tuple(map(mean, residuals.down)), mean(residuals.middle))
