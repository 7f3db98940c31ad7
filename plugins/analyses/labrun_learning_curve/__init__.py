"""Analysis `learning_curve`: a result of another analysis against a varied parameter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from labrun import Analysis, Field, Findings, hookimpl


class LearningCurve(Analysis):
    """One column of another analysis' table against another: for example, the error of networks against the number of training
    trajectories.

    Rows that agree in `x` and `by` form one point: their mean and, for several rows, its standard error (the standard deviation over √n).
    Networks that differ in more than their seed are not averaged: each combination of what else was varied has its own curve.
    """

    name: ClassVar[str] = "learning_curve"
    version: ClassVar[int] = 1

    table: str = Field("scores", description="table of the other analysis")
    x: str = Field(description="column along the horizontal axis, numbers")
    y: str = Field(description="column along the vertical axis, numbers")
    by: str | None = Field(None, description="column with one curve for each value; null: a single curve")
    dataset: str | None = Field(None, description="dataset whose rows are used, if the table holds several")
    log_x: bool = Field(True, description="whether the horizontal axis is logarithmic")
    log_y: bool = Field(False, description="whether the vertical axis is logarithmic")

    def check(self, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that the columns differ."""
        if self.y == self.x:
            yield "y", f"x and y are both '{self.x}'; a curve needs two columns"
        if self.by in (self.x, self.y):
            yield "by", f"'{self.by}' is already an axis; name another column for the curves"

    def analyse(self, scores: Findings) -> Findings:
        """Return table `curve` (by, x, n, mean, error) and figure `learning_curve`.

        Raises:
            ValueError: a table, column or dataset does not exist; there are several datasets and none is chosen; no row has numbers in
                both columns; or a value is not positive on a logarithmic axis.
        """
        from labrun_learning_curve.curve import average, choose_dataset, choose_table, separate_variants, to_points
        from labrun_learning_curve.drawing import draw_curves

        table = choose_table(scores, self.table)
        columns = [column for column in (self.x, self.y, self.by) if column is not None]
        rows = choose_dataset(table, self.table, self.dataset, columns)
        points, left_out = to_points(rows, self.table, self.x, self.y, self.by)
        self._check_logarithms(points)
        points, parting = separate_variants(rows, points, self.x, self.by)
        curve = average(points)
        title = ", ".join(parting) or None
        parted = f" for each '{title}'" if title else ""
        chosen = f" on '{self.dataset}'" if self.dataset else ""
        repeated = bool((curve["n"] > 1).any())
        spread = " Large marks: means with standard errors. Small dots: single rows." if repeated else ""
        return Findings(
            tables={"curve": curve if title else curve.drop(columns="by")},
            figures={"learning_curve": draw_curves(points, curve, self.x, self.y, title, self.log_x, self.log_y)},
            captions={
                "learning_curve": f"'{self.y}'{chosen} against '{self.x}'{parted}.{spread}",
                "curve": f"x is '{self.x}'{f', by is {title!r}' if title else ''}; mean of '{self.y}'{chosen} over n rows, and its "
                "standard error.",
            },
            warnings=left_out,
        )

    def _check_logarithms(self, points: Any) -> None:
        for axis, column, logarithmic in (("x", self.x, self.log_x), ("y", self.y, self.log_y)):
            least = float(points[axis].min())
            if logarithmic and least <= 0:
                raise ValueError(
                    f"'{column}' is as low as {least:g}, but a logarithmic axis needs positive values: set log_{axis}: false"
                )


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [LearningCurve]
