"""The history of a training: losses and metrics, one row an epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from labrun.faults import LabrunError

__all__ = ["History"]

LOWER_IS_BETTER = ("loss", "error", "mae", "mse")
"""Words in the name of a number that is better when it is lower. Any other is better when it is higher, as an accuracy is."""


@dataclass
class History:
    """The numbers of the epochs that are finished: `{"epoch": 1, "loss": 0.7, …}`."""

    rows: list[dict[str, float]] = field(default_factory=list)

    def best_epoch(self, monitor: str) -> int:
        """Return the epoch (from 0) in which the monitored number was best; the first of equals.

        Raises:
            LabrunError: the training does not report that number.
        """
        if monitor not in self.rows[0]:
            raise LabrunError(
                f"fit.monitor names '{monitor}', but the training reports {', '.join(sorted(self.rows[0]))}"
            )
        sign = 1 if any(word in monitor for word in LOWER_IS_BETTER) else -1
        values = [sign * row[monitor] for row in self.rows]
        return min(range(len(values)), key=lambda epoch: math.inf if math.isnan(values[epoch]) else values[epoch])

    def epochs_since_best(self, monitor: str) -> int:
        """Count the epochs since the best one; 0 if the last epoch is the best, or if there is none yet."""
        return len(self.rows) - 1 - self.best_epoch(monitor) if self.rows else 0
