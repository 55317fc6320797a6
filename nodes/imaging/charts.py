"""Charts as pictures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Line: TypeAlias = tuple[Sequence[float], Sequence[float]]
Scale: TypeAlias = Literal["linear", "log"]
DPI = 100
PANEL = 400, 330  # pixels


class Panel(NamedTuple):
    """One of several charts beside each other: named lines, a line without a name has no legend; points on them."""

    data: Mapping[str, Line]
    title: str = ""
    x: str = ""
    y: str = ""
    scale: Scale = "linear"
    marked: Line = ((), ())


def lines(
    data: Mapping[str, Line],
    *,
    title: str = "",
    x: str = "",
    y: str = "",
    size: tuple[int, int] = (640, 400),
    scale: Scale = "linear",
    pale: Collection[str] = (),
) -> Tensor:
    """Named lines of points ``(xs, ys)`` over one another, with axes called ``x`` and ``y``: (1, H, W, 3) in [0, 1].

    ``pale`` are the names of those that others are to stand out against.
    """
    from matplotlib.figure import Figure  # takes half a second

    figure = Figure(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI, layout="constrained")
    axes = figure.add_subplot(title=title, xlabel=x, ylabel=y, yscale=scale)
    for name, (xs, ys) in data.items():
        axes.plot(xs, ys, label=name, linewidth=0.8 if name in pale else 1.5, alpha=0.4 if name in pale else 1.0)
    axes.grid(visible=True, alpha=0.3)
    if len(data) > 1:
        axes.legend()
    return drawn(figure)


def panels(charts: Sequence[Panel], *, title: str = "") -> Tensor:
    """Charts beside each other under one title: (1, H, W, 3) in [0, 1]."""
    from matplotlib.figure import Figure  # takes half a second

    size = PANEL[0] * len(charts) / DPI, PANEL[1] / DPI
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    figure.suptitle(title)
    for n, chart in enumerate(charts):
        axes = figure.add_subplot(1, len(charts), n + 1, xlabel=chart.x, ylabel=chart.y, yscale=chart.scale)
        axes.set_title(chart.title, fontsize="medium")
        for name, (xs, ys) in chart.data.items():
            axes.plot(xs, ys, label=name)
        axes.plot(*chart.marked, "o", color="black", markersize=5)
        axes.grid(visible=True, alpha=0.3)
        if any(chart.data):
            axes.legend()
    return drawn(figure)


def drawn(figure: Figure) -> Tensor:
    """A figure of matplotlib's as a picture: (1, H, W, 3) in [0, 1]. Needs no screen, and no other thread to wait."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)  # whose methods matplotlib has not typed
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    return torch.from_numpy(pixels.astype(np.float32) / 255)[None]
