"""Follow receptive fields through a network, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from labrun_receptive_field.fields import AxisField, Window
from labrun_receptive_field.graph import Shape, Step, trace
from labrun_receptive_field.rules import Effect, Field, apply_rule, is_settled

__all__ = ["LayerField", "NetworkFields", "receptive_fields"]


@dataclass(frozen=True)
class LayerField:
    """The fields of the units of one layer, along each spatial axis of the input."""

    name: str
    kind: str
    padding: str
    """Padding of the layer; `periodic` if its map is continued over its edges, "" if the layer has no window."""
    axes: Field
    windows: tuple[Window | None, ...]
    """The window of the layer along each axis, if it has one."""
    left_over: tuple[int, ...]
    """Cells at the far edge of the layer's own input, including padding, beyond its last window."""

    @property
    def units(self) -> tuple[int, ...]:
        """Size of the map along each axis; 1 if it has no such axis."""
        return tuple(axis.units for axis in self.axes)

    @property
    def is_whole(self) -> bool:
        """Whether every unit sees the whole input."""
        return all(axis.is_whole for axis in self.axes)

    @property
    def is_settled(self) -> bool:
        """Whether all units see the same, as after global pooling."""
        return is_settled(self.axes)

    @property
    def middle(self) -> tuple[int, ...]:
        """Index of the middle unit along each axis; for an even number, the one before the middle."""
        return tuple((n - 1) // 2 for n in self.units)


@dataclass(frozen=True)
class NetworkFields:
    """The layers of a network that act on space."""

    spatial: tuple[int, ...]
    """The axes of one example along which convolutions or pooling run, in order."""
    sizes: tuple[int, ...]
    """Cells of the input along these axes."""
    layers: list[LayerField]

    @property
    def last(self) -> LayerField:
        """The last layer whose units do not all see the same: the last features before global pooling."""
        return [*self.layers[:1], *(one for one in self.layers if not one.is_settled)][-1]


def receptive_fields(network: Any, shapes: list[Shape], source: int = 0) -> NetworkFields:
    """Follow input number `source` of a network through its graph; `shapes` are those of one example at each input.

    Raises:
        ValueError: the network has no graph, no convolution or pooling, or a layer whose field is unknown.
    """
    inputs = [
        tuple(AxisField.of_input(n, axis) for axis, n in enumerate(shape, start=1)) if i == source else None
        for i, shape in enumerate(shapes)
    ]
    passages: list[_Passage] = []
    _follow(network, shapes, inputs, passages, "")
    ran = {number for passage in passages for number in passage.ran}
    if not ran:
        raise ValueError("it has neither a convolution nor pooling, so it has no receptive field")
    spatial = tuple(sorted(ran))
    layers = [passage.along(spatial) for passage in passages if passage.is_layer]
    return NetworkFields(spatial, tuple(shapes[source][a] for a in spatial), layers)


@dataclass(frozen=True)
class _Passage:
    """One operation, with its output field along all axes of the input."""

    name: str
    kind: str
    padding: str
    is_layer: bool
    """Whether it is listed in the table: operations other than layers have numbers that change, not names."""
    field: Field
    windows: dict[int, tuple[Window, int]]
    """By axis of the input: the window, and the cells that it leaves over."""

    @property
    def ran(self) -> set[int]:
        return set(self.windows)

    def along(self, axes: tuple[int, ...]) -> LayerField:
        field = tuple(self.field[a] for a in axes)
        return LayerField(
            self.name,
            self.kind,
            self.padding,
            field,
            tuple(self.windows[a][0] if a in self.windows else None for a in axes),
            tuple(self.windows[a][1] if a in self.windows else 0 for a in axes),
        )


def _follow(
    network: Any, shapes: list[Shape], given: list[Field | None], passages: list[_Passage], prefix: str
) -> list[Field | None]:
    """Append the effects of the operations of a network, and return the fields of its outputs."""
    inputs, steps, outputs = trace(network, shapes)
    fields: dict[int, Field | None] = {id(x): field for x, field in zip(inputs, given, strict=True)}
    continued: set[int] = set()
    for step in steps:
        tensors = step.tensors
        before = [fields[id(x)] for x in tensors]
        name = prefix + step.operation.name
        if all(field is None for field in before):
            after: list[Field | None] = [None] * len(step.outputs)
        elif getattr(step.operation, "inputs", None):  # a network within the network
            sizes = [tuple(x.shape[1:]) for x in tensors]
            after = _follow(step.operation, sizes, before, passages, f"{name}/")
        else:
            try:
                effect = apply_rule(step, before)
            except ValueError as error:
                raise ValueError(f"its layer '{name}' ({type(step.operation).__name__}) {error}") from error
            if effect.kind == "periodic padding":
                continued |= {id(x) for x in step.outputs}
            passages.append(_describe(name, effect, before, step, not continued.isdisjoint(map(id, tensors))))
            after = [effect.field] * len(step.outputs)
        fields |= {id(x): field for x, field in zip(step.outputs, after, strict=True)}
    return [fields[id(x)] for x in outputs]


def _describe(name: str, effect: Effect, before: list[Field | None], step: Step, periodic: bool) -> _Passage:
    windows: dict[int, tuple[Window, int]] = {}
    padding = ""
    if effect.windows:
        (field,) = (f for f in before if f is not None)
        number_of = {axis.place: number for number, axis in enumerate(field)}
        windows = {
            number_of[place]: (window, window.left_over(step.tensors[0].shape[place]))
            for place, window in effect.windows
            if place in number_of
        }
        padding = "periodic" if periodic else step.operation.padding
    is_layer = bool(effect.kind) and isinstance(step.operation, keras.layers.Layer)
    return _Passage(name, effect.kind, padding, is_layer, effect.field, windows)
