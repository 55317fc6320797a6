"""Latents in files: safetensors, with what ComfyUI writes into them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

TENSOR = "latent_tensor"
MARKER = "latent_format_version_0"
"""A file with this empty tensor holds the VAE's own latents; older ones hold them scaled for SD1's network."""
OLDER_SCALE = 0.18215


def encoded(samples: Tensor, metadata: Mapping[str, str]) -> bytes:
    """Samples (B, C, h, w) as a file, with texts in its header."""
    tensors = {TENSOR: samples.contiguous().cpu(), MARKER: torch.tensor([])}
    return save(tensors, metadata=dict(metadata))


def load(path: Path) -> dict[str, Any]:
    """A file's latent. Raises ValueError if it is no such file, OSError."""
    try:
        with safe_open(path, "pt") as file:
            names = set(file.keys())
            if TENSOR not in names:
                raise ValueError(f"{path.name} holds no latent: there is no {TENSOR} in it")
            samples: Tensor = file.get_tensor(TENSOR).float()
    except SafetensorError as error:
        raise ValueError(f"{path.name} is no latent that can be read: damaged, or no safetensors ({error})") from None
    return {"samples": samples if MARKER in names else samples / OLDER_SCALE}
