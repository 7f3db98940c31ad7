"""Find the convolution layers of a network and read their kernels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from labrun import did_you_mean
from labrun.contracts.backend import load_keras

__all__ = ["Convolution", "find_convolution"]

keras = load_keras()

_FORWARD = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
_TRANSPOSED = (keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose)
_AXES = {1: ("place",), 2: ("row", "column"), 3: ("row", "column", "plane")}


@dataclass(frozen=True)
class Convolution:
    """A convolution layer."""

    layer: str
    kind: str
    """Name of its class, such as Conv2D."""
    kernels: np.ndarray
    """(filters, channels, positions along each axis …) float64"""
    bias: np.ndarray | None
    """(filters,)"""

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes of a kernel."""
        return _AXES[self.kernels.ndim - 2]

    @property
    def size(self) -> str:
        """Size of a kernel in words: 3 × 3."""
        return " × ".join(map(str, self.kernels.shape[2:])) + (" positions" if self.kernels.ndim == 3 else "")


def find_convolution(network: Any, layer: str | None, model: str) -> Convolution:
    """Return the named layer of a network, or its first convolution. Layers of a nested network are called `network/layer`.

    Raises:
        ValueError: there is no such layer or no convolution at all, or the layer does not hold one kernel per filter and channel.
    """
    layers = dict(_walk(network, ""))
    convolutions = [name for name, one in layers.items() if _is_plain(one)]
    if layer is None and not convolutions:
        raise ValueError(f"the model '{model}' has no convolution layer, so there are no kernels to draw")
    name = convolutions[0] if layer is None else layer
    if name not in layers:
        raise ValueError(f"the model '{model}' has no layer '{name}'{did_you_mean(name, convolutions or layers)}")
    if name not in convolutions:
        others = f"its convolutions are {', '.join(convolutions)}" if convolutions else "it has no convolution at all"
        raise ValueError(
            f"the layer '{name}' of the model '{model}' is a {type(layers[name]).__name__}; expected Conv1D, Conv2D, Conv3D or one of "
            f"their transposes, without groups; {others}"
        )
    return _read(name, layers[name])


def _walk(network: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for layer in network.layers:
        yield prefix + layer.name, layer
        if isinstance(layer, keras.Model):
            yield from _walk(layer, f"{prefix}{layer.name}/")


def _is_plain(layer: Any) -> bool:
    """Check whether each filter has one kernel for each channel."""
    return isinstance(layer, (*_FORWARD, *_TRANSPOSED)) and getattr(layer, "groups", 1) == 1


def _read(name: str, layer: Any) -> Convolution:
    """Read a layer. Keras keeps (positions …, channels, filters), for transposes (positions …, filters, channels)."""
    weights = np.asarray(keras.ops.convert_to_numpy(layer.kernel), np.float64)
    if isinstance(layer, _TRANSPOSED):
        weights = np.swapaxes(weights, -1, -2)
    bias = None if layer.bias is None else np.asarray(keras.ops.convert_to_numpy(layer.bias), np.float64)
    return Convolution(name, type(layer).__name__, np.moveaxis(weights, (-1, -2), (0, 1)), bias)
