"""Analysis `summary_baseline`: a random forest on 17 summary features of slices, which networks have to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, ArraySpec, Examples, Field, Findings, hookimpl

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

METHOD = "summary features"
BATCH = 256
"""Slices in memory at a time"""


class SummaryBaseline(Analysis):
    """A random forest on 17 summary features of slices, which predicts a class or a number such as the redshift. A network has to beat it
    to be worth its cost.

    The features are the mean, the standard deviation, the share of pixels that are 0, the skewness, the 5, 25, 50, 75 and 95 % quantiles,
    and the logarithm of the power in the plane in 8 bins (see `labrun_summary_baseline.features`), for each channel. The forest is that of
    L. Breiman, Mach. Learn. 45, 5 (2001), not tuned.

    Members (or the random seeds of the skies, where the dataset groups examples by them) are also judged one by one; their spread shows
    how certain the score is.

    The table `predictions` has the columns `dataset`, `example` (the position in the dataset), `method` and `prediction`: a class, or a
    number in the unit of its quantity. Give findings of numbers to `regression` as a baseline, and they are judged beside the networks.
    """

    name: ClassVar[str] = "summary_baseline"
    version: ClassVar[int] = 1

    trees: int = Field(300, ge=1, description="number of trees")
    cell_size: float | None = Field(
        None, gt=0, description="side of a pixel [Mpc]; without it, wave numbers are in 1/pixel"
    )

    def analyse(self, train: Examples, dataset: list[Examples], rng: np.random.Generator) -> Findings:
        """Return the metrics `accuracy <dataset>` for classes, `RMSE <dataset>` and `R² <dataset>` for numbers, and the `spread of` the
        first over groups; the tables `scores`, `groups`, `importances`, `predictions`; the figures `importances` and, for several groups,
        `groups`.

        Raises:
            ValueError: x is not a slice, y is neither a class nor a number, or a dataset has another y than `train`.
        """
        import pandas as pd

        from labrun.kit.predictions import Predictions
        from labrun_summary_baseline.drawing import draw_groups, draw_importances
        from labrun_summary_baseline.scores import judge, judge_groups

        for examples in (train, *dataset):
            _check(examples, train)
        forest = self._fitted(train, rng)
        predictions = [_predicted(forest, examples, self._features(examples)) for examples in dataset]
        scores = pd.DataFrame([judge(one, found) for one, found in zip(dataset, predictions, strict=True)])
        groups = pd.concat(
            [judge_groups(one, found) for one, found in zip(dataset, predictions, strict=True)], ignore_index=True
        )
        importances = self._importances(forest, train)
        findings = Findings(
            metrics=_metrics(scores, dataset, predictions),
            tables={"scores": scores, "groups": groups, "importances": importances},
            figures={"importances": draw_importances(importances)},
            captions=self._captions(train, importances),
        )
        findings.tables["predictions"] = Predictions.gather(
            (one, METHOD, found) for one, found in zip(dataset, predictions, strict=True)
        ).table
        if groups["group"].nunique() > 1:
            findings.figures["groups"] = draw_groups(groups, str(train.quantity or "y"))
        return findings

    def _fitted(self, train: Examples, rng: np.random.Generator) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        kind = RandomForestRegressor if train.classes is None else RandomForestClassifier
        forest = kind(self.trees, random_state=int(rng.integers(2**31)), n_jobs=-1)
        return forest.fit(self._features(train), train.load_y(slice(None)))

    def _features(self, examples: Examples) -> np.ndarray:
        """Return the features, (examples, 17 × channels), reading some slices at a time."""
        import numpy as np

        from labrun.kit.batches import batches
        from labrun_summary_baseline.features import features

        read = (examples.load_x(places) for places in batches(len(examples), BATCH))
        return np.concatenate([features(x, self.cell_size or 1.0) for x in read])

    def _importances(self, forest: Any, train: Examples) -> pd.DataFrame:
        import pandas as pd

        from labrun_summary_baseline.features import feature_names

        height, width, channels = train.spec.x.shape  # type: ignore[union-attr]
        names = feature_names((height, width), channels, self.cell_size)
        return pd.DataFrame({"feature": names, "importance": forest.feature_importances_})

    def _captions(self, train: Examples, importances: pd.DataFrame) -> dict[str, str]:
        answer = "accuracy" if train.classes is not None else "RMSE"
        number = "; 'rmse' is in the unit of the quantity" if train.classes is None else ""
        return {
            "scores": f"{self.trees} trees on summary features, trained on {len(train):,} slices of '{train.name}'. 'spread' is the "
            f"standard deviation of the {answer} over the groups of the dataset{number}.",
            "groups": f"The {answer} of each group of the dataset; lines are means.",
            "importances": "Contribution of each feature to the decisions of the trees (mean decrease of impurity; the sum is 1). "
            f"Correlated features share it. The most important is '{importances.loc[importances['importance'].idxmax(), 'feature']}'.",
            "predictions": "Every prediction; 'example' is the position in the dataset.",
        }


def _check(examples: Examples, train: Examples) -> None:
    x = examples.spec.x
    if not isinstance(x, ArraySpec) or len(x.shape) != 3:
        found = f"the inputs {', '.join(x)}" if isinstance(x, dict) else f"x of shape {x.shape}"
        raise ValueError(
            f"summary_baseline expects slices, x of shape (height, width, channels), but '{examples.name}' has {found}"
        )
    if examples.spec.y.shape:
        raise ValueError(
            f"summary_baseline predicts a class or a number, but the y of '{examples.name}' has shape {examples.spec.y.shape}: give the "
            "dataset such a y"
        )
    if examples.classes != train.classes or examples.quantity != train.quantity:
        raise ValueError(
            f"the y of '{examples.name}' differs from that of '{train.name}', which the trees learn: use the same classes, or the same "
            "quantity"
        )


def _predicted(forest: Any, examples: Examples, features: np.ndarray) -> np.ndarray:
    """Return the numbers of the classes, or numbers in the unit of the quantity, (examples,)."""
    found = forest.predict(features)
    return found if examples.quantity is None else examples.quantity.value(found)


def _metrics(scores: pd.DataFrame, dataset: list[Examples], predictions: list[np.ndarray]) -> dict[str, float]:
    """Return the accuracy, or RMSE and R², of each dataset as measures, then the spreads over groups."""
    from labrun_summary_baseline.scores import measures

    metrics: dict[str, float] = {}
    for examples, found in zip(dataset, predictions, strict=True):
        metrics |= {f"{one.name} {examples.name}": one for one in measures(examples, found, METHOD)}
    first = "accuracy" if "accuracy" in scores else "RMSE"
    spreads = scores.dropna(subset="spread")
    return metrics | {f"spread of {first} {row['dataset']}": row["spread"] for _, row in spreads.iterrows()}


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [SummaryBaseline]
