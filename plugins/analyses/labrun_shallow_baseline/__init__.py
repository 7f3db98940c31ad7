"""Analysis `shallow_baseline`: what hand-made features and a forest of trees reach, which any network has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, ArraySpec, Examples, Field, Findings, hookimpl

if TYPE_CHECKING:
    import numpy as np


class ShallowBaseline(Analysis):
    """Hand-made features of a pattern and a forest of trees, which any network has to beat.

    The 64 features are the radial power spectrum and the histogram of the last frame, its moments, and what moves
    between the frames: see `labrun_shallow_baseline.features`. The trees are the extremely randomized ones of P. Geurts,
    D. Ernst and L. Wehenkel, Mach. Learn. 63, 3 (2006). `x` is `(size, size, frames)` with at least two frames, periodic
    and square.
    """

    name: ClassVar[str] = "shallow_baseline"
    version: ClassVar[int] = 1

    trees: int = Field(500, ge=1, description="trees of a forest")
    forests: int = Field(
        3, ge=1, description="forests, each with other random numbers; mean and spread of the accuracy are told"
    )
    batch_size: int = Field(128, ge=1, description="patterns that are read at once")

    def analyse(self, train: Examples, dataset: list[Examples], rng: np.random.Generator) -> Findings:
        """Metrics `accuracy <dataset>` and their spread over the forests; table `scores`.

        Raises:
            ValueError: x is no square pattern of frames, or y is no class.
        """
        import numpy as np
        import pandas as pd
        from sklearn.ensemble import ExtraTreesClassifier

        _check(train)
        inputs = self._features(train)
        truth = train.load_y(slice(None))
        seeds = [int(seed) for seed in rng.integers(2**31, size=self.forests)]
        forests = [ExtraTreesClassifier(self.trees, random_state=seed, n_jobs=-1).fit(inputs, truth) for seed in seeds]
        metrics, rows = {}, []
        for examples in dataset:
            features, wanted = self._features(examples), examples.load_y(slice(None))
            accuracies = [float((forest.predict(features) == wanted).mean()) for forest in forests]
            metrics[f"accuracy {examples.name}"] = float(np.mean(accuracies))
            rows += [{"dataset": examples.name, "forest": i + 1, "accuracy": a} for i, a in enumerate(accuracies)]
        return Findings(
            metrics=metrics,
            tables={"scores": pd.DataFrame(rows)},
            captions={"scores": f"{self.trees} trees on 64 features."},
        )

    def _features(self, examples: Examples) -> np.ndarray:
        import numpy as np

        from labrun_shallow_baseline.features import features

        starts = range(0, len(examples), self.batch_size)
        return np.concatenate([features(examples.load_x(slice(start, start + self.batch_size))) for start in starts])


def _check(examples: Examples) -> None:
    x = examples.spec.x
    if not isinstance(x, ArraySpec) or len(x.shape) != 3 or x.shape[0] != x.shape[1] or x.shape[2] < 2:
        raise ValueError(
            f"shallow_baseline wants x of shape (size, size, frames) with two frames or more; '{examples.name}' has {x}"
        )
    if examples.classes is None:
        raise ValueError(f"shallow_baseline names classes; the y of '{examples.name}' is a number")


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [ShallowBaseline]
