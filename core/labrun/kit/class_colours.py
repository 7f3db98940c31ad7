"""Colours for classes, the same in every figure and on every interactive page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

__all__ = ["class_colours"]

_COLOURS = (
    "#2f6fd0", "#f28e2b", "#2ca25f", "#d62f3b", "#f2cf3c", "#8a4fc4", "#ff97ff", "#00efff", "#603800", "#780068",
    "#48df70", "#978fff", "#005870", "#4028af", "#c7bfbf", "#007000", "#df58b7", "#20afcf", "#9f7800", "#875868",
)  # fmt: skip
"""Six usual ones, then those farthest from each other and from the light and the dark background of a report: any two are at least 0.13
apart in OKLab (Ottosson 2020), and 0.16 from either background."""


def class_colours(classes: Sequence[str], order: Sequence[str] = ()) -> list[str]:
    """Return a colour `#rrggbb` for each class; from the 21st on they repeat.

    The classes in `order` take the first colours, whether they occur or not, so that pictures with different classes show the common ones
    in the same colours.
    """
    names = dict.fromkeys([*order, *classes])
    colour_of = dict(zip(names, cycle(_COLOURS), strict=False))
    return [colour_of[name] for name in classes]
