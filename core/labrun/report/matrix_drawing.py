"""The key results of a matrix, drawn: lines over one axis of numbers, a heat map over two axes. Seeds are no axis: their mean is drawn.

Where neither fits, the dots and whiskers of the page show the same (`labrun.report.dots`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from markupsafe import Markup

from labrun.amounts import shown
from labrun.contracts.measure import Measure
from labrun.records.key_results import key_measures
from labrun.report.content import StageContent
from labrun.report.dots import Scale, scale_of

__all__ = ["MatrixDrawing", "draw_matrix"]

WIDTH, HEIGHT = 460.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 60.0, 14.0, 12.0, 40.0
CELL_WIDTH, CELL_HEIGHT = 76.0, 30.0
LOGARITHMIC = 30.0
"""An axis of positive numbers over this factor is logarithmic."""
FAINTEST, STRONGEST = 0.05, 0.5
"""Opacity of the cells of the least and the greatest value; the numbers in them are legible on all between, light and dark."""

Axis = list[Any]


@dataclass(frozen=True)
class MatrixDrawing:
    """A key result over the axes of a matrix."""

    quantity: str
    svg: Markup


def draw_matrix(stages: Sequence[StageContent]) -> list[MatrixDrawing]:
    """Draw the key results of the stages of one matrix; nothing where its axes are neither one of numbers nor two of any kind."""
    axes = {name: list(dict.fromkeys(_plain(stage.values.get(name)) for stage in stages)) for name in stages[0].values}
    axes = {name: values for name, values in axes.items() if len(values) > 1 and name.rpartition(".")[2] != "seed"}
    found: dict[str, list[tuple[StageContent, Measure]]] = {}
    for stage in stages:
        for name, measure in key_measures(stage.measures).items():
            if math.isfinite(measure):
                found.setdefault(measure.name or name, []).append((stage, measure))
    drawings = []
    for quantity, points in found.items():
        svg = _draw(quantity, points, axes)
        if svg:
            drawings.append(MatrixDrawing(quantity, Markup(svg)))
    return drawings


def _draw(quantity: str, points: list[tuple[StageContent, Measure]], axes: dict[str, Axis]) -> str:
    match list(axes):
        case [x] if len(axes[x]) > 2 and all(_is_number(value) for value in axes[x]):
            return _lines(quantity, x, [(float(stage.values[x]), measure) for stage, measure in points])
        case [x, y]:
            cells: dict[tuple[Any, Any], list[Measure]] = {}
            for stage, measure in points:
                cells.setdefault((_plain(stage.values.get(x)), _plain(stage.values.get(y))), []).append(measure)
            return _heat_map(quantity, (x, axes[x]), (y, axes[y]), cells)
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, float, str)) else str(value)


def _short(axis: str) -> str:
    return axis.rpartition(".")[2].replace("_", " ")


def _mean(measures: Sequence[float]) -> float:
    return sum(map(float, measures)) / len(measures)


def _lines(quantity: str, axis: str, points: list[tuple[float, Measure]]) -> str:
    places = sorted({x for x, _ in points})
    logarithmic = places[0] > 0 and places[-1] / places[0] >= LOGARITHMIC
    scaled = [math.log(x) if logarithmic else x for x in places]
    x_of = {
        x: LEFT + (WIDTH - LEFT - RIGHT) * (0.04 + 0.92 * (one - scaled[0]) / (scaled[-1] - scaled[0]))
        for x, one in zip(places, scaled, strict=True)
    }
    scale = scale_of([measure for _, measure in points])
    if scale is None:
        return ""

    def y_of(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - scale.at(value) / 100)

    drawn = [_grid(scale)]
    means = [(x, _mean([measure for at, measure in points if at == x])) for x in places]
    drawn.append(f'<polyline points="{" ".join(f"{x_of[x]:.1f},{y_of(mean):.1f}" for x, mean in means)}"/>')
    for x, measure in points:
        if measure.interval and all(map(math.isfinite, (measure.interval.low, measure.interval.high))):
            ends = f'y1="{y_of(measure.interval.low):.1f}" y2="{y_of(measure.interval.high):.1f}"'
            drawn.append(f'<line class="whisker" x1="{x_of[x]:.1f}" x2="{x_of[x]:.1f}" {ends}/>')
        drawn.append(f'<circle cx="{x_of[x]:.1f}" cy="{y_of(measure):.1f}" r="4"/>')
    drawn += [f'<text x="{x_of[x]:.1f}" y="{HEIGHT - BOTTOM + 16:g}">{escape(shown(x))}</text>' for x in places]
    drawn.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 6:g}">{escape(_short(axis))}</text>')
    label = f"{quantity} over {_short(axis)}: " + ", ".join(f"{shown(x)}: {shown(mean)}" for x, mean in means)
    return _svg(label, WIDTH, HEIGHT, drawn)


def _grid(scale: Scale) -> str:
    lines = []
    for at, text in scale.ticks:
        y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - at / 100)
        lines.append(f'<line class="grid" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text class="left" x="{LEFT - 6:g}" y="{y + 4:.1f}">{text}</text>')
    return "".join(lines)


def _heat_map(
    quantity: str, x: tuple[str, Axis], y: tuple[str, Axis], cells: dict[tuple[Any, Any], list[Measure]]
) -> str:
    means = {place: _mean(measures) for place, measures in cells.items()}
    low, high = min(means.values()), max(means.values())
    left = LEFT + 60
    width, height = left + CELL_WIDTH * len(x[1]) + RIGHT, TOP + CELL_HEIGHT * len(y[1]) + BOTTOM
    drawn = []
    for (across, down), mean in means.items():
        opacity = FAINTEST + (STRONGEST - FAINTEST) * ((mean - low) / (high - low) if high > low else 0.5)
        at = left + CELL_WIDTH * x[1].index(across), TOP + CELL_HEIGHT * y[1].index(down)
        size = f'width="{CELL_WIDTH - 2:g}" height="{CELL_HEIGHT - 2:g}" fill-opacity="{opacity:.2f}"'
        drawn.append(f'<rect x="{at[0]:g}" y="{at[1]:g}" {size}/>')
        drawn.append(f'<text x="{at[0] + CELL_WIDTH / 2 - 1:g}" y="{at[1] + 18:g}">{escape(shown(mean, 3))}</text>')
    for number, value in enumerate(x[1]):
        drawn.append(
            f'<text x="{left + CELL_WIDTH * (number + 0.5):g}" y="{height - BOTTOM + 14:g}">{escape(_value(value))}</text>'
        )
    for number, value in enumerate(y[1]):
        drawn.append(
            f'<text class="left" x="{left - 6:g}" y="{TOP + CELL_HEIGHT * number + 18:g}">{escape(_value(value))}</text>'
        )
    names = f"across: {_short(x[0])}, down: {_short(y[0])}"
    drawn.append(f'<text x="{(left + width - RIGHT) / 2:g}" y="{height - 6:g}">{escape(names)}</text>')
    label = f"{quantity}, {names}, from {shown(low)} to {shown(high)}"
    return _svg(label, width, height, drawn)


def _value(value: Any) -> str:
    text = shown(value)
    return text if len(text) <= 14 else text[:13] + "…"


def _svg(label: str, width: float, height: float, drawn: Sequence[str]) -> str:
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
    return f'<svg class="matrix" role="img" aria-label="{escape(label)}" {size}>{"".join(drawn)}</svg>'
