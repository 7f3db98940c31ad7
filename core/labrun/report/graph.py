"""The graph of stages as an SVG: layers from left to right, with the inputs of a stage to its left."""

from __future__ import annotations

from html import escape

from labrun.planning.plan import Planned

__all__ = ["draw_graph"]

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 168, 40, 56, 14, 8


def draw_graph(stages: list[Planned], outcomes: dict[str, str], *, linked: bool = True) -> str:
    """Return an SVG element. The stages of a matrix share a box with their number; if `linked`, it leads to the first of them."""
    boxes: dict[str, list[Planned]] = {}
    for planned in stages:
        boxes.setdefault(f"{planned.section}.{planned.stage.base}", []).append(planned)
    box_of = {planned.id: box for box, found in boxes.items() for planned in found}
    needs = {
        box: {box_of[r.id] for p in found for r in p.stage.refs() if r.id in box_of} for box, found in boxes.items()
    }
    layer: dict[str, int] = {}
    for box in boxes:  # stages come in an order in which each follows what it needs
        layer[box] = 1 + max((layer[other] for other in needs[box]), default=-1)
    place = _places(layer, needs)
    width = MARGIN * 2 + (max(layer.values(), default=0) + 1) * (WIDTH + GAP_X) - GAP_X
    height = max((y for _, y in place.values()), default=0) + HEIGHT + MARGIN
    lines = [_edge(place[other], place[box]) for box in boxes for other in sorted(needs[box])]
    drawn = [_box(box, found, place[box], outcomes, linked) for box, found in boxes.items()]
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg class="graph" role="img" aria-label="graph of stages" {size}>{"".join(lines + drawn)}</svg>'


def _places(layer: dict[str, int], needs: dict[str, set[str]]) -> dict[str, tuple[float, float]]:
    """Boxes of a layer one under the other, in the order of the mean height of what they need."""
    place: dict[str, tuple[float, float]] = {}
    for number in sorted(set(layer.values())):
        inside = [box for box in layer if layer[box] == number]
        inside.sort(key=lambda box: sum(place[o][1] for o in needs[box]) / len(needs[box]) if needs[box] else 0)
        for row, box in enumerate(inside):
            place[box] = (MARGIN + number * (WIDTH + GAP_X), MARGIN + row * (HEIGHT + GAP_Y))
    return place


def _edge(start: tuple[float, float], end: tuple[float, float]) -> str:
    x0, y0 = start[0] + WIDTH, start[1] + HEIGHT / 2
    x1, y1 = end[0], end[1] + HEIGHT / 2
    bend = max(GAP_X / 2, (x1 - x0) / 2)
    return f'<path class="edge" d="M{x0},{y0} C{x0 + bend},{y0} {x1 - bend},{y1} {x1},{y1}"/>'


def _box(box: str, found: list[Planned], place: tuple[float, float], outcomes: dict[str, str], linked: bool) -> str:
    x, y = place
    first = found[0]
    states = {outcomes.get(p.id, "") for p in found}
    state = next((s for s in ("failed", "skipped", "interrupted", "not reached") if s in states), "done").replace(
        " ", "-"
    )
    count = f" ×{len(found)}" if len(found) > 1 else ""
    name = escape(_short(first.stage.base, 24) + count)
    plugin = escape(_short(first.stage.offer.name, 27))
    start, end = (f'<a href="#{escape(first.id)}">', "</a>") if linked else ("", "")
    return (
        f'{start}<g class="box {first.section} {state}"><title>{escape(box)}</title>'
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text x="{x + 10}" y="{y + 17}">{name}</text><text class="plugin" x="{x + 10}" y="{y + 32}">{plugin}</text></g>{end}'
    )


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
