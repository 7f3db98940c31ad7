"""Analysis `bubble_sizes`: sizes of ionized regions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl
from labrun.kit.parameter_sets import averaged_over

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class BubbleSizes(Analysis):
    """Sizes of the ionized regions in periodic boxes, by two methods, since bubbles that touch have no unique size.

    A cell is ionized where `array` is at most `threshold`: a neutral fraction of 1/2, or a brightness temperature of 0.

    * **Mean free path**: rays start at random places in ionized cells, in random directions, and end at the first cell that is not
      ionized (A. Mesinger and S. Furlanetto, ApJ 669, 663 (2007)). dP/dlnR is the share of rays with length R, per unit of ln R. For a
      ball of radius a the mean length is 3a/4, and dP/dlnR peaks at 2a/√3.
    * **Regions** (friends of friends): ionized cells connected through faces, also across the periodic boundaries. R is the radius of a
      ball of the same volume, and dP/dlnR the share of the ionized volume. From early on, one percolating region holds most of it.

    Members that agree in `by` and `panels` are realizations: lines are their means, bands one standard deviation between them.
    """

    name: ClassVar[str] = "bubble_sizes"
    version: ClassVar[int] = 1

    array: str = Field("neutral_fraction", description="array of the simulation, (nx, ny, nz)")
    threshold: float = Field(0.5, description="greatest value of an ionized cell [unit of the array]")
    by: str | None = Field(
        "redshift",
        description="column of the sweep's table, or array of one number a member, with one line for each value; null: a single line",
    )
    panels: str | None = Field(None, description="column with one panel for each value; null: a single panel")
    rays: int = Field(100_000, ge=100, description="rays in each box")
    bins_per_decade: int = Field(10, ge=1, le=100, description="bins in each decade of R")

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that the array and the columns exist."""
        yield from simulation.missing_array("array", self.array)
        for field, column in (("by", self.by), ("panels", self.panels)):
            if column is not None:
                for name, message in simulation.missing_number(field, column):
                    yield name, f"{message}; to leave it out, set {field}: null"
        if self.by is not None and self.by == self.panels:
            yield "panels", f"by and panels are both '{self.by}'; name two columns, or set panels: null"

    def analyse(self, simulation: Ensemble, rng: np.random.Generator) -> Findings:
        """Return tables `members` (a row for each box) and `sizes` (a row for each method, line and bin), and figure `sizes`.

        Metrics: `greatest mean free path` [Mpc], the largest mean ray length of any box, and `largest region`, the largest share of the
        ionized volume in one region.

        Raises:
            ValueError: an array is not (nx, ny, nz), a member is a light cone, or no cell of any member is ionized.
        """
        from labrun_bubble_sizes.drawing import draw_sizes
        from labrun_bubble_sizes.tables import average

        columns = [name for name in (self.panels, self.by) if name is not None]
        simulation = simulation.with_numbers(columns)
        members, rows = self._measure(simulation, columns, rng)
        if not len(rows):
            raise ValueError(
                f"'{self.array}' of '{simulation.name}' exceeds {self.threshold:g} in every cell of every member, so nothing is ionized; "
                "raise the threshold, or name another array"
            )
        sizes = average(rows, columns)
        others = averaged_over(simulation, columns)
        return Findings(
            metrics={
                "greatest mean free path": members["mean free path"].max(),
                "largest region": members["largest region"].max(),
            },
            tables={"members": members, "sizes": sizes},
            figures={"sizes": draw_sizes(sizes, self.by, self.panels, simulation.label)},
            captions=self._captions(),
            warnings=[f"Averaged over members with different {', '.join(others)}: the bands include their spread."]
            if others
            else [],
        )

    def _measure(
        self, simulation: Ensemble, columns: list[str], rng: np.random.Generator
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return a summary of each member, and the stacked distributions of those with ionized cells."""
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
        """Return the array of a member, checking that it is a periodic cube at one redshift."""
        shape = simulation.shape(i, self.array)
        member = f"member {simulation.numbers[i]} of '{simulation.name}'"
        if len(shape) != 3:
            raise ValueError(f"'{self.array}' of {member} has the shape {shape}; expected (nx, ny, nz)")
        if "redshifts" in simulation.names:
            raise ValueError(
                f"{member} is a light cone: it is not periodic along the line of sight, and its redshift varies; name a simulation of "
                "boxes, each at one redshift"
            )
        return simulation.read(i, self.array)

    def _captions(self) -> dict[str, str]:
        """Describe the figure and the tables."""
        where = f"A cell is ionized where '{self.array}' is at most {self.threshold:g}."
        return {
            "sizes": "Size distribution dP/dlnR of ionized regions: from ray lengths ('mean free path'), and from the radius of a ball "
            f"with the volume of each connected region ('regions', weighted by volume). {where} Lines: means over realizations. Bands "
            "('spread'): one standard deviation between realizations (NaN for a single one).",
            "members": f"{where} 'mean free path': mean length of {self.rays} rays [Mpc], each followed for at most the longest side of "
            "the box. 'longer than the box': share of rays that reach that limit. 'mean free path, peak': R where dP/dlnR peaks [Mpc]. "
            "'largest region': share of the ionized volume in the largest region.",
        }


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [BubbleSizes]
