"""A picture of what a simulation gives: some of its members with their parameters, whatever their arrays are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from labrun.contracts.ensemble import REPEAT, Ensemble
from labrun.kit.choosing import evenly
from labrun.kit.palette import PALETTE, SOFT
from labrun.kit.panels import FLATTEST, TALLEST
from labrun.kit.parameter_sets import equation

__all__ = ["draw_members"]

MOST, COLUMNS = 6, 3
"""Members in a figure, and in a row of it"""
WIDTH = 2.1
"""Width of a panel [inches]"""
LEAST_SIDE = 8
"""Cells along each side of an array that is drawn as a picture"""
FEW = 10
"""Whole numbers up to this many are codes, each with a colour"""
VALUES_IN_TITLE = 3
LETTERS = 30
"""Letters of a title in a line"""
MOST_POINTS, MOST_CELLS = 3000, 400
"""Points that are drawn, and cells along each side"""


@dataclass(frozen=True)
class Drawn:
    """What one member shows: a plane (height, width), a colour picture (height, width, 3), points (n, 2) or a series (n,)."""

    values: NDArray[Any]
    kind: str
    """picture, points or series"""
    part: str = ""
    """Which part of the array it is"""


def draw_members(simulation: Ensemble, shown: str = "", colours: str | Sequence[str] = "") -> Figure | None:
    """Draw at most six members, evenly spaced in the sweep, on one scale; None if no array of theirs can be drawn.

    `shown` is the array, by default the first that is a picture, else points or a series. Of three axes, the one
    that the simulator does not call height or width counts frames, else the shortest: the last frame is drawn, or the middle plane of a
    cube. `colours` is a colour map of Matplotlib, or a colour for each number
    from 0 on.
    """
    chosen = evenly(len(simulation), MOST).tolist()
    array = _choose(simulation, shown) if chosen else ""
    if not array:
        return None
    drawn = [_part(simulation, i, array) for i in chosen]
    if any(one is None or one.kind != drawn[0].kind for one in drawn if drawn[0] is not None):
        return None
    found = [one for one in drawn if one is not None]
    if not found or not all(np.isfinite(one.values).all() for one in found):
        return None
    columns = min(COLUMNS, len(found))
    rows = -(-len(found) // columns)
    height = WIDTH * _ratio(found)
    figure = Figure(figsize=(WIDTH * columns + 0.8, (height + 0.45) * rows + 0.3), layout="constrained", dpi=150)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat[len(found) :]:
        axes.set_axis_off()
    names = _varying(simulation)
    painter = _Painter.of(found, colours)
    for axes, i, one in zip(panels.flat, chosen, found, strict=False):
        painter.draw(axes, one)
        title = ", ".join(equation(simulation.label(name), simulation.columns[name][i]) for name in names)
        axes.set_title(fill(title or f"member {simulation.numbers[i]}", LETTERS), fontsize=8)
    unit = re.search(r"\[([^\]]+)\]", simulation.outputs.get(array, ""))
    label = array.replace("_", " ") + (f" [{unit[1]}]" if unit else "")
    painter.explain(figure, panels, label)
    count = f"{len(found)} of {len(simulation):,} members" if len(found) < len(simulation) else ""
    figure.suptitle(", ".join(filter(None, (label, found[0].part, count))), fontsize=9)
    return figure


def _choose(simulation: Ensemble, shown: str) -> str:
    """Return the name of the array that says most: a picture, else points, else a series; "" if there is none."""
    names = [name for name in simulation.outputs or simulation.names if name in simulation.names]
    if shown in names:
        return shown
    kinds = {name: _kind(simulation.shape(0, name)) for name in names}
    types = {name: simulation.read(0, name, (slice(1),)).dtype.kind for name, kind in kinds.items() if kind}
    # whole numbers of a series often count its steps
    for wanted, allowed in (("picture", "biuf"), ("points", "biuf"), ("series", "f"), ("series", "biu")):
        for name, kind in kinds.items():
            if kind == wanted and types[name] in allowed:
                return name
    return ""


def _kind(shape: tuple[int, ...]) -> str:
    """Return what an array of this shape is drawn as; "" for numbers and empty arrays."""
    if 0 in shape or not shape:
        return ""
    if len(shape) == 1:
        return "series" if shape[0] > 1 else ""
    if len(shape) == 2 and shape[1] == 2:
        return "points"
    return "picture" if sorted(shape)[-2] >= LEAST_SIDE and len(shape) <= 4 else ""


def _part(simulation: Ensemble, i: int, array: str) -> Drawn | None:
    """Read what is drawn of an array of member `i`; None if it can be drawn in no way."""
    shape, described = simulation.shape(i, array), simulation.outputs.get(array, "")
    kind = _kind(shape)
    if kind != "picture":
        return Drawn(simulation.read(i, array), kind) if kind else None
    first: tuple[Any, ...] = (0,) if len(shape) == 4 else ()
    shape = shape[-3:] if len(shape) == 4 else shape
    if len(shape) == 2:
        return Drawn(_thin(simulation.read(i, array, first)), kind)
    if shape[2] == 3:
        values = simulation.read(i, array, first)
        return Drawn(_thin(values if values.dtype == np.uint8 else values[..., -1]), kind)
    axes = [name.strip() for name in described.partition(")")[0].removeprefix("(").split(",")]
    others = [place for place, name in enumerate(axes) if name not in ("height", "width")]
    axis = others[0] if len(axes) == 3 and len(others) == 1 else int(np.argmin(shape))
    is_cube = len(set(shape)) == 1 and len(others) != 1
    place = shape[2] // 2 if is_cube else shape[axis] - 1
    axis = 2 if is_cube else axis
    part = "middle plane" if is_cube else f"last of {shape[axis]}" if shape[axis] > 1 else ""
    return Drawn(_thin(simulation.read(i, array, (*first, *[slice(None)] * axis, place))), kind, part)


def _thin(plane: NDArray[Any]) -> NDArray[Any]:
    """Leave out rows and columns that a panel cannot show."""
    step = max(1, max(plane.shape[:2]) // MOST_CELLS)
    return plane[::step, ::step]


def _varying(simulation: Ensemble) -> list[str]:
    """Return the first columns in which members differ, without the number of the repeat."""
    names = [name for name, values in simulation.columns.items() if name != REPEAT and len({*map(repr, values)}) > 1]
    return names[:VALUES_IN_TITLE]


def _ratio(drawn: Sequence[Drawn]) -> float:
    """Return height by width of the panels."""
    if drawn[0].kind != "picture":
        return 1.0 if drawn[0].kind == "points" else 0.6
    return min(max(max(one.values.shape[0] / one.values.shape[1] for one in drawn), FLATTEST), TALLEST)


@dataclass(frozen=True)
class _Painter:
    """Draws members on one scale."""

    low: float
    high: float
    colours: str | Colormap
    codes: int = 0
    """How many whole numbers have a colour each, if they have"""

    @classmethod
    def of(cls, drawn: Sequence[Drawn], colours: str | Sequence[str]) -> _Painter:
        values = np.concatenate([one.values.ravel() for one in drawn])
        low, high = float(values.min()), float(values.max())
        if drawn[0].kind != "picture":
            return cls(low, high if high > low else low + 1, "viridis")
        if not isinstance(colours, str):
            return cls(-0.5, len(colours) - 0.5, ListedColormap([*colours]), len(colours))
        if values.dtype.kind in "iub" and low >= 0 and high < FEW and not colours:
            codes = int(high) + 1
            return cls(-0.5, codes - 0.5, ListedColormap(["#00000000", *PALETTE[: codes - 1]][:codes]), codes)
        if values.dtype == np.uint8 and not colours:
            return cls(0, 255, "gray")
        return cls(low, high if high > low else low + 1, colours or "viridis")

    def draw(self, axes: Axes, one: Drawn) -> None:
        match one.kind:
            case "picture":
                axes.imshow(
                    one.values,
                    cmap=self.colours,
                    vmin=self.low,
                    vmax=self.high,
                    interpolation="nearest",
                    rasterized=True,
                )
                axes.set(xticks=[], yticks=[])
                axes.spines[:].set(color=SOFT, linewidth=0.5)
            case "points":
                few = evenly(len(one.values), MOST_POINTS)
                axes.plot(*one.values[few].T, "o", ms=2, color=PALETTE[0], rasterized=True)
                axes.set_aspect("equal", adjustable="datalim")
            case _:
                few = evenly(len(one.values), MOST_POINTS)
                axes.plot(few, one.values[few], color=PALETTE[0], lw=1)
                axes.set_ylim(self.low - 0.05 * (self.high - self.low), self.high + 0.05 * (self.high - self.low))
                axes.grid(True)

    def explain(self, figure: Figure, panels: NDArray[Any], label: str) -> None:
        """Add a colour bar for planes of numbers."""
        images = panels[0, 0].images
        if images and images[0].get_array().ndim == 2:
            ticks = list(range(self.codes)) if self.codes else None
            figure.colorbar(images[0], ax=panels, label=label, ticks=ticks, pad=0.02, aspect=30, shrink=0.9)
