"""Analysis `pattern_gallery`: pictures of simulated members, grouped by a column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl

if TYPE_CHECKING:
    import numpy as np


class PatternGallery(Analysis):
    """Pictures of some members for each value of a column of the sweep's table, one row per value.

    A two-dimensional array is drawn as it is, an array `(height, width, frames)` at one frame. All pictures share one scale.
    """

    name: ClassVar[str] = "pattern_gallery"
    version: ClassVar[int] = 1

    array: str = Field(description="array of the simulation to draw")
    by: str = Field(description="column of the sweep's table with one row for each value")
    members: int = Field(6, ge=1, le=20, description="maximum number of members in a row, evenly spaced")
    frame: int = Field(-1, description="index on the last axis of a three-dimensional array; -1 is the last")
    colormap: str = Field("viridis", description="colour map of Matplotlib")

    def check(self, simulation: Outline) -> Iterable[tuple[str, str]]:
        """Check that the array and the column exist."""
        if simulation.outputs is not None and self.array not in simulation.outputs:
            yield (
                "array",
                f"'{simulation.stage}' gives no array '{self.array}' (it gives {', '.join(simulation.outputs)})",
            )
        if self.by not in simulation.columns:
            yield (
                "by",
                f"the table of '{simulation.stage}' has no column '{self.by}' (it has {', '.join(simulation.columns)})",
            )

    def analyse(self, simulation: Ensemble) -> Findings:
        """Return figure `gallery`, and table `values` with the members and parameter ranges of each value.

        Raises:
            ValueError: the array has neither two nor three dimensions.
        """
        import matplotlib.pyplot as plt
        import numpy as np
        import pandas as pd

        table = simulation.parameters.reset_index(drop=True)
        rows = {value: np.asarray(found) for value, found in table.groupby(self.by, sort=False).indices.items()}
        figure, panels = plt.subplots(
            len(rows),
            self.members,
            figsize=(1.15 * self.members + 0.8, 1.15 * len(rows)),
            squeeze=False,
            layout="constrained",
        )
        figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.01, hspace=0.01)  # type: ignore[union-attr, call-arg]
        pictures = {
            value: [self._picture(simulation, int(i)) for i in self._chosen(found)] for value, found in rows.items()
        }
        low = min(float(p.min()) for found in pictures.values() for p in found)
        high = max(float(p.max()) for found in pictures.values() for p in found)
        for line, (value, found) in zip(panels, pictures.items(), strict=True):
            for axes in line:
                axes.set_axis_off()
            for axes, picture in zip(line, found, strict=False):
                shown = axes.imshow(picture, cmap=self.colormap, vmin=low, vmax=high, interpolation="nearest")
            line[0].text(-0.08, 0.5, str(value), transform=line[0].transAxes, ha="right", va="center", fontsize=9)
        figure.colorbar(shown, ax=panels, shrink=0.3, aspect=30, label=self.array)
        numbers = [c for c in table.columns if c not in (self.by, "repeat") and pd.api.types.is_numeric_dtype(table[c])]
        summary = table.groupby(self.by, sort=False)[numbers].agg(["min", "max"])
        summary.columns = [f"{edge} {name}" for name, edge in summary.columns]
        summary.insert(0, "members", table.groupby(self.by, sort=False).size())
        return Findings(
            figures={"gallery": figure},
            tables={"values": summary},
            captions={
                "gallery": f"'{self.array}' of some members for each value of '{self.by}', all on one scale.",
                "values": f"Number of members and range of their parameters, for each value of '{self.by}'.",
            },
        )

    def _chosen(self, found: np.ndarray) -> np.ndarray:
        from labrun.kit.choosing import evenly

        return found[evenly(len(found), self.members)]

    def _picture(self, simulation: Ensemble, i: int) -> np.ndarray:
        dimensions = len(simulation.shape(i, self.array))
        if dimensions not in (2, 3):
            raise ValueError(
                f"'{self.array}' has {dimensions} dimensions; a gallery draws arrays (height, width) or (height, width, frames)"
            )
        selection: Any = (..., self.frame) if dimensions == 3 else ()
        return simulation.read(i, self.array, selection)


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [PatternGallery]
