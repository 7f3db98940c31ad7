"""A model after training: rebuilt by its plugin, its weights read from a file, never unpickled."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.contracts.backend import load_keras
from labrun.contracts.card import HasCard
from labrun.contracts.examples import Examples, ExampleSpec
from labrun.contracts.naming import suffix
from labrun.contracts.samples import Samples
from labrun.faults import LabrunError, did_you_mean
from labrun.files.atomic import read_json

if TYPE_CHECKING:
    import keras
    import numpy as np
    import pandas as pd

    from labrun.contracts.plugin import Model

__all__ = ["TrainedModel"]

WEIGHTS = "model.weights.h5"
SPEC = "examples.json"
HISTORY = "history.csv"


class TrainedModel(HasCard):
    """A trained model of a run. The network itself is built when it is first used."""

    def __init__(
        self,
        plugin: Model,
        folder: Path,
        name: str = "",
        inputs: dict[str, Any] | None = None,
        variant: Mapping[str, Any] | None = None,
    ) -> None:
        self.plugin = plugin
        self.folder = folder
        self.name = name
        self._inputs = inputs or {}
        self._parts: dict[str, keras.Model] = {}
        self.variant = {axis.rpartition(".")[2]: value for axis, value in (variant or {}).items()}
        """The values that tell the model from others of its matrix, by the last word of their keys: `{"seed": 1}`."""

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {value:.4g}" for name, value in self.history.iloc[-1].items())
        return f"<TrainedModel {self.name} ({self.plugin.name}): {last}>"

    @property
    def kind(self) -> str:
        """What it shares with the models of its matrix that differ from it by their seed alone: `net[width=8]`."""
        return self.name.partition("[")[0] + suffix({a: value for a, value in self.variant.items() if a != "seed"})

    @cached_property
    def spec(self) -> ExampleSpec:
        """The examples that the model was trained on.

        Raises:
            LabrunError: the file that tells is damaged.
        """
        path = self.folder / SPEC
        try:
            return ExampleSpec.from_record(read_json(path))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = "it must tell the shapes and classes of the examples that the model was trained on"
            raise LabrunError(f"'{path}' is damaged: {problem}") from error

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row an epoch: its number (from 1), losses and metrics."""
        import pandas as pd

        return pd.read_csv(self.folder / HISTORY)

    @cached_property
    def samples(self) -> Samples | None:
        """What the network made of a few validation examples while it trained, if the project asked for it (`fit.samples`)."""
        return Samples.load(self.folder)

    @cached_property
    def network(self) -> keras.Model:
        """The Keras model with its trained weights.

        Raises:
            LabrunError: the weights cannot be read, or are those of another network.
        """
        from labrun.files.hdf5 import open_hdf5

        load_keras()
        model = self.plugin.build(self.spec, **self._inputs)
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Skipping")  # layers would stay as they were initialized
            # the file holds no state of the optimizer, and none is needed to predict
            warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
            try:
                open_hdf5(self.folder / WEIGHTS).close()  # Keras would follow what leads out of the file
                model.load_weights(self.folder / WEIGHTS)
            except (OSError, ValueError, KeyError, UserWarning) as error:
                problem = (
                    f"are damaged, or those of another network than the '{self.plugin.name}' that '{self.name}' is"
                )
                said = " ".join(str(error).split())
                raise LabrunError(f"the weights in '{self.folder / WEIGHTS}' {problem}: {said:.300}") from error
        return model

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape of one example that the network takes; None for a size that it leaves open."""
        return tuple(self.network.inputs[0].shape[1:])

    @property
    def shape_in_words(self) -> str:
        """`input_shape` for a message: `(any, any, 3)`."""
        sizes = ["any" if size is None else str(size) for size in self.input_shape]
        return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Whether the network takes examples of this shape."""
        wanted = self.input_shape
        return len(wanted) == len(shape) and all(w in (None, s) for w, s in zip(wanted, shape, strict=True))

    def predict(self, examples: Examples, batch_size: int = 32) -> np.ndarray:
        """Return the network's output for all examples, (n, …), in their order and in the unit of y, reading a batch at a time.

        Raises:
            ValueError: the examples have other shapes than those that the model was trained on.
        """
        self._check(examples)
        return _in_batches(examples, batch_size, lambda x: self.plugin.predict(self.network, x))

    def logits(self, examples: Examples, batch_size: int = 32) -> np.ndarray:
        """The scores of the classes, (n, classes), up to a constant the logarithms of their probabilities.

        Raises:
            ValueError: the model names no classes, or the examples have other shapes than those of its training.
        """
        import numpy as np

        if self.spec.classes is None:
            raise ValueError(f"the model '{self.name}' was trained on numbers, not on classes")
        output = self.predict(examples, batch_size)
        if self.plugin.output == "logits":
            return output
        return np.log(np.maximum(output, np.finfo(output.dtype).tiny))

    def probabilities(self, examples: Examples, batch_size: int = 32) -> np.ndarray:
        """The probabilities of the classes, (n, classes) float64, each row with the sum 1 (the softmax of the logits).

        Raises:
            ValueError: as `logits`.
        """
        from scipy.special import softmax

        return softmax(self.logits(examples, batch_size).astype(float), axis=-1)

    def estimates(self, examples: Examples, batch_size: int = 32) -> np.ndarray:
        """The quantity that the model was trained to tell, (n,) float64, in its own unit where `y` is a logarithm.

        Raises:
            ValueError: the model names classes, or gives several numbers, or the examples have other shapes than those of its training.
        """
        if self.spec.classes is not None or math.prod(self.spec.y.shape) != 1:
            answer = "classes" if self.spec.classes is not None else f"numbers of shape {self.spec.y.shape}"
            raise ValueError(f"the model '{self.name}' was trained on {answer}, not on a number")
        y = self.predict(examples, batch_size).reshape(len(examples))
        quantity = self.spec.quantity
        return quantity.value(y) if quantity is not None else y.astype(float)

    def activations(self, examples: Examples, layer: str, batch_size: int = 32) -> np.ndarray:
        """What a layer of the network gives, (n, …), dimensionless.

        Raises:
            ValueError: there is no such layer, or the examples have other shapes than those of its training.
        """
        import numpy as np

        self._check(examples)
        part = self._part(layer)
        return _in_batches(examples, batch_size, lambda x: np.asarray(part.predict_on_batch(x)))

    def _part(self, layer: str) -> keras.Model:
        """The network up to a layer, built once: what is compiled for it serves all calls."""
        if layer not in self._parts:
            keras = load_keras()
            names = [one.name for one in self.network.layers]
            if layer not in names:
                raise ValueError(f"the model '{self.name}' has no layer '{layer}'{did_you_mean(layer, names)}")
            self._parts[layer] = keras.Model(self.network.inputs, self.network.get_layer(layer).output)
        return self._parts[layer]

    def _check(self, examples: Examples) -> None:
        """Sizes that the network leaves open may differ from those of the training."""
        found = examples.spec.x
        if isinstance(found, dict) or isinstance(self.spec.x, dict):
            fits = found == self.spec.x
            wanted = str(self.spec.x)
        else:
            fits = self.takes(found.shape)
            wanted = f"shape {self.shape_in_words}"
        if not fits:
            has = str(found) if isinstance(found, dict) else f"shape {found.shape}"
            raise ValueError(f"the model '{self.name}' takes x of {wanted}, but '{examples.name}' has {has}")


def _in_batches(examples: Examples, batch_size: int, call: Callable[[Any], np.ndarray]) -> np.ndarray:
    import numpy as np

    starts = range(0, len(examples), batch_size)
    batches = (examples.load_x(np.arange(s, min(s + batch_size, len(examples)))) for s in starts)
    return np.concatenate([call(x) for x in batches])
