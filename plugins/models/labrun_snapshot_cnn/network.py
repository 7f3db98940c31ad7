"""The functional graph of `snapshot_cnn`, every layer named after its word and its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

from labrun import ArraySpec, ExampleSpec
from labrun_layers.layer_language import apply_layers, parse
from labrun_snapshot_cnn.metric import PearsonR

if TYPE_CHECKING:
    from labrun_snapshot_cnn import SnapshotCNN

CODES = 4


def build_network(settings: SnapshotCNN, examples: ExampleSpec) -> keras.Model:
    """Return the compiled network."""
    _check(settings, examples)
    snapshot, density = _specs(examples)

    # input
    shape = (
        snapshot.shape
        if any(parse(text).word == "flatten" for text in settings.layers)
        else (None, None, *snapshot.shape[2:])
    )
    inputs = [keras.Input(shape, dtype=snapshot.dtype, name="snapshot")]
    x = apply_encoding(inputs[0], settings)
    if density is not None:
        inputs.append(keras.Input(density.shape, name="density"))

    # layers
    x = apply_layers(x, settings.layers, settings.padding, settings.momentum, inputs[1:])

    # output
    x = layers.Dense(len(examples.classes or "1"), name="answer")(x)
    if settings.answer_offset or settings.answer_scale != 1:
        x = layers.Rescaling(settings.answer_scale, offset=settings.answer_offset, name="answer_scaled")(x)
    model = keras.Model(inputs if density is not None else inputs[0], x, name="snapshot_cnn")
    model.compile(make_optimizer(settings), make_loss(settings), metrics=make_metrics(examples), jit_compile=False)
    return model


def apply_encoding(x: Any, settings: SnapshotCNN) -> Any:
    """Turn codes (batch, height, width), or channels of any type, into channels (batch, height, width, channels) float32."""
    if len(x.shape) == 4:
        return ops.cast(x, "float32")
    if settings.codes == "scaled":
        return ops.expand_dims(ops.cast(x, "float32") / CODES, -1)
    return ops.one_hot(ops.cast(x, "int32"), CODES + 1)[..., 1:]


def make_optimizer(settings: SnapshotCNN) -> keras.optimizers.Optimizer:
    """Make Adam (Kingma & Ba 2015), or AdamW (Loshchilov & Hutter 2019) if weights decay."""
    if settings.weight_decay:
        return keras.optimizers.AdamW(settings.learning_rate, weight_decay=settings.weight_decay)
    return keras.optimizers.Adam(settings.learning_rate)


def make_loss(settings: SnapshotCNN) -> Any:
    """Make the loss by its name."""
    match settings.loss:
        case "huber":
            return keras.losses.Huber()
        case "mae":
            return keras.losses.MeanAbsoluteError()
        case "mse":
            return keras.losses.MeanSquaredError()
        case "crossentropy":
            return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def make_metrics(examples: ExampleSpec) -> list[Any]:
    """Make the metrics: accuracy of classes; mean absolute error and Pearson's r of numbers, on the scale of y."""
    return ["accuracy"] if examples.classes is not None else [keras.metrics.MeanAbsoluteError(name="mae"), PearsonR()]


def _specs(examples: ExampleSpec) -> tuple[ArraySpec, ArraySpec | None]:
    """Return the specification of the snapshot, and of the density if it is an input."""
    if isinstance(examples.x, dict):
        return examples.x["snapshot"], examples.x["density"]
    return examples.x, None


def _check(settings: SnapshotCNN, examples: ExampleSpec) -> None:
    x = examples.x
    if isinstance(x, dict) and set(x) != {"snapshot", "density"}:
        raise ValueError(f"snapshot_cnn takes the inputs 'snapshot' and 'density'; these examples have {', '.join(x)}")
    snapshot = x["snapshot"] if isinstance(x, dict) else x
    if len(snapshot.shape) not in (2, 3):
        raise ValueError(
            f"snapshot_cnn takes x of shape (height, width) or (height, width, channels); these examples have {snapshot.shape}"
        )
    if examples.classes is None and examples.y.shape:
        raise ValueError(f"snapshot_cnn predicts one number; the y of these examples has the shape {examples.y.shape}")
    if (examples.classes is not None) != (settings.loss == "crossentropy"):
        what, losses = (
            ("classes", "crossentropy") if examples.classes is not None else ("a number", "huber, mae or mse")
        )
        raise ValueError(f"the loss '{settings.loss}' does not suit y, which is {what}: set loss to {losses}")
