"""Textual inversion: words whose vectors were trained and lie in files; Gal et al. 2022 (arXiv:2208.01618)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.errors import CorruptCheckpoint
from nodes.diffusion.tensors import PICKLES, open_tensors, unpickled

BY_TOWER = {"clip_l": "l", "clip_g": "g", "clip_h": "h"}
BUNDLED = "bundle_emb."


def read_embedding(path: Path) -> Mapping[str, Tensor]:
    """A file's vectors (n, D) by tower; ``""`` are for any. Raises CorruptCheckpoint, FileNotFoundError.

    Known are files with a vector for each tower (``clip_l``, ``clip_g``), those of the web UI (``string_to_param``),
    lists of them, of which those count that are as wide as the first, those that come with a LoRA (``bundle_emb.*``),
    and any others of one tensor.
    """
    if path.suffix.lower() in PICKLES:
        content = unpickled(path)
    else:
        file = open_tensors(path)
        content = file.named(file.header.shapes)
    found = vectors_in(content)
    if not found:
        raise CorruptCheckpoint(path, "there is no embedding in it")
    for vectors in found.values():
        if vectors.ndim != 2 or not vectors.is_floating_point():
            raise CorruptCheckpoint(path, f"an embedding is a row of vectors, and this is {tuple(vectors.shape)}")
    return found


def vectors_in(content: Any) -> dict[str, Tensor]:
    """The vectors of what a file held, by tower."""
    if isinstance(content, list | tuple):
        parts = [tensor for each in content for tensor in vectors_in(each).values() if tensor.ndim == 2]
        return {"": torch.cat([part for part in parts if part.shape[1] == parts[0].shape[1]])} if parts else {}
    if not isinstance(content, Mapping):
        return {}
    if bundled := {name: each for name, each in content.items() if str(name).startswith(BUNDLED)}:
        return by_last_part(bundled)
    if isinstance(inner := content.get("string_to_param"), Mapping):
        content = dict(list(inner.items())[:1])
    by_tower = {tower: content[key] for key, tower in BY_TOWER.items() if isinstance(content.get(key), Tensor)}
    tensors = [value for value in content.values() if isinstance(value, Tensor)]
    found = by_tower or ({"": tensors[0]} if tensors else {})
    return {tower: rows(each) for tower, each in found.items()}


def by_last_part(bundled: Mapping[str, Any]) -> dict[str, Tensor]:
    """Embeddings within a LoRA, whose names end in a tower's; without one they are for any, one after the other."""
    named = [(BY_TOWER.get(name.rpartition(".")[2]), each) for name, each in bundled.items()]
    found = {tower: rows(each) for tower, each in named if tower and isinstance(each, Tensor)}
    return found or vectors_in([{"": each} for each in bundled.values()])


def rows(vectors: Tensor) -> Tensor:
    """One vector (D,) as a row of one."""
    return vectors.detach()[None] if vectors.ndim == 1 else vectors.detach()
