"""The functional graph of `unet`. Layers are named after their level: `down1`, `bottom`, `up1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import layers, ops

from labrun import ArraySpec, ExampleSpec
from labrun_layers.masked_convolution import apply_filling, mean_of_known
from labrun_layers.periodic_padding import apply_periodic_padding
from labrun_unet.resizing import Continue, CutOff

if TYPE_CHECKING:
    from labrun_unet import UNet


def build_network(settings: UNet, examples: ExampleSpec) -> keras.Model:
    """Return the compiled network."""
    channels, answers = _checked_channels(settings, examples)

    # input
    given = keras.Input((None, None, channels), dtype=examples.x.dtype, name="image")  # type: ignore[union-attr]
    image = ops.cast(given, "float32")
    if settings.fill is not None:
        image = apply_fill(image, settings, settings.fill)
    x = apply_centring(image, settings) / np.broadcast_to(np.asarray(settings.input_scale, np.float32), (channels,))
    x = Continue(2**settings.depth, settings.padding == "periodic", name="continued")(x)

    # down, and up again
    beside = []
    for level in range(1, settings.depth + 1):
        x = apply_convolutions(x, settings, settings.filters * 2 ** (level - 1), f"down{level}")
        beside.append(x)
        x = apply_pool(x, settings, f"down{level}_pool")
    x = apply_convolutions(x, settings, settings.filters * 2**settings.depth, "bottom")
    for level in range(settings.depth, 0, -1):
        filters = settings.filters * 2 ** (level - 1)
        x = layers.Conv2DTranspose(filters, 2, strides=2, name=f"up{level}_expand")(x)
        x = layers.Concatenate(name=f"up{level}_beside")([beside[level - 1], x])
        x = apply_convolutions(x, settings, filters, f"up{level}")

    # output
    begin = "zeros" if settings.residual is not None else "glorot_uniform"
    x = layers.Conv2D(answers, 1, kernel_initializer=begin, name="answer")(x)
    if settings.loss == "crossentropy":
        x = layers.Activation("sigmoid", name="probability")(x)
    x = CutOff(name="cut")([x, image])
    x = layers.Rescaling(settings.output_scale, name="scaled")(x)
    model = keras.Model(given, apply_known(x, image, settings), name="unet")
    model.compile(
        keras.optimizers.Adam(settings.learning_rate), make_loss(settings), metrics=make_metrics(), jit_compile=False
    )
    return model


def apply_fill(image: Any, settings: UNet, width: float) -> Any:
    """Fill the missing pixels of the channel `residual`."""
    picture, mask = (_channel(image, number) for number in (settings.residual, settings.mask))
    return _replaced(image, settings.residual, apply_filling(picture, mask, width))


def apply_centring(image: Any, settings: UNet) -> Any:
    """Subtract the mean of its known pixels from a filled channel."""
    if settings.fill is None:
        return image
    picture, mask = (_channel(image, number) for number in (settings.residual, settings.mask))
    return _replaced(image, settings.residual, picture - mean_of_known(picture, mask))


def apply_convolutions(x: Any, settings: UNet, filters: int, name: str) -> Any:
    """Apply the convolutions of a level, each with its rectifier."""
    for number in range(1, settings.convolutions + 1):
        padding = "same"
        if settings.padding == "periodic":
            x, padding = apply_periodic_padding(x, settings.kernel), "valid"
        x = layers.Conv2D(
            filters,
            settings.kernel,
            padding=padding,
            use_bias=not settings.normalize,
            kernel_initializer="he_normal",
            name=f"{name}_conv{number}",
        )(x)
        if settings.normalize:
            x = layers.BatchNormalization(momentum=settings.momentum, name=f"{name}_norm{number}")(x)
        x = layers.Activation("relu", name=f"{name}_relu{number}")(x)
    return x


def apply_pool(x: Any, settings: UNet, name: str) -> Any:
    """Halve the resolution."""
    return (layers.MaxPooling2D if settings.pooling == "max" else layers.AveragePooling2D)(2, name=name)(x)


def apply_known(x: Any, image: Any, settings: UNet) -> Any:
    """Add the output to a channel as a correction, and keep known pixels as they are."""
    if settings.residual is None:
        return x
    corrected = _channel(image, settings.residual)
    if settings.mask is None:
        return corrected + x
    return corrected + x * (1 - _channel(image, settings.mask))


def make_loss(settings: UNet) -> Any:
    """Make the loss by its name, on images in units of `output_scale`."""
    scale = settings.output_scale
    mean_of = {
        "l1": keras.losses.mean_absolute_error,
        "l2": keras.losses.mean_squared_error,
        "crossentropy": keras.losses.binary_crossentropy,
    }[settings.loss]

    def loss(truth: Any, answer: Any) -> Any:
        return ops.mean(mean_of(ops.cast(truth, answer.dtype) / scale, answer / scale))

    return loss


def make_metrics() -> list[Any]:
    """Make mean absolute and root mean squared error, in the unit of y."""
    return [keras.metrics.MeanAbsoluteError(name="mae"), keras.metrics.RootMeanSquaredError(name="rmse")]


def _channel(image: Any, number: int | None) -> Any:
    assert number is not None
    return image[..., number : number + 1]


def _replaced(image: Any, number: int | None, channel: Any) -> Any:
    assert number is not None
    return ops.concatenate([image[..., :number], channel, image[..., number + 1 :]], axis=-1)


def _checked_channels(settings: UNet, examples: ExampleSpec) -> tuple[int, int]:
    """Return the numbers of channels of x and y."""
    x, y = examples.x, examples.y
    if (
        not isinstance(x, ArraySpec)
        or len(x.shape) != 3
        or len(y.shape) != 3
        or x.shape[:2] != y.shape[:2]
        or examples.classes is not None
    ):
        found = f"x of {list(x) if isinstance(x, dict) else x.shape}, y of {y.shape}" + (
            ", which is a class" if examples.classes is not None else ""
        )
        raise ValueError(
            f"unet takes images of one size in x and y, (height, width, channels) each; these examples have {found}"
        )
    channels, answers = x.shape[2], y.shape[2]
    if settings.windows is not None:
        settings.windows.expect_alike(channels, answers)
    for field in ("residual", "mask"):
        channel = getattr(settings, field)
        if channel is not None and channel >= channels:
            raise ValueError(f"'{field}: {channel}' is not a channel of x, which has {channels}, counted from 0")
    if settings.residual is not None and answers != 1:
        raise ValueError(f"'residual' corrects one channel, but y has {answers}: leave it out")
    if isinstance(settings.input_scale, list) and len(settings.input_scale) != channels:
        raise ValueError(
            f"'input_scale' has {len(settings.input_scale)} numbers, x has {channels} channels: give one for each, or one for all"
        )
    return channels, answers
