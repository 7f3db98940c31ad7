"""Analysis `pca`: principal components of pictures, and what can be predicted from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, ArraySpec, Examples, Field, Findings, hookimpl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


MOST = 0.9
"""Share of the variance of all components that a caption names"""


class PrincipalComponents(Analysis):
    """Principal components of pictures: their share of the variance, their pictures, the error of reconstructions, and how well a class
    or a number is predicted from them.

    With the mean m of the training pictures x and the eigenvectors v_i of their covariance, in the order of their eigenvalues λ_i, a
    picture is m + Σ c_i v_i with c_i = v_i · (x − m). For K components,

        explained variance = Σ_{i≤K} λ_i / Σ_i λ_i,      MSE = ⟨|x − m|² − Σ_{i≤K} c_i²⟩ / pixels,

    the latter for each dataset. The components are computed from batches of pictures in random order (scikit-learn's IncrementalPCA,
    after D. Ross et al., Int. J. Comput. Vis. 77, 125 (2008)), so memory is bounded.

    If y is a class, it is predicted from c by the `neighbours` nearest training pictures and by logistic regression; if y is a number, by
    the mean of the nearest and by ridge regression; if y is a picture, not at all.
    """

    name: ClassVar[str] = "pca"
    version: ClassVar[int] = 1

    components: int = Field(
        50, ge=1, description="number of principal components, at most that of training pictures and of pixels"
    )
    neighbours: int = Field(5, ge=1, description="number of nearest training pictures for predictions")

    def analyse(self, train: Examples, dataset: list[Examples], rng: np.random.Generator) -> Findings:
        """Return metrics `explained variance`, `MSE <dataset>`, and `accuracy <dataset>, <method>` or `R² <dataset>, <method>`; tables
        `variance` and `scores`; figures `variance`, `components` (or `components_<channel>`) and `plane`.

        Raises:
            ValueError: x is not a picture or differs in shape from that of `train`, all pictures are equal, or there are fewer training
                pictures than neighbours.
        """
        import pandas as pd

        from labrun_pca.components import fit_components, project
        from labrun_pca.drawing import draw_components, draw_plane, draw_variance

        _check(train, dataset)
        pca = fit_components(train, self.components, rng)
        projected = [project(pca, examples) for examples in dataset]
        shares, count = pca.explained_variance_ratio_, pca.n_components_
        errors = {one.name: found.errors for one, found in zip(dataset, projected, strict=True)}
        columns = {"components": range(1, count + 1), "explained variance": shares.cumsum()}
        columns |= {f"MSE {name}": found[1:] for name, found in errors.items()}
        findings = Findings(
            metrics={"explained variance": float(shares.sum())},
            tables={"variance": pd.DataFrame(columns)},
            figures={"variance": draw_variance(shares, errors), **draw_components(pca, train.spec.x.shape)},  # type: ignore[union-attr]
            captions=_captions(train, shares),
        )
        findings.metrics |= {f"MSE {name}": float(found[-1]) for name, found in errors.items()}
        if not train.spec.y.shape:
            coefficients = [one.coefficients for one in projected]
            if count > 1:
                findings.figures["plane"] = draw_plane(coefficients[0], dataset[0], shares)
            self._judge(findings, train, project(pca, train).coefficients, dataset, coefficients)
        return findings

    def _judge(
        self,
        findings: Findings,
        train: Examples,
        trained: np.ndarray,
        dataset: list[Examples],
        projected: list[np.ndarray],
    ) -> None:
        """Add scores of predictions of y from the components."""
        import pandas as pd

        if len(train) < self.neighbours:
            raise ValueError(
                f"'neighbours: {self.neighbours}' exceeds the {len(train)} pictures of '{train.name}': choose fewer"
            )
        if train.classes is not None and len({*train.load_y(slice(None)).tolist()}) < 2:
            findings.warnings.append(
                f"'{train.name}' holds a single class, so no class is predicted from the components."
            )
            return
        score = "accuracy" if train.classes is not None else "R²"
        rows = []
        for method, judge in self._methods(train.classes is not None).items():
            judge.fit(trained, train.load_y(slice(None)))
            for examples, coefficients in zip(dataset, projected, strict=True):
                found = self._score(judge, coefficients, examples, method)
                rows.append(
                    {"dataset": examples.name, "method": method, "examples": len(examples), score: float(found)}
                )
                findings.metrics[f"{score} {examples.name}, {method}"] = found
        findings.tables["scores"] = pd.DataFrame(rows)

    def _score(self, judge: Any, coefficients: np.ndarray, examples: Examples, method: str) -> float:
        """Return the accuracy as a measure, or R²."""
        from labrun.kit.accuracy import accuracy_measure

        if examples.classes is None:
            return float(judge.score(coefficients, examples.load_y(slice(None))))
        return accuracy_measure(examples, [judge.predict(coefficients)], f"PCA, {method}")

    def _methods(self, is_class: bool) -> dict[str, Any]:
        import numpy as np
        from sklearn.linear_model import LogisticRegression, RidgeCV
        from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        if is_class:
            linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
            return {"nearest neighbours": KNeighborsClassifier(self.neighbours), "logistic regression": linear}
        linear = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-6, 3, 19)))
        return {"nearest neighbours": KNeighborsRegressor(self.neighbours), "ridge regression": linear}


def _check(train: Examples, dataset: list[Examples]) -> None:
    x = train.spec.x
    if not isinstance(x, ArraySpec) or len(x.shape) != 3:
        found = f"the inputs {', '.join(x)}" if isinstance(x, dict) else f"x of shape {x.shape}"
        raise ValueError(f"pca needs pictures, x of shape (height, width, channels); '{train.name}' has {found}")
    for examples in dataset:
        other = examples.spec
        if not isinstance(other.x, ArraySpec) or other.x.shape != x.shape:
            found = (
                f"x of shape {other.x.shape}" if isinstance(other.x, ArraySpec) else f"the inputs {', '.join(other.x)}"
            )
            raise ValueError(
                f"'{examples.name}' has {found}, but the pictures of '{train.name}' have the shape {x.shape}"
            )
        if examples.classes != train.classes or examples.quantity != train.quantity:
            raise ValueError(
                f"the classes or the quantity of '{examples.name}' differ from those of '{train.name}', but must be the same"
            )


def _captions(train: Examples, shares: NDArray[np.float64]) -> dict[str, str]:
    count, reached = len(shares), shares.cumsum()
    half = int((reached < MOST * reached[-1]).sum()) + 1
    return {
        "variance": f"Left: share of the variance of the {len(train):,} pictures of '{train.name}' in their first components. Right: mean "
        "squared error of reconstructions from these components [x²], for each dataset; 0 components give the mean picture. "
        f"The first {half} of {count} hold {reached[half - 1]:.0%}, all together {reached[-1]:.0%}.",
        "components": f"Mean picture and first of {count} principal components, with their share of the variance; blue is negative, red "
        "positive.",
        "plane": "Each picture by its first two components.",
        "scores": f"Predictions of y from {count} components, learned on '{train.name}'.",
    }


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [PrincipalComponents]
