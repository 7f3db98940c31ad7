"""The five contracts, one of which every plugin fulfils: Simulator, Dataset, Model, Analysis, Sampler.

A plugin is a frozen pydantic model with one method. Its fields are its configuration, its docstring is its documentation, and
`version` is raised whenever its results change. A Dataset, Model or Analysis declares its inputs in the signature of its method, as a
test of pytest declares its fixtures (see `labrun.contracts.inputs`):

    ==================  ========================
    annotation          a stage of the section
    ==================  ========================
    `Ensemble`          simulations
    `Examples`          datasets
    `TrainedModel`      models
    `Findings`          analyses
    ==================  ========================

`list[…]` asks for several stages, a default of `None` makes an input optional, and a parameter `rng: np.random.Generator` receives the
random generator of the stage. A Simulator and a Sampler ask for no stages.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

import pluggy
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import keras
    import numpy as np

    from labrun.contracts.examples import ExampleSpec
    from labrun.contracts.sampling import Asked, Choice
    from labrun.contracts.surroundings import Surroundings

__all__ = [
    "API",
    "Analysis",
    "Arrays",
    "Dataset",
    "Field",
    "Model",
    "Plugin",
    "Sampler",
    "Simulator",
    "View",
    "hookimpl",
]

hookimpl = pluggy.HookimplMarker("labrun")

API = 1
"""The version of these contracts. It is raised when plugins must be changed to keep working; the version before is still accepted."""

Arrays: TypeAlias = "dict[str, np.ndarray]"
"""The result of a simulator: arrays by name."""


@dataclass(frozen=True)
class View:
    """One picture that `labrun simulate` shows while it runs: `image`, (height, width), coloured from `low` to `high`."""

    image: np.ndarray
    caption: str
    low: float
    high: float
    colormap: str = "viridis"


class Plugin(BaseModel):
    """The base of all plugins: a name, a version, and fields that refuse unknown keys, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True, defer_build=True)

    name: ClassVar[str]
    version: ClassVar[int] = 1
    api: ClassVar[int] = API
    """The version of the contracts that the plugin is written for. A labrun that does not know that version, because it is too old or too
    new, refuses the plugin and says why."""

    @classmethod
    def configured(cls, config: Mapping[str, Any]) -> Self:
        """Create the plugin from values as YAML gives them: a list may stand for a tuple, but a text not for a number.

        Raises:
            pydantic.ValidationError: a field is missing, unknown or has an invalid value.
        """
        return cls.model_validate_json(json.dumps(config), strict=True)

    def check(self, *_: Any, **inputs: Any) -> Iterable[tuple[str, str]]:
        """Yield `(field, message)` for every fault that can be found before anything runs.

        `inputs` holds a `labrun.contracts.inputs.Outline` for each input of the stage, or a list of them if it asks for several: the
        columns of an ensemble's table and the arrays that its simulator declares.
        """
        return ()


class Simulator(Plugin):
    """Simulates one member of an ensemble: parameters and a random generator in, named arrays out."""

    outputs: ClassVar[Mapping[str, str]] = {}
    """The shape, type and unit of each array that `simulate` returns. Optional; if given, it is shown to users and checked."""
    shown: ClassVar[str] = ""
    """The array that pictures of members show; by default the first that is a picture."""
    colours: ClassVar[str | Sequence[str]] = ""
    """Its colour map in Matplotlib, or a colour for each number from 0 on; by default viridis, or grey for bytes."""

    keeps_time: ClassVar[bool] = False
    """Whether it raises a `TimeoutError` by itself when a member takes longer than the project allows (`Surroundings.timeout`). The members
    of others are simulated in a process beside the worker, which is then ended."""

    @classmethod
    def completed(cls, config: Mapping[str, Any], surroundings: Surroundings) -> dict[str, Any]:
        """Return a configuration as a project gives it, completed with what follows from files and programs around the project, such as
        digests that belong to the key. It is called once for all members, with values that nobody has checked; leave faults to validators.
        """
        return dict(config)

    @classmethod
    def may_sweep(cls, name: str) -> bool:
        """Check whether a sweep may vary `name`: by default, any field."""
        return any(name in (key, field.alias) for key, field in cls.model_fields.items())

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return the arrays of one member, in the shapes and units that `outputs` declares.

        Draw all random numbers from `rng`. A result that contains NaN counts as a failure.
        """
        raise NotImplementedError

    def declared_outputs(self) -> Mapping[str, str]:
        """Return the arrays of a member of this configuration as `outputs` describes them. Override it if they depend on the
        configuration."""
        return self.outputs

    def remarks(self) -> Iterable[str]:
        """Yield warnings about this configuration, shown before and after a run."""
        return ()

    def gives(self, array: str) -> bool | None:
        """Check whether a member of this configuration holds an array that `outputs` declares; None if that is not known before it is
        simulated. An array that it does not give may be left out of the result."""
        return None

    def watch(self, rng: np.random.Generator, pictures: int) -> Iterator[View]:
        """Yield `pictures` views of one simulation as it proceeds, for `labrun simulate`."""
        raise NotImplementedError


class Dataset(Plugin):
    """Turns ensembles, or the results of other stages, into indexable examples `(x, y)`.

    A subclass defines `examples(self, <inputs>) -> Examples`. A parameter `folder: Path` receives the stage's folder in the store, where
    the results of slow work can be kept: write them if they are missing, and read them otherwise.
    """

    examples: ClassVar[Any]


class Model(Plugin):
    """Builds a compiled `keras.Model` for examples of given shapes; the core trains, resumes and stores it.

    A subclass may ask for other stages, such as a trained model, by further parameters of `build`.
    """

    output: ClassVar[Literal["logits", "probabilities"]] = "logits"
    """The meaning of a classifier's output, (batch, classes)."""

    pretrained: ClassVar[Mapping[str, Path]] = {}
    """Trained models that the plugin ships, by name: the folder of each, as a run writes it (see `labrun.learning.pretrained`)."""

    def build(self, examples: ExampleSpec) -> keras.Model:
        """Return a compiled functional model, with named layers, for examples of these shapes."""
        raise NotImplementedError

    def fit(
        self,
        model: keras.Model,
        train: keras.utils.PyDataset,
        validation: keras.utils.PyDataset | None,
        epochs: range,
        callbacks: list[keras.callbacks.Callback],
    ) -> None:
        """Train for these `epochs`; `epochs.start` is above 0 when an interrupted training continues.

        `train` is shuffled already, anew in each epoch. Keep `shuffle=False`: Keras would shuffle the batches once more, by random
        numbers that a resumed training cannot reproduce.
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

    def shown(self, x: Any) -> Any:
        """Return what the network is shown of a batch `x`, (batch, …): `x` itself, unless `predict` changes it first."""
        return x

    def predict(self, model: keras.Model, x: Any) -> np.ndarray:
        """Return the model's output for one batch `x`, (batch, …), in the unit of y or as `output` says."""
        import numpy as np

        return np.asarray(model.predict_on_batch(x))


class Analysis(Plugin):
    """Turns the results of stages into metrics, tables, figures and files.

    A subclass defines `analyse(self, <inputs>) -> Findings`.
    """

    analyse: ClassVar[Any]


class Sampler(Plugin):
    """Chooses the next rows of an adaptive sweep from the rows so far and what was measured of them."""

    needs: ClassVar[Literal["classes", "numbers"]] = "numbers"
    """What the sweep must measure: the class of each row, or a number."""

    def propose(self, asked: Asked, candidates: np.ndarray, count: int, rng: np.random.Generator) -> Choice:
        """Choose `count` of the candidates, (candidates, coordinates), which are mapped as `asked.points` are and were not asked before.

        At least one row has a value. Rows in work have none, but are asked already: choose places that they leave open. The choice must
        follow from the arguments alone, since a run that was interrupted must choose the same rows again.
        """
        raise NotImplementedError

    def predict(self, asked: Asked, points: np.ndarray) -> np.ndarray:
        """Return the value expected at each point, (points,), in the unit of `asked.values`: that of the nearest row.

        A sweep that stops by `until: {change: …}` compares these predictions between rounds.
        """
        from labrun.contracts.sampling import nearest_values

        return nearest_values(asked, points)
