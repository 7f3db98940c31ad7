"""Sampler `level`: rows near the contour where a number crosses a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labrun import Asked, Choice, Field, Sampler, hookimpl

if TYPE_CHECKING:
    import numpy as np

    from labrun_kriging.process import Process


class Level(Sampler):
    """Rows near the contour where a number crosses a value, and where it is least certain on which side they lie.

    With the mean m and the standard error σ of a Gaussian process through the rows so far (see `labrun_kriging`), the score of a place is

        s = 1.96 σ − |m − L|

    L: the value. It is positive where the value lies within the 95 % interval: B. Bryan et al., Advances in Neural Information Processing
    Systems 18, 163 (2005). Rows are chosen one after the other, and each is believed to have its predicted value.

    Good for phase boundaries and thresholds that an observable marks: a percolation threshold, a Binder cumulant that is the same for all
    sizes at T_c. In one dimension it finds the crossing, in more the contour. Noise is fitted, so repeats are not needed.
    """

    name: ClassVar[str] = "level"
    version: ClassVar[int] = 1

    value: float = Field(description="L, value that the number crosses, [unit of the number]")

    def propose(self, asked: Asked, candidates: np.ndarray, count: int, rng: np.random.Generator) -> Choice:
        """Return the candidates with the largest scores, in the order in which they were chosen; scores are in the unit of the values."""
        import numpy as np

        from labrun_kriging.batch import choose_batch
        from labrun_kriging.process import Process

        def score(process: Process, places: np.ndarray, mean: np.ndarray, error: np.ndarray) -> np.ndarray:
            return 1.96 * error - np.abs(mean - self.value)

        return choose_batch(Process.fitted(asked, rng), candidates, count, score)

    def predict(self, asked: Asked, points: np.ndarray) -> np.ndarray:
        """Return the side of each point, (points,): 1 where the number is expected above the value, else 0."""
        import numpy as np

        from labrun_kriging.process import Process

        return (Process.fitted(asked, np.random.default_rng(0)).predict(points)[0] > self.value).astype(float)


@hookimpl
def labrun_samplers() -> list[type[Sampler]]:
    """Offer the sampler."""
    return [Level]
