"""The shape of an autoencoder, read off the names and shapes of its tensors."""

from __future__ import annotations

from dataclasses import dataclass

from nodes.diffusion.header import Header, norm_groups


@dataclass(frozen=True)
class VAEConfig:
    """SD1 itself: widths 128, 256, 512, 512, 2 blocks a level, 4 latent channels, 32 groups."""

    widths: tuple[int, ...] = (128, 256, 512, 512)
    blocks: int = 2
    latent_channels: int = 4
    groups: int = 32
    quantised: bool = True
    """Whether 1x1 convolutions stand between it and the latents, as in all of SD's; some others have none."""

    def __post_init__(self) -> None:
        if self.blocks < 1 or self.latent_channels < 1 or not self.widths:
            raise ValueError(f"{self.blocks} blocks and {self.latent_channels} latent channels are too few")
        for width in self.widths:
            if width < 1 or width % self.groups:
                raise ValueError(f"{width} channels cannot be normed in {self.groups} groups")

    @property
    def downscale(self) -> int:
        """Pixels a side of one latent cell."""
        return 2 ** (len(self.widths) - 1)


def vae_config(header: Header) -> VAEConfig:
    """Read the shape of an autoencoder off its tensors (named without prefix); groups from metadata, if there."""
    levels = header.count(r"encoder\.down\.(\d+)\.")
    widths = tuple(header.shapes[f"encoder.down.{n}.block.0.conv1.weight"][0] for n in range(levels))
    return VAEConfig(
        widths=widths,
        blocks=header.count(r"encoder\.down\.0\.block\.(\d+)\."),
        latent_channels=header.shapes["decoder.conv_in.weight"][1],
        groups=header.number("vae.norm_groups") or norm_groups(header.shapes["encoder.conv_in.weight"][0]),
        quantised=any("quant_conv." in name for name in header.shapes),
    )
