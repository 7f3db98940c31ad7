"""The persistent exclusion process in Numba: one visit takes a dozen machine cycles at any density and rate.

One sweep, with n particles, tumbling rate α and a fresh random order:

    for each particle:                        site x, orientation o, target y = x + e(o), periodic
        if y is empty:  x ← y
        with probability α:  o ← one of 0, 1, 2, 3, uniformly

**The lattice** is bytes with a border of one site on each side: 0 empty, 1 occupied, `BORDER` outside. A particle that points over the
edge finds `BORDER` and is sent to the opposite side: the only branch, rarely taken. **A particle** is one 32-bit word, its site in the
lattice with border × 4 + its orientation, so that a visit reads the lattice only at its target.

**A visit** draws one 64-bit number: 32 bits choose one of the remaining particles (a Fisher-Yates shuffle from its end, fused with the
move: the chosen one is moved at once, and put among the visited ones), 30 bits decide whether it tumbles, 2 bits are the orientation.
So the rate is rounded to a multiple of 2⁻³⁰, and the probability of choosing a particle has an error below 2⁻³².

**Random numbers** come from xoshiro256++ (D. Blackman and S. Vigna, ACM Trans. Math. Softw. 47, 36 (2021)): 256 bits of state
drawn from the member's NumPy generator, period 2²⁵⁶ − 1, no known failure in BigCrush or PractRand.

**Rejected**, each measured on one core of an EPYC 9005, 128×128, against 565 million visits per second: SplitMix64 (435, and streams
that overlap with fixed increments); random numbers made in blocks beforehand (415); choosing between the sites by a product instead of
a select (480); orientations in the lattice instead of the word (one more read in the chain of every visit).
"""
# numba has no types: its decorators are Any to mypy
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

BORDER = 2
SIDE_AT_MOST = 2**15 - 2
"""With its border the lattice must have at most 2³⁰ sites: 32 bits hold a site and an orientation."""
WINDOW = 10**8
"""Visits after which a run can be interrupted: some tenths of a second"""

_2, _3 = np.uint32(2), np.uint32(3)
_17, _19, _23, _32, _41, _45 = (np.uint64(bits) for bits in (17, 19, 23, 32, 41, 45))


@njit
def next_random(s0: Any, s1: Any, s2: Any, s3: Any) -> Any:
    """Return 64 random bits and the next state of xoshiro256++."""
    x = s0 + s3
    bits = ((x << _23) | (x >> _41)) + s0
    t = s1 << _17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = (s3 << _45) | (s3 >> _19)
    return bits, s0, s1, s2, s3


@njit(nogil=True, cache=True, boundscheck=False)
def advance(
    lattice: NDArray[np.uint8],
    words: NDArray[np.uint32],
    steps: NDArray[np.uint32],
    opposite: NDArray[np.uint32],
    threshold: Any,
    state: NDArray[np.uint64],
    sweeps: int,
) -> None:
    """Make `sweeps` sweeps, in place.

    Args:
        lattice: ((height + 2) (width + 2),), 0 empty, 1 occupied, `BORDER`.
        words: (particles,), 4 × site in `lattice` + orientation; afterwards in the order of their visits, last first.
        steps: (4,), change of the site for each orientation, modulo 2³².
        opposite: as long as `lattice`, for each site of the border the one on the opposite side.
        threshold: uint32, α 2³⁰ rounded.
        state: (4,), state of xoshiro256++, not all 0.
    """
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    for _ in range(sweeps):
        left = np.uint64(words.size)
        while left > np.uint64(0):
            bits, s0, s1, s2, s3 = next_random(s0, s1, s2, s3)
            chosen = ((bits >> _32) * left) >> _32
            left -= np.uint64(1)
            word = words[chosen]
            words[chosen] = words[left]

            orientation = word & _3
            here = word >> _2
            there = np.uint32(here + steps[orientation])
            blocked = lattice[there]
            if blocked == BORDER:
                there = opposite[there]
                blocked = lattice[there]
            lattice[here] = blocked  # plainly: if not blocked: lattice[here], lattice[there] = 0, 1
            lattice[there] = 1
            site = here if blocked else there

            low = np.uint32(bits)
            orientation = low & _3 if (low >> _2) < threshold else orientation
            words[left] = (site << _2) | orientation
    state[0], state[1], state[2], state[3] = s0, s1, s2, s3


# --- the wrapper ------------------------------------------------------------------------------------------------------------


class Lattice:
    """Particles on a periodic plane, and the number of their sweeps so far, `step`."""

    def __init__(
        self,
        shape: tuple[int, int],
        sites: NDArray[np.integer],
        orientations: NDArray[np.integer],
        tumbling_rate: float,
        state: NDArray[np.uint64],
    ) -> None:
        """Put a particle on each of `sites`, (particles,), row × width + column, no two alike; `orientations` are 0 … 3.

        Raises:
            ValueError: the plane is too large, a site is occupied twice or lies outside, or the state of the random numbers is 0.
        """
        height, width = shape
        if max(shape) > SIDE_AT_MOST:
            raise ValueError(f"a plane of {height} × {width} sites: expected at most {SIDE_AT_MOST} along each side")
        if len(np.unique(sites)) < len(sites) or not np.all((sites >= 0) & (sites < height * width)):
            raise ValueError(f"expected different sites from 0 to {height * width - 1}")
        if state.shape != (4,) or not state.any():
            raise ValueError("the state of xoshiro256++ is 4 words of 64 bits, not all of them 0")
        self.step = 0
        self.state = state.astype(np.uint64)
        self._shape = (height + 2, width + 2)
        self._threshold = np.uint32(round(tumbling_rate * 2**30))
        self._steps = np.array([-(width + 2), 1, width + 2, -1]).astype(np.uint32)
        inside = np.arange((height + 2) * (width + 2), dtype=np.uint32).reshape(self._shape)[1:-1, 1:-1]
        self._opposite = np.pad(inside, 1, mode="wrap").ravel()
        self.words = (inside.ravel()[sites] << _2) | orientations.astype(np.uint32)
        self._lattice = np.pad(np.zeros(shape, np.uint8), 1, constant_values=BORDER).ravel()
        self._lattice[self.words >> _2] = 1

    @classmethod
    def random(cls, shape: tuple[int, int], particles: int, tumbling_rate: float, rng: np.random.Generator) -> Lattice:
        """Draw sites without replacement, then orientations, then the state of the kernel's random numbers."""
        sites = rng.choice(shape[0] * shape[1], particles, replace=False)
        orientations = rng.integers(4, size=particles)
        return cls(shape, sites, orientations, tumbling_rate, rng.integers(2**64, size=4, dtype=np.uint64))

    def advance(self, sweeps: int) -> None:
        """Make `sweeps` sweeps."""
        most = max(1, WINDOW // len(self.words))
        while sweeps > 0:
            now = min(sweeps, most)
            advance(self._lattice, self.words, self._steps, self._opposite, self._threshold, self.state, now)
            self.step += now
            sweeps -= now

    def snapshot(self) -> NDArray[np.uint8]:
        """Return a picture of the plane, (height, width): 0 at empty sites, elsewhere the orientation + 1."""
        plane = np.zeros(self._shape, np.uint8)
        plane.ravel()[self.words >> _2] = (self.words & _3) + 1
        return plane[1:-1, 1:-1].copy()
