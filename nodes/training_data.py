"""Nodes that say what is learned from: pictures with captions."""

import re
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Annotated, Any

import torch
from pydantic import Field
from torch.nn.functional import interpolate

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import FileIn, Widget
from engine.paths import safe_join
from engine.services import Services
from nodes.diffusion.training import dataset as data
from nodes.diffusion.training.sources import examples
from nodes.imaging.sheets import Tile, sheet
from nodes.types import Dataset, Image, Seed

CATEGORY, MODULE = "training", "wireloom"
BUNDLED = "wireloom-icons"
"""The pictures that come with wireloom."""
BUNDLED_FILE = Path(__file__).parent / "bundled" / "icons.tar"
ARCHIVES = (".tar",)
COLOUR = re.compile(r"(?P<names>[^#]+?)\s*#(?P<colour>[0-9a-fA-F]{6})")
LETTERS = 22
"""Of a caption, on each line below its picture."""
LARGEST = 256  # pixels, of a picture that is shown

Share = Annotated[float, Field(ge=0, le=1), Widget(step=0.01)]


def picture_folders(folders: Folders) -> list[str]:
    """What is no file of the folder ``input``: the folders in it, and the pictures that come with wireloom."""
    own = folders.directory("input")
    found = [path.name for path in own.iterdir() if path.is_dir() and path.name[0] != "."] if own.is_dir() else []
    return [*sorted(found), BUNDLED]


def source_of(folders: Folders, name: str) -> Path:
    """The folder or archive of this name. Raises FileNotFoundError, UnsafePath."""
    if name == BUNDLED:
        return BUNDLED_FILE
    folder = safe_join(folders.directory("input"), name)
    return folder if folder.is_dir() else folders.resolve("input", name)


@node("ImageFolder", title="Image Folder (Data Set)", category=CATEGORY, module=MODULE, lane="cpu")
def image_folder(
    ctx: Context,
    folder: Annotated[
        str,
        FileIn("input", endings=ARCHIVES, more=picture_folders),
        Field(description="A folder or tar file in the input folder, or the icons that come with wireloom."),
    ],
    size: Annotated[int, Field(ge=8, le=2048, description="Pixels a side."), Widget(step=8)] = 128,
    only: Annotated[
        str,
        Field(description="Which pictures, by patterns such as clear/3d/*; several with commas. Empty: all."),
    ] = "",
    backgrounds: Annotated[
        str,
        Field(
            description="What transparent pictures lie on: a line each, names and a colour, as in gray, grey #8c8c91"
        ),
        Widget(multiline=True),
    ] = "white #ffffff",
    plain_share: Annotated[Share, Field(description="How often that is the first background.")] = 0.4,
    hold_out: Annotated[
        Share, Field(description="Which part of all pairs of a subject and a background is never shown.")
    ] = 0.0,
) -> Dataset:
    """Pictures with captions, to learn from. The captions of dog.png are the lines of dog.txt; {a|b} is a choice."""
    patterns = [each.strip() for each in re.split(r"[,\n]", only) if each.strip()]
    found = examples(source_of(ctx.service(Folders), folder), size, patterns)
    return data.Dataset(found, named_colours(backgrounds), plain_share, hold_out)


@image_folder.fingerprint
def files_of_folder(inputs: Mapping[str, Any], services: Services) -> list[tuple[str, int, int]]:
    """Each file of the folder, its size and its time."""
    source = source_of(services.get(Folders), str(inputs["folder"]))
    files = [path for path in sorted(source.rglob("*")) if path.is_file()] if source.is_dir() else [source]
    return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]


def named_colours(text: str) -> tuple[data.Background, ...]:
    """One a line: names, then a colour. White alone for no text. Raises ValueError, with the line."""
    made = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        parts = COLOUR.fullmatch(line)
        names = tuple(name.strip() for name in parts["names"].split(",") if name.strip()) if parts else ()
        if parts is None or not names:
            raise ValueError(f"a background is told by names and a colour, as in 'gray, grey #8c8c91', not by {line!r}")
        red, green, blue = (level / 255 for level in bytes.fromhex(parts["colour"]))
        made.append(data.Background(names, (red, green, blue)))
    return tuple(made) or (data.WHITE,)


@node("AugmentDataset", title="Augment Data Set", category=CATEGORY, module=MODULE, lane="cpu")
def augment_dataset(
    dataset: Dataset,
    scale_min: Annotated[float, Field(ge=0.1, le=4), Widget(step=0.01)] = 0.9,
    scale_max: Annotated[float, Field(ge=0.1, le=4), Widget(step=0.01)] = 1.03,
    shift: Annotated[Share, Field(description="How far pictures move, as a part of half their width.")] = 0.06,
    shift_step: Annotated[
        Share,
        Field(description="Moved by whole steps of this only: 0.125 is one latent cell at 128 pixels. 0: by any."),
    ] = 0.0,
    flip: Annotated[bool, Field(description="Whether every other picture is mirrored.")] = False,
) -> Dataset:
    """Move pictures a little each time they are learned from, so that it is not by heart."""
    if scale_min > scale_max:
        raise ValueError(f"scale_min is {scale_min}, which is more than scale_max, {scale_max}")
    return replace(dataset, augment=data.Augment((scale_min, scale_max), shift, shift_step, flip))


@node("ShowDataset", title="Show Data Set", category=CATEGORY, module=MODULE, lane="cpu")
def show_dataset(
    dataset: Dataset,
    columns: Annotated[int, Field(ge=1, le=32)] = 6,
    rows: Annotated[int, Field(ge=1, le=32)] = 4,
    seed: Seed = 0,
) -> Image:
    """Pictures as training draws them, each with its caption."""
    choices = dataset.choices()
    drawn = torch.multinomial(
        dataset.weights(choices), columns * rows, replacement=True, generator=torch.Generator().manual_seed(seed)
    )
    tiles = []
    for n, at in enumerate(drawn.tolist()):
        rng = Random(f"{seed} {n}")
        picture = (dataset.picture(choices[at], rng)[None] + 1) / 2
        small = interpolate(picture, (LARGEST, LARGEST), mode="area") if dataset.size > LARGEST else picture
        tiles.append(Tile(small[0].movedim(0, -1), textwrap.fill(dataset.caption(choices[at], rng), LETTERS)))
    title = f"{len(dataset.examples)} pictures, {len(choices)} with their backgrounds"
    return sheet([tiles[n : n + columns] for n in range(0, len(tiles), columns)], title=title, side=128)
