"""Named folders: what files are in them, and where a file of some name is."""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import Self, get_args

from engine.errors import FolderNotFound, UnsafePath
from engine.identity import Identity, Stamp
from engine.paths import Directory, SavePath, annotated, inside, safe_join, save_path
from engine.scan import Scanner

__all__ = ["IMAGES", "Directory", "Folders", "SavePath", "annotated", "inside", "safe_join"]

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
WEIGHTS = frozenset({".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".pt2", ".bin", ".pkl"})
ANY_FILE = frozenset[str]()
WHOLE_FOLDERS = frozenset({"folder"})  # ComfyUI's word; no file ends so, and none is listed

MODEL_KEYS = {
    "checkpoints": WEIGHTS,
    "configs": frozenset({".yaml"}),
    "loras": WEIGHTS,
    "vae": WEIGHTS,
    "text_encoders": WEIGHTS,
    "diffusion_models": WEIGHTS,
    "clip_vision": WEIGHTS,
    "style_models": WEIGHTS,
    "embeddings": WEIGHTS,
    "diffusers": WHOLE_FOLDERS,
    "vae_approx": WEIGHTS,
    "controlnet": WEIGHTS,
    "gligen": WEIGHTS,
    "upscale_models": WEIGHTS,
    "latent_upscale_models": WEIGHTS,
    "custom_nodes": ANY_FILE,
    "datasets": ANY_FILE,
    "hypernetworks": WEIGHTS,
    "photomaker": WEIGHTS,
    "classifiers": frozenset({""}),
    "model_patches": WEIGHTS,
    "audio_encoders": WEIGHTS,
    "background_removal": WEIGHTS,
    "frame_interpolation": WEIGHTS,
    "geometry_estimation": WEIGHTS,
    "optical_flow": WEIGHTS,
    "detection": WEIGHTS,
    "ipadapter": WEIGHTS,
}
"""Folder keys in the order that ``GET /models`` lists them, and what their files end in."""

OTHER_NAMES = {"unet": "diffusion_models", "clip": "text_encoders"}
OLDER_FOLDERS = {"diffusion_models": "unet", "text_encoders": "clip", "controlnet": "t2i_adapter"}


class Folders:
    """Model folders by key, and the directories for input, output, temporary and user files, all below ``data``.

    The keys ``input``, ``output`` and ``temp`` name directories: only the images at their top are listed, and a name
    such as ``x.png [output]`` leads from any of them to the one it says. Safe to use from any thread. ``identity``
    knows files by their content.
    """

    def __init__(self, data: Path, output: Path | None = None, *, identity: Identity | None = None) -> None:
        data = data.absolute()
        self._identity = identity
        self._directories: dict[str, Path] = {kind: data / kind for kind in get_args(Directory)}
        if output:
            self._directories["output"] = output.absolute()
        self._also: dict[str, Path] = {}
        self._paths: dict[str, tuple[Path, ...]] = {}
        self._extensions: dict[str, frozenset[str]] = {}
        self._scanner = Scanner()
        for key, extensions in MODEL_KEYS.items():
            above = data if key == "custom_nodes" else data / "models"
            self.add(key, above / key, extensions=extensions)
            if older := OLDER_FOLDERS.get(key):
                self.add(key, above / older)

    def lay_out(self) -> None:
        """Create the folders that people put files into. Otherwise a folder is created when first needed."""
        for folder in (*self._directories.values(), *(paths[0] for paths in self._paths.values())):
            folder.mkdir(parents=True, exist_ok=True)

    def add(self, key: str, path: Path, *, first: bool = False, extensions: Collection[str] | None = None) -> None:
        """Look for files of ``key`` in one more folder, after the others or ``first``.

        A new key lists the files with these ``extensions``, or all; a known one has its own.
        """
        key, path = OTHER_NAMES.get(key, key), path.absolute()
        self._extensions.setdefault(key, frozenset(extensions or ()))
        others = tuple(p for p in self._paths.get(key, ()) if p != path)
        if first:
            self._paths[key] = (path, *others)
        elif len(others) == len(self._paths.get(key, ())):
            self._paths[key] = (*others, path)

    def look_also(self, kind: Directory, path: Path) -> None:
        """Find files of a directory in one more place, after its own; new ones are not put there."""
        self._also[kind] = path.absolute()

    def writing_to(self, output: Path) -> Self:
        """The same folders, but for the output: that is another one, and what was in this one is found there too."""
        made = copy.copy(self)
        made._directories = {**self._directories, "output": output}
        made._also = {**self._also, "output": self.directory("output")}
        return made

    def keys(self) -> list[str]:
        """The model folders; not the directories, not the legacy names."""
        return list(self._paths)

    def paths(self, key: str) -> list[Path]:
        """The folders of a key, the first to look in first. Raises FolderNotFound."""
        key = OTHER_NAMES.get(key, key)
        if key in self._paths:
            return list(self._paths[key])
        return [self.directory(key), *([self._also[key]] if key in self._also else [])]

    def extensions(self, key: str) -> frozenset[str]:
        """What files of a key end in, with the dot; empty if in anything. Raises FolderNotFound."""
        key = OTHER_NAMES.get(key, key)
        if key in self._extensions:
            return self._extensions[key]
        self.directory(key)
        return IMAGES

    def directory(self, kind: str) -> Path:
        """Where ``input``, ``output``, ``temp`` or ``user`` files are; need not exist. Raises FolderNotFound."""
        if kind not in self._directories:
            raise FolderNotFound(f"no folder is named {kind!r}")
        return self._directories[kind]

    def files(self, key: str, endings: Collection[str] = ()) -> list[tuple[int, str]]:
        """A key's files, folder by folder: the folder's place in ``paths``, the name in it. Raises FolderNotFound.

        ``endings`` takes the place of the key's ``extensions``.
        """
        extensions, deep = endings or self.extensions(key), key not in self._directories
        paths = enumerate(self.paths(key))
        return [(place, name) for place, path in paths for name in self._scanner.scan(path, extensions, deep=deep)]

    def list(self, key: str, endings: Collection[str] = ()) -> list[str]:
        """Sorted names of a key's files, relative to its folders; hidden ones are left out. See ``files``."""
        return sorted({name for _, name in self.files(key, endings)})

    def resolve(self, key: str, name: str) -> Path:
        """The first file of this name. Raises FileNotFoundError, UnsafePath, FolderNotFound."""
        if key in self._directories:
            name, said = annotated(name)
            key = said or key
        folders, join = self.paths(key), inside if key in self._directories else safe_join
        for path in [join(folder, name) for folder in folders]:
            if os.path.isfile(path):
                return path
        searched = ", ".join(str(folder) for folder in folders)
        raise FileNotFoundError(f"{key} has no file {name!r}; looked in {searched}")

    def stamp(self, key: str, name: str) -> str | None:
        """A text that changes when a file's content does; None if there is no such file. It may read the file."""
        try:
            path = self.resolve(key, name)
            return self._identity.token(path) if self._identity else Stamp.of(path).times
        except (OSError, UnsafePath, FolderNotFound):
            return None

    def sha256(self, path: Path, wait_s: float | None = None) -> str | None:
        """A file's SHA-256, in hex; None if it is not known in time, see ``Identity.sha256``. Raises OSError."""
        if self._identity:
            return self._identity.sha256(path, wait_s)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def close(self) -> None:
        """Stop hashing files."""
        if self._identity:
            self._identity.close()

    def save_path(self, prefix: str, kind: Directory = "output", width: int = 0, height: int = 0) -> SavePath:
        """Where new files for ``prefix`` go; see ``engine.paths.save_path``. Raises UnsafePath."""
        return save_path(self.directory(kind), prefix, width, height)
