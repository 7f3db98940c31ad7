"""Analysis `percolation`: from which density on one cluster goes around the plane."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl

if TYPE_CHECKING:
    import pandas as pd


class Percolation(Analysis):
    """The largest cluster as a fraction of the particles, and the probability that it winds around the plane, against density.

    A cluster is a set of occupied sites that are joined over edges, across the borders of the periodic plane too; it winds where it
    closes on itself around the plane, down the rows or across the columns. Both are averaged over the snapshots of a member, then over
    the members at one point; errors are standard errors over members, since snapshots of one member are not independent.

    Where the winding probability crosses 1/2, the density is found by linear interpolation: an estimate of the threshold on a plane of
    this size, not of the infinite one. On a plane of side L it lies off by about L^(−1/ν), with ν = 4/3 where percolation is random (D.
    Stauffer and A. Aharony, Introduction to Percolation Theory, 2nd ed. (1994), ch. 4).
    """

    name: ClassVar[str] = "percolation"
    version: ClassVar[int] = 1

    array: str = Field(
        "snapshots", description="array of the simulation, (snapshots, height, width), not 0 where a site is occupied"
    )
    x: str = Field("density", description="swept parameter along the horizontal axis")
    by: str | None = Field(
        "tumbling_rate", description="column of the sweep's table with a curve for each value; null: one curve"
    )

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """The array and the columns must be there, and the columns must be two."""
        yield from simulation.missing_array("array", self.array)
        yield from simulation.missing_column("x", self.x)
        if self.by is None:
            return
        for field, message in simulation.missing_column("by", self.by):
            yield field, f"{message}; for a single curve say by: null"
        if self.by == self.x:
            yield (
                "by",
                f"x and by are both '{self.x}', which makes curves of one point each; for a single curve say by: null",
            )

    def analyse(self, simulation: Ensemble) -> Findings:
        """Table `points` (a row for each value of `by` and `x`) and, if a curve crosses 1/2, `thresholds`; figure `percolation`. Metrics
        `thresholds`, their number, and `lowest threshold`, `highest threshold` in the unit of `x`.

        Raises:
            ValueError: the array is not of snapshots, or there is none, or a value of `x` is no finite number.
        """
        from labrun_percolation.curves import average, find_thresholds
        from labrun_percolation.drawing import draw_curves

        points = average(self._measure(simulation), self.by, self.x)
        curves = [*points.groupby(self.by, dropna=False)] if self.by is not None else [("", points)]
        crossings = [find_thresholds(curve, self.x) for _, curve in curves]
        thresholds = self._thresholds(curves, crossings)
        metrics: dict[str, float] = {"thresholds": len(thresholds)}
        tables = {"points": points}
        if len(thresholds):
            tables["thresholds"] = thresholds
            metrics |= {"lowest threshold": thresholds[self.x].min(), "highest threshold": thresholds[self.x].max()}
        return Findings(
            metrics=metrics,
            tables=tables,
            figures={"percolation": draw_curves(curves, crossings, self.by, self.x)},
            captions=self._captions(points, len(thresholds)),
            warnings=self._warnings(simulation),
        )

    def _measure(self, simulation: Ensemble) -> pd.DataFrame:
        """A row a member: its place on the axes, and what its snapshots tell."""
        import pandas as pd

        places = simulation.parameters[[self.x] if self.by is None else [self.by, self.x]]
        _expect_numbers(places, self.x)
        if self.by is not None:  # sizes [height, width] are lists, which make no groups
            places[self.by] = [str(value) if isinstance(value, list) else value for value in places[self.by]]
        measured = list(simulation.map(self._measure_member))
        return pd.concat([places, pd.DataFrame(measured, index=places.index)], axis=1)

    def _measure_member(self, simulation: Ensemble, i: int) -> dict[str, float]:
        from labrun_percolation.curves import measure_member

        return measure_member(simulation.planes(i, self.array))

    def _thresholds(self, curves: Sequence[tuple[Any, Any]], crossings: Sequence[pd.DataFrame]) -> pd.DataFrame:
        """The crossings of all curves under one another, each with its value of `by`."""
        import pandas as pd

        named = [
            crossing if self.by is None else curve[[self.by]].head(1).merge(crossing, how="cross")
            for (_, curve), crossing in zip(curves, crossings, strict=True)
        ]
        return pd.concat(named, ignore_index=True)

    def _captions(self, points: pd.DataFrame, thresholds: int) -> dict[str, str]:
        """What the figure and the tables show."""
        alone = int((points["members"] == 1).sum())
        errors = "Errors are standard errors over members"
        if alone:
            errors += f"; {alone} of {len(points)} points have one member, and no error (NaN)"
        crossing = "Rings: thresholds, where it crosses 1/2." if thresholds else "No curve crosses 1/2."
        return {
            "percolation": "Left: the largest cluster as a fraction of the particles. Right: the probability that it winds around the "
            f"periodic plane. {errors}. {crossing}",
            "points": f"Means over snapshots, then over members. {errors}.",
            "thresholds": f"{self.x} at which the winding probability is 1/2: a linear interpolation between the points 'above' and "
            "'below' which it lies. The finite size of the plane shifts it, so it is no threshold of an infinite plane. 'error' follows "
            "from those of the two points. A noisy curve may cross more than once.",
        }

    def _warnings(self, simulation: Ensemble) -> list[str]:
        """Other columns that differ are averaged over, which a reader must know."""
        from labrun.kit.parameter_sets import parameter_sets, varying

        others = [name for name in varying(parameter_sets(simulation)) if name not in (self.x, self.by)]
        if not others:
            return []
        return [f"Members that differ in {', '.join(others)} are averaged over: their spread is in the errors."]


def _expect_numbers(table: pd.DataFrame, x: str) -> None:
    import numpy as np
    from pandas.api.types import is_numeric_dtype

    if not is_numeric_dtype(table[x]) or not np.isfinite(table[x].to_numpy(float)).all():
        raise ValueError(
            f"'{x}' cannot be the horizontal axis: not all of its values are finite numbers; name another column as x"
        )


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [Percolation]
