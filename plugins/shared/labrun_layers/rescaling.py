"""Inputs in their own units, brought to [-1, 1] inside of a network, so that it can be asked about raw values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

__all__ = ["Range", "apply_ranges"]


def _checked(one: tuple[float, float]) -> tuple[float, float]:
    low, high = one
    if low >= high:
        raise ValueError(f"a range is [low, high], and low is below high; found [{low:g}, {high:g}]")
    return one


Range = Annotated[
    tuple[float, float], AfterValidator(_checked), Field(description="[low, high] of an input in its unit")
]
"""The type of a field of a plugin."""


def apply_ranges(x: Any, ranges: list[tuple[float, float]]) -> Any:
    """Bring inputs, (batch, inputs), from [low, high] each to [-1, 1]; `ranges` are one for each, or one for all.

    Raises:
        ValueError: there are neither as many ranges as inputs, nor one.
    """
    import numpy as np
    from keras import layers

    count = x.shape[-1]
    if len(ranges) not in (1, count):
        raise ValueError(f"'ranges' gives {len(ranges)} of them for {count} inputs: give one for each, or one for all")
    low, high = np.array(ranges).T
    return layers.Rescaling(2 / (high - low), -(high + low) / (high - low), name="scaled")(x)
