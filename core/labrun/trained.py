"""A model after training: rebuilt by its plugin, its weights read from a file, never unpickled."""

from __future__ import annotations

import json
import warnings
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.backend import load_keras
from labrun.examples import Examples, ExampleSpec

if TYPE_CHECKING:
    import keras
    import numpy as np
    import pandas as pd

    from labrun.plugin import Model

__all__ = ["TrainedModel"]

WEIGHTS = "model.weights.h5"
SPEC = "examples.json"
HISTORY = "history.csv"


class TrainedModel:
    """A trained model of a run. The network itself is built when it is first used."""

    def __init__(self, plugin: Model, folder: Path, name: str = "", inputs: dict[str, Any] | None = None) -> None:
        self.plugin = plugin
        self.folder = folder
        self.name = name
        self._inputs = inputs or {}

    @cached_property
    def spec(self) -> ExampleSpec:
        """The examples that the model was trained on."""
        return ExampleSpec.from_record(json.loads((self.folder / SPEC).read_text(encoding="utf-8")))

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row an epoch: its number (from 1), losses and metrics."""
        import pandas as pd

        return pd.read_csv(self.folder / HISTORY)

    @cached_property
    def network(self) -> keras.Model:
        """The Keras model with its trained weights."""
        load_keras()
        model = self.plugin.build(self.spec, **self._inputs)
        with warnings.catch_warnings():  # the file holds the optimizer too, which is not needed to predict
            warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
            model.load_weights(self.folder / WEIGHTS)
        return model

    def predict(self, examples: Examples, batch_size: int = 32) -> np.ndarray:
        """Return the model's output for all examples, in their order, reading a batch at a time.

        Raises:
            ValueError: the examples have other shapes than those that the model was trained on.
        """
        import numpy as np

        if examples.spec.x != self.spec.x:
            raise ValueError(
                f"the model '{self.name}' was trained on x of {self.spec.x}, the dataset '{examples.name}' has {examples.spec.x}"
            )
        starts = range(0, len(examples), batch_size)
        batches = (examples.load_x(np.arange(s, min(s + batch_size, len(examples)))) for s in starts)
        return np.concatenate([self.plugin.predict(self.network, x) for x in batches])
