"""Make a phase map as an interactive fragment of the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex

from labrun.kit.fragments import encode, file_marks, plain, render_fragment
from labrun.kit.patterns import Patterns
from labrun_phase_map.cells import Cells
from labrun_phase_map.drawing import PROBABILITY_COLOURS
from labrun_phase_map.raster import Raster


def make_fragment(
    simulation: str,
    patterns: Patterns,
    cells: Cells,
    raster: Raster,
    lines: Mapping[str, Sequence[np.ndarray]],
    colours: Sequence[str],
    layout: Mapping[str, int],
    sheets: Sequence[str],
    axes: tuple[str, str],
    labels: Callable[[str], str],
) -> str:
    """Return the fragment: the map over two columns (`axes`), its legend, and a panel of details, with the data of every cell. `labels`
    returns the label of a column."""
    by_cell = np.argsort(cells.cell_of, kind="stable")
    others = [name for name in patterns.parameters.columns if name not in axes]
    counts = np.bincount(cells.predicted, minlength=len(colours))
    data = {
        "simulation": simulation,
        "x": labels(axes[0]),
        "y": labels(axes[1]),
        "classes": [
            {"name": name, "colour": colour, "count": int(count)}
            for name, colour, count in zip(cells.classes, colours, counts, strict=True)
        ],
        "cells": {
            "x": cells.x.tolist(),
            "y": cells.y.tolist(),
            "class": encode(cells.predicted, "u2"),
            "probabilities": encode(np.round(cells.probabilities * 65535), "u2"),
            "novel": None if cells.novel is None else encode(cells.novel, "u1"),
            "end": encode(np.cumsum(cells.members), "u4"),
        },
        "members": np.asarray(patterns.members)[by_cell].tolist(),
        "pictures": patterns.positions[by_cell].tolist(),
        "parameters": {labels(name): plain(patterns.parameters[name].iloc[by_cell].tolist()) for name in others},
        "raster": {
            "x": raster.x_edges.tolist(),
            "y": raster.y_edges.tolist(),
            "cell": encode(raster.cell, "i4"),
        },
        "lines": [{"name": name, "paths": [_shorten(path) for path in lines[name]]} for name in lines],
        "probabilityColours": [to_hex(mpl.colormaps[PROBABILITY_COLOURS](share)) for share in np.linspace(0, 1, 64)],
        "sprites": dict(layout),
    }
    return render_fragment(__package__, "phase_map.html", data, sheets=file_marks(sheets))


def _shorten(path: np.ndarray) -> list[list[float]]:
    """Round coordinates to six digits, finer than a pixel."""
    return [[float(f"{value:.6g}") for value in point] for point in path]
