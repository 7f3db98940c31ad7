"""Distance of examples from the training examples of a network in feature space."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from labrun import Examples, TrainedModel


class FeatureDistance:
    """Cosine distance to the `neighbour`-th nearest training example in the output of a layer (Y. Sun, Y. Ming, X. Zhu and Y. Li, ICML
    2022), averaged over the networks."""

    def __init__(self, models: list[TrainedModel], train: Examples, layer: str | None, neighbour: int) -> None:
        """Compute the features of the training examples; without `layer`, those of the last layer but one.

        Raises:
            ValueError: there are fewer training examples than `neighbour`.
        """
        if len(train) < neighbour:
            raise ValueError(
                f"'neighbour: {neighbour}' needs at least as many training examples; '{train.name}' has {len(train)}"
            )
        self._models = models
        self._layers = [layer or model.network.layers[-2].name for model in models]
        known = (self._features(model, name, train) for model, name in zip(models, self._layers, strict=True))
        self._known = [NearestNeighbors(n_neighbors=neighbour).fit(features) for features in known]

    def __call__(self, examples: Examples) -> np.ndarray:
        """Return the distances, (n,), from 0 (a training example) to 2."""
        distances = [
            # for unit vectors, the squared Euclidean distance is twice the cosine distance
            known.kneighbors(self._features(model, name, examples))[0][:, -1] ** 2 / 2
            for model, name, known in zip(self._models, self._layers, self._known, strict=True)
        ]
        return np.mean(distances, axis=0)

    @staticmethod
    def _features(model: TrainedModel, layer: str, examples: Examples) -> np.ndarray:
        features = model.activations(examples, layer).reshape(len(examples), -1).astype(float)
        return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), np.finfo(float).tiny)
