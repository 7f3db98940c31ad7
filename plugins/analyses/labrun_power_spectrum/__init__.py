"""Analysis `power_spectrum`: structure of fields at each scale."""

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
    """Power spectrum Δ²(k) of cubes, averaged over realizations.

    With P(k) = V ⟨|δ_k|²⟩, the mean over the modes whose |k| lies in a bin,

        Δ²(k) = k³ P(k) / 2π²

    is the contribution of each e-fold of k to the variance of the field. Bins are logarithmic, from the longest wave of the box, 2π/L,
    to the shortest along an axis, π/cell. The field is not divided by its mean: for a brightness temperature, Δ² is in mK².

    With a second field `other`, r(k) = P_ab / sqrt(P_aa P_bb) is their correlation at each scale, from 1 (identical) to −1 (opposite).

    `cylindrical` separates wave numbers across the line of sight, k⊥, from those along it, k∥, the last axis. Foregrounds of an
    interferometer fill the wedge k∥ < k⊥ E(z) ∫₀^z dz'/E(z') / (1 + z), with E = H/H₀ of a flat universe, here up to the horizon (A. Liu,
    A. R. Parsons and C. M. Trott, PRD 90, 023018 (2014), eq. 13); a line shows its border.

    Members that agree in `by` and `panels` are realizations: lines are their means, bands one standard deviation between them.
    """

    name: ClassVar[str] = "power_spectrum"
    version: ClassVar[int] = 1

    array: str = Field("brightness_temperature", description="array of the simulation, (nx, ny, nz)")
    unit: str = Field("mK", description="unit of the array, for labels; empty if dimensionless")
    other: str | None = Field(
        None, description="second array, of the same shape, for the cross-correlation r(k); null: none"
    )
    by: str | None = Field(
        "redshift", description="column of the sweep's table with one line for each value; null: a single line"
    )
    panels: str | None = Field(None, description="column with one panel for each value; null: a single panel")
    bins: int = Field(14, ge=1, le=200, description="logarithmic bins of k")
    cylindrical: bool = Field(False, description="whether to draw P(k⊥, k∥) as well")
    redshift: str | None = Field(
        "redshift", description="column with the redshift, for the border of the wedge; null: no border"
    )
    omega_m: float = Field(
        0.31, gt=0, le=1, description="Ω_m of a flat universe, dimensionless, for the border of the wedge"
    )

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that arrays and columns exist."""
        yield from simulation.missing_array("array", self.array)
        if self.other is not None:
            yield from simulation.missing_array("other", self.other)
        columns = {"by": self.by, "panels": self.panels, "redshift": self.redshift if self.cylindrical else None}
        for field, column in columns.items():
            if column is not None:
                for name, message in simulation.missing_number(field, column):
                    yield name, f"{message}; to leave it out, set {field}: null"
        if self.by is not None and self.by == self.panels:
            yield "panels", f"by and panels are both '{self.by}'; name two columns, or set panels: null"

    def analyse(self, simulation: Ensemble) -> Findings:
        """Return tables and figures `spectra`, with `other` also `cross_correlation`, and with `cylindrical` also `cylindrical`.

        Metrics: `greatest power` [unit²], and with `other` `correlation of the longest waves`, the mean over all lines.

        Raises:
            ValueError: an array is not (nx, ny, nz), the two arrays differ in shape, realizations differ in size, or a member is a light
                cone.
        """
        from labrun_power_spectrum import drawing
        from labrun_power_spectrum.tables import average

        columns = [name for name in (self.panels, self.by) if name is not None]
        wedge = [self.redshift] if self.cylindrical and self.redshift is not None else []
        simulation = simulation.with_numbers([*columns, *wedge])
        tables = {name: average(rows, columns) for name, rows in self._measure(simulation, columns).items()}
        spectra = tables["spectra"]
        squared = f" [{self.unit}²]" if self.unit else ""
        metrics = {"greatest power": float(spectra["power"].max())}
        figures = {
            "spectra": drawing.draw_lines(spectra, "power", f"Δ²(k){squared}", self.by, self.panels, simulation.label)
        }
        if self.other is not None:
            cross = tables["cross_correlation"]
            metrics["correlation of the longest waves"] = float(cross.loc[cross["k"] == cross["k"].min(), "r"].mean())
            figures["cross_correlation"] = drawing.draw_lines(
                cross, "r", "r(k)", self.by, self.panels, simulation.label
            )
        if self.cylindrical:
            label = f"P [{self.unit}² Mpc³]" if self.unit else "P [Mpc³]"
            wedges = self._wedges(simulation, columns)
            figures["cylindrical"] = drawing.draw_cylinders(
                tables["cylindrical"], columns, wedges, label, simulation.label
            )
        return Findings(
            metrics, tables, figures, captions=self._captions(), warnings=self._warnings(simulation, spectra, columns)
        )

    def _measure(self, simulation: Ensemble, columns: list[str]) -> dict[str, pd.DataFrame]:
        """Stack the spectra of all members; each row holds the member and its values of the columns."""
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
        """Return an array of a member, checking that it is a periodic cube at one redshift."""
        shape = simulation.shape(i, array)
        member = f"member {simulation.numbers[i]} of '{simulation.name}'"
        if len(shape) != 3:
            raise ValueError(
                f"'{array}' of {member} has the shape {shape}; expected (nx, ny, nz), the last along the line of sight"
            )
        if "redshifts" in simulation.names:
            raise ValueError(
                f"{member} is a light cone: its redshift varies along the line of sight, where it is not periodic, so it has no single "
                "power spectrum; name a simulation of boxes, each at one redshift"
            )
        return simulation.read(i, array)

    def _wedges(self, simulation: Ensemble, columns: list[str]) -> dict[Any, float]:
        """Return k∥ / k⊥ at the border of the wedge, for each group of members at one redshift."""
        from labrun_power_spectrum.measuring import horizon_slope

        if self.redshift is None:
            return {}
        groups = simulation.parameters.groupby(columns, dropna=False) if columns else [((), simulation.parameters)]
        redshifts = {key: members[self.redshift].unique() for key, members in groups}
        return {key: horizon_slope(z[0], self.omega_m) for key, z in redshifts.items() if len(z) == 1}

    def _captions(self) -> dict[str, str]:
        """Describe each figure and table."""
        over = "Lines: means over realizations. Bands ('spread'): one standard deviation between realizations (NaN for one)."
        wedge = (
            f" Dashed: border of the foreground wedge at the horizon, for a flat universe with Ω_m = {self.omega_m:g}."
        )
        return {
            "spectra": f"Power spectrum Δ²(k) = k³P/2π² of '{self.array}' against the mean |k| of each bin. {over} 'modes': number of "
            "modes in a bin of one box. A uniform box, such as a fully ionized one, has no power and no line.",
            "cross_correlation": f"Cross-correlation r(k) of '{self.array}' and '{self.other}', from 1 (equal) to −1 (opposite). {over}",
            "cylindrical": f"Power of '{self.array}' by wave numbers across (k⊥) and along (k∥) the line of sight, the last axis, averaged "
            f"over realizations.{wedge if self.redshift is not None else ''}",
        }

    def _warnings(self, simulation: Ensemble, spectra: pd.DataFrame, columns: list[str]) -> list[str]:
        """Report what is averaged over, and missing lines."""
        found = []
        if others := averaged_over(simulation, columns):
            found.append(f"Averaged over members with different {', '.join(others)}: the bands include their spread.")
        groups = spectra.groupby(columns, dropna=False)["power"] if columns else [("all", spectra["power"])]
        empty = [", ".join(map(str, key)) for key, power in groups if not power.any()]
        if empty:
            found.append(f"No power, and therefore no line, for {' and '.join(columns)} = {'; '.join(empty)}.")
        return found


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [PowerSpectrum]
