"""Receptive fields of the units of a map along one axis of an input.

A map has n units along an axis of which the input has N cells. Unit i sees the F cells from a + i j to b + i j, F = b − a + 1; j
is the jump, and (a + b) / 2 the centre of unit 0. A window of k positions, d cells of the map apart (dilation), with p cells of
padding before it and stride s, changes them to

    a' = a − j p        b' = b + j ((k − 1) d − p)        j' = j s

(the recursions of A. Araujo, W. Norris and J. Sim, Distill (2019), doi:10.23915/distill.00021), and for one chain of layers

    F = Σ_l (k_l − 1) d_l Π_{i<l} s_i + 1

Cells count from 0, the centre of the first cell of the input. Cells below 0 or from N on are padding or, if the input is continued
periodically, the cells N further on or back.

At the edges a unit may see less, since padding of a map sees nothing. Between a and b there may be cells that a dilation or a stride
skips. So the cells that each unit sees are kept as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

__all__ = ["AxisField", "Window", "join", "unite"]


@dataclass(frozen=True)
class Window:
    """A kernel along one axis of a map: its size, stride and dilation, and the cells of padding before and after the map."""

    size: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0

    @classmethod
    def laid(cls, padding: str, cells: int, size: int, stride: int, dilation: int = 1) -> Window:
        """Return a window as Keras applies it to a map of V = `cells`.

        `same` is TensorFlow's, which all backends follow: ⌈V/s⌉ units, and of the P = (⌈V/s⌉ − 1) s + (k − 1) d + 1 − V cells of padding
        (none if negative) ⌊P/2⌋ come before the map. `causal` puts (k − 1) d cells before the map.
        """
        reach = (size - 1) * dilation
        if padding == "causal":
            return cls(size, stride, dilation, before=reach)
        if padding == "same":
            total = max(0, (-(-cells // stride) - 1) * stride + reach + 1 - cells)
            return cls(size, stride, dilation, total // 2, total - total // 2)
        return cls(size, stride, dilation)

    def left_over(self, cells: int) -> int:
        """Return the number of cells at the far edge of a padded map that no window reaches: 0 if (V − F + 2P)/S + 1 is an integer."""
        return (cells + self.before + self.after - (self.size - 1) * self.dilation - 1) % self.stride


@dataclass(frozen=True, eq=False)
class AxisField:
    """The fields of the units of a tensor along one axis of the input."""

    first: int
    """a, the first cell that unit 0 sees."""
    last: int
    """b, the last cell that unit 0 sees."""
    jump: int
    """j, shift in cells from the field of one unit to the next; 0 if all see the same."""
    place: int | None
    """The axis of the tensor along this axis of the input; None if there is none."""
    seen: np.ndarray
    """(n, N) bool: the cells that each unit sees."""
    wraps: bool = False
    """Whether the input is continued periodically."""
    torn: bool = False
    """Whether it is continued by a map whose n j cells do not go exactly once around the N cells."""

    @classmethod
    def of_input(cls, length: int, place: int) -> AxisField:
        """Return the field of the input itself: each cell sees itself."""
        return cls(0, 0, 1, place, np.eye(length, dtype=bool))

    @property
    def units(self) -> int:
        """n, size of the map."""
        return len(self.seen)

    @property
    def length(self) -> int:
        """N, cells of the input."""
        return self.seen.shape[1]

    @property
    def size(self) -> int:
        """F, from the first cell to the last [cells]."""
        return self.last - self.first + 1

    @property
    def is_whole(self) -> bool:
        """Whether every unit sees every cell of the input."""
        return self.jump == 0 and bool(self.seen.all())

    @property
    def unseen(self) -> int:
        """Number of cells of the input that no unit sees."""
        return int((~self.seen.any(axis=0)).sum())

    def span(self, unit: int) -> tuple[int, int]:
        """Return the first and the last cell that a unit sees; they may lie beyond the edges."""
        return self.first + unit * self.jump, self.last + unit * self.jump

    def centre(self, unit: int) -> float:
        """Return the middle of the field of a unit [cells]."""
        return sum(self.span(unit)) / 2

    def slide(self, window: Window) -> AxisField:
        """Return the field of units that see the map through a window."""
        k, s, d = window.size, window.stride, window.dilation
        padded = _padded(self.seen, window.before, window.after)
        starts = len(padded) - (k - 1) * d
        seen = np.logical_or.reduce([padded[t * d : t * d + starts : s] for t in range(k)])
        first = self.first - self.jump * window.before
        last = self.last + self.jump * ((k - 1) * d - window.before)
        return replace(self, first=first, last=last, jump=self.jump * s, seen=seen)

    def pad(self, before: int, after: int) -> AxisField:
        """Return the field of the padded map."""
        return replace(self._from(-before), seen=_padded(self.seen, before, after))

    def pick(self, units: slice) -> AxisField:
        """Return the field of some of the units, in their order."""
        start, _, step = units.indices(self.units)
        return replace(self._from(start), jump=self.jump * step, seen=self.seen[units])

    def gather(self, units: int, place: int | None) -> AxisField:
        """Return the field of units that each see the whole map."""
        seen = self.seen.any(axis=0)
        cells = np.flatnonzero(seen)
        first, last = (int(cells[0]), int(cells[-1])) if len(cells) else (0, -1)
        return replace(self, first=first, last=last, jump=0, place=place, seen=np.tile(seen, (units, 1)))

    def alone(self, place: int | None) -> AxisField:
        """Return the field of a map with a single unit."""
        return replace(self, jump=0, place=place)

    def _from(self, unit: int) -> AxisField:
        return replace(self, first=self.first + unit * self.jump, last=self.last + unit * self.jump)


def unite(fields: Sequence[AxisField]) -> AxisField:
    """Return the field of units that each see the units of the same index in several maps (or the only unit of a map).

    If the units of one map all see the same (such as a factor for each channel from global pooling), they must see all that the others see.

    Raises:
        ValueError: the maps lie along different axes, or have different jumps.
    """
    places = {f.place for f in fields} - {None}
    if len(places) > 1:
        raise ValueError("joins maps along different axes")
    common = {
        "place": next(iter(places), None),
        "wraps": any(f.wraps for f in fields),
        "torn": any(f.torn for f in fields),
        "seen": np.logical_or.reduce(np.broadcast_arrays(*(f.seen for f in fields))),
    }
    for one in fields:
        if one.jump == 0 and all((f.seen <= one.seen[:1]).all() for f in fields):
            return replace(one, **common)
    jumps = [f.jump for f in fields]
    if len(set(jumps)) > 1:
        raise ValueError(f"joins maps whose units lie {' and '.join(map(str, jumps))} cells of the input apart")
    return replace(fields[0], first=min(f.first for f in fields), last=max(f.last for f in fields), **common)


def join(fields: Sequence[AxisField | None], units: Sequence[int]) -> AxisField:
    """Return the field of a map that is concatenated from pieces: a map continued over its edges.

    The longest piece is the map; the others must be pieces of it, or padding (None). `units` are the sizes of all pieces.

    Raises:
        ValueError: a piece is not a part of the map.
    """
    held = {k: field for k, field in enumerate(fields) if field is not None}
    main = max(held, key=lambda k: units[k])
    base = held[main]
    torn = any(field.torn for field in held.values())
    for k, piece in held.items():
        away = sum(units[main:k]) - sum(units[k:main])
        if (piece.jump, piece.size) != (base.jump, base.size):
            raise ValueError("concatenates maps that are not pieces of one map")
        torn = torn or (piece.first - base.span(away)[0]) % base.length != 0
    seen = [np.zeros((n, base.length), bool) if f is None else f.seen for f, n in zip(fields, units, strict=True)]
    joined = base.pad(sum(units[:main]), 0)
    return replace(joined, seen=np.concatenate(seen), wraps=base.wraps or len(held) > 1, torn=torn)


def _padded(seen: np.ndarray, before: int, after: int) -> np.ndarray:
    return np.pad(seen, ((before, after), (0, 0)))
