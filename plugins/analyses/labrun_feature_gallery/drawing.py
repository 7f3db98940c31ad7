"""Draw snapshots with coloured clusters side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from labrun.kit.palette import SOFT
from labrun_feature_gallery.colouring import Picture

__all__ = ["Panel", "draw_gallery"]

WIDTH, HEIGHT = 2.9, 3.6
"""Largest size of a picture [inches]"""
NARROWEST = 1.6
"""Smallest width of a picture [inches], since titles need room"""
LINE = 0.15
"""Height of a line of text [inches]"""
LETTERS = 15
"""Letters of a title per inch"""
SHAPE = 4 / 3
"""Preferred ratio of width to height of the gallery, that of a slide."""
DOTS_PER_INCH = 200  # of the pictures in the SVG too


@dataclass(frozen=True)
class Panel:
    """A picture with its parameters (`title`) and measured values (`numbers`)."""

    title: str
    numbers: str
    picture: Picture


def draw_gallery(panels: Sequence[Panel]) -> Figure:
    """Draw one panel each, row 0 of the plane at the top, with the sizes of the coloured clusters below."""
    ratio = max(panel.picture.pixels.shape[0] / panel.picture.pixels.shape[1] for panel in panels)
    width = max(NARROWEST, min(WIDTH, HEIGHT / ratio))
    titles = [_wrap(panel, int(LETTERS * width)) for panel in panels]
    entries = max(1, int(2.2 * width))  # legend entries in a row
    legend = max(-(-len(panel.picture.highlighted) // entries) for panel in panels)
    height = width * ratio + LINE * (max(title.count("\n") for title in titles) + legend + 2)
    columns = min(range(1, len(panels) + 1), key=lambda n: abs(n * width / (-(-len(panels) // n) * height) - SHAPE))
    rows = -(-len(panels) // columns)
    figure, grid = plt.subplots(
        rows,
        columns,
        figsize=(width * columns, height * rows),
        squeeze=False,
        dpi=DOTS_PER_INCH,
        layout="compressed",
    )
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, panel, title in zip(grid.flat, panels, titles, strict=False):
        axes.set_title(title, fontsize=8)
        _draw_picture(axes, panel.picture, entries)
    return figure


def _wrap(panel: Panel, letters: int) -> str:
    return "\n".join(fill(text, letters, break_long_words=False) for text in (panel.title, panel.numbers) if text)


def _draw_picture(axes: Axes, picture: Picture, entries: int) -> None:
    axes.imshow(picture.pixels, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=SOFT, linewidth=0.5)
    if picture.highlighted:
        axes.legend(
            handles=[Patch(color=colour, label=f"{size:,}") for colour, size in picture.highlighted],
            loc="upper center",
            bbox_to_anchor=(0.5, 0),
            ncols=entries,
            fontsize=7,
            handlelength=0.8,
            handleheight=0.8,
            handletextpad=0.3,
            columnspacing=0.8,
            borderaxespad=0.2,
        )
