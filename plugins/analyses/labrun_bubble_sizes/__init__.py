"""Analysis `bubble_sizes`: how large the ionized regions are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl
from labrun.kit.parameter_sets import averaged_over

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class BubbleSizes(Analysis):
    """The sizes of ionized regions in periodic boxes, by the methods that the field uses, since bubbles that touch have no one size.

    A cell is ionized where `array` is at most `threshold`: a neutral fraction of 1/2, or a brightness temperature of 0.

    * **Mean free path**: rays from random places in ionized cells, in random directions, up to the first cell that is not (A. Mesinger
      and S. Furlanetto, ApJ 669, 663 (2007)). Of rays, dP/dlnR is the share whose length R lies in a bin, for each unit of ln R. A ball
      of radius a gives a mean of 3a/4 and the greatest dP/dlnR at 2a/√3.
    * **Regions** (friends of friends): ionized cells that are joined over faces, across the borders of the box too; R is the radius of a
      ball of their volume, and dP/dlnR the share of the ionized volume. From early on most of it is one region that percolates.

    Members that agree in `by` and `panels` are realizations: lines are their means, bands one standard deviation between them.
    """

    name: ClassVar[str] = "bubble_sizes"
    version: ClassVar[int] = 1

    array: str = Field("neutral_fraction", description="array of the simulation, (nx, ny, nz)")
    threshold: float = Field(0.5, description="greatest value of an ionized cell [unit of the array]")
    by: str | None = Field("redshift", description="column of the sweep's table with a line for each value; null: one")
    panels: str | None = Field(None, description="column with a panel for each value; null: one panel")
    rays: int = Field(100_000, ge=100, description="rays in each box")
    bins_per_decade: int = Field(10, ge=1, le=100, description="bins for a factor of ten in R")

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """The array and the columns must be there."""
        yield from simulation.missing_array("array", self.array)
        for field, column in (("by", self.by), ("panels", self.panels)):
            if column is not None:
                for name, message in simulation.missing_column(field, column):
                    yield name, f"{message}; to do without, say {field}: null"
        if self.by is not None and self.by == self.panels:
            yield "panels", f"by and panels are both '{self.by}'; name two columns, or say panels: null"

    def analyse(self, simulation: Ensemble, rng: np.random.Generator) -> Findings:
        """Tables `members` (a row a box) and `sizes` (a row for each method, line and bin); figure `sizes`.

        Metrics `greatest mean free path` [Mpc], the mean length of the rays in the box where it is longest, and `largest region`, the
        greatest share of the ionized volume.

        Raises:
            ValueError: an array is not (nx, ny, nz), a member is a light cone, or no cell of any member is ionized.
        """
        from labrun_bubble_sizes.drawing import draw_sizes
        from labrun_bubble_sizes.tables import average

        columns = [name for name in (self.panels, self.by) if name is not None]
        members, rows = self._measure(simulation, columns, rng)
        if not len(rows):
            raise ValueError(
                f"no cell of '{self.array}' of '{simulation.name}' is at most {self.threshold:g} in any member, so that nothing is "
                "ionized; raise the threshold, or name another array"
            )
        sizes = average(rows, columns)
        others = averaged_over(simulation, columns)
        return Findings(
            metrics={
                "greatest mean free path": members["mean free path"].max(),
                "largest region": members["largest region"].max(),
            },
            tables={"members": members, "sizes": sizes},
            figures={"sizes": draw_sizes(sizes, self.by, self.panels)},
            captions=self._captions(),
            warnings=[f"Members that differ in {', '.join(others)} are averaged over: their spread is in the bands."]
            if others
            else [],
        )

    def _measure(
        self, simulation: Ensemble, columns: list[str], rng: np.random.Generator
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What tells of each member, and the distributions of those with ionized cells under one another."""
        import pandas as pd

        from labrun_bubble_sizes.measuring import measure_bubbles

        summaries, parts = [], []
        for i in range(len(simulation)):
            ionized = self._cube(simulation, i) <= self.threshold
            cell_size = float(simulation.read(i, "cell_size"))
            summary, sizes = measure_bubbles(ionized, cell_size, self.rays, self.bins_per_decade, rng)
            summaries.append(summary)
            place = {"member": simulation.numbers[i], **{name: simulation.columns[name][i] for name in columns}}
            parts.append(sizes.assign(**place))
        parameters = simulation.parameters
        members = pd.concat([parameters, pd.DataFrame(summaries, index=parameters.index)], axis=1)
        filled = [part for part in parts if len(part)]
        return members, pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()

    def _cube(self, simulation: Ensemble, i: int) -> np.ndarray:
        """The array of a member, which is a periodic cube of one moment."""
        shape = simulation.shape(i, self.array)
        member = f"member {simulation.numbers[i]} of '{simulation.name}'"
        if len(shape) != 3:
            raise ValueError(f"'{self.array}' of {member} has the shape {shape}; expected (nx, ny, nz)")
        if "redshifts" in simulation.names:
            raise ValueError(
                f"{member} is a light cone: it is not periodic along the line of sight, and its bubbles are of many redshifts; name a "
                "simulation of boxes at one redshift each"
            )
        return simulation.read(i, self.array)

    def _captions(self) -> dict[str, str]:
        """What the figure and each table shows."""
        where = f"Ionized cells are those whose '{self.array}' is at most {self.threshold:g}."
        return {
            "sizes": "Distribution dP/dlnR of the sizes of ionized regions: lengths of rays ('mean free path'), and radii of balls with "
            f"the volume of each region of joined cells ('regions', weighted by volume). {where} Lines are means over realizations, bands "
            "('spread') one standard deviation between them (NaN for one).",
            "members": f"{where} 'mean free path' is the mean length of {self.rays} rays [Mpc], each followed to the longest side of the "
            "box; 'longer than the box' the share that was not over there; 'mean free path, peak' where dP/dlnR is greatest [Mpc]; "
            "'largest region' the share of the ionized volume in the largest region.",
        }


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [BubbleSizes]
