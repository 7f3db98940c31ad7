"""Choose the members that are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from labrun.kit.choosing import evenly

__all__ = ["choose_members"]


def choose_members(sets: Sequence[Sequence[int]], count: int) -> list[int]:
    """Choose at most `count` members, evenly over the sets: one of each before a second of any."""
    chosen: list[int] = []
    for same_turn in zip_longest(*sets):
        there = [member for member in same_turn if member is not None]
        chosen += [there[i] for i in evenly(len(there), count - len(chosen))]
    return sorted(chosen)
