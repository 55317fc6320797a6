"""Values as safetensors: tensors by number, and how they hang together as JSON in the metadata.

The structure is plain JSON where that says all; what JSON has no form for is an object of one key, its kind.
Reading makes tensors and plain data, nothing else: it runs no code.
"""

from __future__ import annotations

import json
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

STRUCTURE = "structure"
JSON_INT = 2**63
"""Larger integers are written in base 16: reading them in base 10 takes quadratic time, and Python has a limit."""
HEADER_BYTES = 50_000_000
"""safetensors reads no header of twice this."""
KEYS = frozenset({str, int, float, bool, bytes, tuple, type(None)})
STORABLE = frozenset(
    {
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64, torch.bool),
        *(torch.float8_e4m3fn, torch.float8_e4m3fnuz, torch.float8_e5m2, torch.float8_e5m2fnuz),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint64, torch.uint32, torch.uint16, torch.uint8),
    }
)
"""What safetensors can write and read."""


def dump(value: Any) -> bytes | None:
    """A value as a safetensors file; None if a part of it is neither plain data nor a tensor on the CPU."""
    packer = _Packer()
    try:
        structure = json.dumps(packer.packed(value), separators=(",", ":"))
        if len(structure) > HEADER_BYTES:
            return None
        return bytes(save_tensors(packer.tensors, {STRUCTURE: structure}))
    except (_Unstorable, RecursionError):
        return None


def load(data: bytes) -> Any:
    """The value that was dumped. Raises ValueError for bytes that are none of ours."""
    try:
        end = 8 + int.from_bytes(data[:8], "little")
        structure = json.loads(data[8:end])["__metadata__"][STRUCTURE]
        return _unpacked(json.loads(structure), load_tensors(data))
    except (SafetensorError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"no stored value: {error!r}") from error


class _Unstorable(Exception):
    """A value that is neither plain data nor a tensor."""


class _Packer:
    """Collects the tensors of a value. One that occurs twice is stored once."""

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self._names: dict[int, str] = {}
        self._storages: set[int] = set()

    def packed(self, value: Any) -> Any:
        """What stands for a value in JSON. Raises _Unstorable."""
        kind = type(value)
        if value is None or kind in (bool, float):
            return value
        if kind is str:
            return value if _is_text(value) else {"str": self._bytes(value.encode("utf-8", "surrogatepass"))}
        if kind is int:
            return value if abs(value) < JSON_INT else {"int": hex(value)}
        if kind is list:
            return [self.packed(item) for item in value]
        if kind is tuple:
            return {"tuple": [self.packed(item) for item in value]}
        if kind is dict:
            return {"dict": [[self._key(key), self.packed(item)] for key, item in value.items()]}
        if kind is bytes:
            return {"bytes": self._bytes(value)}
        if kind is Tensor:
            return {"tensor": self._tensor(value)}
        raise _Unstorable

    def _key(self, key: Any) -> Any:
        if type(key) not in KEYS:
            raise _Unstorable
        return self.packed(key)

    def _tensor(self, tensor: Tensor) -> str:
        if name := self._names.get(id(tensor)):
            return name
        plain = tensor.layout is torch.strided and tensor.device.type == "cpu" and not tensor.requires_grad
        if not plain or tensor.dtype not in STORABLE:
            raise _Unstorable
        whole = tensor.resolve_conj().resolve_neg().contiguous()
        storage = whole.untyped_storage().data_ptr()
        name = self._names[id(tensor)] = self._keep(whole.clone() if storage in self._storages else whole)
        self._storages.add(storage)
        return name

    def _bytes(self, value: bytes) -> str:
        return self._keep(
            torch.frombuffer(bytearray(value), dtype=torch.uint8) if value else torch.empty(0, dtype=torch.uint8)
        )

    def _keep(self, tensor: Tensor) -> str:
        name = str(len(self.tensors))
        self.tensors[name] = tensor
        return name


def _is_text(value: str) -> bool:
    """Whether JSON gives it back; it joins halves of a character that stood alone."""
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


def _unpacked(packed: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(packed, list):
        return [_unpacked(item, tensors) for item in packed]
    if not isinstance(packed, dict):
        return packed
    ((kind, content),) = packed.items()
    match kind:
        case "tensor":
            return tensors[content]
        case "bytes":
            return tensors[content].numpy().tobytes()
        case "str":
            return tensors[content].numpy().tobytes().decode("utf-8", "surrogatepass")
        case "tuple":
            return tuple(_unpacked(item, tensors) for item in content)
        case "dict":
            return {_unpacked(key, tensors): _unpacked(item, tensors) for key, item in content}
        case "int":
            return int(content, 16)
    raise ValueError(f"unknown kind {kind!r}")
