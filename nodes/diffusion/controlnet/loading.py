"""A file -> what it is -> a network that steers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from nodes.diffusion.building import blank_of, filled, measured
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.controlnet.adapter import AdapterNetwork, T2IAdapter, adapter_config, adapter_names
from nodes.diffusion.controlnet.control import Net
from nodes.diffusion.controlnet.lora import PART as CONTROL_LORA
from nodes.diffusion.controlnet.lora import ControlLora, HintNetwork, hint_widths
from nodes.diffusion.controlnet.names import control_names
from nodes.diffusion.controlnet.network import ControlNet, ControlNetwork, control_config
from nodes.diffusion.controlnet.union import UnionNetwork
from nodes.diffusion.errors import MissingWeights, UnknownCheckpoint
from nodes.diffusion.lazy import Lazy, Origin, size_as
from nodes.diffusion.model import Model
from nodes.diffusion.pieces import renamed
from nodes.diffusion.tensors import Source, open_tensors

PART = "ControlNet"
PREFIX = "control_model."
LORA = "lora_controlnet"  # a tensor that marks Control-LoRAs
DIFFERENCE = "difference"  # a tensor that marks files of differences
HINT = "input_hint_block.0.weight"
DIFFUSERS_HINT = "controlnet_cond_embedding.conv_in.weight"
ADAPTER_BLOCKS = ("body.0.block1.weight", "body.0.resnets.0.block1.weight", "body.0.out_conv.weight")


def load_control(loader: Loader, path: Path, model: Model | None = None) -> Net:
    """Open a ControlNet or a T2I-Adapter. Files of differences need the ``model`` whose U-Net they differ from.

    Raises FileNotFoundError, CorruptCheckpoint, UnknownCheckpoint, MissingWeights; ValueError without that model.
    """
    file: Source = open_tensors(path)
    shapes = file.header.shapes
    if any(name in shapes or "adapter." + name in shapes for name in ADAPTER_BLOCKS):
        return load_adapter(loader, file)
    prefix = ""
    if DIFFUSERS_HINT in shapes:
        file = renamed(file, measured(file, PART, "", control_names), PART)
    elif PREFIX + HINT in shapes:
        prefix = PREFIX
    elif HINT not in shapes:
        raise UnknownCheckpoint(path, "a ControlNet or T2I-Adapter of Stable Diffusion", [HINT])
    if LORA in shapes:
        widths = measured(file, CONTROL_LORA, "", hint_widths)
        hints = loader._network(file, CONTROL_LORA, "", partial(HintNetwork, widths))
        return ControlLora(file, widths, hints, loader.residency)
    config = measured(file, PART, prefix, control_config)
    make: Callable[[], ControlNetwork] = partial(UnionNetwork if config.tasks else ControlNetwork, config)
    network: Lazy[ControlNetwork] = loader._network(file, PART, prefix, make)
    if DIFFERENCE in shapes:
        if model is None:
            raise ValueError(f"{path.name} holds differences to a model's weights: load it with DiffControlNetLoader")
        network = differing(loader, file, prefix, make, model)
    return ControlNet(path.name, network, config, pooled=path.stem.removesuffix("_fp16").endswith("_shuffle"))


def load_adapter(loader: Loader, file: Source) -> T2IAdapter:
    """See ``load_control``."""
    file = renamed(file, adapter_names(file.header), "T2I-Adapter")
    config = measured(file, "T2I-Adapter", "", adapter_config)
    network = loader._network(file, "T2I-Adapter", "", partial(AdapterNetwork, config))
    return T2IAdapter(file.path.name, network, config)


def differing(
    loader: Loader, file: Source, prefix: str, make: Callable[[], ControlNetwork], model: Model
) -> Lazy[ControlNetwork]:
    """A network of differences with the weights that they are differences to. Raises MissingWeights if they misfit."""

    @torch.no_grad()
    def build() -> ControlNetwork:
        network, base = filled(make, file, prefix), model.unet.get().state_dict()
        problems = []
        for name, weight in network.state_dict().items():
            if name not in base:
                continue
            if base[name].shape != weight.shape:
                problems.append(f"{name} is {tuple(weight.shape)}, and the model's {tuple(base[name].shape)}")
                continue
            own = network.get_parameter(name)
            own.data = weight.float() + base[name].to(weight.device, torch.float32)
        if problems:
            raise MissingWeights(file.path, "ControlNet of differences", problems)
        return network

    lazy = partial(
        Lazy[ControlNetwork],
        build,
        loader.residency,
        loader.dtype,
        loader.device,
        origin=Origin(PART, file.path.name),
        size=size_as(blank_of(make), loader.dtype),
    )
    key = (*file.stamp, prefix, "differences", model.unet, loader.dtype, loader.device)
    return loader.residency.shared(key, lazy)
