"""How far an example lies from all that a network was trained on, in the space of its features."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from labrun import Examples, TrainedModel


class FeatureDistance:
    """Cosine distance to the `neighbour`-th nearest training example, in what a layer of the network gives (Y. Sun, Y. Ming, X. Zhu
    and Y. Li, ICML 2022). Of several networks the mean distance counts."""

    def __init__(self, models: list[TrainedModel], train: Examples, layer: str | None, neighbour: int) -> None:
        """`layer` is the one before the last where none is named. Raises ValueError if there are too few examples."""
        if len(train) < neighbour:
            raise ValueError(
                f"'neighbour: {neighbour}' needs as many training examples; '{train.name}' has {len(train)}"
            )
        self._models = models
        self._layers = [layer or model.network.layers[-2].name for model in models]
        known = (self._features(model, name, train) for model, name in zip(models, self._layers, strict=True))
        self._known = [NearestNeighbors(n_neighbors=neighbour).fit(features) for features in known]

    def __call__(self, examples: Examples) -> np.ndarray:
        """The distances, (n,), from 0 (a training example) to 2."""
        distances = [
            # of unit vectors, the squared Euclidean distance is twice the cosine distance
            known.kneighbors(self._features(model, name, examples))[0][:, -1] ** 2 / 2
            for model, name, known in zip(self._models, self._layers, self._known, strict=True)
        ]
        return np.mean(distances, axis=0)

    @staticmethod
    def _features(model: TrainedModel, layer: str, examples: Examples) -> np.ndarray:
        features = model.activations(examples, layer).reshape(len(examples), -1).astype(float)
        return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), np.finfo(float).tiny)
