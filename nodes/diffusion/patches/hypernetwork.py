"""Hypernetworks: small networks in front of attention's keys and values, in the files of AUTOMATIC1111's web UI.

For each width of what attention looks at there are two, one for keys and one for values; each adds what it gives to
what it takes. The idea is NovelAI's (2022); no paper describes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.errors import CorruptCheckpoint
from nodes.diffusion.lazy import Lazy, Origin, size_as
from nodes.diffusion.model import Model
from nodes.diffusion.tensors import PICKLES, stamp, unpickled
from nodes.diffusion.unet.hooks import Spot

ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "leakyrelu": nn.LeakyReLU,
    "elu": nn.ELU,
    "swish": nn.Hardswish,  # what these files were trained with by that name
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    **{
        kind.__name__.lower(): kind
        for kind in (nn.GELU, nn.Hardswish, nn.Mish, nn.ReLU6, nn.SELU, nn.SiLU, nn.Softsign)
    },
}
OLDER_NAMES = {"linear1": "linear.0", "linear2": "linear.1"}
PARAMETER = re.compile(r"linear\.(\d+)\.(weight|bias)")


class Hypernetwork(nn.Module):
    """By width D: keys (B, T, D) -> keys, values -> values."""

    def __init__(self, pairs: Mapping[int, tuple[nn.Sequential, nn.Sequential]]) -> None:
        super().__init__()
        self.by_width = nn.ModuleDict({str(width): nn.ModuleList(pair) for width, pair in pairs.items()})

    def forward(self, k: Tensor, v: Tensor, strength: float) -> tuple[Tensor, Tensor]:
        """Keys and values with ``strength`` times what the networks of their widths say; others as they are."""
        return self._changed(k, 0, strength), self._changed(v, 1, strength)

    def _changed(self, x: Tensor, which: int, strength: float) -> Tensor:
        key = str(x.shape[-1])
        if key not in self.by_width:
            return x
        pair: Any = self.by_width[key]
        weight = next(pair.parameters())
        return x + strength * pair[which](x.to(weight)).to(x)


def with_hypernetwork(model: Model, network: Lazy[Hypernetwork], strength: float) -> Model:
    """A model whose attention looks through a hypernetwork."""

    def look(q: Tensor, k: Tensor, v: Tensor, _spot: Spot) -> tuple[Tensor, Tensor, Tensor]:
        return (q, *network.get()(k, v, strength))

    return replace(model, hooks=model.hooks.adding("attn1", look).adding("attn2", look)) if strength else model


def open_hypernetwork(path: Path, loader: Loader) -> Lazy[Hypernetwork]:
    """A file's networks, known to the loader's residency. Raises FileNotFoundError, CorruptCheckpoint."""
    size = size_as(read_hypernetwork(path), loader.dtype)  # read now, so that a file that is none is told at once
    make = partial(
        Lazy[Hypernetwork],
        partial(read_hypernetwork, path),
        loader.residency,
        loader.dtype,
        loader.device,
        origin=Origin("hypernetwork", path.name),
        size=size,
    )
    return loader.residency.shared((*stamp(path), "hypernetwork", loader.dtype, loader.device), make)


def read_hypernetwork(path: Path) -> Hypernetwork:
    """The networks of a file. Raises FileNotFoundError, CorruptCheckpoint, which says what is wrong with it."""
    if path.suffix.lower() not in PICKLES:
        raise CorruptCheckpoint(path, f"hypernetworks are PyTorch files, such as .pt, not {path.suffix}")
    content = unpickled(path)
    if not isinstance(content, Mapping):
        raise CorruptCheckpoint(path, f"it holds a {type(content).__name__}, where a hypernetwork is a dict by width")
    form = Form.of(path, content)
    widths = [width for width in content if isinstance(width, int)]
    if not widths:
        raise CorruptCheckpoint(path, "it is no hypernetwork: there are no networks by width, such as 320 or 768")
    return Hypernetwork({width: form.pair(width, content[width]) for width in widths})


@dataclass(frozen=True)
class Form:
    """What all networks of a file have in common."""

    path: Path
    activation: Callable[[], nn.Module]
    to_the_end: bool
    """Whether the last layer has an activation too."""

    @classmethod
    def of(cls, path: Path, content: Mapping[Any, Any]) -> Form:
        """Out of what a file says beside its networks; older ones do not say that their last layer is activated."""
        name = str(content.get("activation_func") or "linear").lower()
        if name not in ACTIVATIONS:
            raise CorruptCheckpoint(path, f"its activation {name!r} is not known; known are {', '.join(ACTIVATIONS)}")
        return cls(path, ACTIVATIONS[name], bool(content.get("activate_output", True)))

    def pair(self, width: int, stored: Any) -> tuple[nn.Sequential, nn.Sequential]:
        """The networks for keys and for values of a width."""
        if not isinstance(stored, list | tuple) or len(stored) < 2:
            raise CorruptCheckpoint(self.path, f"width {width} has no two networks, for keys and for values")
        return self.network(width, stored[0]), self.network(width, stored[1])

    def network(self, width: int, stored: Any) -> nn.Sequential:
        """Linear layers with activations and norms between them; dropout only was there in training."""
        layers = [self.layer(width, parameters) for parameters in self.parameters(width, stored)]
        linears = [n for n, layer in enumerate(layers) if isinstance(layer, nn.Linear)]
        sizes = [size for n in linears for size in (layers[n].in_features, layers[n].out_features)]
        joints = [width, *sizes, width]
        if not linears or any(joints[n] != joints[n + 1] for n in range(0, len(joints), 2)):
            raise CorruptCheckpoint(self.path, f"the layers of width {width} do not fit one another: {sizes}")
        built: list[nn.Module] = []
        for n, layer in enumerate(layers):
            built.append(layer)
            if n in linears and (n != linears[-1] or self.to_the_end):
                built.append(self.activation())
        return nn.Sequential(*built)

    def parameters(self, width: int, stored: Any) -> list[dict[str, Tensor]]:
        """Weight and bias of each layer, in their order."""
        found: dict[int, dict[str, Tensor]] = {}
        for name, tensor in stored.items() if isinstance(stored, Mapping) else ():
            first, _, rest = str(name).partition(".")
            match = PARAMETER.fullmatch(f"{OLDER_NAMES[first]}.{rest}" if first in OLDER_NAMES else str(name))
            if match is None or not isinstance(tensor, Tensor):
                raise CorruptCheckpoint(self.path, f"width {width} holds {name!r}, which is no part of a hypernetwork")
            found.setdefault(int(match[1]), {})[match[2]] = tensor
        if wrong := [n for n, layer in found.items() if layer.keys() != {"weight", "bias"}]:
            raise CorruptCheckpoint(self.path, f"layer {wrong[0]} of width {width} lacks its weight or its bias")
        return [found[n] for n in sorted(found)]

    def layer(self, width: int, parameters: Mapping[str, Tensor]) -> nn.Module:
        """A linear layer, or the norm of one."""
        weight, bias = parameters["weight"], parameters["bias"]
        if weight.ndim == 2 and bias.shape == weight.shape[:1]:
            layer: nn.Module = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
        elif weight.ndim == 1 and bias.shape == weight.shape:
            layer = nn.LayerNorm(weight.shape[0], device="meta")
        else:
            shapes = f"a weight {tuple(weight.shape)} and a bias {tuple(bias.shape)}"
            raise CorruptCheckpoint(self.path, f"a layer of width {width} has {shapes}, which fit no layer")
        layer.load_state_dict(dict(parameters), assign=True)
        return layer
