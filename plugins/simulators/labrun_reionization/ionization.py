"""Ionize cells by the excursion set of A. Mesinger, S. Furlanetto and R. Cen, MNRAS 411, 955 (2011).

The density is smoothed from the largest radius to the smallest. A cell is ionized if the sphere around it has more photons than baryons,
ζ f(δ_R, R) > 1 + n_rec. Other cells are partly ionized by their own sources: x_HI = 1 − ζ f. The last step uses the unsmoothed density.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import scipy.fft

from labrun_reionization.fourier import Cube, Filter, Modes, smooth
from labrun_reionization.kernels import flag_ionized, ionize_partly, mean_of_table
from labrun_reionization.radii import radii_for
from labrun_reionization.sources import Sources

LEAST_CONTRAST = -1 + 1e-7


class Ionization(NamedTuple):
    """Result of the excursion set."""

    neutral_fraction: Cube
    """x_HI, (N, N, N)"""
    photoionization: Cube
    """R ζ f of the first sphere, of radius R [Mpc], that ionized a cell, otherwise 0, (N, N, N); empty without recombinations"""


def ionize(
    density: Cube,
    box: float,
    sources: Sources,
    largest_radius: float,
    kind: Filter,
    recombined: Cube | None = None,
) -> Ionization:
    """Return the neutral fraction of each cell.

    Args:
        density: evolved density contrast δ, (N, N, N).
        box: side of the cube [Mpc].
        largest_radius: radius of the largest spheres [Mpc].
        recombined: recombinations so far per mean baryon, (N, N, N).
    """
    cells = len(density)
    radii = radii_for(cells, box, largest_radius)
    mean = sources.mean()
    modes = scipy.fft.rfftn(density)
    recombined_modes = None if recombined is None else scipy.fft.rfftn(recombined)
    neutral = np.ones(density.size, np.float32)
    photoionization = np.zeros(0 if recombined is None else density.size, np.float32)
    empty = np.zeros(0, np.float32)
    for radius in radii:
        last = radius == radii[-1]
        contrast = density.ravel() if last else smooth(modes, box, radius, kind).ravel()
        lowest, highest = float(contrast.min()), float(contrast.max())
        if lowest < LEAST_CONTRAST:  # a filter may undershoot
            contrast = np.maximum(contrast, np.float32(LEAST_CONTRAST))
        table = sources.within(radius, max(lowest, LEAST_CONTRAST), highest)
        average = mean_of_table(table, contrast)
        if average <= 0:
            continue  # the sphere is too small for any halo
        efficiency = sources.efficiency * mean / average
        n_rec = _on_scale(recombined, recombined_modes, box, radius, kind, last)
        least = table.least_contrast(1 / efficiency) if efficiency > 0 else math.inf
        flag_ionized(
            neutral, contrast, empty if n_rec is None else n_rec, photoionization, table, least, efficiency, radius
        )
        if last:
            ionize_partly(neutral, contrast, table, efficiency)
    return Ionization(neutral.reshape(density.shape), photoionization)


def _on_scale(
    recombined: Cube | None,
    modes: Modes | None,
    box: float,
    radius: float,
    kind: Filter,
    last: bool,
) -> Cube | None:
    if recombined is None or modes is None:
        return None
    return recombined.ravel() if last else smooth(modes, box, radius, kind).ravel()
