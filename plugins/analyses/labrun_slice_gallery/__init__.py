"""Analysis `slice_gallery`: slices of cubes and light cones as pictures."""

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

    There is one figure for each array, with the values of two columns of the sweep's table, such as escape fraction and redshift, as its
    rows and columns. Of realizations that agree in both, the first is shown. Without these columns, members are shown in order.

    All pictures of an array share one scale. Arrays without negative values go from black at 0 to bright; a brightness temperature of 0
    means ionized gas. Arrays with both signs, such as an overdensity, or a brightness temperature with absorption, go from blue over white
    at 0 to red.

    A light cone, whose members hold `redshifts` along the last axis, gets a second axis with the redshift along the line of sight.
    """

    name: ClassVar[str] = "slice_gallery"
    version: ClassVar[int] = 1

    arrays: tuple[str, ...] = Field(
        ("brightness_temperature",), min_length=1, description="arrays of the simulation, (nx, ny, nz) each"
    )
    units: Mapping[str, str] = Field(
        {"brightness_temperature": "mK"}, description="unit of each array, for its colour bar"
    )
    axis: int = Field(0, ge=0, le=2, description="axis normal to the slice: 0, 1, or 2, the line of sight")
    position: float = Field(
        0.5, ge=0, le=1, description="position of the slice along that axis, as a fraction of its length"
    )
    columns: str | None = Field(
        "redshift", description="column of the sweep's table whose values go from left to right"
    )
    rows: str | None = Field(None, description="column of the sweep's table whose values go from top to bottom")
    most: int = Field(
        6,
        ge=1,
        le=20,
        description="maximum number of pictures in a row, and of rows; of more, evenly spaced ones are shown",
    )

    @field_validator("arrays", mode="before")
    @classmethod
    def _accept_a_list(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that arrays and columns exist."""
        for array in self.arrays:
            yield from simulation.missing_array("arrays", array)
        for field, column in (("columns", self.columns), ("rows", self.rows)):
            if column is not None:
                for name, message in simulation.missing_column(field, column):
                    yield name, f"{message}; to leave it out, set {field}: null"
        if self.rows is not None and self.rows == self.columns:
            yield "rows", f"rows and columns are both '{self.rows}'; name two columns, or set rows: null"

    def analyse(self, simulation: Ensemble) -> Findings:
        """Return a figure `slices_<array>` for each array, and table `slices` with the members shown.

        Raises:
            ValueError: an array is not (nx, ny, nz).
        """
        from labrun_slice_gallery.choosing import choose_members
        from labrun_slice_gallery.drawing import draw_gallery

        chosen = choose_members(simulation.parameters, self.rows, self.columns, self.most, simulation.label)
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
        findings.captions["slices"] = "Members shown, with their row and column."
        return findings

    def _picture(self, simulation: Ensemble, i: int, array: str) -> Picture:
        """Return the slice of a member with its position."""
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
        """Describe the pictures of an array."""
        across = ("x", "y", "z, the line of sight,")[self.axis]
        shown = (
            ""
            if len(chosen) == len(simulation)
            else f" {len(chosen)} of {len(simulation)} members are shown (see 'slices')."
        )
        return (
            f"Slices of '{array}' normal to {across} at {self.position:.0%} of its length, all on one scale, which the brightest cells may "
            f"exceed.{shown}"
        )


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [SliceGallery]
