"""Analysis `power_spectrum`: how much structure fields have at each scale."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl
from labrun.kit.parameter_sets import averaged_over

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class PowerSpectrum(Analysis):
    """The power spectrum Δ²(k) of cubes, with its mean and its spread over realizations.

    With P(k) = V ⟨|δ_k|²⟩, the mean over the modes whose |k| lies in a bin,

        Δ²(k) = k³ P(k) / 2π²

    is what each e-fold of k adds to the variance of the field. Bins are logarithmic, from the longest wave of the box, 2π/L, to the
    shortest along an axis, π/cell. The field is not divided by its mean: of a brightness temperature, Δ² is in mK².

    `other` names a second field; of both, r(k) = P_ab / sqrt(P_aa P_bb) tells how alike they are at each scale, from 1 (the same) over 0
    to −1 (opposite).

    `cylindrical` parts waves across the line of sight, k⊥, from those along it, k∥, which is the last axis. Foregrounds of an
    interferometer fill the wedge k∥ < k⊥ E(z) ∫₀^z dz'/E(z') / (1 + z), with E = H/H₀ of a flat universe, here up to the horizon (A. Liu,
    A. R. Parsons and C. M. Trott, PRD 90, 023018 (2014), eq. 13); a line shows its border.

    Members that agree in `by` and `panels` are realizations: lines are their means, bands one standard deviation between them.
    """

    name: ClassVar[str] = "power_spectrum"
    version: ClassVar[int] = 1

    array: str = Field("brightness_temperature", description="array of the simulation, (nx, ny, nz)")
    unit: str = Field("mK", description="unit of the array, for labels; empty if it has none")
    other: str | None = Field(
        None, description="second array, of the same shape, for the cross-correlation r(k); null: none"
    )
    by: str | None = Field("redshift", description="column of the sweep's table with a line for each value; null: one")
    panels: str | None = Field(None, description="column with a panel for each value; null: one panel")
    bins: int = Field(14, ge=1, le=200, description="logarithmic bins of k")
    cylindrical: bool = Field(False, description="whether to draw P(k⊥, k∥) too")
    redshift: str | None = Field(
        "redshift", description="column with the redshift, for the border of the wedge; null: no border"
    )
    omega_m: float = Field(
        0.31, gt=0, le=1, description="Ω_m of a flat universe, dimensionless, for the border of the wedge"
    )

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Arrays and columns must be there."""
        yield from simulation.missing_array("array", self.array)
        if self.other is not None:
            yield from simulation.missing_array("other", self.other)
        columns = {"by": self.by, "panels": self.panels, "redshift": self.redshift if self.cylindrical else None}
        for field, column in columns.items():
            if column is not None:
                for name, message in simulation.missing_column(field, column):
                    yield name, f"{message}; to do without, say {field}: null"
        if self.by is not None and self.by == self.panels:
            yield "panels", f"by and panels are both '{self.by}'; name two columns, or say panels: null"

    def analyse(self, simulation: Ensemble) -> Findings:
        """Tables and figures `spectra`, with `other` `cross_correlation`, and with `cylindrical` `cylindrical`.

        Metrics `greatest power` [unit²], and with `other` `correlation of the longest waves`, the mean over all lines.

        Raises:
            ValueError: an array is not (nx, ny, nz), the two arrays differ in shape, realizations differ in size, or a member is a light
                cone.
        """
        from labrun_power_spectrum import drawing
        from labrun_power_spectrum.tables import average

        columns = [name for name in (self.panels, self.by) if name is not None]
        tables = {name: average(rows, columns) for name, rows in self._measure(simulation, columns).items()}
        spectra = tables["spectra"]
        squared = f" [{self.unit}²]" if self.unit else ""
        metrics = {"greatest power": float(spectra["power"].max())}
        figures = {"spectra": drawing.draw_lines(spectra, "power", f"Δ²(k){squared}", self.by, self.panels)}
        if self.other is not None:
            cross = tables["cross_correlation"]
            metrics["correlation of the longest waves"] = float(cross.loc[cross["k"] == cross["k"].min(), "r"].mean())
            figures["cross_correlation"] = drawing.draw_lines(cross, "r", "r(k)", self.by, self.panels)
        if self.cylindrical:
            label = f"P [{self.unit}² Mpc³]" if self.unit else "P [Mpc³]"
            wedges = self._wedges(simulation, columns)
            figures["cylindrical"] = drawing.draw_cylinders(tables["cylindrical"], columns, wedges, label)
        return Findings(
            metrics, tables, figures, captions=self._captions(), warnings=self._warnings(simulation, spectra, columns)
        )

    def _measure(self, simulation: Ensemble, columns: list[str]) -> dict[str, pd.DataFrame]:
        """The spectra of all members under one another, each row with the member and its values of the columns."""
        import pandas as pd

        found: dict[str, list[pd.DataFrame]] = {}
        for spectra in simulation.map(partial(self._measure_member, columns)):
            for name, rows in spectra.items():
                found.setdefault(name, []).append(rows)
        return {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}

    def _measure_member(self, columns: list[str], simulation: Ensemble, i: int) -> dict[str, pd.DataFrame]:
        from labrun_power_spectrum.measuring import measure_spectra

        field = self._cube(simulation, i, self.array)
        other = None if self.other is None else self._cube(simulation, i, self.other)
        cell_size = float(simulation.read(i, "cell_size"))
        place = {"member": simulation.numbers[i], "box": f"{field.shape} cells of {cell_size:g} Mpc"}
        place |= {name: simulation.columns[name][i] for name in columns}
        spectra = measure_spectra(field, other, cell_size, self.bins, self.cylindrical)
        return {name: rows.assign(**place) for name, rows in spectra.items()}

    def _cube(self, simulation: Ensemble, i: int, array: str) -> np.ndarray:
        """An array of a member, which is a periodic cube of one moment."""
        shape = simulation.shape(i, array)
        member = f"member {simulation.numbers[i]} of '{simulation.name}'"
        if len(shape) != 3:
            raise ValueError(
                f"'{array}' of {member} has the shape {shape}; expected (nx, ny, nz), the last along the line of sight"
            )
        if "redshifts" in simulation.names:
            raise ValueError(
                f"{member} is a light cone: it changes with redshift along the line of sight and is not periodic there, so that it has no "
                "one power spectrum; name a simulation of boxes at one redshift each"
            )
        return simulation.read(i, array)

    def _wedges(self, simulation: Ensemble, columns: list[str]) -> dict[Any, float]:
        """k∥ / k⊥ at the border of the wedge, for each group of members that have one redshift."""
        from labrun_power_spectrum.measuring import horizon_slope

        if self.redshift is None:
            return {}
        groups = simulation.parameters.groupby(columns, dropna=False) if columns else [((), simulation.parameters)]
        redshifts = {key: members[self.redshift].unique() for key, members in groups}
        return {key: horizon_slope(z[0], self.omega_m) for key, z in redshifts.items() if len(z) == 1}

    def _captions(self) -> dict[str, str]:
        """What each figure and table shows."""
        over = "Lines are means over realizations, bands ('spread') one standard deviation between them (NaN for one realization)."
        wedge = f" Dashed: the border of the wedge at the horizon, for a flat universe with Ω_m = {self.omega_m:g}; foregrounds lie below."
        return {
            "spectra": f"Power spectrum Δ²(k) = k³P/2π² of '{self.array}' against the mean |k| of each bin. {over} 'modes' is the number "
            "of waves in a bin of one box. A box without structure, such as one that is fully ionized, has no power and no line.",
            "cross_correlation": f"Cross-correlation r(k) of '{self.array}' and '{self.other}': 1 alike, 0 unrelated, −1 opposite. {over}",
            "cylindrical": f"Power of '{self.array}' by wave numbers across (k⊥) and along (k∥) the line of sight, the last axis; means "
            f"over realizations.{wedge if self.redshift is not None else ''}",
        }

    def _warnings(self, simulation: Ensemble, spectra: pd.DataFrame, columns: list[str]) -> list[str]:
        """What is averaged over, and lines that are missing, which a reader must know."""
        found = []
        if others := averaged_over(simulation, columns):
            found.append(f"Members that differ in {', '.join(others)} are averaged over: their spread is in the bands.")
        groups = spectra.groupby(columns, dropna=False)["power"] if columns else [("all", spectra["power"])]
        empty = [", ".join(map(str, key)) for key, power in groups if not power.any()]
        if empty:
            found.append(f"No power at all, and so no line: {' and '.join(columns)} = {'; '.join(empty)}.")
        return found


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [PowerSpectrum]
