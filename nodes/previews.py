"""How unfinished work is shown: by a matrix of colours, or, for who asks for ``taesd``, by the tiny autoencoder."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from torch import Tensor

from engine.context import Context
from engine.folders import Folders
from engine.relief import is_out_of_memory
from nodes import tiny_vaes
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.errors import DiffusionError
from nodes.diffusion.model import Model
from nodes.diffusion.preview import decoded_jpeg, preview_jpeg
from nodes.diffusion.vae.handle import Vae

log = logging.getLogger(__name__)


def drawing(ctx: Context, model: Model) -> Callable[[Tensor], bytes]:
    """What makes a JPEG of a denoised latent (B, C, h, w), in network scale: of its first one."""
    by_matrix = partial(preview_jpeg, latent_format=model.latent_format)
    vae = tiny_vae(ctx, model) if ctx.preview_method == "taesd" else None
    return by_matrix if vae is None else Drawing(vae, by_matrix, model)


def tiny_vae(ctx: Context, model: Model) -> Vae | None:
    """The tiny autoencoder for a model's latents; None if its files are not there, or, said in the log, no use."""
    folders, name = ctx.service(Folders), tiny_vaes.name_for(model.latent_format)
    if name is None or name not in tiny_vaes.names(folders):
        return None
    try:
        return tiny_vaes.open_tiny(ctx.service(Loader), folders, name)
    except DiffusionError as error:
        log.warning("previews are made without %s: %s", name, error)
        return None


class Drawing:
    """By the tiny autoencoder, as long as there is memory for that."""

    def __init__(self, vae: Vae, instead: Callable[[Tensor], bytes], model: Model) -> None:
        self._vae, self._instead, self._format = vae, instead, model.latent_format
        self._short = False

    def __call__(self, denoised: Tensor) -> bytes:
        if not self._short:
            try:
                return decoded_jpeg(denoised, self._format, self._vae)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                log.warning("previews are made without TAESD from now on: out of memory")
                self._short = True
        return self._instead(denoised)
