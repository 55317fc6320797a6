"""TAESD's files among the folders: pairs of an encoder and a decoder in ``vae_approx``, by the names users know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from engine.folders import Folders
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.latent import SD15, SDXL, LatentFormat
from nodes.diffusion.vae.handle import Vae

FOLDER = "vae_approx"
FORMATS: Mapping[str, LatentFormat] = {"taesd": SD15, "taesdxl": SDXL}


def names(folders: Folders) -> list[str]:
    """Those whose two files are there."""
    return [name for name in FORMATS if len(files(folders, name)) == 2]


def files(folders: Folders, name: str) -> list[str]:
    """Of the encoder's and the decoder's file those that are there, within the folder."""
    listed = folders.list(FOLDER)
    found = [[file for file in listed if PurePath(file).stem == f"{name}_{half}"] for half in ("encoder", "decoder")]
    return [some[0] for some in found if some]


def open_tiny(loader: Loader, folders: Folders, name: str) -> Vae:
    """The tiny autoencoder of a name. Raises FileNotFoundError, and as the loader does."""
    found = files(folders, name)
    if len(found) != 2:
        there = ", ".join(found) or "neither"
        raise FileNotFoundError(f"{name} needs {name}_encoder and {name}_decoder in {FOLDER}, and there is {there}")
    encoder, decoder = (folders.resolve(FOLDER, file) for file in found)
    scale = FORMATS[name].scale
    assert isinstance(scale, float)  # these formats have one for all channels
    return loader.tiny_vae(encoder, decoder, scale)


def name_for(latent_format: LatentFormat) -> str | None:
    """Which one decodes latents of a format; None if none does."""
    wanted = (latent_format.scale, latent_format.shift, latent_format.channels)
    fitting = (name for name, known in FORMATS.items() if (known.scale, known.shift, known.channels) == wanted)
    return next(fitting, None)
