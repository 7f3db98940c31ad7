"""Check that settings, examples and network suit each other before training: Keras accepts several such mistakes silently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labrun.contracts.backend import load_keras
from labrun.contracts.plugin import Model
from labrun.faults import LabrunError

if TYPE_CHECKING:
    from labrun.contracts.examples import Examples, ExampleSpec
    from labrun.learning.settings import FitBlock

__all__ = ["check_examples", "check_network"]


def check_examples(fit: FitBlock, train_on: Examples, validation: Examples | None) -> None:
    """Check whether the examples can be augmented as `fit` says, and whether training and validation agree.

    Raises:
        LabrunError: they cannot, or do not.
    """
    if isinstance(train_on.spec.x, dict):
        obstacle = None if fit.augment.is_empty else "the examples have several inputs"
    else:
        obstacle = fit.augment.obstacle(train_on.spec.x, train_on.spec.y, train_on.periodic)
    if obstacle:
        raise LabrunError(f"fit.augment cannot be applied to the dataset '{train_on.name}': {obstacle}")
    if validation is None:
        return
    if validation.spec.x != train_on.spec.x:
        raise LabrunError(
            f"training and validation differ in x: '{train_on.name}' has {train_on.spec.x}, '{validation.name}' has {validation.spec.x}"
        )
    if validation.classes != train_on.classes:
        raise LabrunError(
            f"training and validation differ in their classes: '{train_on.name}' has {train_on.classes}, '{validation.name}' has "
            f"{validation.classes}. Give both the same 'classes'"
        )


def check_network(plugin: Model, network: Any, spec: ExampleSpec) -> None:
    """Check whether the network that a plugin built can be trained on examples of these shapes.

    Raises:
        LabrunError: it is not a `keras.Model`, it is not compiled, or the shape of its output does not match the targets.
    """
    if not isinstance(network, load_keras().Model):
        raise LabrunError(f"{plugin.name}.build must return a compiled keras.Model, not {type(network).__name__}")
    if getattr(network, "optimizer", None) is None:
        raise LabrunError(f"the model '{plugin.name}' is not compiled: its build must end with model.compile(…)")
    expected = _expected_outputs(spec)
    if expected is not None and _uses_keras_losses(plugin, network) and tuple(network.output_shape) not in expected:
        targets = f"{len(spec.classes)} classes" if spec.classes is not None else "one number each"
        raise LabrunError(
            f"{plugin.name}.build returned a network with the output shape {tuple(network.output_shape)}, but the examples have {targets}: "
            f"expected {expected[-1]}. Take the shape from the `examples` that build receives"
        )


def _expected_outputs(spec: ExampleSpec) -> list[tuple[int | None, ...]] | None:
    """Return the output shapes that suit a class or a number; None for other targets. Keras broadcasts a wrong output over the batch
    silently; for images it raises."""
    if spec.y.shape:
        return None
    return [(None, len(spec.classes))] if spec.classes is not None else [(None,), (None, 1)]


def _uses_keras_losses(plugin: Model, network: Any) -> bool:
    """Check whether outputs and targets meet in one of Keras's losses: a loss, step or fit of the plugin's own may expect another shape."""
    keras = load_keras()
    steps = [type(network).train_step, type(network).compute_loss, type(plugin).fit]
    outputs = getattr(network, "outputs", None) or ()  # a subclassed model has none
    if steps != [keras.Model.train_step, keras.Model.compute_loss, Model.fit] or len(outputs) != 1:
        return False
    loss = network.loss
    return isinstance(loss, str) or type(loss).__module__.startswith("keras.")
