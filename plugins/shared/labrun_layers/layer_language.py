"""Convolutional networks as lists of words, for models that are written layer by layer in a project.

conv FILTERS HEIGHTxWIDTH [stride N]     convolution
pool N                                   maximum over N × N sites
average N                                mean over N × N sites
norm                                     batch normalization
relu                                     max(x, 0)
mean                                     mean of each channel over all places
flatten                                  all channels of all places in a row
tap                                      the mean of each channel over all places joins, later on, where the places end
dense UNITS                              fully connected, at each place where there are places
dropout SHARE                            leaves out so many of its inputs in training
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
"""What lies beyond the edge of an image: nothing, zeros, or its other side."""

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
    """One layer: its word, and the numbers that its word takes."""

    word: str
    units: int = 0
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    size: int = 1
    share: float = 0.0

    @property
    def needs_places(self) -> bool:
        """Whether it works on a map, (height, width, channels)."""
        return self.word in ("conv", "pool", "average", "mean", "flatten", "tap")

    @property
    def ends_places(self) -> bool:
        """Whether it gives numbers without places, (channels,)."""
        return self.word in ("mean", "flatten")


def parse(text: str) -> Layer:
    """Read one layer.

    Raises:
        ValueError: there is no such layer, or its numbers are not those that it takes.
    """
    word, _, rest = " ".join(text.split()).partition(" ")
    if word not in _FORMS:
        raise ValueError(f"there is no layer '{word}'{did_you_mean(word, _FORMS)}")
    found = re.fullmatch(_FORMS[word], rest)
    if found is None:
        form = f"write {_EXAMPLES[word]}" if word in _EXAMPLES else "it takes nothing"
        raise ValueError(f"'{text}' is no layer '{word}': {form}")
    given = {name: value for name, value in found.groupdict().items() if value is not None}
    kernel = (int(given["height"]), int(given["width"])) if "height" in given else (1, 1)
    numbers = {name: int(given[name]) for name in ("units", "stride", "size") if name in given}
    return Layer(word, kernel=kernel, share=float(given.get("share", 0)), **numbers)


def _checked(text: str) -> str:
    parse(text)
    return text


LayerText = Annotated[str, AfterValidator(_checked)]
"""A layer as the field of a plugin holds it."""


def expect_order(texts: Sequence[str]) -> None:
    """Check that one layer ends the places, and none after it needs them.

    Raises:
        ValueError: another order, or no such layer.
    """
    places = True
    for text in texts:
        layer = parse(text)
        if layer.needs_places and not places:
            raise ValueError(f"layers: '{text}' works on places, and stands after the layer that ends them")
        places = places and not layer.ends_places
    if places:
        raise ValueError("layers: one of them must end the places: 'mean' or 'flatten'")


def apply_layers(
    x: Any, texts: Iterable[str], padding: Padding = "valid", momentum: float = 0.99, beside: Sequence[Any] = ()
) -> Any:
    """The layers on the tensor `x`, (batch, height, width, channels), each named after its word and its number: (batch, channels).

    `padding` is that of convolutions, `momentum` that of the running means of batch normalization, a step. The tensors `beside`, (batch,
    channels) each, join where the places end, as what was tapped does.
    """
    from keras import layers

    joining = list(beside)
    for name, layer in _numbered(texts):
        if layer.word == "tap":
            joining.append(layers.GlobalAveragePooling2D(name=name)(x))
            continue
        x = _apply_layer(x, layer, name, padding, momentum)
        if layer.ends_places and joining:
            x = layers.Concatenate(name="joined")([x, *joining])
    return x


def _numbered(texts: Iterable[str]) -> list[tuple[str, Layer]]:
    """The layers with their names in the network: the word and its number, `conv1`, `relu1`, `conv2`."""
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
