"""Sampler `surface`: rows where a smooth surface through the rows so far is least certain."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labrun import Asked, Choice, Field, Sampler, hookimpl

if TYPE_CHECKING:
    import numpy as np

    from labrun_kriging.process import Process


class Surface(Sampler):
    """Rows where the error of a surface through the rows so far is expected to be largest.

    The surface is a Gaussian process (see `labrun_kriging`) with mean m and standard error σ. The score of a place x is

        s(x) = √((m(x) − y*)² w + σ(x)²)

    y*: value of the nearest row; w: weight. The first term is large where the surface is steep or curved, the second far from all rows
    (the expected improvement for global fit: C. Q. Lam, PhD thesis, Ohio State University (2008), with w = 1; w = 0 is the largest
    predicted error alone, which fills space). Rows are chosen one after the other, and each is believed to have its predicted value.

    Good for a number that varies smoothly over a few dimensions and is wanted everywhere. Measure its logarithm if it spans decades.
    """

    name: ClassVar[str] = "surface"
    version: ClassVar[int] = 1

    steepness: float = Field(1.0, ge=0, le=100, description="w, weight of steep places over empty ones, dimensionless")

    def propose(self, asked: Asked, candidates: np.ndarray, count: int, rng: np.random.Generator) -> Choice:
        """Return the candidates with the largest scores, in the order in which they were chosen; scores are in the unit of the values."""
        import numpy as np
        from scipy.spatial import cKDTree

        from labrun_kriging.batch import choose_batch
        from labrun_kriging.process import Process

        def score(process: Process, places: np.ndarray, mean: np.ndarray, error: np.ndarray) -> np.ndarray:
            nearest = cKDTree(process.points).query(places)[1]
            step = mean - (process.centre + process.scale * process.values[nearest])
            return np.sqrt(self.steepness * step**2 + error**2)

        return choose_batch(Process.fitted(asked, rng), candidates, count, score)

    def predict(self, asked: Asked, points: np.ndarray) -> np.ndarray:
        """Return the surface at each point, (points,), in the unit of the values."""
        import numpy as np

        from labrun_kriging.process import Process

        return Process.fitted(asked, np.random.default_rng(0)).predict(points)[0]


@hookimpl
def labrun_samplers() -> list[type[Sampler]]:
    """Offer the sampler."""
    return [Surface]
