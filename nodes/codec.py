"""What caches ask about values between nodes: how large they are, what they hold, and how to store them."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from nodes.codec_store import dump, load

OVERHEAD_BYTES = 64
DIGEST_BYTES = 32


class TensorCodec:
    """The engine's ``Codec`` for tensors and for plain data that holds them."""

    def size(self, value: object) -> int:
        return size(value)

    def digest(self, value: object) -> bytes | None:
        return digest(value)

    def dump(self, value: object) -> bytes | None:
        return dump(value)

    def load(self, data: bytes) -> object:
        return load(data)


def size(value: Any) -> int:
    """Bytes of a value's tensors, and a little for the rest. Model handles weigh nothing: they hold no weights.

    What a view keeps in memory is all that it is a view of, counted once within a value.
    """
    total, seen, left = 0, set[int](), [value]
    while left:
        item = left.pop()
        total += OVERHEAD_BYTES
        if isinstance(item, Tensor):
            total += _tensor_size(item, seen)
        elif isinstance(item, str | bytes | bytearray):
            total += len(item)
        elif isinstance(item, Mapping | Sequence):
            if id(item) not in seen:
                seen.add(id(item))
                left.extend(item.values() if isinstance(item, Mapping) else item)
        elif isinstance(nbytes := getattr(item, "nbytes", 0), int):  # an array
            total += nbytes
    return total


def _tensor_size(tensor: Tensor, seen: set[int]) -> int:
    if tensor.layout is not torch.strided:
        return tensor.nbytes
    storage = tensor.untyped_storage()
    if storage.data_ptr() in seen:
        return 0
    seen.add(storage.data_ptr())
    return storage.nbytes()


def digest(value: Any) -> bytes | None:
    """A hash of types and content; None if a part of the value has no content to speak of, such as a model.

    1, 1.0 and True differ, and so do the orders of a dict.
    """
    hasher = hashlib.blake2b(digest_size=DIGEST_BYTES)
    try:
        return hasher.digest() if _feed(hasher, value) else None
    except RecursionError:  # very deep, or held by itself
        return None


def _feed(hasher: hashlib.blake2b, value: Any) -> bool:
    """Hash a value, each part with its type and length; False if it cannot be."""
    kind = type(value)
    if kind is Tensor:
        return _feed_tensor(hasher, value)
    if kind is dict:
        hasher.update(b"dict %d\n" % len(value))
        return all(_feed(hasher, key) and _feed(hasher, item) for key, item in value.items())
    if kind in (list, tuple) or (isinstance(value, tuple) and hasattr(kind, "_fields")):
        _feed_bytes(hasher, kind.__qualname__, b"%d" % len(value))
        return all(_feed(hasher, item) for item in value)
    content = _plain(value)
    if content is None:
        return False
    _feed_bytes(hasher, kind.__qualname__, content)
    return True


def _plain(value: Any) -> bytes | None:
    """The content of a text or number; None for anything else, their subclasses too."""
    kind = type(value)
    if kind is str:
        return bytes(value.encode("utf-8", "surrogatepass"))
    if kind is float:
        return b"NaN" if math.isnan(value) else struct.pack("<d", value)  # of NaN there are many
    if kind is bytes:
        return bytes(value)
    if kind in (int, bool):
        return b"%x" % value
    return b"" if value is None else None


def _feed_tensor(hasher: hashlib.blake2b, tensor: Tensor) -> bool:
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
        return False
    told = f"{tensor.dtype} {tuple(tensor.shape)} {tensor.device.type}"
    flat = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
    _feed_bytes(hasher, "Tensor", told.encode())
    hasher.update(flat.view(torch.uint8).numpy().data)
    return True


def _feed_bytes(hasher: hashlib.blake2b, kind: str, content: bytes) -> None:
    hasher.update(b"%s %d\n" % (kind.encode(), len(content)))
    hasher.update(content)
