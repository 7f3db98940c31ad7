"""Analysis `statistics_baseline`: a regression on statistics of snapshots, which networks have to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from labrun import Analysis, ArraySpec, Examples, Field, Findings, hookimpl

if TYPE_CHECKING:
    import numpy as np


class StatisticsBaseline(Analysis):
    """A regression on statistics of snapshots, without a network: the baseline that networks have to beat.

    The statistics describe clusters, neighbourhoods and pairs and, with orientations, who looks at whom (see
    `labrun_statistics_baseline.features`). They are standardized. The regression is ridge regression with a Gaussian kernel, approximated
    by some training examples (Nyström's method: C. Williams and M. Seeger, NIPS 13 (2001)), with the penalty of the least leave-one-out
    error. `x` are periodic snapshots of codes, (height, width), or occupancy, (height, width, 1).

    The table `predictions` has the columns `dataset`, `example` (the position in the dataset), `method` and `prediction`, in the unit of
    the quantity. Give the findings to `regression` as a baseline, and they are judged beside the networks.
    """

    name: ClassVar[str] = "statistics_baseline"
    version: ClassVar[int] = 1

    sees: Literal["orientation", "occupancy"] = Field(
        "orientation", description="what the statistics use: orientations too, or occupancy alone"
    )
    kernels: int = Field(600, ge=1, description="training examples that approximate the kernel, at most")
    width: float = Field(5.0, gt=0, description="width of the kernel in each statistic [standard deviations]")

    def analyse(self, train: Examples, dataset: list[Examples], rng: np.random.Generator) -> Findings:
        """Return the metrics `r <dataset>` (Pearson's) and `MAE <dataset>`, and the tables `scores` and `predictions`.

        Raises:
            ValueError: x is not a snapshot, it has no orientations but these are to be used, or y is a class.
        """
        import numpy as np
        import pandas as pd

        from labrun.kit.predictions import Predictions, true_values
        from labrun_statistics_baseline.scores import correlation, measures

        model = self._fitted(train, rng)
        metrics: dict[str, float] = {}
        predicted, rows = [], []
        for examples in dataset:
            truth, found = true_values(examples), self._predict(model, examples)
            numbers = {"r": correlation(truth, found), "MAE": float(np.abs(found - truth).mean())}
            rows.append({"dataset": examples.name, "examples": len(examples), **numbers})
            metrics |= {f"{one.name} {examples.name}": one for one in measures(examples, truth, found, self._method)}
            predicted.append((examples, self._method, found))
        return Findings(
            metrics=metrics,
            tables={"scores": pd.DataFrame(rows), "predictions": Predictions.gather(predicted).table},
            captions={
                "scores": f"{self._method}, trained on {len(train):,} snapshots of '{train.name}'.",
                "predictions": "Every prediction; 'example' is the position in the dataset.",
            },
        )

    @property
    def _method(self) -> str:
        return "statistics" if self.sees == "orientation" else "statistics of places"

    def _fitted(self, train: Examples, rng: np.random.Generator) -> Any:
        import numpy as np
        from sklearn.kernel_approximation import Nystroem
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        if train.classes is not None:
            raise ValueError(f"statistics_baseline predicts numbers, but the y of '{train.name}' is a class")
        inputs = self._features(train)
        kernel = Nystroem(
            gamma=1 / (inputs.shape[1] * self.width**2 / 2),
            n_components=min(self.kernels, len(inputs)),
            random_state=int(rng.integers(2**31)),
        )
        model = make_pipeline(StandardScaler(), kernel, RidgeCV(np.logspace(-6, 3, 19)))
        return model.fit(inputs, train.load_y(slice(None)))

    def _predict(self, model: Any, examples: Examples) -> np.ndarray:
        """Return the predictions, (examples,), in the unit of the quantity."""
        found = model.predict(self._features(examples))
        return found if examples.quantity is None else examples.quantity.value(found)

    def _features(self, examples: Examples) -> np.ndarray:
        """Return the features, (examples, features), reading some snapshots at a time."""
        import numpy as np

        from labrun.kit.batches import batches
        from labrun_statistics_baseline.features import orientations, places

        _check(examples, self.sees)
        rows = []
        for chosen in batches(len(examples), BATCH):
            x = examples.load_x(chosen)
            codes = np.asarray(x["snapshot"] if isinstance(x, dict) else x)
            codes = codes[..., 0] if codes.ndim == 4 else codes
            columns = [places(codes)] + ([orientations(codes)] if self.sees == "orientation" else [])
            rows.append(np.concatenate(columns, axis=1))
        return np.concatenate(rows)


BATCH = 64


def _check(examples: Examples, sees: str) -> None:
    x = examples.spec.x["snapshot"] if isinstance(examples.spec.x, dict) else examples.spec.x
    assert isinstance(x, ArraySpec)
    if len(x.shape) == 2 or (len(x.shape) == 3 and x.shape[2] == 1 and sees == "occupancy"):
        return
    wanted = "(height, width)" if sees == "orientation" else "(height, width) or (height, width, 1)"
    raise ValueError(
        f"statistics_baseline expects x of shape {wanted} for 'sees: {sees}', but '{examples.name}' has {x.shape}"
    )


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [StatisticsBaseline]
