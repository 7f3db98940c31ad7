"""A plugin of each kind that does one thing wrong, which its field `fault` names. Installed by `test_methods` as distribution `zoo`."""

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from labrun import Analysis, Dataset, Ensemble, Examples, Findings, Model, Simulator, hookimpl


class Beast(Simulator):
    """Gives `x`, three numbers."""

    name = "beast"
    outputs: ClassVar = {"x": "(3,) float64"}
    fault: str = ""

    @model_validator(mode="after")
    def _validate(self):
        if self.fault == "validator":
            raise RuntimeError("the validator fell over")
        if self.fault == "validator leaves":
            raise SystemExit("bye")
        return self

    def check(self, **inputs):
        if self.fault == "check":
            raise KeyError("the check fell over")
        return () if self.fault != "check is none" else None

    def simulate(self, rng):
        x = rng.random(3)
        match self.fault:
            case "raises":
                raise RuntimeError("the beast fell over")
            case "leaves":
                raise SystemExit(3)
            case "list":
                return [x]
            case "none":
                return None
            case "empty":
                return {}
            case "objects":
                return {"x": np.array([1, "a", None], object)}
            case "ragged":
                return {"x": [[1, 2], [3]]}
            case "texts":
                return {"x": ["a", "b"]}
            case "names":
                return {"x": x, "y": x}
            case "number as name":
                return {3: x}
            case "path as name":
                return {"a/b": x}
            case "nan":
                return {"x": x * np.nan}
        return {"x": x}

    def watch(self, rng, pictures):
        if self.fault == "raises":
            raise RuntimeError("the watch fell over")
        if self.fault == "list":
            yield [1, 2]


class Herd(Dataset):
    """Members as examples of two classes."""

    name = "herd"
    fault: str = ""

    def examples(self, simulation: Ensemble) -> Examples:
        count = len(simulation)
        x, y, groups = np.zeros((count, 3)), np.arange(count) % 2, np.arange(count)
        if self.fault == "raises":
            raise RuntimeError("the herd fell over")
        if self.fault == "tuple":
            return x, y
        load_x = {
            "load_x raises": lambda i: 1 / 0,
            "rows of x": lambda i: x,
            "list of x": lambda i: [x[n] for n in i],
            "texts of x": lambda i: np.array(["a"] * len(i)),
        }
        load_y = {
            "rows of y": lambda i: y[:2],
            "no row of y": lambda i: y[0],
            "scores for classes": lambda i: y[i].astype(np.float32),
            "class of no name": lambda i: y[i] + 1,
        }
        members = {
            "groups of texts": np.array(["a"] * count),
            "two-dimensional groups": groups[:, None],
            "too many groups": np.arange(count + 2),
        }
        return Examples(
            load_x.get(self.fault, lambda i: x[i]),
            load_y.get(self.fault, lambda i: y[i]),
            members.get(self.fault, groups),
            classes=["a", "b"],
        )


class Narrow(Model):
    """A dense layer of so many units."""

    name = "narrow"
    fault: str = ""
    units: int = Field(2)

    def build(self, examples):
        import keras

        if self.fault == "raises":
            raise RuntimeError("the brain fell over")
        if self.fault == "none":
            return None
        inputs = keras.Input(examples.x.shape)
        model = keras.Model(inputs, keras.layers.Dense(self.units)(inputs))
        if self.fault != "uncompiled":
            model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model


class Brain(Narrow):
    """A dense layer, and a training of its own."""

    name = "brain"

    def fit(self, model, train, validation, epochs, callbacks):
        if self.fault == "fit raises":
            raise RuntimeError("the training fell over")
        if self.fault != "fit does nothing":
            super().fit(model, train, validation, epochs, callbacks)


class Judge(Analysis):
    """Finds nothing."""

    name = "judge"
    fault: str = ""

    def analyse(self, simulation: Ensemble) -> Findings:
        import matplotlib.pyplot as plt

        match self.fault:
            case "raises":
                raise RuntimeError("the judge fell over")
            case "none":
                return None
            case "text as metric":
                return Findings(metrics={"mean": "high"})
            case "list of metrics":
                return Findings(metrics=[1.0])
            case "dict as table":
                return Findings(tables={"rows": {"a": [1]}})
            case "axes as figure":
                return Findings(figures={"plot": plt.subplots()[1]})
            case "text as file":
                return Findings(files={"notes.txt": "text"})
            case "path as file":
                return Findings(files={"a/b.txt": b"text"})
            case "warning is a text":
                return Findings(warnings="careful")
        return Findings()


@hookimpl
def labrun_simulators():
    return [Beast]


@hookimpl
def labrun_datasets():
    return [Herd]


@hookimpl
def labrun_models():
    return [Brain, Narrow]


@hookimpl
def labrun_analyses():
    return [Judge]


@hookimpl
def labrun_stage_finished(event):
    raise RuntimeError("the observer fell over")
