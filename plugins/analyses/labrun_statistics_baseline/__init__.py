"""Analysis `statistics_baseline`: what statistics of a snapshot and a regression reach, which any network has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from labrun import Analysis, ArraySpec, Examples, Field, Findings, hookimpl

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class StatisticsBaseline(Analysis):
    """A regression on statistics of a snapshot, without any network: what a network has to beat.

    The statistics are those of clusters, neighbourhoods and pairs and, where orientations are seen, of who looks at whom: see
    `labrun_statistics_baseline.features`. They are standardized; the regression is ridge on the features of a Gaussian kernel, approximated
    by the rows of some training examples (C. Williams and M. Seeger, NIPS 13 (2001): Nyström), with the penalty that does best when one
    example after the other is left out. `x` are snapshots of codes, (height, width), periodic; or occupancy, (height, width, 1).

    Table `predictions`: `dataset`, `example` (its place in the dataset), `method`, `prediction`, in the unit of the quantity: hand the
    findings to `regression` as its baseline, and it is judged beside the networks.
    """

    name: ClassVar[str] = "statistics_baseline"
    version: ClassVar[int] = 1

    sees: Literal["orientation", "occupancy"] = Field(
        "orientation", description="whether statistics of orientations are taken too"
    )
    kernels: int = Field(
        600, ge=1, description="training examples that stand for the kernel; all, where there are fewer"
    )
    width: float = Field(
        5.0, gt=0, description="of the kernel: so great a distance in every statistic is far [standard deviations]"
    )

    def analyse(self, train: Examples, dataset: list[Examples], rng: np.random.Generator) -> Findings:
        """Metrics `r <dataset>` (Pearson's) and `MAE <dataset>`; tables `scores`, `predictions`.

        Raises:
            ValueError: x is no snapshot, orientations are wanted of examples that have none, or y is a class.
        """
        import numpy as np
        import pandas as pd

        model = self._fitted(train, rng)
        metrics: dict[str, float] = {}
        tables, rows = [], []
        for examples in dataset:
            truth, found = (
                _values(examples, examples.load_y(slice(None))),
                _values(examples, self._predict(model, examples)),
            )
            numbers = {
                "r": float(np.corrcoef(truth, found)[0, 1]) if np.ptp(truth) > 0 else 0.0,
                "MAE": float(np.abs(found - truth).mean()),
            }
            rows.append({"dataset": examples.name, "examples": len(examples), **numbers})
            metrics |= {f"{name} {examples.name}": number for name, number in numbers.items()}
            tables.append(
                pd.DataFrame(
                    {
                        "dataset": examples.name,
                        "example": range(len(examples)),
                        "method": self._method,
                        "prediction": found,
                    }
                )
            )
        return Findings(
            metrics=metrics,
            tables={"scores": pd.DataFrame(rows), "predictions": _rounded(pd.concat(tables, ignore_index=True))},
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
            raise ValueError(f"statistics_baseline tells numbers; the y of '{train.name}' is a class")
        inputs = self._features(train)
        kernel = Nystroem(
            gamma=1 / (inputs.shape[1] * self.width**2 / 2),
            n_components=min(self.kernels, len(inputs)),
            random_state=int(rng.integers(2**31)),
        )
        model = make_pipeline(StandardScaler(), kernel, RidgeCV(np.logspace(-6, 3, 19)))
        return model.fit(inputs, train.load_y(slice(None)))

    def _predict(self, model: Any, examples: Examples) -> np.ndarray:
        return model.predict(self._features(examples))

    def _features(self, examples: Examples) -> np.ndarray:
        """(examples, features), reading some snapshots at a time."""
        import numpy as np

        from labrun_statistics_baseline.features import orientations, places

        _check(examples, self.sees)
        rows = []
        for start in range(0, len(examples), BATCH):
            x = examples.load_x(slice(start, start + BATCH))
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
    raise ValueError(f"statistics_baseline wants x of shape {wanted} to see {sees}; '{examples.name}' has {x.shape}")


def _values(examples: Examples, y: np.ndarray) -> np.ndarray:
    return examples.quantity.value(y) if examples.quantity is not None else y.astype(float)


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Seven digits are enough, and the last ones differ between machines."""
    return table.assign(prediction=[float(f"{value:.7g}") for value in table["prediction"]])


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [StatisticsBaseline]
