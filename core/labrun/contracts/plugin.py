"""The four contracts that a plugin fulfils: Simulator, Dataset, Model, Analysis.

A plugin is a frozen pydantic model with one method. Its fields are its configuration, its docstring is its
documentation, and `version` is raised whenever its results change. What a Dataset, Model or Analysis works on is read
from the signature of its method, as pytest reads fixtures (see `labrun.contracts.inputs`):

    ==================  ========================
    annotation          a stage of the section
    ==================  ========================
    `Ensemble`          simulations
    `Examples`          datasets
    `TrainedModel`      models
    `Findings`          analyses
    ==================  ========================

`list[…]` asks for several, a default of `None` makes an input optional, and a parameter `rng: np.random.Generator`
receives the stage's own random generator.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

import pluggy
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import keras
    import numpy as np

    from labrun.contracts.examples import ExampleSpec

__all__ = ["API", "Analysis", "Arrays", "Dataset", "Field", "Model", "Plugin", "Simulator", "View", "hookimpl"]

hookimpl = pluggy.HookimplMarker("labrun")

API = 1
"""The number of these contracts. It is raised when a plugin must be changed to go on working; the number before is understood too."""

Arrays: TypeAlias = "dict[str, np.ndarray]"
"""What a simulator returns: named arrays."""


@dataclass(frozen=True)
class View:
    """One picture of a run that `labrun simulate` shows: `image` is (height, width), coloured from `low` to `high`."""

    image: np.ndarray
    caption: str
    low: float
    high: float
    colormap: str = "viridis"


class Plugin(BaseModel):
    """What all plugins share: a name, a version, and fields that refuse unknown keys, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True, defer_build=True)

    name: ClassVar[str]
    version: ClassVar[int] = 1
    api: ClassVar[int] = API
    """The contracts that the plugin is written for. A plugin that says so is refused, with the reason, by a labrun that knows them no more,
    or not yet."""

    @classmethod
    def configured(cls, config: Mapping[str, Any]) -> Self:
        """Make the plugin from values as YAML gives them: lists for tuples, but no text for a number.

        Raises:
            pydantic.ValidationError: a field is missing, unknown or wrong.
        """
        return cls.model_validate_json(json.dumps(config), strict=True)

    def check(self, *_: Any, **inputs: Any) -> Iterable[tuple[str, str]]:
        """Yield `(field, message)` for every fault that shows before anything has run.

        `inputs` holds an `labrun.contracts.inputs.Outline` for each input of the stage (a list of them where several are asked
        for): the columns of an ensemble's table, the arrays that its simulator says it gives.
        """
        return ()


class Simulator(Plugin):
    """Parameters and a random generator in, named arrays out: one member of an ensemble."""

    outputs: ClassVar[Mapping[str, str]] = {}
    """Each array that `simulate` returns: its shape, type, unit. Optional; told to users, and checked when given."""

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return the arrays of one member, in the shapes and units that `outputs` declares.

        Whatever is random is drawn from `rng`. A NaN in a result is a failure.
        """
        raise NotImplementedError

    def watch(self, rng: np.random.Generator, pictures: int) -> Iterator[View]:
        """Yield `pictures` views of one run while it proceeds, for `labrun simulate`."""
        raise NotImplementedError


class Dataset(Plugin):
    """Turns ensembles (or anything else that a stage gives) into indexable examples `(x, y)`.

    A subclass defines `examples(self, <inputs>) -> Examples`. A parameter `folder: Path` receives the stage's own folder in the store:
    what takes long is written there when it is not there yet, and read from there ever after.
    """

    examples: ClassVar[Any]


class Model(Plugin):
    """Builds a compiled `keras.Model` for given shapes; the core fits it, resumes it and stores it.

    A subclass may ask for trained models and the like by further parameters of `build`.
    """

    output: ClassVar[Literal["logits", "probabilities"]] = "logits"
    """What the network of a classifier gives, (batch, classes)."""

    pretrained: ClassVar[Mapping[str, Path]] = {}
    """Trained models that come with the plugin: the folder of each, as a run writes it (see `labrun.contracts.trained`)."""

    def build(self, examples: ExampleSpec) -> keras.Model:
        """Return a compiled functional model for examples of these shapes."""
        raise NotImplementedError

    def fit(
        self,
        model: keras.Model,
        train: keras.utils.PyDataset,
        validation: keras.utils.PyDataset | None,
        epochs: range,
        callbacks: list[keras.callbacks.Callback],
    ) -> None:
        """Train for these `epochs`; `epochs.start` is above 0 when a run goes on where another stopped.

        `train` comes shuffled, anew in each epoch. Keras would shuffle the batches again, by random numbers that a run
        which goes on does not have: `shuffle=False`.
        """
        model.fit(
            train,
            validation_data=validation,
            initial_epoch=epochs.start,
            epochs=epochs.stop,
            shuffle=False,
            callbacks=callbacks,
            verbose=0,
        )

    def predict(self, model: keras.Model, x: Any) -> np.ndarray:
        """Return the model's output for one batch `x`, (batch, …), in the unit of y or as `output` says."""
        import numpy as np

        return np.asarray(model.predict_on_batch(x))


class Analysis(Plugin):
    """Turns stages into metrics, tables, figures and files.

    A subclass defines `analyse(self, <inputs>) -> Findings`.
    """

    analyse: ClassVar[Any]
