"""Read slices, through an instrument if there is one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from labrun import Ensemble
from labrun_slices.places import Places, shape_of

FWHM = math.sqrt(8 * math.log(2))
"""Full width at half maximum of a Gaussian, in standard deviations."""


@dataclass(frozen=True)
class Instrument:
    """A Gaussian beam, then white noise that follows from `seed`."""

    resolution: float = 0.0
    """Full width at half maximum [Mpc]"""
    noise: float = 0.0
    """Rms, in the unit of the array"""
    seed: int = 0

    def smoothed(self, plane: NDArray[np.float32], cell_size: float, modes: tuple[str, str]) -> NDArray[np.float32]:
        """Smooth a plane by the beam."""
        from scipy.ndimage import gaussian_filter

        return gaussian_filter(plane, self.resolution / FWHM / cell_size, mode=modes)

    def noisy(self, picture: NDArray[np.float32], example: int) -> NDArray[np.float32]:
        """Add the noise of this example to its picture."""
        drawn = np.random.default_rng([self.seed, example]).standard_normal(picture.shape, np.float32)
        return picture + np.float32(self.noise) * drawn


@dataclass(frozen=True)
class Slicer:
    """Reader of slices of arrays, (examples, height, width, arrays) float32, each array divided by its constant."""

    simulation: Ensemble
    arrays: Sequence[str]
    constants: Sequence[float]
    places: Places
    instrument: Instrument

    def __call__(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read the slices of some examples."""
        slices = np.empty((len(indices), *self.places.size, len(self.arrays)), np.float32)
        for out, example in zip(slices, indices.tolist(), strict=True):
            for channel, (name, constant) in enumerate(zip(self.arrays, self.constants, strict=True)):
                np.divide(
                    self._picture(name, example), np.float32(constant), out=out[..., channel], casting="same_kind"
                )
        return slices

    def wraps(self, axis: int) -> tuple[str, str]:
        """Name how the two axes of a plane across `axis` go on beyond its edges. Light cones are not periodic along the line of sight."""
        modes = ["wrap", "wrap", "nearest" if self._is_light_cone else "wrap"]
        del modes[axis]
        return modes[0], modes[1]

    @cached_property
    def _is_light_cone(self) -> bool:
        return "redshifts" in self.simulation.names

    @cached_property
    def _cell_sizes(self) -> list[float]:
        """Side of a cell in each member [Mpc]."""
        members = range(len(self.simulation))
        for member in members:
            shape_of(self.simulation, member, "cell_size")
        return [float(self.simulation.read(member, "cell_size")) for member in members]

    def _picture(self, array: str, example: int) -> NDArray[np.float32]:
        """Return the tile of a plane as the instrument sees it, (height, width)."""
        places, instrument = self.places, self.instrument
        member, axis, tile = int(places.member[example]), int(places.axis[example]), places.tile(example)
        wanted: list[slice | int] = [slice(None), slice(None)] if instrument.resolution else list(tile)
        wanted.insert(axis, int(places.position[example]))
        picture = self.simulation.read(member, array, tuple(wanted))
        if instrument.resolution:  # the beam reaches beyond the edges of a tile
            picture = instrument.smoothed(picture, self._cell_sizes[member], self.wraps(axis))[tile]
        return instrument.noisy(picture, example) if instrument.noise else picture
