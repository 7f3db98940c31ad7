"""Check by its values whether a cube can be what its name says.

A raw binary has no header, so that any file of the right size can be read as float32: numbers of another type or byte order, and
a cube of another quantity.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labrun_twentyone_cm_files.names import is_saturated

__all__ = ["expect_agreement", "expect_alike", "expect_values"]

Cube = NDArray[np.float32]

RANGES = {"brightness_temperature": (-1e5, 1e5), "density": (-1.001, 1e6), "neutral_fraction": (-0.001, 1.001)}
"""Limits of each quantity [mK, dimensionless, dimensionless]: those of nature, with room for rounding."""
TINY = 1e-30
"""Values this small are not results but integers, or bytes in another order, read as float32."""
OTHER_TYPES = {">f4": "big-endian float32", "<i4": "integers of 32 bits", ">i4": "big-endian integers of 32 bits"}
"""Types of four bytes that are written by other codes and machines."""
FLOOR_SHARE = 0.01
"""Share of cells that may be exactly the smallest: more are a floor, as ionized cells are that of δT_b, and δ has none."""
MEAN_OVERDENSITY = 2.0
"""A whole box has mean δ = 0. Parts of one stay below this, and δT_b [mK] lies above until the very end of reionization."""
MEAN_TOLERANCE = 1e-3
"""Difference between the mean neutral fraction in a name and in its cube that sums in single precision explain."""
RECOVERY_TOLERANCE = 0.05
"""The same, where xH follows from δT_b and δ without redshift-space distortions: the real cube of z = 6.5 differs by 0.025."""


def expect_alike(cubes: Mapping[str, Cube], cells: float | None) -> None:
    """Check that the cubes of one member, by their files, have one shape, with as many cells along each side as the names say.

    Raises:
        ValueError: they differ.
    """
    shapes = {path: cube.shape for path, cube in cubes.items()}
    first = next(iter(shapes))
    for path, shape in shapes.items():
        if shape != shapes[first]:
            raise ValueError(
                f"the cubes of one member must have one shape: '{first}' has {shapes[first]}, '{path}' {shape}"
            )
        if cells is not None and shape[0] != cells:
            raise ValueError(f"'{path}' holds an array of {shape}, but a name says {cells:g} cells along each side")


def expect_values(path: Path, array: str, cube: Cube, mean_neutral_fraction: float | None = None) -> None:
    """Refuse values that a cube of this quantity cannot have, or that contradict the neutral fraction in the name.

    Raises:
        ValueError: the cube holds NaN or infinity, values out of range, numbers of another type or byte order, another quantity, or
            another mean neutral fraction.
    """
    low, high = RANGES[array]
    with np.errstate(invalid="ignore"):  # signalling NaNs are among what is looked for
        least, most = float(cube.min()), float(cube.max())
        in_range = low <= least and most <= high
        if (not in_range or _is_tiny(cube)) and (type_code := _other_type(cube, array)):
            raise ValueError(
                f"'{path}' holds {OTHER_TYPES[type_code]}: expected little-endian float32; convert them with "
                f"numpy.fromfile(path, '{type_code}').astype('<f4')"
            )
        wrong = int(np.count_nonzero(~np.isfinite(cube))) if not in_range else 0
    if wrong:
        raise ValueError(f"'{path}' holds NaN or infinity in {wrong:,} of {cube.size:,} cells: expected finite numbers")
    quantity = array.replace("_", " ")
    if not in_range:
        raise ValueError(
            f"'{path}' holds values from {least:.4g} to {most:.4g}; expected a {quantity} between {low:g} and {high:g}: it is another "
            "quantity, or has another unit or type"
        )
    if _is_tiny(cube):
        raise ValueError(
            f"'{path}' holds values such as {_smallest(cube):.3g}, as no {quantity} does: its type is not little-endian float32"
        )
    if reason := _other_quantity(array, cube, least, most):
        raise ValueError(f"'{path}' is not a {quantity}: {reason}")
    if mean_neutral_fraction is not None:
        _expect_neutral_fraction(path, array, cube, most, mean_neutral_fraction)


def expect_agreement(cubes: Mapping[str, tuple[Path, Cube]], redshift: float | None, claimed: float | None) -> None:
    """Compare the neutral fraction in a name with that of δT_b and δ together, where the spin temperature is saturated.

    δT_b = C xH (1 + δ), C = 27 mK √((1 + z)/10) √(0.15/(Ω_m h²)) Ω_b h²/0.023 (Furlanetto, Oh and Briggs 2006), with h = 0.68,
    Ω_m = 0.31, Ω_b = 0.048; redshift-space distortions are left out, and other parameters change C by 2 %.

    Raises:
        ValueError: they differ by more than 0.05.
    """
    if claimed is None or redshift is None or not {"brightness_temperature", "density"} <= set(cubes):
        return
    (path, temperature), (_, density) = cubes["brightness_temperature"], cubes["density"]
    if not is_saturated(path):
        return
    scale = 27 * math.sqrt((1 + redshift) / 10 * 0.15 / (0.31 * 0.68**2)) * 0.048 * 0.68**2 / 0.023
    found = np.mean(temperature / (scale * np.maximum(1 + density, 0.01)), dtype=np.float64)
    if abs(found - claimed) > RECOVERY_TOLERANCE:
        raise ValueError(
            f"a name says a neutral fraction of {claimed:.6f}, but '{path}' and the density have about {found:.2f}: a file is misnamed"
        )


def _is_tiny(cube: Cube) -> bool:
    """Check whether most values that are not 0 are far too small."""
    filled = int(np.count_nonzero(cube))
    large = sum(int(np.count_nonzero(np.abs(plane) >= TINY)) for plane in cube)
    return 2 * large < filled


def _smallest(cube: Cube) -> float:
    return min(float(np.abs(plane[plane != 0]).min(initial=math.inf)) for plane in cube)


def _other_type(cube: Cube, array: str) -> str | None:
    """Find the type that makes sense of the same bytes."""
    low, high = RANGES[array]
    stored = np.ascontiguousarray(cube)
    for type_code in OTHER_TYPES:
        values = stored.view(type_code)
        if low <= values.min() and values.max() <= high and not _is_tiny(values):
            return type_code
    return None


def _other_quantity(array: str, cube: Cube, least: float, most: float) -> str | None:
    """Say which other quantity a cube probably is."""
    mean, at_least = float(cube.mean(dtype=np.float64)), int(np.count_nonzero(cube == least))
    has_floor = at_least > 1 and at_least > FLOOR_SHARE * cube.size
    if array == "density" and most > 0:
        if mean > MEAN_OVERDENSITY:
            return f"its mean is {mean:.3g}, and that of δ over a box is 0; is it a brightness temperature?"
        if least == 0 and has_floor:
            share = at_least / cube.size
            return f"it is never negative, and 0 in {share:.0%} of the cells; is it a brightness temperature or neutral fraction?"
        if least >= 0 and abs(mean - 1) < 0.05:
            return f"it is never negative, and its mean is {mean:.3g}; is it 1 + δ?"
    if array == "brightness_temperature":
        if -1 <= least < 0 and not has_floor and abs(mean) < 0.02 * cube.std(dtype=np.float64):
            return f"its mean is {mean:.1g} and its least value {least:.3g}, as of the overdensity δ"
        if least >= 0 and most == 1:
            return "its values go from 0 to exactly 1, as those of a neutral fraction"
    return None


def _expect_neutral_fraction(path: Path, array: str, cube: Cube, most: float, claimed: float) -> None:
    if array == "brightness_temperature" and most == 0 and not cube.any() and claimed > MEAN_TOLERANCE:
        raise ValueError(f"'{path}' is 0 everywhere, an ionized sky, but a name says a neutral fraction of {claimed:g}")
    if array == "brightness_temperature" and is_saturated(path):
        share = np.count_nonzero(cube) / cube.size  # each such cell counts at most 1
        if claimed > share + MEAN_TOLERANCE:
            raise ValueError(
                f"'{path}' is 0, ionized, in all but {share:.1%} of the cells, but a name says a neutral fraction of {claimed:.6f}"
            )
    if array == "neutral_fraction" and abs((mean := cube.mean(dtype=np.float64)) - claimed) > MEAN_TOLERANCE:
        raise ValueError(
            f"'{path}' has the mean {mean:.6f}, but a name says a neutral fraction of {claimed:.6f}: it is another file's name"
        )
