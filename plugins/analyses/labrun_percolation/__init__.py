"""Analysis `percolation`: the density at which a cluster first winds around the plane."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl

if TYPE_CHECKING:
    import pandas as pd


class Percolation(Analysis):
    """The largest cluster as a fraction of the particles, and the probability that it winds around the plane, against density.

    A cluster is a set of occupied sites connected through edges, also across the periodic boundaries. It winds if it closes on itself
    around the plane, along the rows or the columns. Both quantities are averaged over the snapshots of a member, then over the members
    at one point. Errors are standard errors over members, since snapshots of one member are not independent.

    The density at which the winding probability crosses 1/2 is found by linear interpolation. It estimates the threshold of a plane of
    this size, not of the infinite plane: on a plane of side L the two differ by about L^(−1/ν), with ν = 4/3 for random percolation (D.
    Stauffer and A. Aharony, Introduction to Percolation Theory, 2nd ed. (1994), ch. 4).
    """

    name: ClassVar[str] = "percolation"
    version: ClassVar[int] = 1

    array: str = Field(
        "snapshots", description="array of the simulation, (snapshots, height, width), nonzero where a site is occupied"
    )
    x: str = Field("density", description="swept parameter along the horizontal axis")
    by: str | None = Field(
        "tumbling_rate", description="column of the sweep's table with one curve for each value; null: a single curve"
    )

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that the array and the columns exist, and that the columns differ."""
        yield from simulation.missing_array("array", self.array)
        yield from simulation.missing_column("x", self.x)
        if self.by is None:
            return
        for field, message in simulation.missing_column("by", self.by):
            yield field, f"{message}; for a single curve set by: null"
        if self.by == self.x:
            yield (
                "by",
                f"x and by are both '{self.x}', so each curve would have one point; for a single curve set by: null",
            )

    def analyse(self, simulation: Ensemble) -> Findings:
        """Return table `points` (a row for each value of `by` and `x`), figure `percolation` and, if a curve crosses 1/2, table
        `thresholds`. Metrics: `thresholds`, their number, `lowest threshold` and `highest threshold` in the unit of `x`.

        Raises:
            ValueError: the array does not hold snapshots, or a value of `x` is not a finite number.
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
            figures={"percolation": draw_curves(curves, crossings, self.by, self.x, simulation.label)},
            captions=self._captions(points, len(thresholds)),
            warnings=self._warnings(simulation),
        )

    def _measure(self, simulation: Ensemble) -> pd.DataFrame:
        """Return one row per member: its place on the axes and its measured values."""
        import pandas as pd

        places = simulation.parameters[[self.x] if self.by is None else [self.by, self.x]]
        _expect_numbers(places, self.x)
        if self.by is not None:  # sizes [height, width] are lists, which pandas cannot group by
            places[self.by] = [str(value) if isinstance(value, list) else value for value in places[self.by]]
        measured = list(simulation.map(self._measure_member))
        return pd.concat([places, pd.DataFrame(measured, index=places.index)], axis=1)

    def _measure_member(self, simulation: Ensemble, i: int) -> dict[str, float]:
        from labrun_percolation.curves import measure_member

        return measure_member(simulation.planes(i, self.array))

    def _thresholds(self, curves: Sequence[tuple[Any, Any]], crossings: Sequence[pd.DataFrame]) -> pd.DataFrame:
        """Stack the crossings of all curves, each with its value of `by`."""
        import pandas as pd

        named = [
            crossing if self.by is None else curve[[self.by]].head(1).merge(crossing, how="cross")
            for (_, curve), crossing in zip(curves, crossings, strict=True)
        ]
        return pd.concat(named, ignore_index=True)

    def _captions(self, points: pd.DataFrame, thresholds: int) -> dict[str, str]:
        """Describe the figure and the tables."""
        alone = int((points["members"] == 1).sum())
        errors = "Errors are standard errors over members"
        if alone:
            errors += f", unknown (NaN) for the {alone} of {len(points)} points with one member"
        crossing = "Rings: thresholds, where the probability crosses 1/2." if thresholds else "No curve crosses 1/2."
        return {
            "percolation": "Left: size of the largest cluster as a fraction of the particles. Right: probability that it winds around "
            f"the periodic plane. {errors}. {crossing}",
            "points": f"Means over snapshots, then over members. {errors}.",
            "thresholds": f"{self.x} at which the winding probability is 1/2, by linear interpolation between the two points that it lies "
            "'above' and 'below'. The finite size shifts it from the threshold of an infinite plane. 'error' is propagated from the two "
            "points. A noisy curve may cross more than once.",
        }

    def _warnings(self, simulation: Ensemble) -> list[str]:
        """Report columns that are averaged over."""
        from labrun.kit.parameter_sets import parameter_sets, varying

        others = [name for name in varying(parameter_sets(simulation)) if name not in (self.x, self.by)]
        if not others:
            return []
        return [f"Averaged over members with different {', '.join(others)}: the errors include their spread."]


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
