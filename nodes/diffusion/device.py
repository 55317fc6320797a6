"""Where networks compute, and in which numbers, by torch's device API: nothing assumes a graphics card.

torch names AMD's cards ``cuda`` too (ROCm), Apple's ``mps``, Intel's ``xpu``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch

CPU: Final = torch.device("cpu")
AUTO = "auto"
SHARE = 0.8
"""Of a device's memory, what weights may take by default: the rest is for what is computed."""


class Numbers(NamedTuple):
    """What each kind of network computes in."""

    unet: torch.dtype
    text: torch.dtype
    vae: torch.dtype


def device_named(name: str = AUTO) -> torch.device:
    """``auto`` is the accelerator that torch finds, else the CPU. Raises ValueError for one that is not there."""
    found = torch.accelerator.current_accelerator(check_available=True)
    if name == AUTO:
        return found or CPU
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"{name!r} names no device; expected auto, cpu, cuda, cuda:1, mps or xpu") from None
    if device.type != "cpu" and (found is None or found.type != device.type):
        there = f"{found.type} and the CPU" if found else "the CPU alone"
        raise ValueError(f"there is no device {name!r} here: torch finds {there}")
    if device.index and device.index >= (count := torch.accelerator.device_count()):
        raise ValueError(f"there is no device {name!r} here: torch finds {count} of its kind")
    return device


def numbers_named(name: str, device: torch.device) -> Numbers:
    """``auto`` goes by the device's rules; a name, such as ``bfloat16``, is for all networks alike."""
    if name != AUTO:
        dtype: torch.dtype = getattr(torch, name)
        return Numbers(dtype, dtype, dtype)
    return rules(device.type, knows_bfloat16(device))


def rules(kind: str, bfloat16: bool) -> Numbers:
    """A CPU computes in 32 bits, exactly and as fast. Accelerators take half of that for U-Nets and texts.

    The VAE of SDXL overflows in float16, whose largest number is 65,504: it gets bfloat16, or 32 bits without that.
    """
    if kind == "cpu":
        return Numbers(torch.float32, torch.float32, torch.float32)
    vae = torch.bfloat16 if bfloat16 and kind != "mps" else torch.float32  # Metal lacks convolutions in it before 14
    return Numbers(torch.float16, torch.float16, vae)


def knows_bfloat16(device: torch.device) -> bool:
    """Whether a device computes in it by itself."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type in ("cpu", "xpu")


def weights_bytes(device: torch.device) -> int | None:
    """How much weights may take on a device by default; None on the CPU, where the machine's memory decides."""
    if device.type == "cpu":
        return None
    _, total = torch.accelerator.get_memory_info(device)
    return int(total * SHARE)
