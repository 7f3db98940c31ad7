"""Cache the common results of members of one sky: the sky, the density at a redshift, and the recombinations up to a redshift.

Entries are found by the generator's state and the configuration, so that a member is the same with or without the cache. Only the last
entry of each kind is kept, which suffices for members of one sky in order of falling redshift.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from labrun_reionization.initial import Sky, draw_density, make_sky
from labrun_reionization.ionization import Ionization, ionize
from labrun_reionization.perturbation import evolve_density
from labrun_reionization.recombination import FIRST_STEP, recombine

if TYPE_CHECKING:
    from labrun_reionization import Reionization
    from labrun_reionization.cosmology import Cosmology
    from labrun_reionization.fourier import Cube
    from labrun_reionization.initial import Dynamics


class Draws:
    """A generator, equal to any other in the same state. It is copied before anything is drawn."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self._state = repr(rng.bit_generator.state)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Draws) and self._state == other._state

    def __hash__(self) -> int:
        return hash(self._state)


@lru_cache(maxsize=1)
def sky_of(draws: Draws, cells: int, fine: int, box: float, dynamics: Dynamics, cosmology: Cosmology) -> Sky:
    """Make the initial conditions."""
    return make_sky(draw_density(copy.deepcopy(draws.rng), cells * fine, box, cosmology), fine, box, dynamics)


@lru_cache(maxsize=1)
def density_at(
    draws: Draws, cells: int, fine: int, box: float, dynamics: Dynamics, cosmology: Cosmology, redshift: float
) -> Cube:
    """Compute the density contrast at a redshift, (N, N, N)."""
    return evolve_density(sky_of(draws, cells, fine, box, dynamics, cosmology), cosmology, redshift)


def density_of(draws: Draws, member: Reionization) -> Cube:
    """Compute the density contrast of a member, (N, N, N)."""
    return density_at(
        draws, member.cells, member.fine, member.box, member.dynamics, member.cosmology(), member.redshift
    )


def ionize_member(draws: Draws, member: Reionization) -> Ionization:
    """Compute the excursion set of a member, with earlier recombinations."""
    earlier = tuple(redshift for redshift in member.recombinations or () if redshift > member.redshift)
    return _ionize(draws, member, earlier)


def _ionize(draws: Draws, member: Reionization, earlier: tuple[float, ...]) -> Ionization:
    recombined = recombined_by(draws, member.at(earlier[-1]), earlier) if earlier else None
    density = density_of(draws, member)
    if recombined is None and member.recombinations is not None:
        recombined = np.zeros_like(density)
    return ionize(density, member.box, member.sources(), member.largest_radius, member.filter, recombined)


@lru_cache(maxsize=1)
def recombined_by(draws: Draws, member: Reionization, redshifts: tuple[float, ...]) -> Cube:
    """Compute recombinations per mean baryon, (N, N, N), up to the last of these redshifts, the member's own."""
    earlier = redshifts[:-1]
    redshift = redshifts[-1]
    ionization = _ionize(draws, member, earlier)
    step = earlier[-1] - redshift if earlier else FIRST_STEP * (1 + redshift)
    recombined = recombine(ionization, density_of(draws, member), member.cosmology(), redshift, step, member.star_time)
    if earlier:
        recombined += recombined_by(draws, member.at(earlier[-1]), earlier)
    return recombined
