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

    def best_epoch(self, monitor: str) -> int | None:
        """Return the epoch (from 1) in which the monitored number was best, the first of equals; None if it was NaN in all of them.

        Raises:
            LabrunError: the training does not report that number.
        """
        sign = 1 if any(word in monitor for word in LOWER_IS_BETTER) else -1
        values = {}
        for epoch, row in enumerate(self.rows, 1):
            if monitor not in row:
                raise LabrunError(f"fit.monitor names '{monitor}', but the training reports {', '.join(sorted(row))}")
            if not math.isnan(row[monitor]):
                values[epoch] = sign * row[monitor]
        return min(values, key=values.__getitem__, default=None)

    def epochs_since_best(self, monitor: str) -> int:
        """Count the epochs since the best one, or all epochs if none has a number."""
        return len(self.rows) - (self.best_epoch(monitor) or 0)
