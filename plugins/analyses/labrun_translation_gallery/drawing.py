"""Pictures with their errors, and spectra."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch
from numpy.typing import NDArray

from labrun.kit.class_colours import class_colours
from labrun_translation_gallery.judgement import Judgement

__all__ = ["draw_gallery", "draw_spectra", "ink_errors"]

Reals = NDArray[np.float64]

MISSING, SPURIOUS, COMMON = "#0072b2", "#d55e00", "0.72"
"""Of Okabe and Ito's palette; and ink that both pictures have."""
PANEL = 2.0
"""Width of a picture [inches]"""


class Shown(NamedTuple):
    """The pictures of a gallery, (rows, height, width) each."""

    sources: Reals
    expected: Reals
    generated: Reals
    """(methods, rows, height, width)"""


def draw_gallery(judged: Judgement, unit: str) -> Figure:
    """A row for each picture: source, expected, what each model generated, and where that is wrong."""
    pictures, methods, places = judged.pictures, judged.drawn(), judged.shown
    generated = np.stack([method.generate(places) for method in methods])
    shown = Shown(pictures.sources(places), pictures.expected(places), generated)
    figure, panels = _make_panels(len(places), 2 + 2 * len(methods), shown.expected.shape[1:], pictures.is_ink)
    titles = ["source", "expected", *(method.name for method in methods), *(f"errors of {m.name}" for m in methods)]
    for axes, title in zip(panels[0], titles, strict=True):
        axes.set_title(textwrap.fill(title, 24), fontsize=9)
    if pictures.is_ink:
        _fill_ink(figure, panels, shown)
    else:
        _fill_fields(figure, panels, shown, f" [{unit}]" if unit else "")
    distances = np.abs(generated - shown.expected).mean(axis=(2, 3))
    for axes, distance in zip(panels[:, 2 : 2 + len(methods)].T.flat, distances.flat, strict=True):
        axes.set_xlabel(f"L1 {distance:.3g}", fontsize=8, labelpad=2)
    return figure


def ink_errors(generated: Reals, expected: Reals) -> Reals:
    """Colours of two drawings, (…, 3): ink on white that is missing, spurious, or in both."""
    ours, theirs = (np.clip(1 - one[..., None], 0, 1) for one in (generated, expected))
    parts = (
        (np.minimum(ours, theirs), COMMON),
        (np.maximum(theirs - ours, 0), MISSING),
        (np.maximum(ours - theirs, 0), SPURIOUS),
    )
    return 1 - sum(ink * (1 - np.array(to_rgb(colour))) for ink, colour in parts)


def draw_spectra(table: pd.DataFrame, unit: str) -> Figure:
    """Δ² of what is expected and what each model generates, and their cross-correlation, over k."""
    figure, (power, correlation) = plt.subplots(1, 2, figsize=(10.5, 4.4), layout="constrained")
    methods = list(dict.fromkeys(table["method"]))
    first = table[table["method"] == methods[0]]
    power.plot(first["k"], first["expected"], color="0.15", lw=2.5, label="expected")
    for method, colour in zip(methods, class_colours(methods), strict=True):
        rows = table[table["method"] == method]
        power.plot(rows["k"], rows["generated"], "o-", color=colour, lw=1.4, ms=4, label=method)
        correlation.plot(rows["k"], rows["r"], "o-", color=colour, lw=1.4, ms=4, label=method)
    power.set(xscale="log", yscale="log", ylabel=f"Δ²(k) = k² P / 2π [{unit}²]" if unit else "Δ²(k) = k² P / 2π")
    correlation.set(xscale="log", ylabel="cross-correlation r(k)")
    correlation.set_ylim(min(0.0, 1.1 * table["r"].min()), 1.05)
    correlation.axhline(1, color="0.6", lw=0.8, zorder=0)
    for axes in (power, correlation):
        axes.set_xlabel("k [1/Mpc]")
        axes.grid(alpha=0.25)
    power.legend(frameon=False, fontsize=9)
    return figure


# --- the parts of a figure --------------------------------------------------------------------------------------------------


def _make_panels(rows: int, columns: int, shape: Sequence[int], is_ink: bool) -> tuple[Figure, NDArray]:
    """Panels as high as the pictures demand, with room for what explains their colours."""
    height = PANEL * min(max(shape[0] / shape[1], 0.3), 3.0)
    figure, panels = plt.subplots(
        rows,
        columns,
        figsize=(PANEL * columns, (height + 0.05) * rows + (0.7 if is_ink else 1.1)),
        squeeze=False,
        layout="constrained",
    )
    for axes in panels.flat:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(color="0.7", linewidth=0.6)
    return figure, panels


def _fill_ink(figure: Figure, panels: NDArray, shown: Shown) -> None:
    """Black on white; the colours of errors have a legend."""
    errors = [ink_errors(one, shown.expected) for one in shown.generated]
    for column, pictures in zip(panels.T, [shown.sources, shown.expected, *shown.generated, *errors], strict=True):
        _show(column, pictures, "gray", (0.0, 1.0))
    colours = {"missing": MISSING, "spurious": SPURIOUS, "in both": COMMON}
    handles = [Patch(color=colour, label=word) for word, colour in colours.items()]
    figure.legend(handles=handles, loc="outside lower right", ncols=3, frameon=False, fontsize=9)


def _fill_fields(figure: Figure, panels: NDArray, shown: Shown, unit: str) -> None:
    """Each of the three ranges, of sources, fields and errors, has a bar below its columns."""
    errors = shown.generated - shown.expected
    reach = float(np.quantile(np.abs(errors), 0.99)) or 1.0
    groups = (
        (shown.sources[None], "cividis", None, "source"),
        (np.concatenate([shown.expected[None], shown.generated]), "magma", _span(shown.expected), f"field{unit}"),
        (errors, "RdBu_r", (-reach, reach), f"generated − expected{unit}"),
    )
    first = 0
    for pictures, colours, span, label in groups:
        columns = panels[:, first : first + len(pictures)]
        images = [_show(column, one, colours, span) for column, one in zip(columns.T, pictures, strict=True)]
        figure.colorbar(
            images[0], ax=columns.ravel().tolist(), location="bottom", label=label, aspect=12 * len(pictures), pad=0.02
        )
        first += len(pictures)


def _show(column: NDArray, pictures: Reals, colours: str, span: tuple[float, float] | None) -> AxesImage:
    """Pictures in the panels of a column; without a span, from their own least to about their greatest."""
    low, high = span or _span(pictures)
    images = [
        axes.imshow(picture, cmap=colours, vmin=low, vmax=high, interpolation="nearest")
        for axes, picture in zip(column, pictures, strict=True)
    ]
    return images[0]


def _span(pictures: Reals) -> tuple[float, float]:
    """From the least to what one pixel in two hundred exceeds."""
    low, high = float(pictures.min()), float(np.quantile(pictures, 0.995))
    return low, high if high > low else low + 1
