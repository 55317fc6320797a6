"""An adapter's file: its header is read when it is fitted to a model, its tensors when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.errors import CorruptCheckpoint, DiffusionError
from nodes.diffusion.lazy import Kept, Lazy, Origin, Residency
from nodes.diffusion.tensors import Stamp, TensorFile, open_tensors, stamp


class BadAdapter(DiffusionError):
    """An adapter that cannot be used, or not with this model."""

    def __init__(self, file: str, why: str) -> None:
        super().__init__(f"{file} {why}")


class AdapterFile(Kept[Mapping[str, Tensor]]):
    """The tensors of a file. They stay in memory as long as the residency lets them, whatever strengths are tried."""

    def __init__(self, path: Path, stamp: Stamp, residency: Residency, device: torch.device) -> None:
        super().__init__(residency, torch.float32, device, Origin("adapter", path.name), stamp.size)
        self.path, self.stamp = path, stamp
        self.fits: WeakKeyDictionary[Lazy[Any], Any] = WeakKeyDictionary()
        """What it does to which network, see ``apply.fit``."""

    @cached_property
    def file(self) -> TensorFile:
        """The opened file. Raises as ``open_tensors`` does."""
        return open_tensors(self.path)

    def _maker(self) -> Callable[[], Mapping[str, Tensor]]:
        return self._read

    def _tensors(self, made: Mapping[str, Tensor]) -> Iterable[Tensor]:
        return made.values()

    def _read(self) -> Mapping[str, Tensor]:
        tensors = {name: tensor.to(self.device) for name, tensor in self.file.read("").items()}
        for name, tensor in tensors.items():
            if tensor.is_floating_point() and not tensor.float().isfinite().all():
                raise CorruptCheckpoint(self.path, f"{name} holds values that are no numbers")
        return tensors


def open_adapter(loader: Loader, path: Path) -> AdapterFile:
    """The file as it is now, known to the loader's residency. Raises FileNotFoundError."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    now = stamp(path)
    key = ("adapter", *now, loader.device)
    return loader.residency.shared(key, lambda: AdapterFile(path, now, loader.residency, loader.device))
