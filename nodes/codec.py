"""How much memory the values between nodes take."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

OVERHEAD_BYTES = 64


def size(value: Any) -> int:
    """Bytes of a value's tensors, and a little for the rest. Model handles weigh nothing: they hold no weights."""
    if isinstance(value, Tensor):
        return value.nbytes + OVERHEAD_BYTES
    if isinstance(value, str | bytes):
        return len(value) + OVERHEAD_BYTES
    if isinstance(value, Mapping):
        return OVERHEAD_BYTES + sum(size(item) for item in value.values())
    if isinstance(value, Sequence):
        return OVERHEAD_BYTES + sum(size(item) for item in value)
    return OVERHEAD_BYTES
