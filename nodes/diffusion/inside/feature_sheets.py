"""Feature maps as labelled sheets: one for each way through the U-Net, and one in the shape of its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from nodes.diffusion.inside.anatomy import WAYS, Key, Part, Way
from nodes.diffusion.inside.features import most_active, projected
from nodes.imaging.heat import heat
from nodes.imaging.sheets import Tile, sheet

SIDE = 128  # pixels of a tile, about
ARROW = (88, SIDE)  # pixels across and down
INK = (110, 110, 110)
TITLES: Mapping[Way, str] = {
    "down": "Way down: fewer pixels, more channels",
    "middle": "Middle: the bottleneck",
    "up": "Way up: back to full size",
}

Features = Mapping[Key, Tensor]


def way_sheets(parts: Sequence[Part], features: Features, channels: int, at: str) -> list[Tensor]:
    """For each way that has features a sheet (1, H, W, 3); a row for each block.

    In it all its channels in three colours, then its ``channels`` most active ones. ``at`` tells the step.
    """
    found = []
    for way in WAYS:
        of_way = [part for part in parts if part.key.way == way and part.key in features]
        if of_way:
            rows = [block_row(features[part.key], channels) for part in of_way]
            columns = ["all channels (PCA)", *(["most active channels"] if channels else [])]
            names = [described(part, features[part.key]) for part in of_way]
            found.append(sheet(rows, title=f"{TITLES[way]}, {at}", row_names=names, column_names=columns, side=SIDE))
    return found


def block_row(features: Tensor, channels: int) -> list[Tile]:
    """One block's tiles: in three colours, then channel by channel from its least to its most."""
    colours = projected(features)
    tiles = [Tile(colours.picture, f"{colours.share:.0%} of variance")]
    for channel in most_active(features, channels):
        values = features[channel]
        tiles.append(Tile(heat(values), f"channel {channel}\n{values.min():.1f} to {values.max():.1f}"))
    return tiles


def u_sheet(parts: Sequence[Part], features: Features, at: str) -> Tensor:
    """The way down on the left, up on the right, a skip connection between them, the middle below: (1, H, W, 3)."""
    downs = [part for part in parts if part.key.way == "down"]
    by_key = {part.key: part for part in parts}
    rows: list[list[Tile]] = []
    for down in downs:
        up = by_key[down.skip] if down.skip else down
        if down.key in features or up.key in features:
            skip = Tile(arrow(), f"skip to {up.key}\n{down.channels} channels")
            rows.append([u_tile(down, features), skip, u_tile(up, features)])
    middle = by_key[Key("middle")]
    if middle.key in features:
        rows.append([Tile(blank()), u_tile(middle, features)])
    columns = ["way down, from above", "", "way up, from below"]
    return sheet(rows, title=f"Inside the U-Net, {at}", column_names=columns, side=SIDE)


def u_tile(part: Part, features: Features) -> Tile:
    """A block in three colours, or an empty place."""
    if part.key not in features:
        return Tile(blank())
    return Tile(projected(features[part.key]).picture, described(part, features[part.key]))


def described(part: Part, features: Tensor) -> str:
    """A block's name, what it is, its size, and its skip connection."""
    channels, height, width = features.shape
    lines = [str(part.key), part.what, f"{channels} channels, {width}x{height}"]
    if part.skip and part.key.way == "down":
        lines.append(f"skip to {part.skip}")
    elif part.skip:
        lines.append(f"takes {part.skip_channels} from {part.skip}")
    return "\n".join(lines)


def arrow() -> Tensor:
    """An arrow to the right, (H, W, 3)."""
    width, height = ARROW
    page = Image.new("RGB", ARROW, "white")
    pen = ImageDraw.Draw(page)
    middle = height // 2
    pen.line((0, middle, width - 8, middle), fill=INK, width=2)
    pen.polygon([(width - 10, middle - 5), (width - 1, middle), (width - 10, middle + 5)], fill=INK)
    return torch.from_numpy(np.asarray(page).astype(np.float32) / 255)


def blank() -> Tensor:
    """Nothing, (H, W, 3)."""
    return torch.ones(1, 1, 3)
