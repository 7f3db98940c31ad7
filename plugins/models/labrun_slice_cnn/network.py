"""The functional graph of `slice_cnn`, every layer named after its word and its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

from labrun import ArraySpec, ExampleSpec
from labrun_layers.layer_language import apply_layers, parse

if TYPE_CHECKING:
    from labrun_slice_cnn import SliceCNN

__all__ = ["build_network"]


def build_network(settings: SliceCNN, examples: ExampleSpec) -> keras.Model:
    """Return the compiled network."""
    described = _checked(settings, examples)

    # input
    fixed = any(parse(text).word == "flatten" for text in settings.layers)
    inputs = keras.Input(
        described.shape if fixed else (None, None, described.shape[2]), dtype=described.dtype, name="slice"
    )
    x = ops.cast(inputs, "float32")

    # layers
    x = apply_layers(x, settings.layers, settings.padding, settings.momentum)

    # output
    x = layers.Dense(len(examples.classes or "1"), name="answer")(x)
    if examples.classes is None:
        x = layers.Rescaling(settings.answer_scale, offset=settings.answer_offset, name="answer_scaled")(x)
    model = keras.Model(inputs, x, name="slice_cnn")
    metric = "accuracy" if examples.classes is not None else "mae"
    model.compile(make_optimizer(settings), make_loss(settings, examples), metrics=[metric], jit_compile=False)
    return model


def make_optimizer(settings: SliceCNN) -> keras.optimizers.Optimizer:
    """Make Adam (Kingma & Ba 2015), or AdamW (Loshchilov & Hutter 2019) if weights decay."""
    if settings.weight_decay:
        return keras.optimizers.AdamW(
            settings.learning_rate, weight_decay=settings.weight_decay, amsgrad=settings.amsgrad
        )
    return keras.optimizers.Adam(settings.learning_rate, amsgrad=settings.amsgrad)


def make_loss(settings: SliceCNN, examples: ExampleSpec) -> Any:
    """Make the cross-entropy of classes, or for numbers the loss by its name, on errors in units of `answer_scale`."""
    if examples.classes is not None:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    mean_of = keras.losses.mean_squared_error if settings.loss == "mse" else keras.losses.huber

    def loss(truth: Any, answer: Any) -> Any:
        error = (answer - ops.reshape(ops.cast(truth, answer.dtype), ops.shape(answer))) / settings.answer_scale
        return mean_of(ops.zeros_like(error), error)

    return loss


def _checked(settings: SliceCNN, examples: ExampleSpec) -> ArraySpec:
    """Return the specification of x."""
    x, is_class = examples.x, examples.classes is not None
    if not isinstance(x, ArraySpec) or len(x.shape) != 3:
        found = f"the inputs {', '.join(x)}" if isinstance(x, dict) else f"x of shape {x.shape}"
        raise ValueError(f"slice_cnn takes x of shape (height, width, channels); these examples have {found}")
    if examples.y.shape:
        raise ValueError(
            f"slice_cnn predicts a class or a number; the y of these examples has the shape {examples.y.shape}: give the dataset a y"
        )
    if settings.loss is not None and is_class != (settings.loss == "crossentropy"):
        what, losses = ("classes", "crossentropy") if is_class else ("a number", "huber or mse")
        raise ValueError(
            f"the loss '{settings.loss}' does not suit y, which is {what}: leave it out, or set it to {losses}"
        )
    if is_class and (settings.answer_offset or settings.answer_scale != 1):
        raise ValueError("'answer_offset' and 'answer_scale' are for numbers, and y is a class: leave them out")
    return x
