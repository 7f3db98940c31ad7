"""The initial state of a Gray-Scott run: squares and noise, rotated and rolled.

After C. Scholz and S. Scholz, Am. J. Phys. 90, 141 (2022), doi:10.1119/5.0065458. u = 1, v = 0 everywhere except in

* a square in the middle, rows and columns n/2 − 9 … n/2 + 10 for a side of 20;
* a second one around a random position, whose chessboard distance from the middle is 0.2 to 0.4 of the plane's sides;
* a third one over it, shifted by (+6, +9) cells, nearly at rest, which cuts out a corner.

Then u and v are multiplied by 1 + noise × a normal number each, rotated by a whole number of degrees (cubic B-spline without
prefilter, which smooths edges a little at any angle, even 0) and rolled. The origin rolls along axis 0 only: its second pair of calls,
meant for axis 1, overwrites the first. `roll_axes` offers both.

**Random numbers** are drawn in the order of the origin, and always all of them, so that an option changes only what it names:
pairs of uniform numbers for the position until one is accepted, normal numbers (height, width) for u, then for v, the angle, and two
uniform numbers for the roll along axis 0 and axis 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

if TYPE_CHECKING:
    from labrun_gray_scott import GrayScott


@dataclass(frozen=True)
class Draws:
    """Random numbers of one initial state."""

    place: tuple[float, float]
    """Middle of the second square, as fractions of height and width"""
    noise_u: NDArray[np.float64]
    noise_v: NDArray[np.float64]
    """Normal numbers, (height, width)"""
    angle: int
    """[degrees]"""
    roll: tuple[float, float]
    """Distance of the roll along axis 0 and axis 1, as fractions of height and width"""


def draw(run: GrayScott, rng: np.random.Generator) -> Draws:
    """Draw the random numbers, in the order of the module's docstring."""
    nearest, farthest = run.second_distance
    place = 0.5 + farthest * (2 * rng.random(2) - 1)
    while np.abs(place - 0.5).max() < nearest:
        place = 0.5 + farthest * (2 * rng.random(2) - 1)
    noise_u, noise_v = rng.standard_normal(run.shape), rng.standard_normal(run.shape)
    angle = int(rng.integers(run.rotation[0], run.rotation[1] + 1))
    roll = (float(rng.random()), float(rng.random()))
    return Draws((float(place[0]), float(place[1])), noise_u, noise_v, angle, roll)


def block(centre: tuple[int, int], side: int, shape: tuple[int, int]) -> tuple[NDArray[np.intp], ...]:
    """Return the index of a square of cells around `centre`, for `field[index]`: centre − 9 … centre + 10 for a side of 20.

    The plane is periodic: cells beyond an edge are at the other.
    """
    cells = np.arange(side) - (side - 1) // 2
    return np.ix_((centre[0] + cells) % shape[0], (centre[1] + cells) % shape[1])


def lay_squares(run: GrayScott, place: tuple[float, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return u and v, (height, width), dimensionless, with the three squares, one over the other."""
    shape = run.shape
    u, v = np.ones(shape), np.zeros(shape)
    middle = (shape[0] // 2, shape[1] // 2)
    second = (int(place[0] * shape[0]), int(place[1] * shape[1]))
    cut = (second[0] + run.cut_offset[0], second[1] + run.cut_offset[1])
    for centre, side, value_u, value_v in (
        (middle, run.square_side, run.square_u, run.square_v),
        (second, run.second_side, run.second_u, run.second_v),
        (cut, run.cut_side, run.cut_u, run.cut_v),
    ):
        index = block(centre, side, shape)
        u[index], v[index] = value_u, value_v
    return u, v


def initial_state(run: GrayScott, draws: Draws) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return u and v at t = 0, (height, width), dimensionless."""
    u, v = lay_squares(run, draws.place)
    u *= 1 + run.noise * draws.noise_u
    v *= 1 + run.noise * draws.noise_v
    return _turn_and_roll(u, run, draws), _turn_and_roll(v, run, draws)


def _turn_and_roll(field: NDArray[np.float64], run: GrayScott, draws: Draws) -> NDArray[np.float64]:
    turned = ndimage.rotate(field, draws.angle, reshape=False, order=3, mode="wrap", prefilter=False)
    distances = [int(draws.roll[axis] * run.shape[axis]) for axis in run.roll_axes]
    return np.roll(turned, distances, run.roll_axes)
