"""The plugins of the tests' projects: one of each kind, as small as can be. Loaded as a local file, `plugins: [lab.py]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from labrun import Analysis, Dataset, Ensemble, Examples, Field, Findings, Model, Simulator, TrainedModel, hookimpl

if TYPE_CHECKING:
    import keras
    import numpy as np

    from labrun import Arrays, ExampleSpec


class Wave(Simulator):
    """A sine on a line, u_i = a sin(2π i / n) + noise."""

    name: ClassVar[str] = "wave"
    outputs: ClassVar[dict[str, str]] = {"u": "(points,) float32, dimensionless"}

    amplitude: float = Field(1.0, ge=0, le=10, description="a, dimensionless")
    points: int = Field(5, ge=2, description="n, points on the line")
    noise: Literal["none", "normal"] = Field("none", description="what is added to the sine")

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return `u`: (points,) float32."""
        import numpy as np

        u = self.amplitude * np.sin(2 * np.pi * np.arange(self.points) / self.points)
        if self.noise == "normal":
            u += rng.standard_normal(self.points)
        return {"u": u.astype(np.float32)}


class Lines(Dataset):
    """Waves as examples: `u` as x, a column of the sweep's table as y (classes, if it holds texts)."""

    name: ClassVar[str] = "lines"

    y: str = Field(description="column that is to be found")

    def examples(self, simulation: Ensemble) -> Examples:
        import numpy as np

        column = simulation.columns[self.y]
        classes = sorted(set(column)) if isinstance(column[0], str) else None
        y = np.array([classes.index(v) for v in column] if classes else column, np.int64 if classes else np.float32)
        return Examples(
            lambda indices: np.stack([simulation.read(i, "u") for i in indices]),
            lambda indices: y[indices],
            np.arange(len(simulation)),
            classes=classes,
        )


class Line(Model):
    """One dense layer."""

    name: ClassVar[str] = "line"

    learning_rate: float = Field(0.01, gt=0, description="of plain gradient descent")

    def build(self, examples: ExampleSpec) -> keras.Model:
        import keras

        inputs = keras.Input(examples.x.shape, name="x")
        outputs = keras.layers.Dense(len(examples.classes or "1"), name="answer")(inputs)
        model = keras.Model(inputs, outputs, name="line")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if examples.classes else "mse"
        model.compile(optimizer=keras.optimizers.SGD(self.learning_rate), loss=loss)
        return model


class Spread(Analysis):
    """Mean and standard deviation of all waves."""

    name: ClassVar[str] = "spread"

    def analyse(self, simulation: Ensemble) -> Findings:
        import numpy as np

        u = np.stack([member["u"] for member in simulation])
        return Findings(metrics={"mean": float(u.mean()), "deviation": float(u.std())})


class Losses(Analysis):
    """The last loss of each of several models, on a dataset if there is one."""

    name: ClassVar[str] = "losses"

    def analyse(self, models: list[TrainedModel], dataset: Examples | None = None) -> Findings:
        return Findings(metrics={model.name: float(model.history["loss"].iloc[-1]) for model in models})


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    return [Wave]


@hookimpl
def labrun_datasets() -> list[type[Dataset]]:
    return [Lines]


@hookimpl
def labrun_models() -> list[type[Model]]:
    return [Line]


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [Spread, Losses]
