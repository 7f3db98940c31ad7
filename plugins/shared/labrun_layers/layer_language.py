"""Convolutional networks as lists of words, for models that a project writes layer by layer.

conv FILTERS HEIGHTxWIDTH [stride N]     convolution
pool N                                   maximum over N × N sites
average N                                mean over N × N sites
norm                                     batch normalization
relu                                     max(x, 0)
mean                                     mean of each channel over all positions; ends the map
flatten                                  all channels of all positions in a row; ends the map
tap                                      mean of each channel over all positions, appended where the map ends
dense UNITS                              fully connected, at each position of a map
dropout SHARE                            drops this share of its inputs in training
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from labrun.faults import did_you_mean

__all__ = ["Layer", "LayerText", "Padding", "apply_layers", "expect_order", "parse"]

Padding = Literal["valid", "same", "periodic"]
"""Beyond the edge of an image: nothing, zeros, or its other side"""

_COUNT = r"[1-9]\d{0,4}"
_FORMS = {
    "conv": rf"(?P<units>{_COUNT}) (?P<height>{_COUNT})x(?P<width>{_COUNT})(?: stride (?P<stride>{_COUNT}))?",
    "pool": rf"(?P<size>{_COUNT})",
    "average": rf"(?P<size>{_COUNT})",
    "norm": "",
    "relu": "",
    "mean": "",
    "flatten": "",
    "tap": "",
    "dense": rf"(?P<units>{_COUNT})",
    "dropout": r"(?P<share>0?\.\d+)",
}
_EXAMPLES = {
    "conv": "'conv 16 3x3' or 'conv 16 5x5 stride 2'",
    "pool": "'pool 2'",
    "average": "'average 2'",
    "dense": "'dense 64'",
    "dropout": "'dropout 0.1'",
}


@dataclass(frozen=True)
class Layer:
    """One layer: its word and its numbers."""

    word: str
    units: int = 0
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    size: int = 1
    share: float = 0.0

    @property
    def needs_map(self) -> bool:
        """Whether its input must be a map, (height, width, channels)"""
        return self.word in ("conv", "pool", "average", "mean", "flatten", "tap")

    @property
    def ends_map(self) -> bool:
        """Whether its output has no positions, (channels,)"""
        return self.word in ("mean", "flatten")


def parse(text: str) -> Layer:
    """Read one layer.

    Raises:
        ValueError: there is no such layer, or its numbers are wrong.
    """
    word, _, rest = " ".join(text.split()).partition(" ")
    if word not in _FORMS:
        raise ValueError(f"there is no layer '{word}'{did_you_mean(word, _FORMS)}")
    found = re.fullmatch(_FORMS[word], rest)
    if found is None:
        form = f"write {_EXAMPLES[word]}" if word in _EXAMPLES else "it takes nothing"
        raise ValueError(f"'{text}' is not a layer '{word}': {form}")
    given = {name: value for name, value in found.groupdict().items() if value is not None}
    kernel = (int(given["height"]), int(given["width"])) if "height" in given else (1, 1)
    numbers = {name: int(given[name]) for name in ("units", "stride", "size") if name in given}
    return Layer(word, kernel=kernel, share=float(given.get("share", 0)), **numbers)


def _checked(text: str) -> str:
    parse(text)
    return text


LayerText = Annotated[str, AfterValidator(_checked)]
"""Type of a layer in a field of a plugin"""


def expect_order(texts: Sequence[str]) -> None:
    """Check that one layer ends the map, and none after it needs one.

    Raises:
        ValueError: the order is wrong, or there is no such layer.
    """
    is_map = True
    for text in texts:
        layer = parse(text)
        if layer.needs_map and not is_map:
            raise ValueError(
                f"layers: '{text}' needs a map, (height, width, channels), but follows the layer that ends it"
            )
        is_map = is_map and not layer.ends_map
    if is_map:
        raise ValueError("layers: one of them must end the map: 'mean' or 'flatten'")


def apply_layers(
    x: Any, texts: Iterable[str], padding: Padding = "valid", momentum: float = 0.99, beside: Sequence[Any] = ()
) -> Any:
    """Apply layers to the tensor `x`, (batch, height, width, channels), and return (batch, channels). Each is named after word and number.

    `padding` is that of convolutions, and `momentum` that of the running means of batch normalization, per step. The tensors `beside`,
    (batch, channels) each, are appended where the map ends, as the output of `tap` is.
    """
    from keras import layers

    joining = list(beside)
    for name, layer in _numbered(texts):
        if layer.word == "tap":
            joining.append(layers.GlobalAveragePooling2D(name=name)(x))
            continue
        x = _apply_layer(x, layer, name, padding, momentum)
        if layer.ends_map and joining:
            x = layers.Concatenate(name="joined")([x, *joining])
    return x


def _numbered(texts: Iterable[str]) -> list[tuple[str, Layer]]:
    """Name layers in the network by word and number: `conv1`, `relu1`, `conv2`."""
    numbers: Counter[str] = Counter()
    named = []
    for layer in map(parse, texts):
        numbers[layer.word] += 1
        named.append((f"{layer.word}{numbers[layer.word]}", layer))
    return named


def _apply_layer(x: Any, layer: Layer, name: str, padding: Padding, momentum: float) -> Any:
    from keras import layers

    from labrun_layers.periodic_padding import apply_periodic_padding

    match layer.word:
        case "conv":
            if padding == "periodic":
                x, padding = apply_periodic_padding(x, layer.kernel), "valid"
            return layers.Conv2D(layer.units, layer.kernel, strides=layer.stride, padding=padding, name=name)(x)
        case "pool":
            return layers.MaxPooling2D(layer.size, name=name)(x)
        case "average":
            return layers.AveragePooling2D(layer.size, name=name)(x)
        case "norm":
            return layers.BatchNormalization(momentum=momentum, name=name)(x)
        case "relu":
            return layers.Activation("relu", name=name)(x)
        case "mean":
            return layers.GlobalAveragePooling2D(name=name)(x)
        case "flatten":
            return layers.Flatten(name=name)(x)
        case "dense":
            return layers.Dense(layer.units, name=name)(x)
        case "dropout":
            return layers.Dropout(layer.share, name=name)(x)
    raise AssertionError(layer.word)
