"""Files whose 8-bit weights are to be multiplied by a scale that lies beside them.

8-bit floats have two or three binary places and few exponents: scaled, a layer's weights use all of them (Micikevicius
et al. 2022, section 3.2, arXiv:2209.05433). ``x.weight`` has its scale in ``x.scale_weight`` or ``x.weight_scale``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from nodes.diffusion.errors import CorruptCheckpoint
from nodes.diffusion.header import Header

if TYPE_CHECKING:
    from nodes.diffusion.tensors import Source

ENDINGS = (".scale_weight", ".weight_scale")


def unscaled(file: Source) -> Source:
    """The file as if its weights had never been scaled; the file itself if it has no scales."""
    stored, scales = file.header.shapes, dict[str, str]()
    for name in stored:
        ending = next((each for each in ENDINGS if name.endswith(each)), None)
        if ending and (weight := f"{name.removesuffix(ending)}.weight") in stored:
            scales[weight] = name
    return Unscaled(file, scales) if scales else file


class Unscaled:
    """A file without its scales, whose scaled weights are float32."""

    def __init__(self, file: Source, scales: Mapping[str, str]) -> None:
        """``scales`` is a weight's name -> its scale's."""
        self._file, self._scales = file, scales
        self.path: Path = file.path
        self.stamp: tuple[Hashable, ...] = file.stamp
        hidden = set(scales.values())
        shapes = {name: shape for name, shape in file.header.shapes.items() if name not in hidden}
        self.header = Header(shapes, file.header.metadata)

    def read(self, prefix: str) -> dict[str, Tensor]:
        names = [name for name in self.header.shapes if name.startswith(prefix)]
        return {name.removeprefix(prefix): tensor for name, tensor in self.named(names).items()}

    def named(self, names: Iterable[str]) -> dict[str, Tensor]:
        """See ``Source``. Raises CorruptCheckpoint for a scale that is none."""
        wanted = list(names)
        scales = {weight: self._scales[weight] for weight in wanted if weight in self._scales}
        found = self._file.named({*wanted, *scales.values()})
        for weight, name in scales.items():
            if found[weight].itemsize == 1 and found[weight].is_floating_point():
                found[weight] = found[weight].float() * self._scale(name, found[name], found[weight])
        return {name: found[name] for name in wanted}

    def _scale(self, name: str, scale: Tensor, weight: Tensor) -> Tensor:
        """One number, or one for each of a weight's rows, in a shape that it can be multiplied by."""
        if scale.is_floating_point() and scale.float().isfinite().all():
            if scale.numel() == 1:
                return scale.float().reshape(())
            if weight.ndim and scale.numel() == len(weight) and scale.shape[0] == len(weight):
                return scale.float().reshape(-1, *[1] * (weight.ndim - 1))
        rows = f" or {len(weight)}" if weight.ndim else ""
        raise CorruptCheckpoint(
            self.path, f"{name} should be 1{rows} finite numbers, but is {tuple(scale.shape)} of {scale.dtype}"
        )
