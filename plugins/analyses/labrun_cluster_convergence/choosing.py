"""Which members are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

__all__ = ["choose_members", "pick_evenly"]


def choose_members(sets: Sequence[Sequence[int]], count: int) -> list[int]:
    """Choose at most `count` members, evenly over the sets: one of each before a second of any."""
    chosen: list[int] = []
    for same_turn in zip_longest(*sets):
        there = [member for member in same_turn if member is not None]
        chosen += pick_evenly(there, count - len(chosen))
    return sorted(chosen)


def pick_evenly(items: Sequence[int], count: int) -> list[int]:
    """Return at most `count` items: the first, the last, and between them evenly spaced ones."""
    if len(items) <= count:
        return list(items)
    return [items[k * (len(items) - 1) // max(1, count - 1)] for k in range(count)]
