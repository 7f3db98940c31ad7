"""Ranges of a few numbers that describe the inputs of a training, to recognize unlike inputs later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from labrun.contracts.examples import Examples
    from labrun.contracts.plugin import Model

__all__ = ["InputRanges"]

LOOKED_AT = 512
"""Examples, evenly chosen, from which the ranges are taken."""

FEWEST = 20
"""Examples below which ranges say little."""

MOST_NUMBERS = 32
"""Numbers of a list from which on it is described as a whole."""

MARGIN = 0.1
"""Each range is widened by this share of its width at both ends."""


@dataclass(frozen=True)
class InputRanges:
    """The least and greatest value of each number that describes an input.

    Of a picture (or a cube), as the network is shown it: `mean` and `standard deviation` of its values in their unit, and `wavelength`
    [pixels], the inverse of the mean spatial frequency |k| of its power spectrum P, Σ P / Σ |k| P. Of a short list of numbers: each of
    them; of a long one: `mean` and `standard deviation`.
    """

    ranges: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, examples: Examples, plugin: Model) -> InputRanges | None:
        """Look at the examples of a training; None if they are few, have several inputs at once, or are not numbers."""
        import numpy as np

        if (
            len(examples) < FEWEST
            or isinstance(examples.spec.x, dict)
            or np.dtype(examples.spec.x.dtype).kind not in "biuf"
        ):
            return None
        count = min(LOOKED_AT, len(examples))
        chosen = np.unique(np.linspace(0, len(examples) - 1, count).round().astype(int))
        described = [describe(plugin.shown(examples.load_x([i]))[0]) for i in chosen]
        return cls({name: _widened([one[name] for one in described]) for name in described[0]})

    def unlike(self, x: np.ndarray) -> str:
        """Say in which numbers an input, as the network is shown it, lies outside of the training; empty if in none."""
        found = describe(x)
        outside = [
            f"{name} {found[name]:.3g} (training: {low:.3g} to {high:.3g})"
            for name, (low, high) in self.ranges.items()
            if name in found and not low <= found[name] <= high
        ]
        more = f" and {len(outside) - 1} more" if len(outside) > 1 else ""
        return f"{outside[0]}{more}" if outside else ""

    def record(self) -> dict[str, list[float]]:
        """As JSON holds it."""
        return {name: [low, high] for name, (low, high) in self.ranges.items()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> InputRanges:
        """Read what `record` returned.

        Raises:
            ValueError, TypeError: it is damaged.
        """
        return cls({str(name): (float(low), float(high)) for name, (low, high) in record.items()})


def describe(x: np.ndarray) -> dict[str, float]:
    """The numbers that describe one input: a picture (height, width) or (height, width, channels), or a list of numbers."""
    import numpy as np

    values = np.asarray(x, float)
    if values.ndim < 2 and values.size <= MOST_NUMBERS:
        return {f"input {i}": float(value) for i, value in enumerate(values.reshape(-1))}
    described = {"mean": float(values.mean()), "standard deviation": float(values.std())}
    if values.ndim < 2:
        return described
    return described | {"wavelength": _wavelength(values.mean(axis=-1) if values.ndim > 2 else values)}


def _wavelength(picture: np.ndarray) -> float:
    """The inverse of the mean spatial frequency [pixels]; that of a uniform picture is 0."""
    import numpy as np

    power = np.abs(np.fft.fftn(picture - picture.mean())) ** 2
    frequencies = np.meshgrid(*(np.fft.fftfreq(size) for size in picture.shape), indexing="ij", sparse=True)
    moment = (power * np.sqrt(sum(f**2 for f in frequencies))).sum()
    return float(power.sum() / moment) if moment > 0 else 0.0


def _widened(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    more = MARGIN * (high - low) or 1e-6 * abs(high)
    return low - more, high + more
