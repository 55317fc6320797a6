"""Textual inversions by name, out of the folder ``embeddings``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from engine.folders import Folders
from engine.services import Services
from nodes.diffusion.text.embeddings import read_embedding
from nodes.diffusion.text.tokenizer import EMBEDDING

KEY = "embeddings"
ENDINGS = ("", ".safetensors", ".pt", ".bin")


@dataclass(frozen=True)
class EmbeddingFolder:
    """Looks names up, in subfolders too; what is in a file is read each time: it is small."""

    folders: Folders

    def __call__(self, name: str) -> Mapping[str, Tensor] | None:
        """A file's vectors by tower, or None. Raises CorruptCheckpoint."""
        path = self.find(name)
        return None if path is None else read_embedding(path)

    def find(self, name: str) -> Path | None:
        """The file of this name, or of this name and an ending; only what the folder lists is found."""
        found = self.listed(name)
        return None if found is None else self.folders.resolve(KEY, found)

    def listed(self, name: str) -> str | None:
        """The same, by its name within the folder."""
        listed = self.folders.list(KEY)
        for ending in ENDINGS if name else ():
            wanted = name.replace("\\", "/") + ending
            for found in (*(n for n in listed if n == wanted), *(n for n in listed if n.endswith("/" + wanted))):
                return found
        return None

    def named(self, text: str) -> list[str]:
        """The files of the embeddings that ``text`` names, within the folder."""
        names = [name for match in EMBEDDING.finditer(text) for name in {match[1], match[1].strip(",")}]
        return [found for name in names if (found := self.listed(name))]

    def stamps(self, text: str | None) -> list[tuple[str, int, int]]:
        """What changes when an embedding does that ``text`` names; any of them, where the text is not known yet."""
        if text is None:
            paths = [self.folders.resolve(KEY, name) for name in self.folders.list(KEY)]
        else:
            paths = [self.folders.resolve(KEY, name) for name in self.named(text)]
        stats = [(path, path.stat()) for path in sorted(set(paths))]
        return [(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats]


def read_by_texts(constants: Mapping[str, Any], services: Services) -> list[tuple[str, str]]:
    """The files of the embeddings that any text among a node's constants names, by folder and name."""
    folder, texts = EmbeddingFolder(services.get(Folders)), (v for v in constants.values() if isinstance(v, str))
    return [(KEY, name) for text in texts for name in folder.named(text)]
