"""Sampler `uncertain`: rows where the model that classifies is least certain."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from labrun import Asked, Choice, Field, Sampler, hookimpl

if TYPE_CHECKING:
    import numpy as np


class Uncertain(Sampler):
    """Rows where the model that classifies members is least certain, in the largest gaps between rows.

        s = d (c + U / ln C)

    d: distance to the nearest row, in work or not; U: uncertainty of the three nearest rows with a class, weighted by 1 / distance [nats];
    C: number of classes; c: curiosity. U is the entropy of the model's probabilities (D. D. Lewis and W. A. Gale, SIGIR 1994, p. 3), or
    what several models that differ in their seed disagree about: the mutual information of class and model (N. Houlsby et al.,
    arXiv:1112.5745 (2011)). Rows are chosen one after the other, and each closes a gap for the next.

    Good for finding what to label next, and where a network meets something new. Where the network is wrong and certain, only `curiosity`
    looks. For the boundaries of a map, `boundary` needs fewer rows.
    """

    name: ClassVar[str] = "uncertain"
    version: ClassVar[int] = 1
    needs: ClassVar[Literal["classes", "numbers"]] = "classes"

    by: Literal["entropy", "disagreement"] = Field(
        "entropy", description="the model's own entropy, or the disagreement of several models"
    )
    curiosity: float = Field(
        0.05, ge=0, le=10, description="c, weight of gaps where the model is certain, dimensionless"
    )

    def propose(self, asked: Asked, candidates: np.ndarray, count: int, rng: np.random.Generator) -> Choice:
        """Return the candidates with the largest scores, in the order in which they were chosen."""
        import numpy as np
        from scipy.spatial import cKDTree

        known = asked.known
        near = min(3, int(known.sum()))
        distance, nearest = cKDTree(asked.points[known]).query(candidates, k=np.arange(1, near + 1))
        weights = 1 / np.maximum(distance, 1e-12)
        uncertainty = np.average(self._uncertainty(asked)[known][nearest], axis=1, weights=weights)
        worth = self.curiosity + uncertainty / np.log(len(asked.classes))
        gap = cKDTree(asked.points).query(candidates)[0]
        rows, scores = np.empty(count, np.int64), np.empty(count)
        for i in range(count):
            score = gap * worth
            score[rows[:i]] = -1.0
            rows[i] = score.argmax()
            scores[i] = score[rows[i]]
            gap = np.minimum(gap, np.linalg.norm(candidates - candidates[rows[i]], axis=1))
        return Choice(rows, scores)

    def _uncertainty(self, asked: Asked) -> np.ndarray:
        """Return U of each row, (rows,) [nats]."""
        from scipy.special import entr

        if self.by == "disagreement" and asked.disagreement is not None:
            return asked.disagreement
        entropy: np.ndarray = entr(asked.probabilities).sum(axis=1)
        return entropy


@hookimpl
def labrun_samplers() -> list[type[Sampler]]:
    """Offer the sampler."""
    return [Uncertain]
