"""Draw pictures with their errors, and spectra."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from labrun.kit.log_axes import set_plain_ticks
from labrun.kit.palette import INK, PALETTE, SOFT
from labrun.kit.panels import Scale, make_panels
from labrun_translation_gallery.judgement import Judgement

__all__ = ["draw_gallery", "draw_spectra", "ink_errors"]

Reals = NDArray[np.float64]

MISSING, SPURIOUS, COMMON = PALETTE[0], PALETTE[3], "0.72"
"""Grey is ink that both pictures have."""
PANEL = 2.0
"""Width of a picture [inches]"""
BRIGHTEST, LARGEST = 0.005, 0.01
"""Share of pixels, and of errors, beyond the end of a scale"""


class Shown(NamedTuple):
    """The pictures of a gallery, (rows, height, width) each."""

    sources: Reals
    expected: Reals
    generated: Reals
    """(methods, rows, height, width)"""


def draw_gallery(judged: Judgement, unit: str) -> Figure:
    """Draw a row for each picture: source, expected, what each model generated, and its errors."""
    pictures, methods, places = judged.pictures, judged.drawn(), judged.shown
    generated = np.stack([method.answer(places) for method in methods])
    shown = Shown(pictures.sources(places), pictures.expected(places), generated)
    below = 0.7 if pictures.is_ink else 1.1
    figure, panels = make_panels(
        len(places), 2 + 2 * len(methods), shown.expected.shape[1:], PANEL, above=0.05, margins=(0, below)
    )
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
    """Return the colours of two drawings, (…, 3): ink on white that is missing, spurious, or in both."""
    ours, theirs = (np.clip(1 - one[..., None], 0, 1) for one in (generated, expected))
    parts = (
        (np.minimum(ours, theirs), COMMON),
        (np.maximum(theirs - ours, 0), MISSING),
        (np.maximum(ours - theirs, 0), SPURIOUS),
    )
    return 1 - sum(ink * (1 - np.array(to_rgb(colour))) for ink, colour in parts)


def draw_spectra(table: pd.DataFrame, colours: Mapping[str, str], unit: str) -> Figure:
    """Draw Δ² of the expected pictures and of what each method generates, and their cross-correlation, over k; `colours` are those of the
    methods."""
    figure, (power, correlation) = plt.subplots(1, 2, figsize=(8.8, 3.8), layout="constrained")
    methods = list(dict.fromkeys(table["method"]))
    first = table[table["method"] == methods[0]]
    power.plot(first["k"], first["expected"], color=INK, lw=2.4, label="expected")
    for method in methods:
        colour = colours[method]
        rows = table[table["method"] == method]
        power.plot(rows["k"], rows["generated"], "o-", color=colour, lw=1.4, ms=4, label=method)
        correlation.plot(rows["k"], rows["r"], "o-", color=colour, lw=1.4, ms=4, label=method)
    power.set(xscale="log", yscale="log", ylabel=f"Δ²(k) = k² P / 2π [{unit}²]" if unit else "Δ²(k) = k² P / 2π")
    correlation.set(xscale="log", ylabel="cross-correlation r(k)")
    correlation.set_ylim(min(0.0, 1.1 * table["r"].min()), 1.05)
    correlation.axhline(1, color=SOFT, lw=0.8, zorder=0)
    for axes in (power, correlation):
        axes.set_xlabel("k [1/Mpc]")
        set_plain_ticks(axes.xaxis)
        axes.grid(True)
    power.legend()
    return figure


# --- the parts of a figure --------------------------------------------------------------------------------------------------


def _fill_ink(figure: Figure, panels: NDArray, shown: Shown) -> None:
    """Draw black on white; a legend explains the colours of errors."""
    errors = [ink_errors(one, shown.expected) for one in shown.generated]
    columns = [shown.sources, shown.expected, *shown.generated, *errors]
    _draw(panels, columns, Scale(0.0, 1.0))
    colours = {"missing": MISSING, "spurious": SPURIOUS, "in both": COMMON}
    handles = [Patch(color=colour, label=word) for word, colour in colours.items()]
    figure.legend(handles=handles, loc="outside lower right", ncols=3)


def _fill_fields(figure: Figure, panels: NDArray, shown: Shown, unit: str) -> None:
    """Draw sources, fields and errors, each on a scale with a bar below its columns."""
    errors = shown.generated - shown.expected
    first = 0
    for pictures, scale, label in (
        ([shown.sources], Scale.over(shown.sources, "cividis", BRIGHTEST), "source"),
        ([shown.expected, *shown.generated], Scale.over(shown.expected, "magma", BRIGHTEST), f"field{unit}"),
        ([*errors], Scale.around_zero(errors, LARGEST), f"generated − expected{unit}"),
    ):
        columns = panels[:, first : first + len(pictures)]
        _draw(columns, pictures, scale)
        figure.colorbar(
            columns[0, 0].images[0],
            ax=columns.ravel().tolist(),
            location="bottom",
            label=label,
            aspect=12 * len(pictures),
            pad=0.02,
            extend=scale.exceeded_by(pictures),
        )
        first += len(pictures)


def _draw(panels: NDArray, columns: list[Reals], scale: Scale) -> None:
    """Draw pictures, (rows, height, width) for each column."""
    for axes, pictures in zip(panels.T, columns, strict=True):
        for one, picture in zip(axes, pictures, strict=True):
            scale.draw(one, picture)
