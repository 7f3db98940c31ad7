"""Scores of probabilities, (n, classes) with rows of sum 1, against the true classes, `truth` (n,)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = [
    "NAMES",
    "Reliability",
    "brier_scores",
    "cross_entropy",
    "error_by_chance",
    "log_losses",
    "negative_log_likelihood",
    "probabilities_of",
    "reliability",
    "scores",
]


NAMES = ("ECE", "maximum error", "NLL", "Brier score")
DRAWS = 200
"""Draws of `error_by_chance`"""


def probabilities_of(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return softmax(z / T), (n, classes) float64, from the logits z (n, classes)."""
    from scipy.special import softmax

    return softmax(np.asarray(logits, dtype=float) / temperature, axis=1)


def log_losses(logits: np.ndarray, truth: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return −ln softmax(zᵢ / T)_yᵢ of each example, (n,) [nats], from the logits z (n, classes); their mean is the NLL."""
    from scipy.special import log_softmax

    logs = log_softmax(np.asarray(logits, dtype=float) / temperature, axis=1)
    return -logs[np.arange(len(truth)), truth]


def cross_entropy(logits: np.ndarray, truth: np.ndarray, temperature: float, doubt: float = 0.0) -> float:
    """Return −(1/n) Σᵢ Σ_c t_ic ln softmax(zᵢ / T)_c [nats], for logits z (n, classes). The targets t are 1 − doubt for the true class
    and equal parts of the doubt for the others; without doubt, this is the NLL."""
    from scipy.special import log_softmax

    right = log_losses(logits, truth, temperature)
    if not doubt:
        return float(right.mean())
    logs = log_softmax(np.asarray(logits, dtype=float) / temperature, axis=1)
    wrong = -(logs.sum(axis=1) + right) / max(logs.shape[1] - 1, 1)
    return float(((1 - doubt) * right + doubt * wrong).mean())


def negative_log_likelihood(logits: np.ndarray, truth: np.ndarray, temperature: float = 1.0) -> float:
    """Return the NLL, the mean of `log_losses` [nats]."""
    return float(log_losses(logits, truth, temperature).mean())


def brier_scores(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return Σ_c (p_ic − [yᵢ = c])² of each example, (n,), from 0 to 2; their mean is the Brier score (G. W. Brier, Mon. Weather Rev. 78, 1
    (1950), eq. 2)."""
    hit = np.eye(probabilities.shape[1])[truth]
    return ((probabilities - hit) ** 2).sum(axis=1)


@dataclass(frozen=True)
class Reliability:
    """Probability of the predicted class p and accuracy in bins of equal width: bin m holds the examples with (m − 1)/M < p ≤ m/M.

    `counts` are examples; `probability` and `accuracy` are means, NaN in an empty bin. All are (M,).
    """

    counts: np.ndarray
    probability: np.ndarray
    accuracy: np.ndarray

    @property
    def edges(self) -> np.ndarray:
        """Edges of the bins, (M + 1,)."""
        return np.linspace(0, 1, len(self.counts) + 1)

    @property
    def gaps(self) -> np.ndarray:
        """|accuracy − probability| of the bins that hold examples."""
        held = self.counts > 0
        return np.abs(self.accuracy[held] - self.probability[held])

    @property
    def expected_error(self) -> float:
        """ECE = Σ_m (n_m / n) |accuracy_m − probability_m| (Guo et al. 2017, eq. 3)."""
        return float(np.average(self.gaps, weights=self.counts[self.counts > 0]))

    @property
    def maximum_error(self) -> float:
        """MCE = max_m |accuracy_m − probability_m| (Guo et al. 2017, eq. 5)."""
        return float(self.gaps.max())


def reliability(probabilities: np.ndarray, truth: np.ndarray, bins: int) -> Reliability:
    """Sort examples into bins by the probability of their predicted class."""
    probability = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == truth
    own = np.searchsorted(np.linspace(0, 1, bins + 1), probability, side="left").clip(1, bins) - 1
    counts = np.bincount(own, minlength=bins)
    share = np.divide(1.0, counts, out=np.full(bins, np.nan), where=counts > 0)
    return Reliability(
        counts,
        np.bincount(own, weights=probability, minlength=bins) * share,
        np.bincount(own, weights=correct, minlength=bins) * share,
    )


def error_by_chance(probabilities: np.ndarray, bins: int, rng: np.random.Generator) -> float:
    """Return the ECE that a calibrated classifier of these probabilities, (n, classes), has by chance: the mean over draws in which its
    predictions are right with their probabilities, each by itself (J. Bröcker and L. A. Smith, Weather Forecast. 22, 651 (2007))."""
    own = probabilities.max(axis=1)
    of_bin = np.searchsorted(np.linspace(0, 1, bins + 1), own, side="left").clip(1, bins) - 1
    draws = ((rng.random(len(own)) < own) - own for _ in range(DRAWS))
    return float(np.mean([np.abs(np.bincount(of_bin, misses)).sum() for misses in draws]) / len(own))


def scores(logits: np.ndarray, truth: np.ndarray, temperature: float, bins: int) -> dict[str, float]:
    """Return the number of examples, accuracy, mean probability of the predicted class, and the scores in `NAMES`, of softmax(z / T)."""
    probabilities = probabilities_of(logits, temperature)
    sorted_in = reliability(probabilities, truth, bins)
    values = (
        sorted_in.expected_error,
        sorted_in.maximum_error,
        negative_log_likelihood(logits, truth, temperature),
        float(brier_scores(probabilities, truth).mean()),
    )
    return {
        "examples": len(truth),
        "accuracy": float((probabilities.argmax(axis=1) == truth).mean()),
        "probability": float(probabilities.max(axis=1).mean()),
    } | dict(zip(NAMES, values, strict=True))
