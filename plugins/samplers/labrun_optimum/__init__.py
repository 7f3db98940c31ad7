"""Sampler `optimum`: rows that make a number large, small, or equal to a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import model_validator

from labrun import Asked, Choice, Field, Sampler, hookimpl

if TYPE_CHECKING:
    import numpy as np

    from labrun_kriging.process import Process

QUANTILES = 64
"""Values of a Gaussian by which an expectation is computed."""


class Optimum(Sampler):
    """Rows that are expected to bring a number nearest to a goal: the maximum, the minimum, or a target.

    With a loss l(y) that is −y, y or |y − t|, and Y Gaussian with the mean and standard error of a Gaussian process through the rows so
    far (see `labrun_kriging`), the score of a place is the expected improvement

        s = E[max(l_best − l(Y), 0)]

    l_best: least loss of the rows so far, with the process' mean in place of their noisy values. D. R. Jones, M. Schonlau and
    W. J. Welch, J. Glob. Optim. 13, 455 (1998); for a target: R. Astudillo and P. I. Frazier, ICML 2019. Rows are chosen one after the
    other, and each is believed to have its predicted value. The expectation is a mean over 64 quantiles of Y.

    Good for inverse design with costly simulations in a few dimensions. Rows gather around the best place: for a map, use `surface`.
    """

    name: ClassVar[str] = "optimum"
    version: ClassVar[int] = 1

    goal: Literal["maximum", "minimum", "target"] = Field("maximum", description="what the number shall become")
    target: float | None = Field(None, description="t, value that the number shall have [unit of the number]")

    @model_validator(mode="after")
    def _has_target(self) -> Self:
        if (self.goal == "target") != (self.target is not None):
            raise ValueError("'target' goes with 'goal: target', and is needed there")
        return self

    def loss(self, values: Any) -> Any:
        """Return the loss of numbers, in their unit: the less, the better."""
        import numpy as np

        if self.target is not None:
            return np.abs(values - self.target)
        return -values if self.goal == "maximum" else values

    def propose(self, asked: Asked, candidates: np.ndarray, count: int, rng: np.random.Generator) -> Choice:
        """Return the candidates with the largest scores, in the order in which they were chosen; scores are in the unit of the values."""
        import numpy as np
        from scipy.stats import norm

        from labrun_kriging.batch import choose_batch
        from labrun_kriging.process import Process

        quantiles = norm.ppf((np.arange(QUANTILES) + 0.5) / QUANTILES)
        process = Process.fitted(asked, rng)
        best = self.loss(process.predict(asked.points[asked.known])[0]).min()

        def score(_: Process, places: np.ndarray, mean: np.ndarray, error: np.ndarray) -> np.ndarray:
            losses = self.loss(mean[:, None] + error[:, None] * quantiles)
            return np.maximum(best - losses, 0.0).mean(axis=1)

        return choose_batch(process, candidates, count, score)

    def predict(self, asked: Asked, points: np.ndarray) -> np.ndarray:
        """Return the expected value at each point, (points,), in the unit of the values."""
        import numpy as np

        from labrun_kriging.process import Process

        return Process.fitted(asked, np.random.default_rng(0)).predict(points)[0]


@hookimpl
def labrun_samplers() -> list[type[Sampler]]:
    """Offer the sampler."""
    return [Optimum]
