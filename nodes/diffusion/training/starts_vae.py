"""Where a new autoencoder begins: as one that averages, so that colours are right from the first step.

From random weights it takes thousands of steps to get flat colours right. Here some channels are reserved for plain
red, green and blue, and carry them through all layers: the encoder averages blocks of pixels, the decoder interpolates
between them. What is left to learn is what an average leaves out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import init

from nodes.diffusion.vae.blocks import AttnBlock, Downsample, ResnetBlock, Upsample
from nodes.diffusion.vae.config import VAEConfig
from nodes.diffusion.vae.model import AutoencoderKL, Encoder

PLUS, MINUS = (0, 4, 8), (1, 5, 9)
"""The channels of red, green and blue, and of their negatives; in different groups where there are 8 of 32."""
CONSTANT = (2, 3, 6, 7, 10, 11)
RESERVED = (*PLUS, *MINUS, *CONSTANT)
STRONG = 3.0
"""The size of the constants, which make a group's deviation so that norms change the colours beside them but little."""
QUIET = 0.3
"""How loud residual branches are at first."""
BILINEAR = torch.tensor([0.25, 0.5, 0.25])
NOISE_FLOOR = -5.0
"""The logarithm of the variance that an encoder claims at first."""


@torch.no_grad()
def averaging_vae(config: VAEConfig, seed: int) -> AutoencoderKL:
    """A new autoencoder of at least 12 channels a level and 3 latent channels, which begins as an average.

    Raises ValueError for narrower ones.
    """
    check_averages(config)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        vae = AutoencoderKL(config)
    for module in vae.modules():
        if isinstance(module, nn.Conv2d):
            init.zeros_(bias_of(module))
    _begin_blocks(vae)
    _begin_encoder(vae.encoder, config.latent_channels)
    _take_in(vae.decoder.conv_in)
    _give_out(last_block(vae.decoder.up[0]), vae.decoder.norm_out, vae.decoder.conv_out)
    for quant in (vae.quant_conv, vae.post_quant_conv):
        if isinstance(quant, nn.Conv2d):
            init.dirac_(quant.weight)
    return vae


def check_averages(config: VAEConfig) -> None:
    """Raises ValueError for an autoencoder that is too thin to begin as an average."""
    if min(config.widths) < len(RESERVED) or config.latent_channels < len(PLUS):
        raise ValueError(
            f"an autoencoder needs levels of at least {len(RESERVED)} channels and {len(PLUS)} latent ones to begin as "
            f"an average, but has {config.widths} and {config.latent_channels}"
        )


def _begin_blocks(vae: AutoencoderKL) -> None:
    mean = torch.zeros(3, 3)
    mean[:2, :2] = 0.25  # the padding is at the right and bottom
    for module in vae.modules():
        if isinstance(module, ResnetBlock):
            _hush(module.conv2)
            if isinstance(module.nin_shortcut, nn.Conv2d):
                _carry(module.nin_shortcut, torch.ones(1, 1))
        elif isinstance(module, AttnBlock):
            _hush(module.proj_out)
        elif isinstance(module, Downsample):
            _carry(module.conv, mean)
        elif isinstance(module, Upsample):
            _carry(module.conv, BILINEAR[:, None] * BILINEAR)


def _begin_encoder(encoder: Encoder, latent_channels: int) -> None:
    _take_in(encoder.conv_in)
    _give_out(encoder.mid.block_2, encoder.norm_out, encoder.conv_out)
    encoder.conv_out.weight[latent_channels:].mul_(0.05)
    bias_of(encoder.conv_out)[latent_channels:] = NOISE_FLOOR


def last_block(level: nn.Module) -> ResnetBlock:
    """The last of a level's blocks."""
    return [module for module in level.modules() if isinstance(module, ResnetBlock)][-1]


def bias_of(conv: nn.Conv2d) -> Tensor:
    """What a convolution adds; those of an autoencoder all do."""
    assert conv.bias is not None
    return conv.bias


def _hush(last: nn.Conv2d) -> None:
    """A residual branch that begins quietly, and leaves the reserved channels alone."""
    last.weight.mul_(QUIET)
    last.weight[list(RESERVED)] = 0


def _carry(conv: nn.Conv2d, kernel: Tensor) -> None:
    """Reserved channels go through by a kernel, each by itself."""
    conv.weight[list(RESERVED)] = 0
    for channel in RESERVED:
        conv.weight[channel, channel] = kernel


def _take_in(conv: nn.Conv2d) -> None:
    """The first three channels become the reserved colours and their negatives."""
    conv.weight[list(RESERVED)] = 0
    centre = conv.weight.shape[-1] // 2
    for colour, (plus, minus) in enumerate(zip(PLUS, MINUS, strict=True)):
        conv.weight[plus, colour, centre, centre] = 1
        conv.weight[minus, colour, centre, centre] = -1


def _give_out(before: ResnetBlock, norm: nn.GroupNorm, conv: nn.Conv2d) -> None:
    """The reserved colours come out as the first three channels, through a norm and SiLU: silu(a) - silu(-a) = a."""
    for n, channel in enumerate(CONSTANT):
        bias_of(before.conv2)[channel] = STRONG if n % 2 else -STRONG
    deviation = group_deviation(norm)
    norm.weight[list(RESERVED)] = deviation[list(RESERVED)]
    centre = conv.weight.shape[-1] // 2
    for colour, (plus, minus) in enumerate(zip(PLUS, MINUS, strict=True)):
        conv.weight[colour] = 0
        conv.weight[colour, plus, centre, centre] = 1
        conv.weight[colour, minus, centre, centre] = -1


def group_deviation(norm: nn.GroupNorm) -> Tensor:
    """What each channel of a norm is divided by, if the constants are all there is: (C,); 1 in groups without any."""
    values = torch.zeros(norm.num_channels)
    for n, channel in enumerate(CONSTANT):
        values[channel] = STRONG if n % 2 else -STRONG
    groups = values.view(norm.num_groups, -1).std(dim=1, correction=0)
    return torch.where(groups > 0, groups, 1).repeat_interleave(norm.num_channels // norm.num_groups)
