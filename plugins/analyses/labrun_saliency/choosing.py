"""Choose an example for each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Choice", "surest_of_each_class"]


@dataclass(frozen=True)
class Choice:
    """An example (its number in the dataset), the numbers of its true and its predicted class, and the probability of the latter."""

    example: int
    truth: int
    predicted: int
    probability: float


def surest_of_each_class(probabilities: np.ndarray, truth: np.ndarray) -> list[Choice]:
    """Choose, for each class that occurs, the correctly classified example with the highest probability; where there is none, the one whose
    true class has the highest.

    `probabilities` is (n, classes), `truth` (n,).
    """
    predicted = probabilities.argmax(axis=1)
    of_truth = probabilities[np.arange(len(truth)), truth]
    choices = []
    for number in np.unique(truth):
        inside = np.flatnonzero(truth == number)
        right = inside[predicted[inside] == number]
        candidates = right if len(right) else inside
        best = candidates[of_truth[candidates].argmax()]
        choices.append(Choice(int(best), int(number), int(predicted[best]), float(probabilities[best].max())))
    return choices
