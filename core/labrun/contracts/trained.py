"""A trained model: its plugin rebuilds the network, and the weights are read from a file; nothing is unpickled."""

from __future__ import annotations

import math
import tempfile
import warnings
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.contracts.backend import keras_settings_restored, load_keras
from labrun.contracts.card import HasCard
from labrun.contracts.examples import Examples, ExampleSpec
from labrun.contracts.input_ranges import InputRanges
from labrun.contracts.naming import kind_of
from labrun.contracts.samples import Samples
from labrun.faults import LabrunError, did_you_mean
from labrun.files.atomic import read_json
from labrun.files.disk_space import is_out_of_space
from labrun.files.guarded import GuardedPath

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
    """A trained model of a run. Its network is built when it is first used."""

    place: int = 0
    """The place of its kind among the networks of the project, from 0, from which its colour in figures follows"""

    def __init__(
        self,
        plugin: Model,
        folder: Path,
        name: str = "",
        inputs: dict[str, Any] | None = None,
        variant: Mapping[str, Any] | None = None,
        place: int = 0,
    ) -> None:
        self.plugin = plugin
        self.folder = folder
        self.name = name
        self._inputs = inputs or {}
        self._parts: dict[str, keras.Model] = {}
        self.variant = {axis.rpartition(".")[2]: value for axis, value in (variant or {}).items()}
        """The values that distinguish the model from others of its matrix, by the last word of their keys: `{"seed": 1}`."""
        self.place = place

    def __repr__(self) -> str:
        last = self.history.tail(1).to_dict("records")
        numbers = ", ".join(f"{name} {value:.4g}" for row in last for name, value in row.items())
        return f"<TrainedModel {self.name} ({self.plugin.name}): {numbers or 'not trained'}>"

    @property
    def kind(self) -> str:
        """The name without the seed, shared by the models of a matrix that differ only in their seed: `net[width=8]`."""
        return kind_of(self.name, self.variant)

    @cached_property
    def spec(self) -> ExampleSpec:
        """The shapes and classes of the examples that the model was trained on.

        Raises:
            LabrunError: the file that holds them is damaged.
        """
        path = GuardedPath(self.folder) / SPEC
        try:
            return ExampleSpec.from_record(read_json(path))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = "it must give the shapes and classes of the examples that the model was trained on"
            raise LabrunError(f"'{path}' is damaged: {problem}") from error

    @cached_property
    def input_ranges(self) -> InputRanges | None:
        """The ranges of the inputs of the training; None if the model has no record of them.

        Raises:
            LabrunError: the file that holds it is damaged.
        """
        path = GuardedPath(self.folder) / SPEC
        try:
            record = read_json(path).get("ranges")
            return InputRanges.from_record(record) if record is not None else None
        except (ValueError, TypeError, AttributeError) as error:
            raise LabrunError(f"'{path}' is damaged: its 'ranges' must be pairs of numbers") from error

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row per epoch: its number (from 1), losses and metrics."""
        import pandas as pd

        with (GuardedPath(self.folder) / HISTORY).opened("r", encoding="utf-8") as stream:
            return pd.read_csv(stream)

    @cached_property
    def samples(self) -> Samples | None:
        """Predictions for a few validation examples, taken during the training, if the project asked for them (`fit.samples`)."""
        return Samples.load(self.folder)

    @cached_property
    def network(self) -> keras.Model:
        """The Keras model with its trained weights.

        Raises:
            LabrunError: the weights cannot be read, or belong to another network.
        """
        with keras_settings_restored():
            model = self.plugin.build(self.spec, **self._inputs)
        _load_weights(model, GuardedPath(self.folder) / WEIGHTS, f"the '{self.plugin.name}' network of '{self.name}'")
        return model

    @property
    def main_input(self) -> str | None:
        """The name of the largest input if the model takes several, such as a snapshot and its density; else None."""
        x = self.spec.x
        return max(x, key=lambda name: math.prod(x[name].shape)) if isinstance(x, dict) else None

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape of one example (of its main input if there are several), as the network expects it; None for a size that may vary."""
        inputs = self.network.inputs
        main = next((one for one in inputs if one.name == self.main_input), inputs[0])
        return tuple(main.shape[1:])

    @property
    def shape_in_words(self) -> str:
        """`input_shape` for messages: `(any, any, 3)`."""
        sizes = ["any" if size is None else str(size) for size in self.input_shape]
        return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Check whether the network accepts examples of this shape."""
        wanted = self.input_shape
        return len(wanted) == len(shape) and all(w in (None, s) for w, s in zip(wanted, shape, strict=True))

    def predict(self, examples: Examples, batch_size: int = 32) -> np.ndarray:
        """Return the network's output for all examples, (n, …), in their order and in the unit of y, reading one batch at a time.

        Raises:
            ValueError: the network does not accept examples of this shape.
        """
        self._check(examples)
        return _in_batches(examples, batch_size, lambda x: self.plugin.predict(self.network, x))

    def logits(self, examples: Examples, batch_size: int = 32) -> np.ndarray:
        """Return the logits of the classes, (n, classes): the logarithms of their probabilities, up to a constant.

        Raises:
            ValueError: the model is not a classifier, or its network does not accept examples of this shape.
        """
        import numpy as np

        if self.spec.classes is None:
            raise ValueError(f"the model '{self.name}' predicts numbers, not classes")
        output = self.predict(examples, batch_size)
        if self.plugin.output == "logits":
            return output
        return np.log(np.maximum(output, np.finfo(output.dtype).tiny))

    def probabilities(self, examples: Examples, batch_size: int = 32) -> np.ndarray:
        """Return the probabilities of the classes, (n, classes) float64: the softmax of the logits. Each row sums to 1.

        Raises:
            ValueError: as `logits`.
        """
        from scipy.special import softmax

        return softmax(self.logits(examples, batch_size).astype(float), axis=-1)

    def estimates(self, examples: Examples, batch_size: int = 32) -> np.ndarray:
        """Return the quantity that the model predicts, (n,) float64, in its own unit even if `y` is a logarithm.

        Raises:
            ValueError: the model does not predict one number, or its network does not accept examples of this shape.
        """
        if self.spec.classes is not None or math.prod(self.spec.y.shape) != 1:
            output = "classes" if self.spec.classes is not None else f"numbers of shape {self.spec.y.shape}"
            raise ValueError(f"the model '{self.name}' predicts {output}, not one number")
        y = self.predict(examples, batch_size).reshape(len(examples))
        quantity = self.spec.quantity
        return quantity.value(y) if quantity is not None else y.astype(float)

    def activations(self, examples: Examples, layer: str, batch_size: int = 32) -> np.ndarray:
        """Return the output of a layer for all examples, (n, …), dimensionless.

        Raises:
            ValueError: there is no such layer, or the network does not accept examples of this shape.
        """
        import numpy as np

        self._check(examples)
        part = self._part(layer)
        return _in_batches(examples, batch_size, lambda x: np.asarray(part.predict_on_batch(x)))

    def _part(self, layer: str) -> keras.Model:
        """Return the network up to a layer, built once, so that it is compiled once."""
        if layer not in self._parts:
            keras = load_keras()
            names = [one.name for one in self.network.layers]
            if layer not in names:
                raise ValueError(f"the model '{self.name}' has no layer '{layer}'{did_you_mean(layer, names)}")
            self._parts[layer] = keras.Model(self.network.inputs, self.network.get_layer(layer).output)
        return self._parts[layer]

    def _check(self, examples: Examples) -> None:
        """Check whether the network accepts the examples: sizes that may vary need not be those of the training."""
        found, trained, main = examples.spec.x, self.spec.x, self.main_input
        if isinstance(found, dict) and isinstance(trained, dict) and main in found:
            fits = self.takes(found[main].shape) and found | {main: trained[main]} == trained
            wanted = str(trained)
        elif isinstance(found, dict) or isinstance(trained, dict):
            fits, wanted = False, str(trained)
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


def _load_weights(model: keras.Model, weights: GuardedPath, network: str) -> None:
    """Load weights from a private copy. Keras takes the name of a file, and follows links out of it, so the file is checked before; in a
    folder of somebody else, it could be another one by then.

    Raises:
        LabrunError: the weights cannot be read, or belong to another network.
        OSError: there is no room for the copy.
    """
    from labrun.files.hdf5 import open_hdf5

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings("error", message="Skipping")  # layers would keep their initial weights
        # the file does not hold the optimizer, which is not needed to predict
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        own = GuardedPath(Path(folder)) / WEIGHTS
        try:
            weights.copy_to(own)
            open_hdf5(own.path).close()
            model.load_weights(own.path)
        except (OSError, ValueError, KeyError, UserWarning) as error:
            if is_out_of_space(error):
                raise
            reason = " ".join(str(error).split()).replace(str(own), str(weights))
            raise LabrunError(
                f"the weights in '{weights}' are damaged, or do not belong to {network}: {reason:.300}"
            ) from error
