"""Analysis `summary_baseline`: what 17 numbers of a slice and a forest of trees reach, which any network has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, ArraySpec, Examples, Field, Findings, hookimpl

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

METHOD = "summary features"
BATCH = 256
"""Slices in memory at a time."""


class SummaryBaseline(Analysis):
    """What 17 summary features of a slice and a random forest tell of it: a class or a number, the redshift, say. Any network has to beat
    this to be worth its cost.

    The features are mean, standard deviation, the share of pixels that are 0, skewness, the 5, 25, 50, 75 and 95 % quantiles, and the
    logarithm of the power in a plane in 8 bins (see `labrun_summary_baseline.features`); of slices with several channels, those of each.
    The forest is that of L. Breiman, Mach. Learn. 45, 5 (2001), not tuned.

    Where several groups are judged (the random seeds of the skies, where the dataset says so), each is judged by itself too: their spread
    tells how sure the score is.

    Table `predictions`: `dataset`, `example` (its place in the dataset), `method`, `prediction`, the class or the number in the unit of
    its quantity; where it is a number, hand the findings to `regression` as its baseline, and it is judged beside the networks.
    """

    name: ClassVar[str] = "summary_baseline"
    version: ClassVar[int] = 1

    trees: int = Field(300, ge=1, description="trees of the forest")
    cell_size: float | None = Field(
        None, gt=0, description="side of a pixel, for the wave numbers [Mpc]; without it they are in 1/pixel"
    )

    def analyse(self, train: Examples, dataset: list[Examples], rng: np.random.Generator) -> Findings:
        """For classes the metrics `accuracy <dataset>`, for numbers `RMSE <dataset>` and `R² <dataset>`, and the `spread of` the first over
        groups. Tables `scores`, `groups`, `importances`, `predictions`; figures `importances`, and `groups` if there are several.

        Raises:
            ValueError: x is no slice, y is neither a class nor a number, or the datasets differ in what they ask for.
        """
        import pandas as pd

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
            metrics=_metrics(scores),
            tables={"scores": scores, "groups": groups, "importances": importances},
            figures={"importances": draw_importances(importances)},
            captions=self._captions(train),
        )
        findings.tables["predictions"] = pd.concat(
            [_prediction_table(one, found) for one, found in zip(dataset, predictions, strict=True)], ignore_index=True
        )
        if groups["group"].nunique() > 1:
            findings.figures["groups"] = draw_groups(groups, str(train.quantity or "y"))
        return findings

    def _fitted(self, train: Examples, rng: np.random.Generator) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        kind = RandomForestRegressor if train.classes is None else RandomForestClassifier
        forest = kind(self.trees, random_state=int(rng.integers(2**31)), n_jobs=-1)
        return forest.fit(self._features(train), train.load_y(slice(None)))

    def _features(self, examples: Examples) -> np.ndarray:
        """(examples, 17 × channels), reading some slices at a time."""
        import numpy as np

        from labrun_summary_baseline.features import features

        starts = range(0, len(examples), BATCH)
        return np.concatenate([features(examples.load_x(slice(s, s + BATCH)), self.cell_size or 1.0) for s in starts])

    def _importances(self, forest: Any, train: Examples) -> pd.DataFrame:
        import pandas as pd

        from labrun_summary_baseline.features import feature_names

        height, width, channels = train.spec.x.shape  # type: ignore[union-attr]
        names = feature_names((height, width), channels, self.cell_size)
        return pd.DataFrame({"feature": names, "importance": forest.feature_importances_})

    def _captions(self, train: Examples) -> dict[str, str]:
        answer = "accuracy" if train.classes is not None else "RMSE"
        number = "; 'rmse' is in the unit of the quantity" if train.classes is None else ""
        return {
            "scores": f"{self.trees} trees on summary features, trained on {len(train):,} slices of '{train.name}'. 'spread' is the "
            f"standard deviation of the {answer} over the groups that the dataset never parts{number}.",
            "groups": f"The {answer} of each group that the dataset never parts; the line is the mean.",
            "importances": "How much each feature contributes to the decisions of the trees (mean decrease of impurity; the sum is 1). "
            "Features that tell the same share it.",
            "predictions": "Every prediction; 'example' is the position in the dataset.",
        }


def _check(examples: Examples, train: Examples) -> None:
    x = examples.spec.x
    if not isinstance(x, ArraySpec) or len(x.shape) != 3:
        found = f"the inputs {', '.join(x)}" if isinstance(x, dict) else f"x of shape {x.shape}"
        raise ValueError(
            f"summary_baseline wants slices, x of shape (height, width, channels); '{examples.name}' has {found}"
        )
    if examples.spec.y.shape:
        raise ValueError(
            f"summary_baseline tells a class or a number; the y of '{examples.name}' has the shape {examples.spec.y.shape}: give the "
            "dataset a y"
        )
    if examples.classes != train.classes or examples.quantity != train.quantity:
        raise ValueError(
            f"the y of '{examples.name}' is another than that of '{train.name}', which the trees learn: judge them on the same classes, or "
            "the same quantity"
        )


def _predicted(forest: Any, examples: Examples, features: np.ndarray) -> np.ndarray:
    """The number of the class, or the number in the unit of its quantity, (examples,)."""
    found = forest.predict(features)
    return found if examples.quantity is None else examples.quantity.value(found)


def _metrics(scores: pd.DataFrame) -> dict[str, float]:
    names = {"accuracy": "accuracy", "rmse": "RMSE", "r2": "R²"}
    kept = {column: name for column, name in names.items() if column in scores}
    metrics = {f"{name} {row['dataset']}": row[column] for _, row in scores.iterrows() for column, name in kept.items()}
    first = next(iter(kept.values()))
    spreads = scores.dropna(subset="spread")
    return metrics | {f"spread of {first} {row['dataset']}": row["spread"] for _, row in spreads.iterrows()}


def _prediction_table(examples: Examples, found: np.ndarray) -> pd.DataFrame:
    """Seven digits of a number are enough, and the last ones differ between machines."""
    import pandas as pd

    words = [float(f"{n:.7g}") for n in found] if examples.classes is None else [examples.classes[n] for n in found]
    columns = {"dataset": examples.name, "example": range(len(found)), "method": METHOD, "prediction": words}
    return pd.DataFrame(columns)


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [SummaryBaseline]
