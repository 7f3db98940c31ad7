"""Pearson's r as a Keras metric over a whole epoch. (keras.metrics.PearsonCorrelation averages over batches.)"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class PearsonR(keras.metrics.Metric):  # type: ignore[misc]  # Keras has no types
    """Pearson's correlation coefficient r of truth and prediction, from running moments; 0 if one of them does not vary.

    Moments of batches are combined as in T. F. Chan, G. H. Golub and R. J. LeVeque, Am. Stat. 37, 242 (1983).
    """

    def __init__(self, name: str = "pearson_r", **more: Any) -> None:
        super().__init__(name=name, **more)
        self.count = self.add_variable((), initializer="zeros", name="count")
        self.means = self.add_variable((2,), initializer="zeros", name="means")
        self.products = self.add_variable((2, 2), initializer="zeros", name="products")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch, (batch,) or (batch, 1) each."""
        pairs = ops.stack([ops.reshape(ops.cast(y, self.dtype), (-1,)) for y in (y_true, y_pred)], axis=1)
        count = ops.cast(ops.shape(pairs)[0], self.dtype)
        means = ops.mean(pairs, axis=0)
        apart = pairs - means
        step = means - self.means
        total = self.count + count
        self.products.assign(
            self.products
            + ops.matmul(ops.transpose(apart), apart)
            + ops.outer(step, step) * (self.count * count / total)
        )
        self.means.assign(self.means + step * (count / total))
        self.count.assign(total)

    def result(self) -> Any:
        """Return r over the batches so far."""
        scale = ops.sqrt(self.products[0, 0] * self.products[1, 1])
        return ops.where(scale > 0, self.products[0, 1] / ops.maximum(scale, 1e-30), 0.0)
