"""Analysis `decision_boundary`: predicted classes over a plane of two inputs, and distance of their boundary from the true one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Examples, Field, Findings, TrainedModel, hookimpl
from labrun.kit.expression import parse
from labrun_layers.rescaling import Range

if TYPE_CHECKING:
    import numpy as np

    from labrun_decision_boundary.plane import Plane


class DecisionBoundary(Analysis):
    """Predicted classes over the plane of two inputs, and the boundaries between them: a phase diagram, if the classes are phases and the
    inputs temperature and pressure.

    On the boundary of two classes their probabilities are equal, 1/2 if there are no others. It is drawn where the difference of the
    logits vanishes, which for a perceptron is a straight line. Colours are deeper where the predicted class is more probable. Examples are
    drawn in the colours of their true classes, misclassified ones with a black edge.

    `truth` is the true boundary, given as an expression in both inputs that vanishes on it, such as `pressure - 20 - 3.1*temperature`.
    Then the distance of the learned boundary from the true one along y is measured for each x, as a share of the range of y: the share of
    the column in which the predicted class is wrong. If the boundary crosses a column once, this is the distance itself, cut off at the
    edge of the picture; missing boundaries and spurious islands count too. The majority of the examples decides which side of the true
    boundary belongs to which class.
    """

    name: ClassVar[str] = "decision_boundary"
    version: ClassVar[int] = 1

    x: str = Field("x1", pattern=r"^[A-Za-z_]\w*$", description="name of the first input, for the axis and in `truth`")
    y: str = Field("x2", pattern=r"^[A-Za-z_]\w*$", description="name of the second input")
    x_unit: str = Field("", description="unit of the first input")
    y_unit: str = Field("", description="unit of the second input")
    x_range: Range | None = Field(
        None, description="[low, high] of the picture, in the unit of the first input (default: that of the examples)"
    )
    y_range: Range | None = Field(
        None, description="[low, high] of the picture, in the unit of the second input (default: that of the examples)"
    )
    truth: str | None = Field(
        None,
        description="true boundary of two classes: an expression in the names of both inputs that is zero on it. Numbers, + - * / **, "
        "sqrt, exp, log, sin, cos and abs",
    )
    points: int = Field(500, ge=0, description="maximum number of examples in the picture")

    def check(self, *_: Any, **inputs: Any) -> Iterable[tuple[str, str]]:
        """Check that the inputs have different names, and that `truth` is an expression in them."""
        if self.x == self.y:
            yield "y", f"x and y are both '{self.x}'; give the two inputs different names"
        if self.truth is not None:
            try:
                parse(self.truth, (self.x, self.y))
            except ValueError as error:
                yield "truth", str(error)

    def analyse(self, model: TrainedModel, dataset: Examples, rng: np.random.Generator) -> Findings:
        """Return figure `decision_boundary`, and table `boundary`: `line`, and a column for each input, the points of the learned
        boundaries in order. With `truth`, also table `distances`: the first input, and `distance`. Metrics: `accuracy`, `errors`
        [examples] and, with `truth`, `greatest distance` and `mean distance`, as shares of the range of y.

        Raises:
            ValueError: x does not have two components, dataset and model have different classes, the picture has no extent, or `truth` is
                given for other than two classes or is not finite in the picture.
        """
        import pandas as pd

        from labrun_decision_boundary.drawing import draw_plane
        from labrun_decision_boundary.plane import judge

        x, truth = _load(model, dataset)
        x_range, y_range = _range(self.x, x[:, 0], self.x_range), _range(self.y, x[:, 1], self.y_range)
        plane = judge(model, dataset, x_range, y_range)
        predicted = model.logits(dataset, batch_size=8192).argmax(axis=1)
        lines = plane.boundaries()
        findings = Findings(
            metrics={"accuracy": float((predicted == truth).mean()), "errors": float((predicted != truth).sum())},
            tables={"boundary": _line_table(lines, self.x, self.y)},
        )
        true_lines: list[np.ndarray] = []
        if self.truth is not None:
            true_lines, distances = self._compare(plane, x, truth)
            findings.metrics |= {"greatest distance": float(distances.max()), "mean distance": float(distances.mean())}
            findings.tables["distances"] = pd.DataFrame({self.x: plane.x, "distance": distances})
            findings.captions["distances"] = (
                f"Distance of the learned boundary from the true one along {self.y}, as a share of the range "
                f"from {y_range[0]:g} to {y_range[1]:g}."
            )
        chosen = rng.permutation(len(x))[: self.points]
        findings.figures["decision_boundary"] = draw_plane(
            plane, lines, true_lines, x[chosen], truth[chosen], predicted[chosen], self._label("x"), self._label("y")
        )
        findings.captions["decision_boundary"] = self._caption(dataset, len(chosen), len(plane.classes))
        findings.captions["boundary"] = "Points along the learned boundaries, line by line."
        if not lines:
            findings.warnings.append(
                f"The model '{model.name}' predicts '{plane.classes[plane.regions[0, 0]]}' everywhere: no boundary in the picture."
            )
        return findings

    def _compare(self, plane: Plane, x: np.ndarray, truth: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the lines of the true boundary, and the distance of the learned one at each x of the plane."""
        import numpy as np

        from labrun_decision_boundary.plane import column_distances

        if len(plane.classes) != 2:
            raise ValueError(
                f"'truth' separates two classes; the model has {len(plane.classes)}: {', '.join(plane.classes)}"
            )
        assert self.truth is not None
        expression = parse(self.truth, (self.x, self.y))
        columns, rows = np.meshgrid(plane.x, plane.y)
        values = np.broadcast_to(expression({self.x: columns, self.y: rows}), columns.shape)
        if not np.isfinite(values).all():
            raise ValueError(
                f"'truth' ({self.truth}) is not finite everywhere in the picture: narrow x_range or y_range"
            )
        at_examples = expression({self.x: x[:, 0].astype(float), self.y: x[:, 1].astype(float)})
        sign = 1.0 if ((at_examples > 0) == (truth == 1)).mean() >= 0.5 else -1.0
        return plane.lines_of(values), column_distances(plane.margins[1], sign * values)

    def _label(self, axis: str) -> str:
        name, unit = getattr(self, axis), getattr(self, f"{axis}_unit")
        return f"{name} [{unit}]" if unit else name

    def _caption(self, dataset: Examples, drawn: int, classes: int) -> str:
        level = ", where both classes have probability 1/2" if classes == 2 else ""
        return (
            f"Predicted class, in deeper colours where it is more probable. Solid: learned boundary{level}."
            + (" Dashed: true boundary." if self.truth is not None else "")
            + (f" Points: {drawn} examples of '{dataset.name}', misclassified ones with a dark edge." if drawn else "")
        )


def _load(model: TrainedModel, dataset: Examples) -> tuple[np.ndarray, np.ndarray]:
    """Return x (n, 2) and y (n,) of all examples."""
    if dataset.classes is None or dataset.classes != model.spec.classes:
        raise ValueError(
            f"the model '{model.name}' has the classes {model.spec.classes}, the dataset '{dataset.name}' has {dataset.classes}; a "
            "decision boundary needs the same classes in the same order"
        )
    spec = dataset.spec.x
    if isinstance(spec, dict) or spec.shape != (2,):
        found = f"the inputs {', '.join(spec)}" if isinstance(spec, dict) else f"the shape {spec.shape}"
        raise ValueError(f"a decision boundary needs two inputs, x of shape (2,); '{dataset.name}' has {found}")
    import numpy as np

    x, truth = dataset.load(slice(None))
    odd = ~np.isfinite(x).all(axis=1)
    if odd.any():
        raise ValueError(f"x of example {np.flatnonzero(odd)[0]} of '{dataset.name}' contains NaN or infinity")
    return x, truth


def _range(name: str, values: np.ndarray, given: tuple[float, float] | None) -> tuple[float, float]:
    low, high = given if given is not None else (float(values.min()), float(values.max()))
    if low == high:
        raise ValueError(f"'{name}' is {low:g} in all examples, so the picture has no extent: set its range")
    return low, high


def _line_table(lines: list[np.ndarray], x: str, y: str) -> Any:
    import pandas as pd

    rows = [pd.DataFrame({"line": number, x: line[:, 0], y: line[:, 1]}) for number, line in enumerate(lines, start=1)]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=["line", x, y])


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [DecisionBoundary]
