"""Colours for classes, the same in every figure and on every interactive page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

from labrun.kit.palette import PALETTE

__all__ = ["class_colours"]


def class_colours(classes: Sequence[str], order: Sequence[str] = ()) -> list[str]:
    """Return a colour `#rrggbb` for each class; from the 21st on they repeat.

    The classes in `order` take the first colours, whether they occur or not, so that pictures with different classes show the common ones
    in the same colours.
    """
    names = dict.fromkeys([*order, *classes])
    colour_of = dict(zip(names, cycle(PALETTE), strict=False))
    return [colour_of[name] for name in classes]
