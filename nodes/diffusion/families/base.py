"""What a model family is: data, not a ladder of ifs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nodes.diffusion.header import Header
from nodes.diffusion.latent import LatentFormat
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.unet.config import UNetConfig


@dataclass(frozen=True)
class Family:
    """Where a kind of checkpoint keeps its parts, and what they mean.

    ``landmarks`` are tensors that every file of the family has; ``text_prefixes`` are tried in order.
    """

    name: str
    landmarks: Sequence[str]
    matches: Callable[[Header], bool]
    unet: Callable[[Header], UNetConfig]
    prediction: Callable[[Header], Prediction]
    latent_format: LatentFormat
    unet_prefix: str
    vae_prefix: str
    text_prefixes: Sequence[str]
