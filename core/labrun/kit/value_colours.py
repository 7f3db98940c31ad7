"""Colours, dark to light, for lines that belong to values of a column, and their legend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from labrun.kit.parameter_sets import in_words

__all__ = ["SHADES", "explain_shades", "shades_of"]

SHADES = ListedColormap(mpl.colormaps["viridis"](np.linspace(0.15, 0.9, 256)), "shades")
"""Viridis without its ends, which are hard to see on dark and on white pages"""
IN_LEGEND = 16
"""Lines in one column of a legend"""


def shades_of(values: Iterable[Any]) -> dict[Any, Any]:
    """Return a colour for each value, in their order, dark to light."""
    values = list(values)
    return dict(zip(values, SHADES(np.linspace(0, 1, len(values))), strict=True))


def explain_shades(figure: Figure, title: str, shades: Mapping[Any, Any], mark: float = 3) -> None:
    """Add a legend beside the figure, a line for each value with a marker of size `mark` [points]."""
    handles = [Line2D([], [], color=c, marker="o", ms=mark, label=in_words(value)) for value, c in shades.items()]
    figure.legend(
        handles=handles,
        loc="outside right upper",
        title=title,
        ncols=-(-len(handles) // IN_LEGEND),
    )
