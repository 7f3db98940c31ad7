"""The functional graph of `pattern_cnn`."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

from labrun import ArraySpec, ExampleSpec
from labrun_layers.periodic_padding import apply_periodic_padding

if TYPE_CHECKING:
    from labrun_pattern_cnn import Block, PatternCNN


def build_network(settings: PatternCNN, examples: ExampleSpec) -> keras.Model:
    """Return the compiled network. Height and width are open, so that it takes crops as well as whole patterns."""
    if not isinstance(examples.x, ArraySpec) or len(examples.x.shape) != 3:
        raise ValueError(f"pattern_cnn takes x of shape (height, width, frames); these examples have {examples.x}")
    if examples.classes is None:
        raise ValueError("pattern_cnn predicts classes; the y of these examples is a number")
    expect_room(settings, examples.x.shape)
    frames = examples.x.shape[2]

    # input
    inputs = x = keras.Input((None, None, frames), name="frames")
    if settings.offset or settings.scale != 1:
        x = layers.Rescaling(settings.scale, offset=-settings.offset * settings.scale, name="rescaling")(x)
    if settings.frames == "time":
        x = ops.expand_dims(x, -1)
    if settings.normalize_input:
        x = layers.BatchNormalization(momentum=settings.momentum, name="input_norm")(x)

    # features
    for number, block in enumerate(settings.blocks, start=1):
        x = apply_block(x, block, settings, f"block{number}")

    # a number or two of each channel
    x = apply_global_pooling(x, settings)

    # output
    x = layers.Dense(settings.dense, activation="relu", name="dense")(x)
    if settings.dropout:
        x = layers.Dropout(settings.dropout, name="dropout")(x)
    logits = layers.Dense(len(examples.classes), name="logits")(x)

    model = keras.Model(inputs, logits, name="pattern_cnn")
    model.compile(
        make_optimizer(settings), make_loss(settings, len(examples.classes)), metrics=["accuracy"], jit_compile=False
    )
    return model


def expect_room(settings: PatternCNN, shape: tuple[int, ...]) -> None:
    """Refuse examples on which a block would have no room for its kernel or its pool.

    Raises:
        ValueError: height, width or, as a third axis of the network, the number of frames is too small.
    """
    axes = ("height", "width", "frames") if settings.frames == "time" else ("height", "width")
    for axis, (name, size) in enumerate(zip(axes, shape, strict=False)):
        if not has_room(settings, axis, size):
            least = next(cells for cells in count(size) if has_room(settings, axis, cells))
            raise ValueError(
                f"pattern_cnn: its blocks need a {name} of at least {least}, and these examples have {name} {size}. Make the patterns "
                "larger, or give fewer 'blocks', smaller pools, or 'padding: same'"
            )


def has_room(settings: PatternCNN, axis: int, size: int) -> bool:
    """Check whether something is left after all blocks of this many cells along an axis."""
    for block in settings.blocks:
        kernel, pool = (box[axis] if isinstance(box, list) else box or 1 for box in (block.kernel, block.pool))
        size = (size - kernel) // block.stride + 1 if settings.padding == "valid" else -(-size // block.stride)
        size = max(size, 0) // pool
    return size > 0


def apply_block(x: Any, block: Block, settings: PatternCNN, name: str) -> Any:
    """Apply a convolution, optional normalization, ReLU, and optional pooling."""
    three = settings.frames == "time"
    convolution, pooling = (layers.Conv3D, layers.MaxPooling3D) if three else (layers.Conv2D, layers.MaxPooling2D)
    padding = settings.padding
    if padding == "periodic":
        assert isinstance(block.kernel, int)
        x, padding = apply_periodic_padding(x, block.kernel), "valid"
    bias = not settings.normalize_blocks
    x = convolution(
        block.filters, block.kernel, strides=block.stride, padding=padding, use_bias=bias, name=f"{name}_conv"
    )(x)
    if settings.normalize_blocks:
        x = layers.BatchNormalization(momentum=settings.momentum, name=f"{name}_norm")(x)
    x = layers.Activation("relu", name=f"{name}_relu")(x)
    return pooling(block.pool, name=f"{name}_pool")(x) if block.pool else x


def apply_global_pooling(x: Any, settings: PatternCNN) -> Any:
    """Take the maximum or mean over all positions, or both side by side."""
    three = settings.frames == "time"
    maximum = (layers.GlobalMaxPooling3D if three else layers.GlobalMaxPooling2D)(name="global_max")
    mean = (layers.GlobalAveragePooling3D if three else layers.GlobalAveragePooling2D)(name="global_mean")
    if settings.global_pooling == "both":
        return layers.Concatenate(name="global_both")([maximum(x), mean(x)])
    return maximum(x) if settings.global_pooling == "max" else mean(x)


def make_optimizer(settings: PatternCNN) -> keras.optimizers.Optimizer:
    """Make Adam (Kingma & Ba 2015), or AdamW (Loshchilov & Hutter 2019) if weights decay, and optionally average the weights."""
    average = {"use_ema": True, "ema_momentum": settings.average_weights} if settings.average_weights else {}
    if settings.weight_decay:
        return keras.optimizers.AdamW(settings.learning_rate, weight_decay=settings.weight_decay, **average)
    return keras.optimizers.Adam(settings.learning_rate, **average)


def make_loss(settings: PatternCNN, classes: int) -> Any:
    """Make the cross-entropy of class numbers and logits, optionally with smoothed labels (Szegedy et al. 2016)."""
    if not settings.label_smoothing:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def smoothed_crossentropy(truth: Any, logits: Any) -> Any:
        truth = ops.one_hot(ops.reshape(ops.cast(truth, "int32"), (-1,)), classes)
        return keras.losses.categorical_crossentropy(
            truth, logits, from_logits=True, label_smoothing=settings.label_smoothing
        )

    return smoothed_crossentropy
