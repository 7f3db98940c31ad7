"""The network of a trained model, described for people: its layers and its optimizers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labrun.contracts.backend import load_keras
from labrun.learning.variables import optimizers_of

if TYPE_CHECKING:
    import keras

    from labrun.contracts.examples import ExampleSpec

__all__ = ["network_record"]

SETTINGS = ("filters", "kernel_size", "strides", "padding", "pool_size", "units", "rate", "activation")
"""What the record says of a layer, where it has it."""
USUAL = (None, "linear", "valid", 1, (1, 1), [1, 1])
"""Values of these settings that go without saying."""


def network_record(model: keras.Model, spec: ExampleSpec) -> dict[str, Any]:
    """Describe a network as JSON holds it.

    Returns:
        `weights`: their number. `layers`: in the order of computation, the name, kind, shape of the output for one example (None where it
        is not known), number of weights, `inputs` (names of the layers before it) and settings of each. `optimizers`: kind and settings.
    """
    shapes = _shapes(model, spec)
    return {
        "weights": model.count_params(),
        "layers": [_layer(layer, shapes.get(layer.name), set(shapes)) for layer in model.layers],
        "optimizers": [_optimizer(one) for one in optimizers_of(model)],
    }


def _shapes(model: keras.Model, spec: ExampleSpec) -> dict[str, list[int | None] | None]:
    """The shape of the output of each layer for an example of this specification; without sizes of images where a layer cannot tell."""
    outputs = {layer.name: _output(layer) for layer in model.layers}
    known = {name: tensor for name, tensor in outputs.items() if tensor is not None}
    shapes = {name: list(tensor.shape[1:]) for name, tensor in known.items()}
    if isinstance(spec.x, dict):
        given: Any = {name: (None, *one.shape) for name, one in spec.x.items()}
    else:
        given = (None, *spec.x.shape)
    try:
        found = load_keras().Model(model.inputs, list(known.values())).compute_output_shape(given)
        shapes |= {name: list(shape[1:]) for name, shape in zip(known, found, strict=True)}
    except Exception:  # a layer of a plugin may not work without numbers: the record is for people
        pass
    return {name: shapes.get(name) for name in outputs}


def _output(layer: Any) -> Any:
    try:
        tensor = layer.output
    except (AttributeError, ValueError):  # never called, or called several times
        return None
    return tensor if hasattr(tensor, "shape") else None


def _layer(layer: Any, shape: list[int | None] | None, names: set[str]) -> dict[str, Any]:
    given = layer.get_config()
    settings = {name: given[name] for name in SETTINGS if given.get(name) not in USUAL}
    return {
        "name": layer.name,
        "kind": type(layer).__name__,
        "shape": shape,
        "weights": sum(math.prod(weight.shape) for weight in layer.weights),
        "inputs": list(dict.fromkeys(_before(layer, names))),
        "settings": {
            name: value for name, value in settings.items() if isinstance(value, (int, float, str, list, tuple))
        },
    }


def _before(operation: Any, names: set[str]) -> Iterator[str]:
    """Yield the layers whose outputs an operation gets, directly or through operations that are not layers."""
    for node in operation._inbound_nodes:
        for tensor in node.input_tensors:
            one = tensor._keras_history.operation
            if one.name in names:
                yield one.name
            else:
                yield from _before(one, names)


def _optimizer(optimizer: Any) -> dict[str, Any]:
    given = optimizer.get_config()
    kept = {name: value for name, value in given.items() if isinstance(value, (int, float, str)) and name != "name"}
    return {"kind": type(optimizer).__name__, "settings": {name: _rounded(value) for name, value in kept.items()}}


def _rounded(value: Any) -> Any:
    """A setting that went through 32 bits, as it was written."""
    return float(f"{value:.6g}") if isinstance(value, float) else value
