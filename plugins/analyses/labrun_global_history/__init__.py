"""Analysis `global_history`: mean neutral fraction and brightness temperature over redshift."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import model_validator

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl
from labrun.kit.parameter_sets import averaged_over, equation

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


FEW = 5
"""Half ionizations that a caption lists"""


class GlobalHistory(Analysis):
    """Mean neutral fraction and mean 21-cm brightness temperature against redshift: the history of reionization.

    Means are taken over the volume of each box, then over the realizations at one redshift and value of `by`; bands are one standard
    deviation between realizations. Of a light cone, whose members hold `redshifts`, each slice across the line of sight is averaged at
    its own redshift.

    The redshift of half ionization, where the mean neutral fraction is 1/2, is found by linear interpolation.

    A brightness temperature in the saturated limit, T_S ≫ T_CMB, is valid once X-rays have heated the gas; before that, the signal would
    be seen in absorption. The figure states the limit unless `saturated` is false.
    """

    name: ClassVar[str] = "global_history"
    version: ClassVar[int] = 1

    neutral_fraction: str | None = Field(
        "neutral_fraction",
        description="array of the neutral fraction, (nx, ny, nz) [dimensionless]; null: leave it out",
    )
    brightness: str | None = Field(
        "brightness_temperature",
        description="array of the brightness temperature, (nx, ny, nz) [mK]; null: leave it out",
    )
    redshift: str = Field("redshift", description="column of the sweep's table with the redshift of each box")
    by: str | None = Field("escape_fraction", description="column with one line for each value; null: a single line")
    saturated: bool = Field(
        True, description="whether the brightness temperature assumes T_S ≫ T_CMB; the figure then says so"
    )

    @model_validator(mode="after")
    def _expect_an_array(self) -> Self:
        if not self.arrays:
            raise ValueError(
                "neutral_fraction and brightness are both null, so there is nothing to draw; name at least one"
            )
        return self

    @property
    def arrays(self) -> dict[str, str]:
        """The arrays that are drawn, by the names of their columns in the tables."""
        found = {"neutral fraction": self.neutral_fraction, "brightness temperature": self.brightness}
        return {column: array for column, array in found.items() if array is not None}

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that arrays and columns exist; light cones may hold their redshifts themselves."""
        for field, array in (("neutral_fraction", self.neutral_fraction), ("brightness", self.brightness)):
            if array is not None:
                for name, message in simulation.missing_array(field, array):
                    yield name, f"{message}; to leave it out, set {field}: null"
        if simulation.outputs and "redshifts" not in simulation.outputs:
            yield from simulation.missing_number("redshift", self.redshift)
        if self.by is not None:
            for name, message in simulation.missing_number("by", self.by):
                yield name, f"{message}; for a single line set by: null"

    def analyse(self, simulation: Ensemble) -> Findings:
        """Return table `history` (a row for each value of `by` and redshift), figure `history` and, with a neutral fraction, table
        `midpoints`.

        Metrics: `earliest half ionization` and `latest half ionization` [redshift], over the lines that reach it.

        Raises:
            ValueError: a member lacks an array, or holds one that is not (nx, ny, nz), or a box has no finite redshift.
        """
        from labrun_global_history.drawing import draw_history
        from labrun_global_history.tables import average, find_midpoints

        columns = [self.by] if self.by is not None else []
        known = [self.redshift] if self.redshift in simulation.names else []
        simulation = simulation.with_numbers([*columns, *known])
        history = average(self._measure(simulation, columns), columns, list(self.arrays))
        findings = Findings(
            tables={"history": history},
            figures={
                "history": draw_history(
                    history, list(self.arrays), self.by, simulation.label(self.by or ""), self.saturated
                )
            },
            captions=self._captions(),
            warnings=self._warnings(simulation, columns),
        )
        if self.neutral_fraction is not None:
            midpoints = find_midpoints(history, columns)
            findings.tables["midpoints"] = midpoints
            if midpoints["redshift"].notna().any():
                findings.metrics["earliest half ionization"] = midpoints["redshift"].max()
                findings.metrics["latest half ionization"] = midpoints["redshift"].min()
            known = midpoints.dropna(subset=["redshift"])
            where = [
                f"z = {z:.3g}" + (f" for {equation(simulation.label(self.by), value)}" if self.by is not None else "")
                for z, value in zip(
                    known["redshift"], known[self.by] if self.by is not None else known.index, strict=True
                )
            ]
            if where:
                findings.captions["history"] += f" Half of the hydrogen is ionized at {', '.join(where[:FEW])}."
        return findings

    def _measure(self, simulation: Ensemble, columns: list[str]) -> pd.DataFrame:
        """Return the means of all members: one row per box, or per slice of a light cone."""
        import numpy as np
        import pandas as pd

        rows = []
        for i in range(len(simulation)):
            place = {"member": simulation.numbers[i], **{name: simulation.columns[name][i] for name in columns}}
            light_cone = "redshifts" in simulation.names
            means = {name: self._mean(simulation, i, array, light_cone) for name, array in self.arrays.items()}
            redshift = simulation.read(i, "redshifts") if light_cone else self._redshift(simulation, i)
            rows.append(pd.DataFrame({"redshift": np.atleast_1d(redshift), **means}).assign(**place))
        return pd.concat(rows, ignore_index=True)

    def _mean(self, simulation: Ensemble, i: int, array: str, light_cone: bool) -> np.ndarray:
        import numpy as np

        if array not in simulation.names:
            field = "neutral_fraction" if array == self.neutral_fraction else "brightness"
            raise ValueError(
                f"'{simulation.name}' holds no array '{array}'; it holds {', '.join(simulation.names)}. To leave it out, set {field}: null"
            )
        shape = simulation.shape(i, array)
        if len(shape) != 3:
            raise ValueError(
                f"'{array}' of member {simulation.numbers[i]} of '{simulation.name}' has the shape {shape}; expected (nx, ny, nz), the "
                "last along the line of sight"
            )
        return np.atleast_1d(simulation.read(i, array).mean(axis=(0, 1) if light_cone else None, dtype=float))

    def _redshift(self, simulation: Ensemble, i: int) -> float:
        value = simulation.columns[self.redshift][i] if self.redshift in simulation.columns else None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
            raise ValueError(
                f"member {simulation.numbers[i]} of '{simulation.name}' has the redshift {value!r} in the column '{self.redshift}'; "
                "expected a number: name the column that holds it as redshift"
            )
        return float(value)

    def _captions(self) -> dict[str, str]:
        """Describe the figure and the tables."""
        over = "Means over the volume, then over realizations. Bands ('spread'): one standard deviation between realizations (NaN for one)."
        limit = " The brightness temperature assumes the saturated limit, T_S ≫ T_CMB, which is wrong before X-rays have heated the gas."
        return {
            "history": f"History of reionization. {over}{limit if self.saturated and self.brightness is not None else ''}",
            "midpoints": "Redshift at which the mean neutral fraction is 1/2, by linear interpolation; empty if no two redshifts "
            "enclose it.",
        }

    def _warnings(self, simulation: Ensemble, columns: list[str]) -> list[str]:
        """Report columns that are averaged over."""
        others = averaged_over(simulation, [*columns, self.redshift])
        if not others:
            return []
        return [f"Averaged over members with different {', '.join(others)}: the bands include their spread."]


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [GlobalHistory]
