"""The functional graph of `autoencoder`: `encode1`, … `code`, then `decode1`, … `answer`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

from labrun import ArraySpec, ExampleSpec
from labrun_layers.periodic_padding import apply_periodic_padding

if TYPE_CHECKING:
    from labrun_autoencoder import Autoencoder

__all__ = ["build_network", "check_size"]


def build_network(settings: Autoencoder, examples: ExampleSpec) -> keras.Model:
    """Return the compiled network."""
    channels = _checked_channels(settings, examples)
    image = keras.Input((None, None, channels), dtype=examples.x.dtype, name="image")  # type: ignore[union-attr]

    # encoder
    x = ops.cast(image, "float32")
    padding = settings.padding or ("periodic" if examples.periodic else "same")
    depth = len(settings.filters)
    for level, filters in enumerate(settings.filters, start=1):
        x = apply_halving(x, settings, padding, filters, level, depth)

    # decoder
    for level, filters in enumerate(reversed(settings.filters), start=1):
        x = apply_convolution(x, settings.kernel, padding, filters, "relu", f"decode{level}")
        if settings.sampling == "convolution":
            x = layers.Conv2DTranspose(filters, 2, strides=2, name=f"enlarge{level}")(x)
        else:
            x = layers.UpSampling2D(2, name=f"enlarge{level}")(x)

    # output
    x = apply_convolution(x, settings.kernel, padding, examples.y.shape[2], settings.answer, "answer")
    model = keras.Model(image, x, name="autoencoder")
    optimizer = keras.optimizers.Adam(settings.learning_rate, amsgrad=settings.amsgrad)
    model.compile(optimizer, make_loss(settings), metrics=["mse", "mae"], jit_compile=False)
    return model


def apply_halving(x: Any, settings: Autoencoder, padding: str, filters: int, level: int, depth: int) -> Any:
    """Apply a level of the encoder: `encode1`, and with pools `pool1` after it; the last layer of the last level is called `code`."""
    if settings.sampling == "convolution":
        name, activation = ("code", "linear") if level == depth else (f"encode{level}", "relu")
        return apply_convolution(x, settings.kernel, padding, filters, activation, name, stride=2)
    x = apply_convolution(x, settings.kernel, padding, filters, "relu", f"encode{level}")
    pool = layers.MaxPooling2D if settings.sampling == "max" else layers.AveragePooling2D
    return pool(2, name="code" if level == depth else f"pool{level}")(x)


def apply_convolution(
    x: Any, kernel: int, padding: str, filters: int, activation: str, name: str, stride: int = 1
) -> Any:
    """Apply a convolution that keeps the size of the image, apart from its stride."""
    if padding == "periodic":
        x, padding = apply_periodic_padding(x, kernel), "valid"
    return layers.Conv2D(filters, kernel, stride, padding, activation=activation, name=name)(x)


def make_loss(settings: Autoencoder) -> Any:
    """Make the loss by its name."""
    match settings.loss:
        case "mse":
            return keras.losses.MeanSquaredError()
        case "mae":
            return keras.losses.MeanAbsoluteError()
        case "crossentropy":
            return keras.losses.BinaryCrossentropy()


def check_size(settings: Autoencoder, size: tuple[int, ...]) -> None:
    """Refuse images whose sides cannot be halved by each pool.

    Raises:
        ValueError: they cannot be halved.
    """
    depth = len(settings.filters)
    if any(side % 2**depth for side in size):
        raise ValueError(
            f"autoencoder halves the sides of an image {depth} times, once for each of 'filters', so {2**depth} must divide them; these "
            f"are {size[0]} × {size[1]}: crop the images, or give fewer filters"
        )


def _checked_channels(settings: Autoencoder, examples: ExampleSpec) -> int:
    """Return the number of channels of x."""
    x, y = examples.x, examples.y
    if not isinstance(x, ArraySpec) or len(x.shape) != 3 or len(y.shape) != 3 or x.shape[:2] != y.shape[:2]:
        found = f"x of {list(x) if isinstance(x, dict) else x.shape} and y of {y.shape}"
        raise ValueError(
            "autoencoder takes images of one size in x and y, (height, width, channels) each, y being x itself; these examples have "
            f"{found}: leave out the y of the dataset"
        )
    check_size(settings, x.shape[:2])
    return x.shape[2]
