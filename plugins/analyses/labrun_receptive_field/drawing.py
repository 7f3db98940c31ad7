"""Draw receptive fields as nested frames on an input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from labrun.kit.choosing import evenly
from labrun.kit.palette import FAINT, SOFT
from labrun_receptive_field.table import times
from labrun_receptive_field.walk import LayerField, NetworkFields

Spans: TypeAlias = "Sequence[tuple[int, int]]"

__all__ = ["chosen_layers", "draw_fields", "plane_of"]

LAYERS = 12
"""Maximum number of frames in a picture"""
VALUES = 10
"""Pictures with at most this many distinct values are drawn in pale colours"""
PALE = ("#ffffff", "#cfd8dc", "#a9b8bf", "#e3d3bd", "#c4ad8f", "#d9c7dc", "#b79fbc", "#c3dcc6", "#97b99b", "#8c8c8c")
"""Colours of these values; pale, since frames are drawn over them"""


def draw_fields(fields: NetworkFields, example: np.ndarray | None, title: str) -> Figure:
    """Draw the field of the middle unit of the last layer, and of the unit at its centre in each earlier convolution or pooling, on one
    example, or on the cells of the input."""
    layers = chosen_layers(fields.layers)
    colours = mpl.colormaps["plasma"](np.linspace(0.15, 0.85, len(layers)))
    spans = [_spans(layer, fields) for layer in layers]
    if len(fields.sizes) == 1:
        figure, axes = plt.subplots(figsize=(7.6, 2.4 + 0.16 * len(layers)), layout="constrained")
        _draw_line(axes, fields, spans, colours, example)
    else:
        height, width = fields.sizes[:2]
        figure, axes = plt.subplots(figsize=(min(9.0, 4.0 * width / height) + 2.2, 4.6), layout="constrained")
        _draw_plane(axes, None if example is None else plane_of(example, fields.spatial), height, width)
        for depth in reversed(range(len(layers))):
            _draw_frame(axes, spans[depth], fields.sizes, colours[depth], 1.6 + depth / len(layers))
    handles = [
        Line2D([], [], color=colour, lw=2.5, label=_label(layer, span, fields.sizes))
        for layer, span, colour in zip(layers, spans, colours, strict=True)
    ]
    figure.legend(handles=handles, loc="outside right center", title="sees [cells]")
    axes.set_title(title)
    return figure


def chosen_layers(layers: Sequence[LayerField]) -> list[LayerField]:
    """Return convolutions and poolings that see more than the one before, at most LAYERS of them."""
    chosen: list[LayerField] = []
    for layer in layers:
        is_window = layer.kind in ("convolution", "pooling") and not layer.is_settled
        if is_window and (not chosen or _sizes(layer) != _sizes(chosen[-1])):
            chosen.append(layer)
    return [chosen[i] for i in evenly(len(chosen), LAYERS)]


def plane_of(example: np.ndarray, spatial: Sequence[int]) -> np.ndarray:
    """Return one example as (height, width), or (length,): the last frame, and the mean of the channels (of integer codes, the first)."""
    x = np.moveaxis(example, spatial, range(len(spatial)))
    if len(spatial) == 3:
        x = x[:, :, -1]
    channels = x.reshape(*x.shape[: min(2, len(spatial))], -1)
    return channels[..., 0] if np.issubdtype(x.dtype, np.integer) else channels.mean(axis=-1)


def _sizes(layer: LayerField) -> list[int]:
    return [axis.size for axis in layer.axes]


def _spans(layer: LayerField, fields: NetworkFields) -> list[tuple[int, int]]:
    """Return the first and the last cell, along each axis, seen by the unit nearest to the centre of the last layer's middle unit.

    (The fields of the layers' own middle units are not nested, since these are up to a jump apart.)
    """
    last = fields.last
    spans = []
    for axis, units, target, middle in zip(layer.axes, layer.units, last.axes, last.middle, strict=True):
        away = target.centre(middle) - axis.centre(0)
        unit = 0 if axis.jump == 0 else min(max(int(away // axis.jump + 0.5), 0), units - 1)
        spans.append((0, axis.length - 1) if axis.wraps and axis.size >= axis.length else axis.span(unit))
    return spans


def _label(layer: LayerField, spans: Spans, sizes: Sequence[int]) -> str:
    if all(first <= 0 and last >= n - 1 for (first, last), n in zip(spans, sizes, strict=True)):
        note = "\n(the whole input)"
    elif any(a.size > n or f < 0 or e >= n for a, (f, e), n in zip(layer.axes, spans, sizes, strict=True)):
        note = "\n(over the edge)"
    else:
        note = ""
    return f"{layer.name}: {times(_sizes(layer))}{note}"


def _draw_plane(axes: Axes, plane: np.ndarray | None, height: int, width: int) -> None:
    if plane is None:
        axes.imshow(np.ones((height, width)), cmap="gray", vmin=0, vmax=1.02)
        if max(height, width) <= 100:
            axes.set_xticks(np.arange(-0.5, width), minor=True)
            axes.set_yticks(np.arange(-0.5, height), minor=True)
            axes.grid(which="minor", color=FAINT, lw=0.4)
            axes.tick_params(which="minor", length=0)
    else:
        values = np.unique(plane)
        if len(values) <= VALUES:
            axes.imshow(np.searchsorted(values, plane), cmap=ListedColormap(PALE), vmin=-0.5, vmax=len(PALE) - 0.5)
        else:
            axes.imshow(plane, cmap="gray")
    axes.set(xlabel="column [cells]", ylabel="row [cells]")


def _draw_frame(axes: Axes, spans: Spans, sizes: Sequence[int], colour: np.ndarray, width: float) -> None:
    """Draw a frame, cut off at the edges of the input, so a field larger than the input is its border."""
    (top, bottom), (left, right) = (_within(span, n) for span, n in zip(spans[:2], sizes[:2], strict=True))
    frame = Rectangle(
        (left - 0.5, top - 0.5),
        right - left + 1,
        bottom - top + 1,
        fill=False,
        ec=colour,
        lw=width,
        clip_on=False,
        zorder=5,
    )
    frame.set_path_effects([withStroke(linewidth=width + 1.4, foreground="white")])
    axes.add_patch(frame)


def _draw_line(
    axes: Axes, fields: NetworkFields, spans: Sequence[Spans], colours: np.ndarray, example: np.ndarray | None
) -> None:
    """Draw the signal, and below it a bar for each layer."""
    length = fields.sizes[0]
    if example is not None:
        line = plane_of(example, fields.spatial).astype(float)
        axes.plot(3 * (line - line.min()) / (np.ptp(line) or 1) + 1, color=SOFT, lw=1)
    for depth, (((first, last),), colour) in enumerate(zip(spans, colours, strict=True)):
        first, last = _within((first, last), length)
        axes.broken_barh([(first - 0.5, last - first + 1)], (-depth - 0.4, 0.8), color=colour)
    axes.set(xlim=(-0.5, length - 0.5), xlabel="position [cells]", yticks=[])


def _within(span: tuple[int, int], cells: int) -> tuple[int, int]:
    return max(span[0], 0), min(span[1], cells - 1)
