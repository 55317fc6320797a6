"""How this process computes: where, in which numbers, and without gradients."""

import torch

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Residency


def loader(residency: Residency, device: str, dtype: str) -> Loader:
    """Opens model files for ``device``, such as ``cpu``, in ``dtype``, such as ``float32``."""
    return Loader(residency, getattr(torch, dtype), torch.device(device))


def without_gradients() -> None:
    """For a thread of its own: nodes compute without gradients, unless they ask for them."""
    torch.set_grad_enabled(False)
