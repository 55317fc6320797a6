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


def read_embedding(path: Path) -> Mapping[str, Tensor]:
    """A file's vectors (n, D) by tower; ``""`` are for any. Raises CorruptCheckpoint, FileNotFoundError.

    Known are files with a vector for each tower (``clip_l``, ``clip_g``), those of the web UI (``string_to_param``),
    lists of them, of which those count that are as wide as the first, and any others of one tensor.
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
        rows = [tensor for each in content for tensor in vectors_in(each).values()]
        return {"": torch.cat([row for row in rows if row.shape[-1] == rows[0].shape[-1]])} if rows else {}
    if not isinstance(content, Mapping):
        return {}
    if isinstance(inner := content.get("string_to_param"), Mapping):
        content = dict(list(inner.items())[:1])
    by_tower = {tower: content[key] for key, tower in BY_TOWER.items() if isinstance(content.get(key), Tensor)}
    tensors = [value for value in content.values() if isinstance(value, Tensor)]
    found = by_tower or ({"": tensors[0]} if tensors else {})
    return {tower: each.detach()[None] if each.ndim == 1 else each.detach() for tower, each in found.items()}
