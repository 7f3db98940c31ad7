"""Analysis `phase_map`: which class grows where, over two swept parameters, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl
from labrun.kit.expression import parse
from labrun.kit.patterns import PatternAnalysis, Patterns


class PhaseMap(PatternAnalysis):
    """The predicted class of every cell of a plane of two swept parameters, and the entropy of its probabilities.

    The members at one point of the plane make a cell. Its probabilities are the mean p_c of theirs, its class is the
    most probable one, and its entropy −Σ p_c ln p_c [nats] is 0 where the network is sure. A cell is novel if at least
    half of its members are. Where the sweep is a grid, with holes or without, each cell is a rectangle, and places
    without a run stay blank; else each place has the colour of the nearest point, if there is one near.
    """

    name: ClassVar[str] = "phase_map"
    version: ClassVar[int] = 1

    x: str = Field(description="swept parameter along the horizontal axis")
    y: str = Field(description="swept parameter along the vertical axis")
    lines: dict[str, str] = Field(
        {},
        description="name: expression in x and y, drawn where it changes its sign. Numbers, + - * / **, sqrt, exp, log, "
        "sin, cos and abs; do not divide by what vanishes on the map, since a pole changes its sign too",
    )

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """The array and both columns must be there, and every expression must be one."""
        yield from super().check(simulation)
        yield from simulation.missing_column("x", self.x)
        yield from simulation.missing_column("y", self.y)
        if self.x == self.y:
            yield "y", f"x and y are both '{self.x}'; a map needs two parameters"
        for name, text in self.lines.items():
            try:
                parse(text, (self.x, self.y))
            except ValueError as error:
                yield "lines", f"{name}: {error}"

    def analyse(self, classes: Findings, simulation: Ensemble, novelty: Findings | None = None) -> Findings:
        """Figure `phase_map`, tables `cells` and `classes`, an interactive map, and the sheets of pictures that it uses.

        Raises:
            ValueError: the inputs do not belong together, or a coordinate is no finite number.
        """
        from labrun.kit.class_colours import class_colours
        from labrun_phase_map.cells import gather_cells
        from labrun_phase_map.drawing import draw_map
        from labrun_phase_map.lines import zero_set
        from labrun_phase_map.page import make_fragment
        from labrun_phase_map.raster import make_raster

        patterns = Patterns.gather(simulation, classes, novelty)
        cells = gather_cells(patterns, self.x, self.y)
        raster = make_raster(cells.x, cells.y)
        lines = {
            name: zero_set(parse(text, (self.x, self.y)), self.x, raster.x_range, self.y, raster.y_range)
            for name, text in self.lines.items()
        }
        colours = class_colours(patterns.classes, self.colour_order)
        sprites = self.draw_sprites(simulation)
        sheets = sprites.files()
        metrics = {"cells": float(len(cells.x)), "mean entropy": float(cells.entropy.mean())}
        if cells.novel is not None:
            metrics["share novel"] = float(cells.novel.mean())
        return Findings(
            metrics=metrics,
            tables={"classes": cells.counts(), "cells": cells.table(self.x, self.y)},
            figures={"phase_map": draw_map(cells, raster, lines, colours, self.x, self.y)},
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
                    self.x,
                    self.y,
                )
            },
            files=dict(sheets),
            captions={
                "phase_map": "Left: the class that the network takes each cell for. Right: the entropy of its probabilities, "
                "averaged over the members of the cell; 0 is sure."
                + (" Dots: novel cells." if cells.novel is not None else ""),
                "classes": "Cells that are taken for each class.",
                "cells": f"Every cell of the map: {self.x}, {self.y}, its members, its class and how sure that is.",
            },
            warnings=[
                *patterns.warnings,
                *(f"The line '{name}' does not cross the map." for name, paths in lines.items() if not paths),
            ],
        )


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [PhaseMap]
