"""What steers a conditioning item: a network, a picture for it, how much and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from nodes.diffusion.conditioning import Conditioning
from nodes.diffusion.inputs import Inputs, Residuals
from nodes.diffusion.unet.model import UNet

HINT_CHANNELS = 3


class Net(Protocol):
    """A network beside the U-Net."""

    def prepared(self, hint: Tensor) -> tuple[Tensor, ...]:
        """What depends on a hint (B, 3, 8h, 8w) in [0, 1] alone, as (B, ...) each: it is made once for a sampling."""

    def residuals(self, prepared: Sequence[Tensor], inputs: Inputs, unet: UNet) -> Residuals:
        """What to add to the U-Net's features; ``prepared`` has the inputs' rows.

        Raises ValueError if it was made for another kind of U-Net.
        """


@dataclass(frozen=True, eq=False)
class Control:
    """A conditioning item's field ``control``: immutable, one link of a chain."""

    net: Net
    hint: Tensor
    """(B, 3, H, W) in [0, 1], of any size."""
    strength: float
    start_percent: float = 0.0
    end_percent: float = 1.0
    previous: Control | None = None
    """Another that steers as well; what they add is summed."""

    @property
    def nbytes(self) -> int:
        """Of its hints, for caches that weigh a conditioning."""
        return self.hint.nbytes + (self.previous.nbytes if self.previous else 0)


def steer(conditioning: Conditioning, net: Net, image: Tensor, strength: float) -> list[list[Any]]:
    """Items steered by ``net`` with an image (B, H, W, C), and as much the negative items that have no control.

    With no strength the conditioning stays as it is.
    """
    return steer_all([conditioning], net, image, strength, 0.0, 1.0, apply_to_uncond=True)[0]


def steer_all(
    conditionings: Sequence[Conditioning],
    net: Net,
    image: Tensor,
    strength: float,
    start_percent: float,
    end_percent: float,
    *,
    apply_to_uncond: bool = False,
) -> list[list[list[Any]]]:
    """Several conditionings steered by ``net`` from one percent of the sampling to another.

    Items that had the same control share the new one, so that they can go through the networks together.
    """
    if strength == 0:
        return [[list(item) for item in one] for one in conditionings]
    hint = image[..., :HINT_CHANNELS].movedim(-1, 1)
    made: dict[Control | None, Control] = {}

    def steered(fields: Any) -> dict[str, Any]:
        previous = fields.get("control")
        if previous not in made:
            made[previous] = Control(net, hint, strength, start_percent, end_percent, previous)
        return {**fields, "control": made[previous], "control_apply_to_uncond": apply_to_uncond}

    return [[[context, steered(fields)] for context, fields in one] for one in conditionings]
