"""Analysis `slice_gallery`: slices of cubes and of light cones as pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import field_validator

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl

if TYPE_CHECKING:
    import pandas as pd

    from labrun_slice_gallery.drawing import Picture


class SliceGallery(Analysis):
    """Slices through cubes and light cones as pictures, with axes in Mpc and a colour bar.

    One figure for each array: rows and columns of it are the values of two columns of the sweep's table, such as escape fraction and
    redshift; of realizations that agree in both, the first is shown. Without either, members are shown one after the other.

    All pictures of an array have one scale. Arrays that are nowhere negative go from black at 0 to bright: where a brightness temperature
    is 0, the gas is ionized. Arrays of both signs, such as an overdensity, or a brightness temperature with absorption, go from blue
    over white at 0 to red.

    A light cone, whose members hold `redshifts` along the last axis, has its redshift on a second axis along the line of sight.
    """

    name: ClassVar[str] = "slice_gallery"
    version: ClassVar[int] = 1

    arrays: tuple[str, ...] = Field(
        ("brightness_temperature",), min_length=1, description="arrays of the simulation, (nx, ny, nz) each"
    )
    units: Mapping[str, str] = Field(
        {"brightness_temperature": "mK"}, description="unit of each array, for its colour bar; others have none"
    )
    axis: int = Field(0, ge=0, le=2, description="axis that the slice lies across: 0, 1, or 2, the line of sight")
    position: float = Field(
        0.5, ge=0, le=1, description="where the slice lies along that axis, as a fraction of its length"
    )
    columns: str | None = Field("redshift", description="column of the sweep's table that goes from left to right")
    rows: str | None = Field(None, description="column of the sweep's table that goes from top to bottom")
    most: int = Field(6, ge=1, le=20, description="pictures in a row, and rows, at most; of more, some spread evenly")

    @field_validator("arrays", mode="before")
    @classmethod
    def _accept_a_list(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Arrays and columns must be there."""
        for array in self.arrays:
            yield from simulation.missing_array("arrays", array)
        for field, column in (("columns", self.columns), ("rows", self.rows)):
            if column is not None:
                for name, message in simulation.missing_column(field, column):
                    yield name, f"{message}; to do without, say {field}: null"
        if self.rows is not None and self.rows == self.columns:
            yield "rows", f"rows and columns are both '{self.rows}'; name two columns, or say rows: null"

    def analyse(self, simulation: Ensemble) -> Findings:
        """A figure `slices_<array>` for each array. Table `slices` tells which members are shown.

        Raises:
            ValueError: an array is not (nx, ny, nz).
        """
        from labrun_slice_gallery.choosing import choose_members
        from labrun_slice_gallery.drawing import draw_gallery

        chosen = choose_members(simulation.parameters, self.rows, self.columns, self.most)
        findings = Findings(tables={"slices": chosen})
        for array in self.arrays:
            members = zip(chosen["row"], chosen["column"], chosen["member"], strict=True)
            pictures = {
                (row, column): self._picture(simulation, simulation.numbers.index(member), array)
                for row, column, member in members
            }
            unit = f" [{self.units[array]}]" if array in self.units else ""
            findings.figures[f"slices_{array}"] = draw_gallery(pictures, array + unit)
            findings.captions[f"slices_{array}"] = self._caption(simulation, chosen, array)
        findings.captions["slices"] = "The members that are shown, and where."
        return findings

    def _picture(self, simulation: Ensemble, i: int, array: str) -> Picture:
        """The slice of a member, and where it lies."""
        from labrun_slice_gallery.drawing import AXES, Picture

        shape = simulation.shape(i, array)
        if len(shape) != 3:
            raise ValueError(
                f"'{array}' of member {simulation.numbers[i]} of '{simulation.name}' has the shape {shape}; expected (nx, ny, nz), the "
                "last along the line of sight"
            )
        place = min(int(self.position * shape[self.axis]), shape[self.axis] - 1)
        plane = simulation.read(i, array, (slice(None),) * self.axis + (place,))
        horizontal, vertical = AXES[self.axis]
        values = plane if vertical < horizontal else plane.T
        cell_size = float(simulation.read(i, "cell_size"))
        if horizontal == 2 and "redshifts" in simulation.names:
            sight = simulation.read(i, "distances"), simulation.read(i, "redshifts")
            return Picture(values, cell_size, self.axis, sight)
        return Picture(values, cell_size, self.axis)

    def _caption(self, simulation: Ensemble, chosen: pd.DataFrame, array: str) -> str:
        """What the pictures of an array are."""
        across = ("x", "y", "z, the line of sight,")[self.axis]
        shown = (
            ""
            if len(chosen) == len(simulation)
            else f" Shown are {len(chosen)} of {len(simulation)} members (see 'slices')."
        )
        return (
            f"Slices of '{array}' across {across} at {self.position:.0%} of its length, all on one scale; the brightest cells may lie "
            f"beyond its end.{shown}"
        )


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [SliceGallery]
