"""Analysis `shallow_baseline`: random trees on hand-made features of patterns, which networks have to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, ArraySpec, Examples, Field, Findings, hookimpl

if TYPE_CHECKING:
    import numpy as np


METHOD = "trees on hand-made features"


class ShallowBaseline(Analysis):
    """Random trees on hand-made features of patterns, the baseline that networks have to beat.

    The 64 features are the radial power spectrum, the histogram and the moments of the last frame, and the changes between frames (see
    `labrun_shallow_baseline.features`). The trees are the extremely randomized ones of P. Geurts, D. Ernst and L. Wehenkel, Mach. Learn.
    63, 3 (2006). `x` is `(size, size, frames)`, periodic and square, with at least two frames.
    """

    name: ClassVar[str] = "shallow_baseline"
    version: ClassVar[int] = 1

    trees: int = Field(500, ge=1, description="trees in each forest")
    forests: int = Field(
        3, ge=1, description="number of forests, each with its own random numbers; the metric is their mean accuracy"
    )
    batch_size: int = Field(128, ge=1, description="patterns in memory at a time")

    def analyse(self, train: Examples, dataset: list[Examples], rng: np.random.Generator) -> Findings:
        """Return the metrics `accuracy <dataset>`, means over the forests, and the table `scores`, a row for each forest.

        Raises:
            ValueError: x is not a square pattern with frames, or y is not a class.
        """
        import pandas as pd
        from sklearn.ensemble import ExtraTreesClassifier

        from labrun.kit.accuracy import accuracy_measure

        _check(train)
        inputs = self._features(train)
        truth = train.load_y(slice(None))
        seeds = [int(seed) for seed in rng.integers(2**31, size=self.forests)]
        forests = [ExtraTreesClassifier(self.trees, random_state=seed, n_jobs=-1).fit(inputs, truth) for seed in seeds]
        metrics: dict[str, float] = {}
        rows = []
        for examples in dataset:
            features, wanted = self._features(examples), examples.load_y(slice(None))
            predicted = [forest.predict(features) for forest in forests]
            metrics[f"accuracy {examples.name}"] = accuracy_measure(examples, predicted, METHOD, key=True)
            rows += [
                {"dataset": examples.name, "forest": i + 1, "accuracy": float((one == wanted).mean())}
                for i, one in enumerate(predicted)
            ]
        return Findings(
            metrics=metrics,
            tables={"scores": pd.DataFrame(rows)},
            captions={"scores": f"Accuracy of each forest of {self.trees} trees on 64 features."},
        )

    def _features(self, examples: Examples) -> np.ndarray:
        import numpy as np

        from labrun.kit.batches import batches
        from labrun_shallow_baseline.features import features

        return np.concatenate([features(examples.load_x(i)) for i in batches(len(examples), self.batch_size)])


def _check(examples: Examples) -> None:
    x = examples.spec.x
    if not isinstance(x, ArraySpec) or len(x.shape) != 3 or x.shape[0] != x.shape[1] or x.shape[2] < 2:
        raise ValueError(
            f"shallow_baseline expects x of shape (size, size, frames) with at least two frames, but '{examples.name}' has {x}"
        )
    if examples.classes is None:
        raise ValueError(f"shallow_baseline predicts classes, but the y of '{examples.name}' is a number")


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [ShallowBaseline]
