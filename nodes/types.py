"""The sockets' types: what travels on links, by ComfyUI's names."""

from typing import Annotated, Any, TypeAlias

from pydantic import Field
from torch import Tensor

from engine.marks import Socket, Widget
from nodes.diffusion import denoiser, latent_operations, model, noise, samplers, upscalers
from nodes.diffusion.lora import file
from nodes.diffusion.text import clip
from nodes.diffusion.training import dataset
from nodes.diffusion.vae import handle

MAX_SIDE = 16384  # pixels

Image: TypeAlias = Annotated[Tensor, Socket("IMAGE")]
"""(B, H, W, 3) float32 in [0, 1], on the CPU."""
Mask: TypeAlias = Annotated[Tensor, Socket("MASK")]
"""(B, H, W) float32 in [0, 1], 1 where selected."""
Latent: TypeAlias = Annotated[dict[str, Any], Socket("LATENT")]
"""ComfyUI's dict: ``samples`` (B, C, h, w) in the VAE's scale, and what other nodes added."""
Cond: TypeAlias = Annotated[list[list[Any]], Socket("CONDITIONING")]
"""``[[context (1, T, D), fields], ...]``; never changed, only copied."""
Model: TypeAlias = Annotated[model.Model, Socket("MODEL")]
Clip: TypeAlias = Annotated[clip.Clip | None, Socket("CLIP")]
"""None if the checkpoint holds no text encoder."""
Vae: TypeAlias = Annotated[handle.Vae | None, Socket("VAE")]
"""None if the checkpoint holds no VAE."""
LatentOperation: TypeAlias = Annotated[latent_operations.LatentOperation, Socket("LATENT_OPERATION")]
Hooks: TypeAlias = Annotated[Any, Socket("HOOKS")]
"""What changes weights for single conditionings; kept in their field ``hooks``."""
TimestepsRange: TypeAlias = Annotated[tuple[float, float], Socket("TIMESTEPS_RANGE")]
"""Start and end as fractions of the sampling."""
Sampler: TypeAlias = Annotated[samplers.Sampler, Socket("SAMPLER")]
Sigmas: TypeAlias = Annotated[Tensor, Socket("SIGMAS")]
"""(N + 1,) float32, on the CPU: the noise levels between N steps."""
Guider: TypeAlias = Annotated[denoiser.Guider[model.Model], Socket("GUIDER")]
Noise: TypeAlias = Annotated[noise.StartNoise, Socket("NOISE")]
UpscaleModel: TypeAlias = Annotated[upscalers.UpscaleModel, Socket("UPSCALE_MODEL")]
Dataset: TypeAlias = Annotated[dataset.Dataset, Socket("DATASET")]
"""Pictures with captions, to learn from."""
Lora: TypeAlias = Annotated[file.AdapterFile, Socket("LORA_MODEL")]
Sweep: TypeAlias = Annotated[dict[str, Any], Socket("SWEEP")]
"""``axes``, columns first: ``input`` as it was named, ``labels`` and ``values``. ``cells``, row by row: what the ids of
its ``nodes`` begin with, and how many ``pictures`` (or batches) it gave."""
Anything: TypeAlias = Annotated[Any, Socket("*")]

Seed: TypeAlias = Annotated[int, Field(ge=0, le=2**64 - 1), Widget(default=0, control_after_generate=True)]
Size: TypeAlias = Annotated[int, Field(ge=1, le=MAX_SIDE), Widget(step=1)]
"""Pixels."""
SizeOrKeep: TypeAlias = Annotated[int, Field(ge=0, le=MAX_SIDE), Widget(step=1)]
"""Pixels; 0 keeps the aspect."""
Offset: TypeAlias = Annotated[int, Field(ge=0, le=MAX_SIDE), Widget(step=1)]
"""Pixels."""
Batch: TypeAlias = Annotated[int, Field(ge=1, le=4096)]
"""Pictures."""
Percent: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.001)]
"""How far a sampling is: 0 noise, 1 picture."""
