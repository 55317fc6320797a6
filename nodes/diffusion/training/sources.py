"""Where pictures and captions come from: a folder, or a tar file of the same (as WebDataset has them)."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from nodes.diffusion.pictures import upright
from nodes.diffusion.training.dataset import Example

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})
CAPTIONS = ".txt"


class Found(NamedTuple):
    """A file, by its path within the source, without its ending."""

    stem: str
    ending: str
    content: bytes


def examples(source: Path, size: int, only: Sequence[str] = ()) -> tuple[Example, ...]:
    """The pictures of a source, ``size`` pixels a side; see ``fitted``. ``only`` are patterns such as ``clear/*``, of
    which a picture's name must match one, if there are any.

    A file of the same name that ends in ``.txt`` has its captions, one a line; without it the file's name is one.
    Raises ValueError, naming the file, for one that cannot be read, and for a source without such pictures.
    """
    pictures, captions = dict[str, bytes](), dict[str, str]()
    for found in (archived if source.is_file() else in_folder)(source):
        if found.ending in PICTURES:
            pictures[found.stem] = found.content
        elif found.ending == CAPTIONS:
            captions[found.stem] = found.content.decode("utf-8", errors="replace")
    if not pictures:
        raise ValueError(f"there is no picture in {source}; expected files that end in {', '.join(sorted(PICTURES))}")
    names = [stem for stem in sorted(pictures) if not only or any(fnmatchcase(stem, each) for each in only)]
    if not names:
        raise ValueError(f"no picture in {source} is called {' or '.join(only)}; there is {min(pictures)}, for example")
    return tuple(
        Example(stem, opened(pictures[stem], f"{source}: {stem}", size), lines(captions.get(stem), stem))
        for stem in names
    )


def lines(captions: str | None, stem: str) -> tuple[str, ...]:
    """A file's captions; the last part of its own name, if there are none."""
    written = tuple(line.strip() for line in (captions or "").splitlines() if line.strip())
    return written or (PurePosixPath(stem).name.replace("_", " ").replace("-", " "),)


def in_folder(source: Path) -> Iterator[Found]:
    """The files of a folder and of those in it."""
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() in {*PICTURES, CAPTIONS} and path.is_file():
            yield Found(path.relative_to(source).with_suffix("").as_posix(), path.suffix.lower(), path.read_bytes())


def archived(source: Path) -> Iterator[Found]:
    """The files of an archive, read from it in place. Raises ValueError if it is none."""
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                path, file = PurePosixPath(member.name), archive.extractfile(member)
                if file is not None:
                    yield Found(path.with_suffix("").as_posix(), path.suffix.lower(), file.read())
    except tarfile.TarError as error:
        raise ValueError(f"{source} is no tar file that can be read: {error}") from error


def opened(content: bytes, name: str, size: int) -> Tensor:
    """A picture fitted into ``size`` pixels a side: (4, size, size) uint8. Raises ValueError."""
    try:
        with Image.open(BytesIO(content)) as file:
            picture = upright(file).convert("RGBA")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise ValueError(f"{name} cannot be read as a picture: {error}") from error
    return torch.from_numpy(np.asarray(fitted(picture, size)).copy()).movedim(-1, 0)


def fitted(picture: Image.Image, size: int) -> Image.Image:
    """A square of ``size`` pixels with the picture in its middle: opaque ones fill it, others keep their aspect."""
    if picture.size == (size, size):
        return picture
    if picture.getchannel("A").getextrema() == (255, 255):
        return cropped(picture, size)
    scale = size / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    small = picture.convert("RGBa").resize((width, height), Image.Resampling.LANCZOS).convert("RGBA")
    page = Image.new("RGBA", (size, size))
    page.paste(small, ((size - width) // 2, (size - height) // 2))
    return page


def cropped(picture: Image.Image, size: int) -> Image.Image:
    """The middle square of a picture, of ``size`` pixels."""
    side = min(picture.size)
    left, top = ((whole - side) // 2 for whole in picture.size)
    box = (left, top, left + side, top + side)
    return picture.resize((size, size), Image.Resampling.LANCZOS, box)
