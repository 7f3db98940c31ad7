"""List receptive fields in a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from labrun_receptive_field.walk import LayerField, NetworkFields

__all__ = ["axis_names", "layer_rows", "times"]


def axis_names(count: int) -> tuple[str, ...]:
    """Return the names of the axes of an input."""
    return ("length",) if count == 1 else ("height", "width", "time")[:count]


def times(sizes: Sequence[int]) -> str:
    """Return sizes in words: `17 × 17`."""
    return " × ".join(map(str, sizes))


def layer_rows(fields: NetworkFields) -> list[dict[str, Any]]:
    """Return one row per layer, in the order in which they run."""
    return [_row(layer) for layer in fields.layers]


def _row(layer: LayerField) -> dict[str, Any]:
    windows = [window for window in layer.windows if window is not None]
    row: dict[str, Any] = {
        "layer": layer.name,
        "kind": layer.kind,
        "output": times(layer.units),
        "kernel": times([w.size for w in windows]),
        "dilation": times([w.dilation for w in windows]),
        "stride": times([w.stride for w in windows]),
        "padding": layer.padding,
        "receptive field": "whole input" if layer.is_whole else times([axis.size for axis in layer.axes]),
    }
    columns = zip(axis_names(len(layer.axes)), layer.axes, layer.middle, layer.left_over, strict=True)
    for name, axis, middle, left_over in columns:
        row |= {
            f"size {name}": axis.size,
            f"jump {name}": axis.jump or math.nan,
            f"centre {name}": axis.centre(middle),
            f"left over {name}": left_over,
            f"unseen {name}": axis.unseen,
        }
    return row
