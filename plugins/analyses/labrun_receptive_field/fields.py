"""What the units of a map see of an input, along one axis.

A map has n units along an axis of which the input has N cells. Unit i sees the F cells from a + i j to b + i j, F = b − a + 1; j
is the jump, and (a + b) / 2 the centre of unit 0. A window of k places, d cells of the map apart (dilation), with p cells of
padding before it and the stride s, makes of them

    a' = a − j p        b' = b + j ((k − 1) d − p)        j' = j s

(the recursions of A. Araujo, W. Norris and J. Sim, Distill (2019), doi:10.23915/distill.00021), and for one chain of layers

    F = Σ_l (k_l − 1) d_l Π_{i<l} s_i + 1

Cells count from 0, the centre of the first cell of the input. Those below 0 or from N on are padding, or, where the input is
continued periodically, the cells that are N further on or back.

At the edges a unit may see less: padding of a map is nothing that sees anything, though a unit that stood there would. And
between a and b there may be cells that a dilation or a stride leaves out. So which cells each unit does see is kept beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

__all__ = ["AxisField", "Window", "join", "unite"]


@dataclass(frozen=True)
class Window:
    """A kernel along one axis of a map: how many places, how far from one unit to the next, how far from one place to the next, and the
    cells of padding on both sides."""

    size: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0

    @classmethod
    def laid(cls, padding: str, cells: int, size: int, stride: int, dilation: int = 1) -> Window:
        """A window as Keras lays it over a map of V = `cells`.

        `same` is TensorFlow's, which all backends follow: ⌈V/s⌉ units, and of the P = (⌈V/s⌉ − 1) s + (k − 1) d + 1 − V cells of padding
        (none, if this is negative) ⌊P/2⌋ come before the map. `causal` pads (k − 1) d cells, all before it.
        """
        reach = (size - 1) * dilation
        if padding == "causal":
            return cls(size, stride, dilation, before=reach)
        if padding == "same":
            total = max(0, (-(-cells // stride) - 1) * stride + reach + 1 - cells)
            return cls(size, stride, dilation, total // 2, total - total // 2)
        return cls(size, stride, dilation)

    def left_over(self, cells: int) -> int:
        """How many cells of a padded map no window reaches, at its far edge: 0 if (V − F + 2P)/S + 1 is whole."""
        return (cells + self.before + self.after - (self.size - 1) * self.dilation - 1) % self.stride


@dataclass(frozen=True, eq=False)
class AxisField:
    """What the units of a tensor see along one axis of the input."""

    first: int
    """a, the first cell that unit 0 sees."""
    last: int
    """b, the last one."""
    jump: int
    """j, cells from what one unit sees to what the next does; 0 where all see the same."""
    place: int | None
    """The axis of the tensor that goes along the input's; None once there is none."""
    seen: np.ndarray
    """(n, N) bool: which cells each unit does see."""
    wraps: bool = False
    """Whether the input is continued over its edges."""
    torn: bool = False
    """Whether it is so by a map whose units, n j cells, do not go once around its N cells."""

    @classmethod
    def of_input(cls, length: int, place: int) -> AxisField:
        """The input itself: each cell sees itself."""
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
        """How many cells of the input none of the units sees."""
        return int((~self.seen.any(axis=0)).sum())

    def span(self, unit: int) -> tuple[int, int]:
        """The first and the last cell that a unit sees, which may lie beyond the edges."""
        return self.first + unit * self.jump, self.last + unit * self.jump

    def centre(self, unit: int) -> float:
        """The middle of what a unit sees [cells]."""
        return sum(self.span(unit)) / 2

    def slide(self, window: Window) -> AxisField:
        """What units see that look at a map through a window."""
        k, s, d = window.size, window.stride, window.dilation
        padded = _padded(self.seen, window.before, window.after)
        starts = len(padded) - (k - 1) * d
        seen = np.logical_or.reduce([padded[t * d : t * d + starts : s] for t in range(k)])
        first = self.first - self.jump * window.before
        last = self.last + self.jump * ((k - 1) * d - window.before)
        return replace(self, first=first, last=last, jump=self.jump * s, seen=seen)

    def pad(self, before: int, after: int) -> AxisField:
        """The map with so many cells of padding on both sides."""
        return replace(self._from(-before), seen=_padded(self.seen, before, after))

    def pick(self, units: slice) -> AxisField:
        """Some of the units, in their order."""
        start, _, step = units.indices(self.units)
        return replace(self._from(start), jump=self.jump * step, seen=self.seen[units])

    def gather(self, units: int, place: int | None) -> AxisField:
        """What units see that look, each of them, at the whole of a map."""
        seen = self.seen.any(axis=0)
        cells = np.flatnonzero(seen)
        first, last = (int(cells[0]), int(cells[-1])) if len(cells) else (0, -1)
        return replace(self, first=first, last=last, jump=0, place=place, seen=np.tile(seen, (units, 1)))

    def alone(self, place: int | None) -> AxisField:
        """A map of one unit, that stands for all."""
        return replace(self, jump=0, place=place)

    def _from(self, unit: int) -> AxisField:
        return replace(self, first=self.first + unit * self.jump, last=self.last + unit * self.jump)


def unite(fields: Sequence[AxisField]) -> AxisField:
    """What units see that look at units of the same number in several maps (or at the only one of a map).

    Where the units of one map all see the same (a factor for each channel, from global pooling, say), it must be all that the others see.

    Raises:
        ValueError: the maps lie across one another, or go on by other jumps.
    """
    places = {f.place for f in fields} - {None}
    if len(places) > 1:
        raise ValueError("joins maps that lie across one another")
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
    """What the units of a map see that is put together from pieces, one behind the other: a map continued over its edges.

    The longest piece is the map; the others, of which `units` are the sizes too, must be pieces of it (or padding, None).

    Raises:
        ValueError: they see something else.
    """
    held = {k: field for k, field in enumerate(fields) if field is not None}
    main = max(held, key=lambda k: units[k])
    base = held[main]
    torn = any(field.torn for field in held.values())
    for k, piece in held.items():
        away = sum(units[main:k]) - sum(units[k:main])
        if (piece.jump, piece.size) != (base.jump, base.size):
            raise ValueError("puts maps behind one another that are no pieces of one map")
        torn = torn or (piece.first - base.span(away)[0]) % base.length != 0
    seen = [np.zeros((n, base.length), bool) if f is None else f.seen for f, n in zip(fields, units, strict=True)]
    joined = base.pad(sum(units[:main]), 0)
    return replace(joined, seen=np.concatenate(seen), wraps=base.wraps or len(held) > 1, torn=torn)


def _padded(seen: np.ndarray, before: int, after: int) -> np.ndarray:
    return np.pad(seen, ((before, after), (0, 0)))
