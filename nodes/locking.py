"""The lock of what a node saves: ``engine.lock``, with how this process computes."""

import platform
from collections.abc import Mapping

import torch

from engine.context import Context
from engine.lock import Lock, lock_of
from engine.services import Services
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.stepper import Stepper

HASH_WAIT_S = 5.0
"""How long saving may wait, once for each file, until one that is used for the first time is known by its content."""


def lock_of_saved(ctx: Context, wait_s: float = HASH_WAIT_S) -> Lock:
    """The lock of what the running node saves."""
    exact, private = ctx.node_id not in ctx.inexact, ctx.embedded.private if ctx.embedded else frozenset()
    return lock_of(ctx.lineage(), ctx.registry, machine(ctx.services), exact=exact, private=private, wait_s=wait_s)


def machine(services: Services) -> Mapping[str, str]:
    """Where models compute and in which numbers: what rounding depends on besides versions."""
    told = {"system": platform.system(), "processor": torch.backends.cpu.get_cpu_capability()}
    if stepper := services.find(Stepper):
        told["steps"] = "joined with those of other jobs" if stepper.joins else "alone"
    loader = services.find(Loader)
    if loader is None:
        return told
    if loader.device.type == "cuda":
        told["card"] = torch.cuda.get_device_name(loader.device)
    kinds = {"unet": loader.dtype, "text": loader.text_dtype or loader.dtype, "vae": loader.vae_dtype or loader.dtype}
    numbers = {f"{part} numbers": str(dtype).removeprefix("torch.") for part, dtype in kinds.items()}
    return {**told, "device": loader.device.type, **numbers}
