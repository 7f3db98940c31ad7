"""The functional graphs of generator and discriminator. Layers are named after their level: `down1`, `bottom`, `up1`.

All convolutions are 4×4 and start from normal numbers of standard deviation 0.02; rectifiers have a slope of 0.2 for negative values on the
way down, and of 0 on the way up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import layers

from labrun_pix2pix.doubling import Doubling
from labrun_pix2pix.normalization import PictureNormalization

if TYPE_CHECKING:
    from labrun_pix2pix import Pix2Pix

WIDEST = 8
"""Most channels of a level, in multiples of those of the first"""


def make_generator(settings: Pix2Pix, channels: int, answers: int) -> tuple[Any, Any]:
    """Return the input picture, (batch, height, width, channels), and the drawn one, (batch, height, width, answers)."""
    picture = keras.Input((None, None, channels), name="picture")
    x = apply_signs(picture, settings, "signed")

    # down
    beside = []
    for level in range(1, settings.depth):
        x = apply_halving(x, settings, filters_of(level, settings.filters), f"down{level}", normalize=level > 1)
        beside.append(x)
    x = layers.Conv2D(filters_of(settings.depth, settings.filters), **_convolution("bottom_conv", strides=2))(x)
    x = layers.Activation("relu", name="bottom_relu")(x)

    # and up again
    for level in range(settings.depth - 1, 0, -1):
        dropout = settings.dropout if settings.depth - level <= settings.dropout_levels else 0.0
        x = apply_doubling(x, beside[level - 1], settings, filters_of(level, settings.filters), f"up{level}", dropout)
    x = layers.Conv2DTranspose(answers, **_convolution("answer_expand", strides=2))(x)
    x = layers.Activation("tanh", name="answer")(x)
    if settings.range == "unit":
        x = layers.Rescaling(0.5, 0.5, name="unit")(x)
    return picture, x


def make_discriminator(settings: Pix2Pix, channels: int, answers: int) -> keras.Model:
    """Return a network from a picture and its translation to a logit for each patch, above 0 if it looks like an expected one."""
    picture = keras.Input((None, None, channels), name="picture")
    answer = keras.Input((None, None, answers), name="answer")
    pair = [apply_signs(picture, settings, "picture_signed"), apply_signs(answer, settings, "answer_signed")]
    x = layers.Concatenate(name="pair")(pair)
    deepest, filters = settings.discriminator_depth, settings.discriminator_filters
    for level in range(1, deepest + 1):
        x = apply_halving(x, settings, filters_of(level, filters), f"level{level}", normalize=level > 1)
    x = apply_halving(x, settings, filters_of(deepest + 1, filters), "last", normalize=True, strides=1)
    x = layers.Conv2D(1, **_convolution("patches"))(x)
    return keras.Model([picture, answer], x, name="discriminator")


def filters_of(level: int, first: int) -> int:
    """Return the channels of a level: 64, 128, 256, 512, 512, … if the first, level 1, has 64."""
    return first * min(2 ** (level - 1), WIDEST)


def apply_signs(x: Any, settings: Pix2Pix, name: str) -> Any:
    """Rescale a picture to values from -1 to 1."""
    return layers.Rescaling(2.0, -1.0, name=name)(x) if settings.range == "unit" else x


def apply_halving(x: Any, settings: Pix2Pix, filters: int, name: str, *, normalize: bool, strides: int = 2) -> Any:
    """Halve the resolution (with strides 1, keep it)."""
    x = layers.Conv2D(filters, **_convolution(f"{name}_conv", strides))(x)
    if normalize:
        x = PictureNormalization(settings.statistics, name=f"{name}_norm")(x)
        return layers.LeakyReLU(0.2, name=f"{name}_leak")(x)
    # a LeakyReLU spelled out: TensorFlow tries to fuse one with the convolution before it, and prints "remapper failed"
    return layers.Maximum(name=f"{name}_leak")([x, layers.Rescaling(0.2, name=f"{name}_part")(x)])


def apply_doubling(x: Any, beside: Any, settings: Pix2Pix, filters: int, name: str, dropout: float) -> Any:
    """Double the resolution, and append the output of the same level on the way down."""
    x = Doubling(filters, **_convolution(f"{name}_expand", strides=2))(x)
    x = PictureNormalization(settings.statistics, name=f"{name}_norm")(x)
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}_drop")(x)
    x = layers.Concatenate(name=f"{name}_beside")([x, beside])
    return layers.Activation("relu", name=f"{name}_relu")(x)


def _convolution(name: str, strides: int = 1) -> dict[str, Any]:
    # one initializer each: a shared one would give two layers the same numbers
    begin = keras.initializers.RandomNormal(stddev=0.02)
    return {"kernel_size": 4, "strides": strides, "padding": "same", "kernel_initializer": begin, "name": name}
