"""Rescale inputs from their units to [-1, 1] inside a network, so that it takes raw values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

__all__ = ["Range", "apply_ranges"]


def _checked(one: tuple[float, float]) -> tuple[float, float]:
    low, high = one
    if low >= high:
        raise ValueError(f"a range is [low, high] with low below high; found [{low:g}, {high:g}]")
    return one


Range = Annotated[
    tuple[float, float], AfterValidator(_checked), Field(description="[low, high] of an input in its unit")
]
"""Type of a field of a plugin"""


def apply_ranges(x: Any, ranges: list[tuple[float, float]]) -> Any:
    """Rescale inputs, (batch, inputs), from [low, high] to [-1, 1]; `ranges` holds one range for each, or one for all.

    Raises:
        ValueError: there are neither as many ranges as inputs, nor one.
    """
    import numpy as np
    from keras import layers

    count = x.shape[-1]
    if len(ranges) not in (1, count):
        raise ValueError(f"'ranges' has {len(ranges)} ranges for {count} inputs: give one for each, or one for all")
    low, high = np.array(ranges).T
    return layers.Rescaling(2 / (high - low), -(high + low) / (high - low), name="scaled")(x)
