"""The functional graph of `inpainting_cnn`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import initializers, layers, ops

from labrun import ArraySpec, ExampleSpec
from labrun_layers.masked_convolution import apply_filling, mean_of_known

if TYPE_CHECKING:
    from labrun_inpainting_cnn import InpaintingCNN

WHITE = 255.0
"""The brightest grey level; the network works on values between 0 and 1."""


def build_network(settings: InpaintingCNN, examples: ExampleSpec) -> keras.Model:
    """Return the compiled network."""
    channels = _checked_channels(settings, examples)

    # input
    given = keras.Input((None, None, channels), dtype=examples.x.dtype, name="given")  # type: ignore[union-attr]
    values = ops.cast(given, "float32")
    observed = values[..., :1] / WHITE
    mask: Any = values[..., 1:2] if settings.mask else None
    start = picture = observed
    if settings.fill is not None:
        start = apply_filling(picture, mask, settings.fill)
        picture = start - mean_of_known(start, mask)

    # hidden layers and output
    hidden = (
        apply_gated(picture, mask, settings) if settings.activation == "gate" else apply_relu(picture, mask, settings)
    )
    answer = _convolution(1, settings.kernel, "answer", bias=settings.activation == "relu")(hidden)
    if settings.fill is not None:
        answer = start + answer
    if settings.keep_known:
        answer = mask * observed + (1 - mask) * answer
    answer = layers.Rescaling(WHITE, name="grey_levels")(answer)

    model = keras.Model(given, answer, name="inpainting_cnn")
    rmse = keras.metrics.RootMeanSquaredError(name="rmse")
    model.compile(make_optimizer(settings), squared_error_of_values, metrics=[rmse], jit_compile=False)
    return model


def apply_relu(picture: Any, mask: Any, settings: InpaintingCNN) -> Any:
    """Apply convolutions and rectifiers to the picture, with the mask as a second channel if there is one."""
    x = picture if mask is None else layers.Concatenate(name="picture_and_mask")([picture, mask])
    for number in range(1, settings.layers + 1):
        x = _convolution(settings.filters, settings.kernel, f"conv{number}")(x)
        x = layers.Activation("relu", name=f"relu{number}")(x)
    return x


def apply_gated(picture: Any, mask: Any, settings: InpaintingCNN) -> Any:
    """Apply convolutions without bias to the picture, each multiplied by gates that are convolved from the mask."""
    gates = layers.Activation("relu", name="gate0_relu")(
        _gates(settings, 0)(1 - mask)
    )  # 1 − mask: nothing is missing beyond the edge
    x = picture
    for number in range(1, settings.layers + 1):
        gates = layers.Activation("relu", name=f"gate{number}_relu")(_gates(settings, number)(gates))
        linear = layers.Conv2D(settings.filters, settings.kernel, padding="same", use_bias=False, name=f"conv{number}")(
            x
        )
        gated = layers.Multiply(name=f"gated{number}")([linear, gates])
        x = gated if number == 1 else layers.Add(name=f"sum{number}")([x, gated])
    return x


def squared_error_of_values(truth: Any, answer: Any) -> Any:
    """Return the mean squared error of values between 0 and 1, for a batch of pictures in grey levels."""
    return ops.mean(ops.square((ops.cast(truth, answer.dtype) - answer) / WHITE))


def make_optimizer(settings: InpaintingCNN) -> keras.optimizers.Optimizer:
    """Make gradient descent, or Adam (Kingma & Ba 2015)."""
    if settings.optimizer == "adam":
        return keras.optimizers.Adam(settings.learning_rate)
    return keras.optimizers.SGD(settings.learning_rate, momentum=settings.momentum)


def _gates(settings: InpaintingCNN, number: int) -> keras.layers.Layer:
    return layers.Conv2D(settings.filters, settings.kernel, padding="same", name=f"gate{number}")


class _ByInputs(initializers.Initializer):  # type: ignore[misc]  # Keras has no types
    """Uniform in ± 1/√n with n inputs, for weights and biases alike, as in PyTorch."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        bound = self.inputs**-0.5
        return keras.random.uniform(shape, -bound, bound, dtype=dtype)


def _convolution(filters: int, kernel: int, name: str, bias: bool = True) -> Any:
    """Make a convolution that starts as PyTorch's do, once the number of its inputs is known."""

    def apply(x: Any) -> Any:
        begin = _ByInputs(kernel * kernel * x.shape[-1])
        return layers.Conv2D(
            filters, kernel, padding="same", use_bias=bias, kernel_initializer=begin, bias_initializer=begin, name=name
        )(x)

    return apply


def _checked_channels(settings: InpaintingCNN, examples: ExampleSpec) -> int:
    """Return the number of channels of x."""
    x, y = examples.x, examples.y
    found = f"x of {list(x) if isinstance(x, dict) else x.shape}, y of {y.shape}"
    if (
        not isinstance(x, ArraySpec)
        or len(x.shape) != 3
        or examples.classes is not None
        or y.shape != (*x.shape[:2], 1)
    ):
        raise ValueError(
            "inpainting_cnn takes x of shape (height, width, 2), observed and mask, and y of (height, width, 1); these examples have "
            f"{found}: use the dataset 'rows' with x: [observed, mask] and y: truth"
        )
    if settings.mask and x.shape[2] != 2:
        raise ValueError(
            f"inpainting_cnn takes two channels in x, observed and mask; these examples have {found}: give both, or set 'mask: false'"
        )
    return int(x.shape[2])
