"""The U-Net of Stable Diffusion; Ronneberger et al. 2015 (arXiv:1505.04597), Rombach et al. 2022 (arXiv:2112.10752).

Three parts: **down** shrinks the image into features, step by step, and keeps a copy of each step; the **middle**
(the bottleneck) holds its gist; **up** builds it back, and at each step is handed the copy of its size: the skip
connections. Words come in by cross-attention, the noise level by the time embedding.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from nodes.diffusion.inputs import Inputs, Residuals
from nodes.diffusion.unet.blocks import Downsample, ResBlock, Upsample, timestep_embedding
from nodes.diffusion.unet.config import UNetConfig
from nodes.diffusion.unet.hooks import Inside
from nodes.diffusion.unet.transformer import SpatialTransformer


class Stage(nn.ModuleList):
    """Layers in a row, each given what its kind needs."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__(layers)

    def forward(
        self, x: Tensor, emb: Tensor, context: Tensor, size: torch.Size | None = None, inside: Inside | None = None
    ) -> Tensor:
        for layer in self:
            if isinstance(layer, ResBlock):
                x = layer(x, emb)
            elif isinstance(layer, SpatialTransformer):
                x = layer(x, context, inside)
            elif isinstance(layer, Upsample):
                x = layer(x, size)
            else:
                x = layer(x)
        return x


class UNet(nn.Module):
    """Noisy latent, timestep and words -> what to take away. Parameter names match SD checkpoints."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        width = config.model_channels
        self.time_embed = nn.Sequential(nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, 4 * width))
        self.label_emb = vector_embedding(config.vector_dim, 4 * width) if config.vector_dim else None
        self.input_blocks = nn.ModuleList(self._down_stages())
        self.middle_block = self._middle_stage()
        self.output_blocks = nn.ModuleList(self._up_stages())
        self.out = nn.Sequential(
            nn.GroupNorm(config.groups, width), nn.SiLU(), nn.Conv2d(width, config.out_channels, 3, padding=1)
        )

    def forward(self, inputs: Inputs) -> Tensor:
        """A prediction (B, C', h, w) for latents (B, C, h, w), timesteps in 0..999, what is told and asked beside."""
        emb = self.embedding(inputs)
        inside = Inside(inputs, self.config.model_channels) if inputs.hooks else None
        h, skips = self.down(inputs.x, emb, inputs.context, inputs.residuals, inside)
        h = self.middle(h, emb, inputs.context, inputs.residuals, inside)
        return self.out(self.up(h, skips, emb, inputs.context, inside))

    def embedding(self, inputs: Inputs) -> Tensor:
        """The noise level, and what else the network is told as one vector: (B, E)."""
        waves = timestep_embedding(inputs.timesteps, self.config.model_channels)
        emb = self.time_embed(waves.to(inputs.x.dtype))
        return emb if self.label_emb is None else emb + self.label_emb(inputs.vector)

    def down(
        self,
        x: Tensor,
        emb: Tensor,
        context: Tensor,
        residuals: Residuals | None = None,
        inside: Inside | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """To ever fewer pixels with ever more channels; also returns what each stage gave, for the way up."""
        skips = []
        for n, stage in enumerate(self.input_blocks):
            if inside:
                inside.enter("input", n)
            x = stage(x, emb, context, inside=inside)
            x = plus(x, residuals.inner, n) if residuals else x
            if inside:
                (x,) = inside.call("input_block", x)
            skips.append(plus(x, residuals.down, n) if residuals else x)
            if inside:
                (x,) = inside.call("input_block_after_skip", x)
        return x, skips

    def middle(
        self,
        x: Tensor,
        emb: Tensor,
        context: Tensor,
        residuals: Residuals | None = None,
        inside: Inside | None = None,
    ) -> Tensor:
        """The bottleneck: fewest pixels, most channels."""
        if inside:
            inside.enter("middle", 0)
        x = self.middle_block(x, emb, context, inside=inside)
        if inside:
            (x,) = inside.call("middle_block", x)
        return plus(x, (residuals.middle,), 0) if residuals else x

    def up(self, x: Tensor, skips: list[Tensor], emb: Tensor, context: Tensor, inside: Inside | None = None) -> Tensor:
        """Back to full size; each stage sees its like of the way down beside what came from below."""
        skips = list(skips)
        for n, stage in enumerate(self.output_blocks):
            skip = skips.pop()
            if inside:
                inside.enter("output", n)
                x, skip = inside.call("output_block", x, skip)
            x = torch.cat((x, skip), dim=1)
            x = stage(x, emb, context, skips[-1].shape[-2:] if skips else None, inside)
            if inside:
                (x,) = inside.call("output_block_after", x)
        return x

    def _down_stages(self) -> Iterator[Stage]:
        config, channels = self.config, self.config.model_channels
        yield Stage(nn.Conv2d(config.in_channels, channels, 3, padding=1))
        for n, level in enumerate(config.levels):
            for depth in level.down_depths:
                yield Stage(self._res(channels, level.channels), *self._transformer(level.channels, depth))
                channels = level.channels
            if n < len(config.levels) - 1:
                yield Stage(Downsample(channels))

    def _middle_stage(self) -> Stage:
        config, bottom = self.config, self.config.levels[-1].channels
        blocks = [self._res(bottom, bottom) for _ in range(config.middle_blocks)]
        return Stage(*blocks[:1], *self._transformer(bottom, config.middle_depth), *blocks[1:])

    def _up_stages(self) -> Iterator[Stage]:
        config, channels = self.config, self.config.levels[-1].channels
        skips = self._skip_channels()
        for n, level in reversed(list(enumerate(config.levels))):
            for block, depth in enumerate(level.up_depths):
                stage = Stage(
                    self._res(channels + skips.pop(), level.channels), *self._transformer(level.channels, depth)
                )
                channels = level.channels
                if n > 0 and block == level.blocks:
                    stage.append(Upsample(channels))
                yield stage

    def _skip_channels(self) -> list[int]:
        """The widths of what the way down gives, in order."""
        widths = [self.config.model_channels]
        for n, level in enumerate(self.config.levels):
            last = n == len(self.config.levels) - 1
            widths += [level.channels] * (level.blocks + (0 if last else 1))
        return widths

    def _res(self, channels: int, out_channels: int) -> ResBlock:
        return ResBlock(channels, 4 * self.config.model_channels, out_channels, self.config.groups)

    def _transformer(self, channels: int, depth: int) -> list[nn.Module]:
        if depth == 0:
            return []
        config = self.config
        return [
            SpatialTransformer(
                channels,
                config.heads(channels),
                depth,
                config.context_dim,
                config.groups,
                linear=config.linear_projections,
            )
        ]


def vector_embedding(channels: int, width: int) -> nn.Sequential:
    """What SDXL is told beside the words, as wide as the time embedding; nested as in its checkpoints."""
    return nn.Sequential(nn.Sequential(nn.Linear(channels, width), nn.SiLU(), nn.Linear(width, width)))


def plus(x: Tensor, residuals: Sequence[Tensor | None], n: int) -> Tensor:
    """``x`` with the residual of its place, if there is one; at the size that hooks have given to the features."""
    residual = residuals[n] if n < len(residuals) else None
    if residual is None:
        return x
    if residual.shape[-2:] != x.shape[-2:]:
        residual = interpolate(residual, x.shape[-2:], mode="bilinear")
    return x + residual.to(x)
