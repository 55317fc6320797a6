"""Control-LoRA: a ControlNet as low-rank changes of the very U-Net that it steers; Stability AI 2023, on Hu et al. 2021
(arXiv:2106.09685)."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from nodes.diffusion.building import blank_of
from nodes.diffusion.controlnet.network import ControlConfig, ControlNetwork, check_vector, hint_embedding, kind_of
from nodes.diffusion.header import Header
from nodes.diffusion.inputs import Inputs, Residuals
from nodes.diffusion.lazy import Lazy, Origin, Residency, size_as
from nodes.diffusion.tensors import TensorFile
from nodes.diffusion.unet.model import UNet

PART = "Control-LoRA"


def hint_widths(header: Header) -> tuple[int, ...]:
    """What goes into each convolution over the hint, and what comes out of the last."""
    last = header.count(r"input_hint_block\.(\d+)\.weight") - 1
    shapes = [header.shapes[f"input_hint_block.{n}.weight"] for n in range(0, last + 1, 2)]
    return (*(shape[1] for shape in shapes), shapes[-1][0])


class HintNetwork(nn.Module):
    """The one part that does not depend on the U-Net; its parameter names match the file's."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.input_hint_block = hint_embedding(widths[:-1], widths[-1])

    def forward(self, hint: Tensor) -> Tensor:
        return self.input_hint_block(hint)


@dataclass(frozen=True, eq=False)
class ControlLora:
    """A Control-LoRA as nodes hold it: the network is made when it meets a U-Net, and goes with it."""

    file: TensorFile
    widths: tuple[int, ...]
    hints: Lazy[HintNetwork]
    residency: Residency
    made: WeakKeyDictionary[UNet, Lazy[ControlNetwork]] = field(default_factory=WeakKeyDictionary)

    @torch.no_grad()
    def prepared(self, hint: Tensor) -> tuple[Tensor, ...]:
        """See ``control.Net``."""
        return (self.hints.get()(self.hints.cast(hint)),)

    @torch.no_grad()
    def residuals(self, prepared: Sequence[Tensor], inputs: Inputs, unet: UNet) -> Residuals:
        """See ``control.Net``."""
        lazy = self.made.get(unet)
        if lazy is None:
            lazy = self.made[unet] = self._network(unet)
        check_vector(self.file.path.name, unet.config.vector_dim, inputs)
        return lazy.get().residuals(inputs.to(lazy.device, lazy.dtype), prepared[0])

    def _network(self, unet: UNet) -> Lazy[ControlNetwork]:
        """Raises ValueError if the file does not fit the U-Net."""
        config = ControlConfig(unet.config, self.widths[:-1])
        blank = blank_of(partial(ControlNetwork, config))
        base = {name: tuple(weight.shape) for name, weight in unet.state_dict().items()}
        for name, weight in blank.state_dict().items():
            if not fits(name, tuple(weight.shape), self.file.header, base):
                raise ValueError(
                    f"{self.file.path.name} is a Control-LoRA for another model: its {name} does not fit, "
                    f"and the model is {kind_of(unet.config)}"
                )
        return Lazy(
            partial(changed, self.file, config, weakref.ref(unet)),
            self.residency,
            self.hints.dtype,
            self.hints.device,
            origin=Origin(PART, self.file.path.name),
            size=size_as(blank, self.hints.dtype),
        )


def fits(name: str, shape: tuple[int, ...], header: Header, base: dict[str, tuple[int, ...]]) -> bool:
    """Whether a file's tensor, or its change of the U-Net's, gives one of this shape."""
    if name in header.shapes:
        return header.shapes[name] == shape
    stem = name.removesuffix(".weight")
    up, down = (header.shapes.get(f"{stem}.{each}") for each in ("up", "down"))
    fitting = up is None or down is None or (up[0] == shape[0] and down[1:] == shape[1:])
    return fitting and base.get(name) == shape


def changed(file: TensorFile, config: ControlConfig, base: weakref.ref[UNet]) -> ControlNetwork:
    """What the file holds whole, else the U-Net's weights with the file's changes, else as they are."""
    unet, stored = base(), file.read("")
    assert unet is not None  # it is what is evaluated now
    own = unet.state_dict()
    network = blank_of(partial(ControlNetwork, config))
    weights = dict[str, Tensor]()
    for name, blank in network.state_dict().items():
        stem = name.removesuffix(".weight")
        if name in stored:
            weights[name] = stored[name]
            continue
        weight = own[name].float()
        if (up := stored.get(f"{stem}.up")) is not None:
            change = up.float().flatten(1) @ stored[f"{stem}.down"].float().flatten(1)
            weight = weight + change.reshape(blank.shape).to(weight.device)
        weights[name] = weight
    network.load_state_dict(weights, assign=True)
    return network
