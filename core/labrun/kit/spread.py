"""How a score varies over independent units and over seeds, by the jackknife: its variance, its degrees of freedom, and differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "BLOCKS",
    "LINEAR",
    "LOGARITHMIC",
    "Replicates",
    "ScoreScale",
    "Spread",
    "in_blocks",
    "leave_out",
    "leave_out_sums",
]

BLOCKS = 100
"""Blocks of units that the jackknife leaves out, at most"""


@dataclass(frozen=True)
class ScoreScale:
    """A scale on which a score is nearly normal, and the way back."""

    forward: Callable[[np.ndarray], np.ndarray]
    backward: Callable[[np.ndarray], np.ndarray]


def _same(values: np.ndarray) -> np.ndarray:
    return values


def _log(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.log(values)


def _exp(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.exp(values)


LINEAR, LOGARITHMIC = ScoreScale(_same, _same), ScoreScale(_log, _exp)


@dataclass(frozen=True)
class Spread:
    """A score, the mean over S seeds of θ, and how it varies. All arrays are on one scale and end in the shape of the score.

    With θ₍ᵤ₎ the score without block u of m blocks of units, and d_u = θ₍ᵤ₎ − mean θ₍ᵤ₎, its variance over units is (m − 1)/m Σ d_u² (J. W.
    Tukey, Ann. Math. Stat. 29, 614 (1958)). Seeds add the variance of their mean beyond what units explain (`of_seeds`).
    """

    value: np.ndarray
    deviations: np.ndarray
    """(blocks, …): d_u"""
    of_seeds: np.ndarray
    seeds_freedom: np.ndarray
    """Degrees of freedom of `of_seeds`, infinite where it is 0"""

    @property
    def of_units(self) -> np.ndarray:
        """The variance over units, in the shape of the score."""
        blocks = len(self.deviations)
        return (blocks - 1) / blocks * (self.deviations**2).sum(axis=0)

    @property
    def units_freedom(self) -> np.ndarray:
        """Degrees of freedom of `of_units`, in its shape: m − 1 for normal deviations, about 2 where one block makes all of the variance.

        A variance s² of m numbers has the relative variance 2 / (m − 1) + γ / m, where γ is their excess kurtosis; as many degrees of
        freedom as have a χ² of this relative variance are F. E. Satterthwaite's, Biometrics Bull. 2, 110 (1946).
        """
        import numpy as np

        blocks, excess = len(self.deviations), np.maximum(_excess_kurtosis(self.deviations), 0)
        return 2 / (2 / max(blocks - 1, 1) + excess / blocks)

    @property
    def variance(self) -> np.ndarray:
        """The variance over units and seeds, in the shape of the score."""
        return self.of_units + self.of_seeds

    @property
    def freedom(self) -> np.ndarray:
        """Degrees of freedom of `variance`, in its shape, by the rule of B. L. Welch, Biometrika 34, 28 (1947)."""
        return join_freedom((self.of_units, self.units_freedom), (self.of_seeds, self.seeds_freedom))

    def of(self, *place: int) -> Spread:
        """Return the spread of one of several scores."""
        of_blocks: Any = (slice(None), *place)
        return Spread(self.value[place], self.deviations[of_blocks], self.of_seeds[place], self.seeds_freedom[place])

    def __sub__(self, other: Spread) -> Spread:
        """Return the difference of two scores on the same blocks of units, whose seeds are independent."""
        seeds = ((self.of_seeds, self.seeds_freedom), (other.of_seeds, other.seeds_freedom))
        return Spread(
            self.value - other.value,
            self.deviations - other.deviations,
            self.of_seeds + other.of_seeds,
            join_freedom(*seeds),
        )


def join_freedom(*parts: tuple[Any, Any]) -> np.ndarray:
    """Return the degrees of freedom of a sum of variances of one shape, given with their own; infinite where the sum is 0."""
    import numpy as np

    total = sum(np.asarray(variance, float) for variance, _ in parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.asarray(total**2 / sum(variance**2 / freedom for variance, freedom in parts))
    return np.where(np.asarray(total) > 0, found, np.inf)


def _excess_kurtosis(values: np.ndarray) -> np.ndarray:
    """Return the unbiased excess kurtosis G₂ over the first axis; 0 for fewer than four values, and where all are equal."""
    import numpy as np

    n = len(values)
    if n < 4:
        return np.zeros(values.shape[1:])
    centred = values - values.mean(axis=0)
    second, fourth = (centred**2).mean(axis=0), (centred**4).mean(axis=0)
    ratio = np.divide(fourth, second**2, out=np.full(second.shape, 3 * (n - 1) / (n + 1)), where=second**2 > 0)
    return ((n + 1) * ratio - 3 * (n - 1)) * (n - 1) / ((n - 2) * (n - 3))


@dataclass(frozen=True)
class Replicates:
    """Scores of all units, (…), and without each block, (blocks, …)."""

    full: np.ndarray
    without: np.ndarray

    def spread(self, scale: ScoreScale = LINEAR) -> Spread:
        """Return the spread of each score over units, on a scale."""
        import numpy as np

        with np.errstate(divide="ignore", invalid="ignore"):
            value, without = scale.forward(self.full), scale.forward(self.without)
            nothing = np.zeros(np.shape(value))
            return Spread(value, without - without.mean(axis=0), nothing, nothing + np.inf)

    def mean(self, places: Sequence[int] | slice = slice(None), scale: ScoreScale = LINEAR) -> Spread:
        """Return the spread of the mean over networks that differ in their seed, at `places` of the first axis of the scores.

        A score of seed s on unit u is μ + a_s + b_u + e_su. The variance of the means of the seeds estimates that of a, and a part of that
        of e, which the variance over units holds already; so this part is subtracted (A. C. Cameron, J. B. Gelbach and D. L. Miller,
        J. Bus. Econ. Stat. 29, 238 (2011)).
        """
        import numpy as np

        with np.errstate(divide="ignore", invalid="ignore"):
            full, without = scale.forward(self.full[places]), scale.forward(self.without[:, places])
            value = scale.forward(self.full[places].mean(axis=0))
            deviations = without - without.mean(axis=0)
            of_mean = deviations.mean(axis=1)
            seeds, blocks = len(full), len(without)
            nothing = np.zeros(np.shape(value))
            if seeds < 2:
                return Spread(value, of_mean, nothing, nothing + np.inf)
            between = full.var(axis=0, ddof=1) / seeds
            rest = ((deviations - of_mean[:, None]) ** 2).sum(axis=(0, 1))
            both = (blocks - 1) / blocks * rest / (seeds * (seeds - 1))
            freedom = (between - both) ** 2 / (between**2 / (seeds - 1) + both**2 / ((seeds - 1) * (blocks - 1)))
        beyond = between > both
        of_seeds, freedom = np.where(beyond, between - both, 0.0), np.where(beyond, np.maximum(freedom, 1), np.inf)
        return Spread(value, of_mean, of_seeds, freedom)


def in_blocks(units: np.ndarray) -> np.ndarray:
    """Return the block of each of the units, (n,) int64: the unit itself where there are at most `BLOCKS`."""
    return units % BLOCKS


def leave_out(statistic: Callable[[np.ndarray], Any], units: np.ndarray) -> Replicates:
    """Evaluate a statistic on all examples, and without each block of units.

    Args:
        statistic: returns a number or an array for indices of examples, (n,) int64.
        units: (examples,), the independent unit of each example.
    """
    import numpy as np

    block = in_blocks(np.unique(units, return_inverse=True)[1])
    full = np.asarray(statistic(np.arange(len(block))), float)
    blocks = int(block.max()) + 1
    if blocks < 2:
        return Replicates(full, full[None])
    without = [np.asarray(statistic(np.flatnonzero(block != i)), float) for i in range(blocks)]
    return Replicates(full, np.stack(without))


def leave_out_sums(statistic: Callable[[np.ndarray], np.ndarray], sums: np.ndarray) -> Replicates:
    """Evaluate a statistic of sums over units, on all of them and without each block.

    Args:
        statistic: maps sums (…, features) to scores (…); `…` may have a further axis in front.
        sums: (units, …, features), those of each unit.
    """
    import numpy as np

    of_blocks = np.zeros((min(len(sums), BLOCKS), *sums.shape[1:]))
    np.add.at(of_blocks, in_blocks(np.arange(len(sums))), sums)
    total = of_blocks.sum(axis=0)
    if len(of_blocks) < 2:
        return Replicates(np.asarray(statistic(total)), np.asarray(statistic(total))[None])
    return Replicates(np.asarray(statistic(total)), np.asarray(statistic(total - of_blocks)))
