"""The graph of stages as an SVG: layers from left to right, with the inputs of a stage to its left."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from labrun.planning.plan import Planned
from labrun.report.layers import HEIGHT, WIDTH, Point, lay_out

__all__ = ["draw_graph"]

MARKS = {"done": "✓", "failed": "✗"}
"""Outcomes that have a mark; the others are written."""


def draw_graph(
    stages: list[Planned], outcomes: dict[str, str], notes: Mapping[str, str] | None = None, *, linked: bool = True
) -> str:
    """Return an SVG element. A box shows the name, the plugin, and the outcome with the note on the stage, if there are `notes`. The
    stages of a matrix share a box with their number; if `linked`, it leads to the first of them."""
    boxes: dict[str, list[Planned]] = {}
    for planned in stages:
        boxes.setdefault(f"{planned.section}.{planned.stage.base}", []).append(planned)
    box_of = {planned.id: box for box, found in boxes.items() for planned in found}
    needs = {
        box: {box_of[r.id] for p in found for r in p.stage.refs() if r.id in box_of} for box, found in boxes.items()
    }
    drawing = lay_out(needs)
    lines = [_link(*link) for link in drawing.links]
    lines += [f'<path class="edge" d="M{x0:g},{y0:g} H{x1:g}"/>' for (x0, y0), (x1, _) in drawing.lanes]
    drawn = [_box(box, found, drawing.boxes[box], outcomes, notes or {}, linked) for box, found in boxes.items()]
    size = f'viewBox="0 0 {drawing.width:g} {drawing.height:g}" width="{drawing.width:g}" height="{drawing.height:g}"'
    role = "group" if linked else "img"
    legible = f'style="min-width:min({drawing.width:g}px,44rem)"'  # narrower pages scroll instead
    return (
        f'<svg class="graph" role="{role}" aria-label="graph of stages" {size} {legible}>{"".join(lines + drawn)}</svg>'
    )


def _link(start: Point, end: Point) -> str:
    """A curve from one column to the next."""
    (x0, y0), (x1, y1) = start, end
    bend = (x0 + x1) / 2
    return f'<path class="edge" d="M{x0:g},{y0:g} C{bend:g},{y0:g} {bend:g},{y1:g} {x1:g},{y1:g}"/>'


def _box(
    box: str, found: list[Planned], place: Point, outcomes: dict[str, str], notes: Mapping[str, str], linked: bool
) -> str:
    x, y = place
    first = found[0]
    states = {outcomes.get(p.id, "") for p in found}
    state = next(
        (s for s in ("failed", "running", "skipped", "interrupted", "not reached") if s in states), "done"
    ).replace(" ", "-")
    count = f" ×{len(found)}" if len(found) > 1 else ""
    name = escape(_short(first.stage.base, 24) + count)
    plugin = escape(_short(first.stage.offer.name, 27))
    note = escape(_short(f"{MARKS.get(state, '')} {notes.get(first.id, '') or state.replace('-', ' ')}".strip(), 27))
    start, end = (f'<a href="#{escape(first.id)}">', "</a>") if linked else ("", "")
    return (
        f'{start}<g class="box {first.section} {state}"><title>{escape(box)}</title>'
        f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text x="{x + 10:g}" y="{y + 17:g}">{name}</text><text class="plugin" x="{x + 10:g}" y="{y + 31:g}">{plugin}</text>'
        f'<text class="note" x="{x + 10:g}" y="{y + 46:g}">{note}</text></g>{end}'
    )


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
