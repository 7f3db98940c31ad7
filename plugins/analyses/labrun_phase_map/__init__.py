"""Analysis `phase_map`: predicted class and its probability over two swept parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Measure, Outline, hookimpl
from labrun.kit.expression import parse
from labrun.kit.patterns import PatternAnalysis, Patterns

if TYPE_CHECKING:
    from labrun_phase_map.cells import Cells


SURE = 0.9
"""Probability above which a caption counts a cell as sure"""


ROUNDS = (
    "How the sweep found the map: the class of the nearest row after some rounds. Black dots were asked since the panel before, white ones "
    "earlier. Rows gather where classes meet."
)


class PhaseMap(PatternAnalysis):
    """Predicted class over the plane of two swept parameters, and its probability.

    The members at one point of the plane form a cell. Its probabilities p_c are the means over its members, and its class is the most
    probable one. The table `cells` has their entropy too, −Σ p_c ln p_c [nats], 0 for a certain class. A cell is novel if at least half of
    its members are. If the sweep is a grid, with or without holes, each cell is a rectangle, and places without a member stay blank.
    Otherwise each place has the colour of the nearest point, if one is near. The map of an adaptive sweep is drawn to its
    edges, and the figure `rounds` shows how it was found.
    """

    name: ClassVar[str] = "phase_map"
    version: ClassVar[int] = 2

    x: str = Field(description="swept parameter along the horizontal axis")
    y: str = Field(description="swept parameter along the vertical axis")
    lines: dict[str, str] = Field(
        {},
        description="lines on the map, name: expression in x and y, drawn where it changes sign. Numbers, + - * / **, sqrt, exp, log, "
        "sin, cos and abs; poles on the map would be drawn too",
    )

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that the array and both columns exist, and that expressions are valid."""
        yield from super().check(simulation)
        yield from simulation.missing_column("x", self.x)
        yield from simulation.missing_column("y", self.y)
        if self.x == self.y:
            yield "y", f"x and y are both '{self.x}'; a map needs two different parameters"
        for name, text in self.lines.items():
            try:
                parse(text, (self.x, self.y))
            except ValueError as error:
                yield "lines", f"{name}: {error}"

    def analyse(self, classes: Findings, simulation: Ensemble, novelty: Findings | None = None) -> Findings:
        """Return figure `phase_map`, tables `cells` and `classes`, an interactive map, and its sheets of thumbnails.

        Raises:
            ValueError: the inputs do not belong together, or a coordinate is not a finite number.
        """
        from labrun.kit.class_colours import class_colours
        from labrun_phase_map.cells import gather_cells
        from labrun_phase_map.drawing import draw_map
        from labrun_phase_map.lines import zero_set
        from labrun_phase_map.page import make_fragment
        from labrun_phase_map.raster import make_raster, whole_raster
        from labrun_phase_map.rounds import draw_rounds, rounds_of

        patterns = Patterns.gather(simulation, classes, novelty)
        cells = gather_cells(patterns, self.x, self.y)
        rounds = rounds_of(patterns, cells)
        raster = make_raster(cells.x, cells.y) if rounds is None else whole_raster(cells.x, cells.y)
        lines = {
            name: zero_set(parse(text, (self.x, self.y)), self.x, raster.x_range, self.y, raster.y_range)
            for name, text in self.lines.items()
        }
        labels = simulation.label(self.x), simulation.label(self.y)
        colours = class_colours(patterns.classes, self.colour_order)
        sprites = self.draw_sprites(simulation)
        sheets = sprites.files()
        metrics: dict[str, float] = {
            "cells": len(cells.x),
            "mean probability": float(cells.probability.mean()),
            "mean entropy": Measure(float(cells.entropy.mean()), name="mean entropy", unit="nats"),
        }
        if cells.novel is not None:
            metrics["share novel"] = float(cells.novel.mean())
        return Findings(
            metrics=metrics,
            tables={"classes": cells.counts(), "cells": cells.table(self.x, self.y)},
            figures={"phase_map": draw_map(cells, raster, lines, colours, *labels)}
            | ({} if rounds is None else {"rounds": draw_rounds(cells, rounds, colours, *labels)}),
            html={
                "map": make_fragment(
                    simulation.name,
                    patterns,
                    cells,
                    raster,
                    lines,
                    colours,
                    sprites.layout(),
                    [*sheets],
                    (self.x, self.y),
                    simulation.label,
                )
            },
            files=dict(sheets),
            captions={
                "phase_map": _describe(cells, patterns.calibrated),
                **({} if rounds is None else {"rounds": ROUNDS}),
                "classes": "Number of cells predicted as each class.",
                "cells": f"Every cell of the map: {self.x}, {self.y}, number of members, class, probability and entropy.",
            },
            warnings=[
                *patterns.warnings,
                *(f"The line '{name}' does not cross the map." for name, paths in lines.items() if not paths),
            ],
        )


def _describe(cells: Cells, calibrated: bool) -> str:
    """Return the caption of the map: what it shows, and what follows from it."""
    import numpy as np

    sure = float(np.mean(cells.probability >= SURE))
    counts = np.bincount(cells.predicted, minlength=len(cells.classes))
    most = int(counts.argmax())
    source = "calibrated" if calibrated else "those of the network, not calibrated"
    novel = (
        ""
        if cells.novel is None
        else f" Dots mark the {cells.novel.mean():.0%} of cells that are novel: their patterns are unlike those of the training, so their "
        "class says little."
    )
    return (
        f"{np.count_nonzero(counts)} of {len(cells.classes)} classes occur; '{cells.classes[most]}' is the most frequent, in "
        f"{counts[most]} of {len(cells.x)} cells. Right: the probability of the class, averaged over the members of a cell ({source}). "
        f"It is at least {SURE:.0%} in {sure:.0%} of the cells.{novel}"
    )


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [PhaseMap]
