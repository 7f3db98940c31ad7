"""Colours of classes, networks and baselines: each has the same one wherever a report draws it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from labrun.contracts.figure_files import DARK

if TYPE_CHECKING:
    from matplotlib.colors import LinearSegmentedColormap

    from labrun.contracts.trained import TrainedModel

__all__ = [
    "BASELINE",
    "BASELINE_MARKS",
    "FAINT",
    "INK",
    "PALETTE",
    "PAPER",
    "SOFT",
    "fading",
    "network_colour",
    "network_colours",
]

INK, SOFT, FAINT, PAPER = DARK
"""Text, frames, grids and background of figures. They change on dark pages; draw on pictures in black and white, which do not."""

PALETTE = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#f0e442", "#4b4b00", "#690f87", "#002db4",
    "#d2c3ff", "#d21ec3", "#2de178", "#9678f0", "#a51e78", "#964b3c", "#ff2d69", "#2d5aff", "#96b487", "#6900e1",
)  # fmt: skip
"""The seven colours of Okabe and Ito (2008), then those farthest from each other. In OKLab (Ottosson 2020), any two are 0.13 apart or more,
and 0.067 for people with protanopia or deuteranopia (Machado et al. 2009); each is 0.17 from the light and from the dark page."""

_UNCLEAR = ("#f0e442", "#d2c3ff", "#2de178", "#4b4b00", "#690f87", "#002db4", "#6900e1")
NETWORKS = tuple(colour for colour in PALETTE if colour not in _UNCLEAR)
"""Colours of lines and marks: those that are neither too pale for them on light pages nor too dark on dark ones"""
BASELINE = SOFT
"""The colour of what networks have to beat"""
BASELINE_MARKS = "sD^vPX"
"""Marks that distinguish baselines; networks have dots"""


class Placed(Protocol):
    """What has a place among the networks of its project."""

    @property
    def name(self) -> str: ...
    @property
    def place(self) -> int: ...


def network_colour(place: int) -> str:
    """Return the colour of the network at this place among those of its project; networks that differ in their seed alone share one."""
    return NETWORKS[place % len(NETWORKS)]


def network_colours(models: Iterable[TrainedModel] | Iterable[Placed]) -> dict[str, str]:
    """Return the colour of each network, by its name."""
    return {model.name: network_colour(model.place) for model in models}


def fading(colour: str) -> LinearSegmentedColormap:
    """Return a colour map from transparent, at the lowest value, to a colour: it suits light and dark pages."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    return LinearSegmentedColormap.from_list("fading", [(*to_rgb(colour), opacity) for opacity in (0.0, 1.0)])
