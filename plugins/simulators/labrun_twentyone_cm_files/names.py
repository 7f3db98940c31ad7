"""Parse the names of 21cmFAST's old binary files, as `sprintf` in its C code writes them, versions 1 and 2."""

from __future__ import annotations

import re
from pathlib import Path

from labrun_twentyone_cm_files.facts import Facts

CUBE_KINDS = (
    (r"(sphere_)?delta_T(_v[123])?_z\d", "brightness_temperature"),
    (r"updated_smoothed_deltax_z\d", "density"),
    (r"(sphere_)?xH(_nohalos)?_z\d", "neutral_fraction"),
)
"""Beginnings of names, and the cube that such a file holds"""

OTHER_KINDS = (
    (r"deltak_z", "Fourier modes of the density, complex numbers on half of k-space, which are not a cube"),
    (r"(smoothed_)?deltax_z", "the linear density at z = 0; the density of the sky is called updated_smoothed_deltax"),
    (r"ps_z", "a power spectrum, a table of text"),
    (r"updated_v[xyz]_z", "a velocity"),
    (r"v[xyz]overddot", "a displacement over the growth factor"),
    (r"Ts_z", "the spin temperature"),
    (r"Gamma12aveHII_z", "the ionizing background"),
    (r"Nrec_z", "numbers of recombinations"),
    (r"z_first_ionization_z", "redshifts of first ionization"),
)
"""Beginnings of names of files that are not read, and what they hold"""

NUMBERS = {
    "redshift": r"_z(\d+\.\d+)_",
    "box": r"_\d+_(\d+(?:\.\d+)?)Mpc",
    "cells": r"_(\d+)_\d+(?:\.\d+)?Mpc",
    "mean_neutral_fraction": r"_nf(\d+\.\d+)_",
    "escape_fraction": r"_Fesc(\d+\.\d+)_",
    "ionizing_efficiency": r"_eff(\d+\.\d+)_",
}


def facts_of_name(path: Path) -> Facts:
    """Return the numbers in a file's name."""
    found = {name: re.search(pattern, path.name) for name, pattern in NUMBERS.items()}
    return Facts(**{name: float(match[1]) for name, match in found.items() if match})


def is_saturated(path: Path) -> bool:
    """Check whether a name says that the spin temperature was taken to be far above that of the microwave background."""
    return "_useTs0_" in path.name


def expect_kind(path: Path, array: str) -> None:
    """Refuse a file whose name says that it does not hold `array`. Names of other programs are accepted.

    Raises:
        ValueError: it holds something else.
    """
    for pattern, words in OTHER_KINDS:
        if re.match(pattern, path.name):
            raise ValueError(f"{array}: by its name, '{path}' holds {words}")
    for pattern, holds in CUBE_KINDS:
        if re.match(pattern, path.name) and holds != array:
            raise ValueError(f"{array}: by its name, '{path}' holds the {holds}")
    if component := re.match(r"(?:sphere_)?delta_T_v([12])_", path.name):
        raise ValueError(
            f"{array}: by its name, '{path}' has its line of sight along axis {int(component[1]) - 1}; expected the last, as in "
            "delta_T_v3: turn all cubes of the sky with numpy.moveaxis and save them as .npy"
        )
