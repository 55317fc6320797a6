"""The safetensors format, written in pieces: a model need not be in memory twice to be saved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

CHUNK_BYTES = 2**24

Tensors = dict[str, Tensor]

DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
"""As the format names them."""


@dataclass(frozen=True)
class Saved:
    """The content of a safetensors file. Iterating gives its bytes in pieces, the same each time."""

    tensors: Tensors
    metadata: dict[str, str] = field(default_factory=dict)

    def told(self, metadata: Mapping[str, str]) -> Saved:
        """With more metadata."""
        return Saved(self.tensors, {**self.metadata, **metadata})

    def __iter__(self) -> Iterator[bytes]:
        place, header = 0, dict[str, object]()
        if self.metadata:
            header["__metadata__"] = self.metadata
        for name, tensor in self._ordered():
            places = [place, place := place + tensor.nbytes]
            header[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": places}
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8, as the format wants it
        yield len(text).to_bytes(8, "little") + text
        for _, tensor in self._ordered():
            content = tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
            yield from (content[at : at + CHUNK_BYTES].tobytes() for at in range(0, len(content), CHUNK_BYTES))

    def _ordered(self) -> list[tuple[str, Tensor]]:
        """The widest numbers first, so that each lies at a multiple of its width."""
        return sorted(self.tensors.items(), key=lambda each: (-each[1].dtype.itemsize, each[0]))
