"""Logarithmic axes whose ticks are plain numbers."""

from __future__ import annotations

import numpy as np
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

__all__ = ["set_plain_ticks"]

NARROW = 1.7
"""Decades up to which ticks stand at 1, 2 and 5; wider axes have powers of ten as Matplotlib writes them"""


def set_plain_ticks(axis: Axis) -> None:
    """Write the ticks of a logarithmic axis, whose limits are set, as 0.1, 0.2, 0.5, 1, … where it spans few decades."""
    low, high = sorted(axis.get_view_interval())
    if low > 0 and np.log10(high / low) <= NARROW:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())
    else:
        axis.set_minor_formatter(NullFormatter())
