"""Curves of a training so far, as SVG: a panel for each number, with its validation beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from labrun.amounts import shown

__all__ = ["Curves", "draw_curves"]

WIDTH, HEIGHT = 300.0, 120.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 6.0, 8.0, 22.0
"""Margins of a panel, which hold the ends of its axes."""
VALIDATION = "val_"
PANELS = 4

Steps = Sequence[tuple[int, dict[str, float]]]


@dataclass(frozen=True)
class Curves:
    """A panel: its number, the last values of training and validation, and the drawing."""

    name: str
    last: str
    validation: str
    """Empty if there is none."""
    svg: Markup


def draw_curves(steps: Steps, unit: str) -> list[Curves]:
    """Draw the numbers of each step, such as an epoch, against its count.

    Args:
        steps: the count of each step, ascending, and its numbers by name.
        unit: what is counted, for the horizontal axis.
    """
    names = [name for name in (steps[-1][1] if steps else {}) if not name.startswith(VALIDATION)]
    return [_panel(name, steps, unit) for name in names[:PANELS]]


def _panel(name: str, steps: Steps, unit: str) -> Curves:
    curves = {one: _finite(one, steps) for one in (name, VALIDATION + name)}
    values = [value for curve in curves.values() for _, value in curve]
    low, high = min(values, default=0.0), max(values, default=1.0)
    first, last = steps[0][0], steps[-1][0]

    def place(count: int, value: float) -> str:
        x = LEFT + (WIDTH - LEFT - RIGHT) * ((count - first) / (last - first) if last > first else 0.5)
        y = TOP + (HEIGHT - TOP - BOTTOM) * ((high - value) / (high - low) if high > low else 0.5)
        return f"{x:.1f},{y:.1f}"

    lines = [
        f'<polyline class="{style}" points="{" ".join(place(*point) for point in curve)}"/>'
        for style, curve in zip(("training", "validation"), curves.values(), strict=True)
        if len(curve) > 1
    ]
    ends = [(LEFT - 5, TOP + 4, "end", shown(high, 3)), (LEFT - 5, HEIGHT - BOTTOM + 4, "end", shown(low, 3))]
    ends += [(LEFT, HEIGHT - 6, "start", str(first)), (WIDTH - RIGHT, HEIGHT - 6, "end", f"{last} {unit}")]
    texts = [f'<text x="{x:g}" y="{y:g}" text-anchor="{at}">{escape(text)}</text>' for x, y, at, text in ends]
    frame = f'<path class="axes" d="M{LEFT:g},{TOP:g} V{HEIGHT - BOTTOM:g} H{WIDTH - RIGHT:g}"/>'
    training, validation = (shown(curve[-1][1]) if curve else "" for curve in curves.values())
    now = f"{training}, validation {validation}" if validation else training
    label = f"{name} from {first} to {last} {unit}; last: {now}"
    svg = (
        f'<svg class="curves" role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}">'
        f"{frame}{''.join(lines + texts)}</svg>"
    )
    return Curves(name, training, validation, Markup(svg))


def _finite(name: str, steps: Steps) -> list[tuple[int, float]]:
    found = [(count, numbers[name]) for count, numbers in steps if name in numbers]
    return [(count, value) for count, value in found if math.isfinite(value)]
