"""Effects of Keras operations on the fields of their tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from labrun_receptive_field.fields import AxisField, Window, join, unite
from labrun_receptive_field.graph import Step

__all__ = ["Effect", "Field", "apply_rule", "is_settled"]

Field: TypeAlias = "tuple[AxisField, ...]"
"""The field of a tensor: one axis field for each axis of the input except the batch."""


@dataclass(frozen=True)
class Effect:
    """The field after an operation, and its kind in the table ("" if it is not listed)."""

    field: Field
    kind: str = ""
    windows: tuple[tuple[int, Window], ...] = ()
    """The windows of the operation, each with its axis of the tensor."""


Rule: TypeAlias = "Callable[[Step, list[Field | None]], Effect]"
"""Takes a field for each of `step.tensors`, None for a tensor that does not depend on the input."""


def apply_rule(step: Step, fields: list[Field | None]) -> Effect:
    """Return the effect of an operation on the fields of its tensors, at least one of which is not None.

    Raises:
        ValueError: its effect is unknown, or cannot be described by a size and a jump.
    """
    rule = _RULES.get(step.kind)
    known = [field for field in fields if field is not None]
    if rule is None and all(is_settled(field) for field in known):
        return Effect(_unite_all([tuple(axis.gather(1, None) for axis in field) for field in known]))
    if rule is None:
        raise ValueError(_REASONS.get(type(step.operation).__name__, _UNKNOWN))
    return rule(step, fields)


def is_settled(field: Field) -> bool:
    """Check whether all units see the same."""
    return all(axis.jump == 0 for axis in field)


_UNKNOWN = (
    "has an unknown receptive field (known are convolutions, pooling, padding, cropping, element-wise layers, merging, "
    "slices and reductions of Keras)"
)
_SMALLER = (
    "refines its map, so its units see fields of different sizes: only layers that keep or coarsen maps are supported"
)
_FINER = (
    "Conv1DTranspose",
    "Conv2DTranspose",
    "Conv3DTranspose",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Resizing",
)
_REASONS = dict.fromkeys(_FINER, _SMALLER)


# --- windows ----------------------------------------------------------------------------------------------------------------


def _convolution(step: Step, fields: list[Field | None]) -> Effect:
    layer = step.operation
    effect = _slide(step, fields, layer.kernel_size, layer.strides, layer.dilation_rate, "convolution")
    return replace(effect, field=_mix(effect.field, _channel_axis(step)))


def _pooling(step: Step, fields: list[Field | None]) -> Effect:
    layer = step.operation
    return _slide(step, fields, layer.pool_size, layer.strides, 1, "pooling")


def _slide(step: Step, fields: list[Field | None], sizes: Any, strides: Any, dilations: Any, kind: str) -> Effect:
    field, shape = _only(fields), step.tensors[0].shape
    axes = _map_axes(step)
    values = (_one_each(given, len(axes)) for given in (sizes, strides, dilations))
    windows = {
        axis: Window.laid(step.operation.padding, shape[axis], size, stride, dilation)
        for axis, size, stride, dilation in zip(axes, *values, strict=True)
    }
    return Effect(
        tuple(axis.slide(windows[axis.place]) if axis.place in windows else axis for axis in field),
        kind,
        tuple(windows.items()),
    )


def _global_pooling(step: Step, fields: list[Field | None]) -> Effect:
    return Effect(_reduce(step, fields, _map_axes(step), step.operation.keepdims), "global pooling")


def _zero_padding(step: Step, fields: list[Field | None]) -> Effect:
    pairs = dict(zip(_map_axes(step), _pairs(step.operation.padding), strict=True))
    return Effect(_padded(_only(fields), pairs), "padding")


def _pad(step: Step, fields: list[Field | None]) -> Effect:
    """Apply `ops.pad`; mirrored edges count as padding."""
    widths, rank = step.operation.pad_width, len(step.tensors[0].shape)
    pairs = widths if len(widths) > 1 else list(widths) * rank
    return Effect(_padded(_only(fields), dict(enumerate(pairs))), "padding")


def _padded(field: Field, pairs: Mapping[int, Sequence[int]]) -> Field:
    return tuple(axis if axis.place is None else axis.pad(*pairs.get(axis.place, (0, 0))) for axis in field)


def _cropping(step: Step, fields: list[Field | None]) -> Effect:
    cuts = {
        a: slice(c[0], -c[1] or None) for a, c in zip(_map_axes(step), _pairs(step.operation.cropping), strict=True)
    }
    field = _only(fields)
    return Effect(tuple(axis.pick(cuts[axis.place]) if axis.place in cuts else axis for axis in field), "cropping")


def _pairs(amounts: Any) -> Sequence[Sequence[int]]:
    return [amounts] if isinstance(amounts[0], int) else amounts


# --- whole axes -------------------------------------------------------------------------------------------------------------


def _flatten(step: Step, fields: list[Field | None]) -> Effect:
    return Effect(tuple(axis.gather(1, None) for axis in _only(fields)), "flattening")


def _dense(step: Step, fields: list[Field | None]) -> Effect:
    return Effect(_mix(_only(fields), len(step.tensors[0].shape) - 1))


def _mixing(step: Step, fields: list[Field | None]) -> Effect:
    """Apply a sum over some axes that reaches each of their positions (softmax, normalization of one example)."""
    axes = _axes(step.operation.axis, len(step.tensors[0].shape))
    return Effect(_reduce(step, fields, axes, keep=True))


def _group_normalization(step: Step, fields: list[Field | None]) -> Effect:
    return Effect(_reduce(step, fields, range(1, len(step.tensors[0].shape)), keep=True))


def _reduction(step: Step, fields: list[Field | None]) -> Effect:
    rank = len(step.tensors[0].shape)
    axes = range(1, rank) if step.operation.axis is None else _axes(step.operation.axis, rank)
    return Effect(_reduce(step, fields, axes, step.operation.keepdims), "reduction")


def _reduce(step: Step, fields: list[Field | None], axes: Iterable[int], keep: bool) -> Field:
    """Return the field of units that see the whole of these axes of a tensor, which are kept (at any length) or removed."""
    gone, old, new = set(axes), step.tensors[0].shape, step.outputs[0].shape
    if keep:
        return tuple(a.gather(new[a.place], a.place) if a.place in gone else a for a in _only(fields))
    places = [place for place in range(len(old)) if place not in gone]
    return tuple(
        replace(a, place=places.index(a.place)) if a.place in places else a.gather(1, None) for a in _only(fields)
    )


def _mix(field: Field, channels: int) -> Field:
    """Return the field of new channels, each computed from all channels."""
    return tuple(axis.gather(1, None) if axis.place == channels else axis for axis in field)


# --- places -----------------------------------------------------------------------------------------------------------------


def _reshaping(step: Step, fields: list[Field | None]) -> Effect:
    """Add or remove axes of length 1; any other reshaping mixes positions as `Flatten` does."""
    old, new = step.tensors[0].shape, step.outputs[0].shape
    field = _only(fields)
    if [s for s in old if s != 1] != [s for s in new if s != 1]:
        return _flatten(step, fields)
    places = dict(_same_axes(old, new))
    return Effect(tuple(_moved(a, None if a.place is None else places.get(a.place)) for a in field))


def _same_axes(old: Sequence[int | None], new: Sequence[int | None]) -> Iterable[tuple[int, int]]:
    """Yield pairs of axes that correspond before and after axes of length 1 are added or removed."""
    i = j = 0
    while i < len(old) and j < len(new):
        if old[i] == new[j]:
            yield i, j
        i, j = i + (old[i] == new[j] or old[i] == 1), j + (old[i] == new[j] or old[i] != 1)


def _moved(axis: AxisField, place: int | None) -> AxisField:
    return replace(axis, place=place) if place is not None else axis.alone(None)


def _one_hot(step: Step, fields: list[Field | None]) -> Effect:
    """Add an axis for the channels (`one_hot`, `Embedding`)."""
    rank = len(step.outputs[0].shape)
    new = _axes(getattr(step.operation, "axis", -1), rank)[0]
    return Effect(tuple(a if a.place is None else replace(a, place=a.place + (a.place >= new)) for a in _only(fields)))


def _transpose(step: Step, fields: list[Field | None]) -> Effect:
    rank = len(step.tensors[0].shape)
    dims = getattr(step.operation, "dims", None)
    order = (0, *dims) if dims is not None else step.operation.axes or tuple(reversed(range(rank)))
    to = {old: new for new, old in enumerate(_axes(order, rank))}
    return Effect(tuple(a if a.place is None else replace(a, place=to[a.place]) for a in _only(fields)))


def _slice(step: Step, fields: list[Field | None]) -> Effect:
    """Apply x[…]: slices select units, an integer removes an axis, None and … act as in NumPy.

    Raises:
        ValueError: a slice goes backwards.
    """
    key = step.kwargs.get("key", step.args[1] if len(step.args) > 1 else None)
    field, shape = _only(fields), step.tensors[0].shape
    keys = list(key) if isinstance(key, tuple | list) else [key]
    missing = len(shape) - sum(k is not None and k is not Ellipsis for k in keys)
    cut = keys.index(Ellipsis) if Ellipsis in keys else len(keys)
    keys = keys[:cut] + [slice(None)] * missing + keys[cut + 1 :]
    at, new, picked = 0, 0, {}
    for k in keys:
        if k is not None:
            picked[at] = (k, new)
            at += 1
        new += not isinstance(k, int)
    return Effect(tuple(a if a.place is None else _pick(a, *picked[a.place], shape[a.place]) for a in field))


def _pick(axis: AxisField, key: Any, place: int, units: int) -> AxisField:
    if isinstance(key, int):
        return axis.pick(slice(key % units, key % units + 1)).alone(None)
    if key.indices(units)[2] < 0:
        raise ValueError("reverses a map, so its units go backwards through the input: this is not supported")
    return replace(axis.pick(key), place=place)


# --- several tensors --------------------------------------------------------------------------------------------------------


def _elementwise(step: Step, fields: list[Field | None]) -> Effect:
    """Act on each position by itself; several tensors are broadcast as in NumPy."""
    shape = step.outputs[0].shape
    known = [_broadcast(f, t.shape, shape) for f, t in zip(fields, step.tensors, strict=True) if f is not None]
    return Effect(_unite_all(known), "merging" if len(known) > 1 else "")


def _broadcast(field: Field, old: Sequence[int], new: Sequence[int]) -> Field:
    """Return the field of a tensor of shape `old` broadcast to shape `new`."""
    more = len(new) - len(old)
    return tuple(
        a
        if a.place is None
        else replace(a, place=a.place + more, jump=0 if old[a.place] == 1 != new[a.place + more] else a.jump)
        for a in field
    )


def _concatenation(step: Step, fields: list[Field | None]) -> Effect:
    """Concatenate: along channels a union; along an axis of the map, pieces of one map (periodic padding)."""
    rank = len(step.outputs[0].shape)
    along = _axes(step.operation.axis, rank)[0]
    sizes = [t.shape[along] for t in step.tensors]
    known = [field for field in fields if field is not None]
    joined, behind = [], False
    for number, axes in enumerate(zip(*known, strict=True)):
        if not any(a.place == along for a in axes):
            joined.append(unite(axes))
        elif all(a.place == along for a in axes):
            joined.append(join([field[number] if field is not None else None for field in fields], sizes))
            behind = behind or joined[-1].wraps
        else:  # some of the channels are those of the input itself
            joined.append(unite([a.gather(1, None) for a in axes]))
    return Effect(tuple(joined), "periodic padding" if behind else "merging")


def _unite_all(fields: Sequence[Field]) -> Field:
    return tuple(unite(axes) for axes in zip(*fields, strict=True))


# --- properties of layers ------------------------------------------------------------------------------------------


def _only(fields: list[Field | None]) -> Field:
    (field,) = (f for f in fields if f is not None)
    return field


def _map_axes(step: Step) -> tuple[int, ...]:
    """Return the axes of the tensor that are neither batch nor channels."""
    rank = len(step.tensors[0].shape)
    first = getattr(step.operation, "data_format", "channels_last") == "channels_first"
    return tuple(range(2, rank)) if first else tuple(range(1, rank - 1))


def _channel_axis(step: Step) -> int:
    return 1 if step.operation.data_format == "channels_first" else len(step.tensors[0].shape) - 1


def _axes(axes: Any, rank: int) -> list[int]:
    return [a % rank for a in (axes if isinstance(axes, list | tuple) else [axes])]


def _one_each(values: Any, count: int) -> tuple[int, ...]:
    return tuple(values) if isinstance(values, list | tuple) else (values,) * count


_ELEMENTWISE = (
    "Activation", "ActivityRegularization", "AlphaDropout", "BatchNormalization", "Dropout", "ELU", "GaussianDropout",
    "GaussianNoise", "Identity", "LeakyReLU", "Masking", "Normalization", "PReLU", "ReLU", "Rescaling",
    "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "Abs", "Absolute", "Cast", "Ceil", "Celu", "Clip",
    "Cos", "Elu", "Equal", "Erf", "Exp", "Expm1", "Floor", "Gelu", "Greater", "GreaterEqual", "HardSigmoid",
    "HardSilu", "HardTanh", "LeakyRelu", "Less", "LessEqual", "Log", "Log1p", "LogSigmoid", "LogicalAnd",
    "LogicalNot", "LogicalOr", "Mish", "Negative", "NotEqual", "Power", "Reciprocal", "Relu", "Relu6", "Round",
    "Rsqrt", "Selu", "Sigmoid", "Sign", "Silu", "Sin", "SoftSign", "Softplus", "Softsign", "Sqrt", "Square", "Swish",
    "Tan", "Tanh", "Add", "Average", "Divide", "FloorDivide", "Maximum", "Minimum", "Mod", "Multiply", "Subtract",
    "TrueDivide", "Where",
)  # fmt: skip

_DIMENSIONS = (1, 2, 3)

_RULES: Mapping[str, Rule] = (
    {f"{kind}{d}D": _convolution for kind in ("Conv", "DepthwiseConv", "SeparableConv") for d in _DIMENSIONS}
    | {f"{kind}Pooling{d}D": _pooling for kind in ("Max", "Average") for d in _DIMENSIONS}
    | {f"Global{kind}Pooling{d}D": _global_pooling for kind in ("Max", "Average") for d in _DIMENSIONS}
    | {f"ZeroPadding{d}D": _zero_padding for d in _DIMENSIONS}
    | {f"Cropping{d}D": _cropping for d in _DIMENSIONS}
    | dict.fromkeys(_ELEMENTWISE, _elementwise)
    | dict.fromkeys(("Max", "Min", "Mean", "Sum", "Amax", "Amin"), _reduction)
    | dict.fromkeys(("LayerNormalization", "Softmax", "LogSoftmax"), _mixing)
    | dict.fromkeys(("Reshape", "ExpandDims", "Squeeze"), _reshaping)
    | dict.fromkeys(("OneHot", "Embedding"), _one_hot)
    | dict.fromkeys(("Transpose", "Permute"), _transpose)
    | {
        "Concatenate": _concatenation,
        "Dense": _dense,
        "Flatten": _flatten,
        "GetItem": _slice,
        "GroupNormalization": _group_normalization,
        "Pad": _pad,
    }
)
"""Rules by class name of the layer or operation; classes of both with the same name act alike."""
