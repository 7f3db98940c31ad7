"""Sampler `boundary`: rows where two classes meet and nobody has looked yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from labrun import Asked, Choice, Field, Sampler, hookimpl

if TYPE_CHECKING:
    import numpy as np


class Boundary(Sampler):
    """Rows on the boundaries between classes, in the largest gaps between the rows so far.

    The score of a place is

        s = d (d / d')^γ

    d: distance to the nearest row, in work or not; d': distance to the nearest row whose class differs from that of the nearest row with
    a class. Halfway between two rows of different classes, d / d' is 1; far inside a region it is small, and γ says how much that counts:
    0 fills gaps everywhere, whatever the classes. Rows are chosen one after the other, each with the largest score, and each closes a gap
    for the next. The label of the nearest row is wrong at most between a boundary and the rows beside it, which this makes narrow where
    it is wide.

    Good for maps of a few dimensions whose regions are larger than the gaps of the first round; a region that the first round misses is
    found only by γ small enough to look inside others. Related to the bisection of boundaries by nearest neighbours (S. Dasgupta, Theor.
    Comput. Sci. 412, 1767 (2011), on active learning by the structure of the input space); the form of the score is ours.
    """

    name: ClassVar[str] = "boundary"
    version: ClassVar[int] = 1
    needs: ClassVar[Literal["classes", "numbers"]] = "classes"

    focus: float = Field(
        5.0, ge=0, le=20, description="γ, preference for boundaries over gaps inside regions, dimensionless"
    )

    def propose(self, asked: Asked, candidates: np.ndarray, count: int, rng: np.random.Generator) -> Choice:
        """Return the candidates with the largest scores, in the order in which they were chosen."""
        import numpy as np
        from scipy.spatial import cKDTree

        gap = cKDTree(asked.points).query(candidates)[0]
        other = _distance_to_other_class(asked, candidates)
        rows, scores = np.empty(count, np.int64), np.empty(count)
        for i in range(count):
            score = gap * np.minimum(gap / other, 1.0) ** self.focus
            score[rows[:i]] = -1.0
            rows[i] = score.argmax()
            scores[i] = score[rows[i]]
            gap = np.minimum(gap, np.linalg.norm(candidates - candidates[rows[i]], axis=1))
        return Choice(rows, scores)


def _distance_to_other_class(asked: Asked, candidates: np.ndarray) -> np.ndarray:
    """Return the distance of each candidate to the nearest row of another class than its nearest row, (candidates,), dimensionless; the
    diameter of the space where all rows have one class."""
    import numpy as np
    from scipy.spatial import cKDTree

    points, values = asked.points[asked.known], asked.values[asked.known]
    own = values[cKDTree(points).query(candidates)[1]]
    distance = np.full(len(candidates), np.sqrt(candidates.shape[1]))
    for value in np.unique(values):
        others = own != value
        if others.any():
            distance[others] = np.minimum(
                distance[others], cKDTree(points[values == value]).query(candidates[others])[0]
            )
    return np.maximum(distance, 1e-12)


@hookimpl
def labrun_samplers() -> list[type[Sampler]]:
    """Offer the sampler."""
    return [Boundary]
