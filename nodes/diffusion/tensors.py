"""Model files as data: safetensors, memory-mapped; or pickles, through torch's weights-only loader."""

from __future__ import annotations

import json
import pickle
import re
import warnings
import zipfile
from collections.abc import Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from nodes.diffusion.errors import CorruptCheckpoint
from nodes.diffusion.header import Header
from nodes.diffusion.scaled_weights import unscaled

PICKLES = frozenset({".ckpt", ".pt", ".pth", ".bin"})
INDEX = ".safetensors.index.json"


class Stamp(NamedTuple):
    """Tells a file from another that takes its place."""

    path: Path
    size: int
    changed_ns: int


def stamp(path: Path) -> Stamp:
    status = path.stat()
    return Stamp(path, status.st_size, status.st_mtime_ns)


class TensorFile(Protocol):
    """A file of named tensors whose header is known."""

    path: Path
    header: Header

    @property
    def stamp(self) -> tuple[Hashable, ...]:
        """Tells these tensors from others."""
        ...

    def read(self, prefix: str) -> dict[str, Tensor]:
        """The tensors below ``prefix``, named without it, in the dtype they are stored in."""
        ...


class Source(TensorFile, Protocol):
    """A file whose tensors can be read one by one."""

    def named(self, names: Iterable[str]) -> dict[str, Tensor]:
        """These tensors, in the dtype they are stored in."""
        ...


def open_tensors(path: Path) -> Source:
    """Read a file's header; weights that it keeps scaled are unscaled. Raises FileNotFoundError, CorruptCheckpoint."""
    return unscaled(as_stored(path))


def as_stored(path: Path) -> Source:
    """The file with its scales as tensors of their own. Raises as ``open_tensors`` does."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file {path}")
    if path.stat().st_size == 0:
        raise CorruptCheckpoint(path, "it is empty")
    if path.name.endswith(INDEX):
        return ShardedTensors(path)
    return PickledTensors(path) if path.suffix.lower() in PICKLES else SafeTensors(path)


class SafeTensors:
    """The safetensors format: a header, then raw numbers that are mapped into memory, not copied."""

    def __init__(self, path: Path) -> None:
        self.path, self.stamp = path, stamp(path)
        try:
            with safe_open(path, "pt") as file:
                shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
                self.header = Header(shapes, file.metadata() or {})
        except (SafetensorError, ValueError) as error:
            raise CorruptCheckpoint(path, f"it is damaged, cut short or no safetensors file ({error})") from None

    def read(self, prefix: str) -> dict[str, Tensor]:
        return below(self, prefix)

    def named(self, names: Iterable[str]) -> dict[str, Tensor]:
        with safe_open(self.path, "pt") as file:
            return {name: file.get_tensor(name) for name in names}


class ShardedTensors:
    """Several safetensors files that one ``*.safetensors.index.json`` puts together."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._shards = {name: as_stored(path.with_name(name)) for name in shard_names(path)}
        self.stamp: tuple[Hashable, ...] = (*stamp(path), *(shard.stamp for shard in self._shards.values()))
        shapes = {name: shape for shard in self._shards.values() for name, shape in shard.header.shapes.items()}
        self.header = Header(shapes)

    def read(self, prefix: str) -> dict[str, Tensor]:
        return below(self, prefix)

    def named(self, names: Iterable[str]) -> dict[str, Tensor]:
        wanted, found = set(names), dict[str, Tensor]()
        for shard in self._shards.values():
            found |= shard.named(wanted & shard.header.shapes.keys())
        return found


def shard_names(path: Path) -> list[str]:
    """The files that an index names: plain names, beside it. Raises CorruptCheckpoint."""
    try:
        index = json.loads(path.read_bytes())["weight_map"]
        names = sorted({str(name) for name in index.values()})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptCheckpoint(path, f"it is no index of shards ({type(error).__name__}: {error})") from None
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise CorruptCheckpoint(path, f"it names {name!r}, which is no safetensors file beside it")
    return names


class PickledTensors:
    """PyTorch's own format. Only tensors and plain containers are let in: a file cannot run code."""

    def __init__(self, path: Path) -> None:
        self.path, self.stamp = path, stamp(path)
        self._tensors = tensors_in(unpickled(path))
        if not self._tensors:
            raise CorruptCheckpoint(path, "there are no tensors in it")
        self.header = Header({name: tuple(tensor.shape) for name, tensor in self._tensors.items()})

    def read(self, prefix: str) -> dict[str, Tensor]:
        return below(self, prefix)

    def named(self, names: Iterable[str]) -> dict[str, Tensor]:
        return {name: self._tensors[name] for name in names}


def below(file: Source, prefix: str) -> dict[str, Tensor]:
    """The tensors below ``prefix``, named without it."""
    names = [name for name in file.header.shapes if name.startswith(prefix)]
    return {name.removeprefix(prefix): tensor for name, tensor in file.named(names).items()}


def unpickled(path: Path) -> Any:
    """What a pickle holds, tensors and plain data. Raises FileNotFoundError, CorruptCheckpoint."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of pickle protocols, which are not the reader's business
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except FileNotFoundError:
        raise
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL (\S+)", str(error))
        what = "it is damaged, or holds more than weights"
        if named:
            what = f"it asks for {named[1]}, and a model file may hold nothing but weights"
        raise CorruptCheckpoint(path, what) from None
    except Exception as error:  # a border: what a damaged pickle raises has no end
        raise CorruptCheckpoint(path, f"it is damaged or cut short ({type(error).__name__}: {error})") from None


def tensors_in(content: Any) -> dict[str, Tensor]:
    """The named tensors of what a pickle held; training frameworks put them under ``state_dict``."""
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping):
        return {}
    content = {name: tensor for key, value in content.items() for name, tensor in _named(key, value)}
    return {name: value for name, value in content.items() if isinstance(name, str) and isinstance(value, Tensor)}


def _named(key: Any, value: Any) -> Iterator[tuple[Any, Any]]:
    """A part of a pickle; tensors in a dict within are named behind it, as in ``image_proj.norm.weight``."""
    if not isinstance(value, Mapping) or not isinstance(key, str):
        yield key, value
        return
    for name, inner in value.items():
        yield f"{key}.{name}", inner
