"""How this process computes: where, in which numbers, and without gradients."""

import os

import torch

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.device import device_named, numbers_named, weights_bytes
from nodes.diffusion.lazy import Residency


def loader(budget_bytes: int, device: str = "auto", dtype: str = "auto", *, own_budget: bool = False) -> Loader:
    """Opens model files for a device, such as ``cpu``, in numbers such as ``float32``; ``auto`` finds out.

    Weights may take ``budget_bytes``, or, unless that is the user's ``own_budget``, what the device has for them.
    Raises ValueError for a device that is not there.
    """
    place = device_named(device)
    numbers = numbers_named(dtype, place)
    budget = budget_bytes if own_budget else weights_bytes(place) or budget_bytes
    return Loader(Residency(budget), numbers.unet, place, text_dtype=numbers.text, vae_dtype=numbers.vae)


def compute_deterministically() -> None:
    """From now on the same work gives the same bits on the same machine, or an error that names what cannot."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what CUDA's matrix products need for that
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False


def without_gradients() -> None:
    """For a thread of its own: nodes compute without gradients, unless they ask for them."""
    torch.set_grad_enabled(False)
