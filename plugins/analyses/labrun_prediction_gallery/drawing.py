"""Draw the gallery."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from labrun.kit.palette import INK, PALETTE
from labrun.kit.panels import Scale, make_panels

__all__ = ["draw_gallery"]

WRONG = PALETTE[3]
WIDTH = 1.55
"""Width of a panel [inches]"""
TEXT = 0.56
"""Height of the lines above a panel [inches]"""
LETTERS = 22
"""Letters of a name that fit above a panel"""
COLUMNS = 10
"""Maximum number of columns"""


def draw_gallery(pictures: np.ndarray, table: pd.DataFrame) -> Figure:
    """Draw a panel for each picture, (n, height, width) or (n, height, width, 3); wrong predictions are framed."""
    columns = _columns(len(pictures))
    rows = math.ceil(len(pictures) / columns)
    figure, panels = make_panels(rows, columns, pictures.shape[1:3], WIDTH, above=TEXT)
    for axes in panels.flat[len(pictures) :]:
        axes.set_axis_off()
    scale = Scale.over(pictures)
    for axes, picture, row in zip(panels.flat, pictures, table.itertuples(index=False), strict=False):
        scale.draw(axes, picture)
        percent = ">99%" if row.probability > 0.99 else f"{row.probability:.0%}"
        title = f"{_short(row.predicted)}\n{percent}" + ("" if row.right else f"\n({_short(row.true)})")
        axes.set_title(title, fontsize=8, color=INK if row.right else WRONG)
        if not row.right:
            axes.spines[:].set(color=WRONG, linewidth=2.5)
    return figure


def _short(name: str) -> str:
    """The beginning of a name that is too long for a panel; the table has it whole."""
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"


def _columns(count: int) -> int:
    """Return a number of columns, somewhat larger than the number of rows, that fills the last row as far as possible."""
    square = math.ceil(math.sqrt(count))
    return min(
        range(square, min(2 * square, COLUMNS, count) + 1), key=lambda columns: -count % columns, default=COLUMNS
    )
