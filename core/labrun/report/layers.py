"""A layered drawing of an acyclic graph: boxes in columns, links from left to right that never run behind a box.

The method is that of K. Sugiyama, S. Tagawa and M. Toda, IEEE Trans. Syst. Man Cybern. 11, 109 (1981), doi:10.1109/TSMC.1981.4308636: each
box stands in the column after its last input; a link that spans columns gets a lane of its own in each column between; the order in the
columns comes from sweeps that move every entry to the mean height of its neighbours. Links of one box to several others share their lanes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

__all__ = ["HEIGHT", "WIDTH", "Drawing", "Point", "lay_out"]

WIDTH, HEIGHT, LANE = 176, 54, 8
"""Width and height of a box, height of a lane [px]."""
GAP_X, GAP_Y, MARGIN = 56, 14, 8
SWEEPS = 8

Entry = tuple[str, int]
"""A box, or a lane of its links, with its column."""
Point = tuple[float, float]


@dataclass(frozen=True)
class Drawing:
    """`boxes` are the upper left corners; `links` go between neighbouring columns, `lanes` straight through a column [px]."""

    boxes: dict[str, Point]
    links: list[tuple[Point, Point]]
    lanes: list[tuple[Point, Point]]
    width: float
    height: float


def lay_out(needs: Mapping[str, Collection[str]]) -> Drawing:
    """Lay out boxes with the boxes that each needs; `needs` names every box after those that it needs."""
    column: dict[str, int] = {}
    for box, inputs in needs.items():
        column[box] = 1 + max((column[one] for one in inputs), default=-1)
    before = _neighbours(needs, column)
    order = _order(column, before)
    middle = _heights(order, before, column)

    def ends(entry: Entry) -> tuple[Point, Point]:
        left = MARGIN + entry[1] * (WIDTH + GAP_X)
        return (left, middle[entry]), (left + WIDTH, middle[entry])

    boxes = {box: (ends((box, at))[0][0], middle[box, at] - HEIGHT / 2) for box, at in column.items()}
    links = [(ends(one)[1], ends(entry)[0]) for entry, found in before.items() for one in found]
    lanes = [ends(entry) for entry in middle if not _is_box(entry, column)]
    width = 2 * MARGIN + len(order) * (WIDTH + GAP_X) - GAP_X
    height = MARGIN + max((middle[entry] + _height(entry, column) / 2 for entry in middle), default=0)
    return Drawing(boxes, links, lanes, width, height)


def _is_box(entry: Entry, column: Mapping[str, int]) -> bool:
    return column[entry[0]] == entry[1]


def _height(entry: Entry, column: Mapping[str, int]) -> int:
    return HEIGHT if _is_box(entry, column) else LANE


def _neighbours(needs: Mapping[str, Collection[str]], column: Mapping[str, int]) -> dict[Entry, list[Entry]]:
    """Each box and lane, with those in the column before that it is linked to."""
    before: dict[Entry, list[Entry]] = {(box, at): [] for box, at in column.items()}
    for box, inputs in needs.items():
        for one in sorted(inputs):
            for at in range(column[one] + 1, column[box]):
                before[one, at] = [(one, at - 1)]
            before[box, column[box]].append((one, column[box] - 1))
    return before


def _order(column: Mapping[str, int], before: Mapping[Entry, list[Entry]]) -> list[list[Entry]]:
    """The entries of each column from top to bottom."""
    order: list[list[Entry]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for entry in before:
        order[entry[1]].append(entry)
    after: dict[Entry, list[Entry]] = {entry: [] for entry in before}
    for entry, found in before.items():
        for one in found:
            after[one].append(entry)
    for _ in range(SWEEPS):
        for entries in order:
            _sort(entries, before, order)
        for entries in reversed(order):
            _sort(entries, after, order)
    return order


def _sort(entries: list[Entry], neighbours: Mapping[Entry, list[Entry]], order: list[list[Entry]]) -> None:
    """Sort a column by the mean places of neighbours; an entry without any keeps its place."""
    place = {entry: number for found in order for number, entry in enumerate(found)}
    wanted = {entry: _mean([place[one] for one in neighbours[entry]], place[entry]) for entry in entries}
    entries.sort(key=wanted.__getitem__)


def _heights(
    order: list[list[Entry]], before: Mapping[Entry, list[Entry]], column: Mapping[str, int]
) -> dict[Entry, float]:
    """The middle of each entry: near the mean of its inputs, below the entry above it [px]."""
    middle: dict[Entry, float] = {}
    for entries in order:
        bottom = float(MARGIN - GAP_Y)
        for entry in entries:
            half = _height(entry, column) / 2
            lowest = bottom + GAP_Y + half
            wanted = _mean([middle[one] for one in before[entry]], lowest)
            middle[entry] = max(lowest, wanted)
            bottom = middle[entry] + half
        _pull_up(entries, middle, before, column)
    return middle


def _pull_up(
    entries: list[Entry], middle: dict[Entry, float], before: Mapping[Entry, list[Entry]], column: Mapping[str, int]
) -> None:
    """Move a column up by the mean of how far its entries lie below their inputs, as far as its first entry allows."""
    low = [middle[entry] - _mean([middle[one] for one in before[entry]], middle[entry]) for entry in entries]
    first = entries[0]
    room = middle[first] - _height(first, column) / 2 - MARGIN
    shift = min(room, max(0.0, _mean(low, 0.0)))
    for entry in entries:
        middle[entry] -= shift


def _mean(values: Iterable[float], default: float) -> float:
    values = list(values)
    return sum(values) / len(values) if values else default
