"""Figures of observables and spins."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from labrun import Ensemble
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labrun_ising import exact
from labrun_ising.observables import curves

__all__ = ["draw_observables", "draw_spins"]

PANELS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray] | None]] = {
    "magnetisation": ("magnetisation ⟨|m|⟩", exact.magnetisation),
    "energy": ("energy ⟨e⟩ [J]", exact.energy),
    "Binder cumulant": ("Binder cumulant U₄", None),
    "susceptibility": ("susceptibility χ [1/J]", None),
    "specific heat": ("specific heat c [k_B]", exact.specific_heat),
}
"""Label of each observable, and its curve for the infinite lattice."""
SNAPSHOTS = 7


def draw_observables(table: pd.DataFrame) -> Figure:
    """Draw a panel for each observable, with a colour for each size."""
    figure, panels = plt.subplots(2, 3, figsize=(11, 6.4), layout="constrained")
    sizes = list(curves(table))
    colours = mpl.colormaps["viridis_r"](np.linspace(0.15, 1, len(sizes)))
    for axes, (name, (label, curve)) in zip(panels.flat, PANELS.items(), strict=False):
        for (size, rows), colour in zip(sizes, colours, strict=True):
            axes.errorbar(
                rows["temperature"], rows[name], rows[f"{name} error"], fmt="o-", ms=3, lw=0.7, color=colour, label=size
            )
        axes.axvline(exact.T_C, color="0.5", lw=1, ls=":")
        if curve is not None:
            axes.set_ylim(axes.get_ylim())  # the exact specific heat is infinite at one point
            _draw_exact(axes, table["temperature"], curve)
        axes.set(xlabel="temperature T [J/k_B]", ylabel=label)
    if (table["susceptibility"] > 0).any():  # not if all spins are frozen
        panels[1, 0].set_yscale("log")
    panels[1, 2].axis("off")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    panels[1, 2].legend(handles, labels, loc="center", frameon=False, title="sites")
    return figure


def _draw_exact(axes: Axes, temperatures: pd.Series, curve: Callable[[np.ndarray], np.ndarray]) -> None:
    t = np.linspace(temperatures.min(), temperatures.max(), 400)
    axes.plot(t, curve(t), color="k", lw=1, zorder=3, label="infinite")


def draw_spins(simulation: Ensemble) -> Figure:
    """Draw the last snapshots of members of the largest size, evenly chosen from the coldest to the hottest."""
    shapes = [simulation.shape(i, "spins")[1:] for i in range(len(simulation))]
    largest = max(shapes, key=lambda shape: shape[0] * shape[1])
    temperature = simulation.columns["temperature"]
    members = {temperature[i]: i for i, shape in enumerate(shapes) if shape == largest}
    ordered = sorted(members)
    chosen = [ordered[k] for k in sorted({*np.linspace(0, len(ordered) - 1, SNAPSHOTS).round().astype(int).tolist()})]
    figure, panels = plt.subplots(1, len(chosen), figsize=(11, 2.0), layout="constrained", squeeze=False)
    for axes, t in zip(panels[0], chosen, strict=True):
        axes.imshow(simulation.read(members[t], "spins", -1), cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
        axes.set_title(f"T = {t:.3g}", fontsize=9)
        axes.set(xticks=[], yticks=[])
    return figure
