"""A network that a plugin built, looked at before it is trained: a mistake that Keras would train on in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labrun.contracts.backend import load_keras
from labrun.contracts.plugin import Model
from labrun.faults import LabrunError

if TYPE_CHECKING:
    from labrun.contracts.examples import ExampleSpec

__all__ = ["expect_network"]


def expect_network(plugin: Model, network: Any, spec: ExampleSpec) -> None:
    """Refuse what cannot be trained on examples of this shape.

    Raises:
        LabrunError: it is no `keras.Model`, it is not compiled, or its output has another shape than the answers.
    """
    if not isinstance(network, load_keras().Model):
        raise LabrunError(f"{plugin.name}.build must return a compiled keras.Model, not {type(network).__name__}")
    if getattr(network, "optimizer", None) is None:
        raise LabrunError(f"the model '{plugin.name}' is not compiled: its build must end with model.compile(…)")
    wanted = _wanted_output(spec)
    if wanted is not None and _is_plain(plugin, network) and tuple(network.output_shape) not in wanted:
        found = tuple(network.output_shape)
        what = f"{len(spec.classes)} classes" if spec.classes is not None else "one number an example"
        raise LabrunError(
            f"{plugin.name}.build returned a network whose output is {found}, but the examples have {what}: {wanted[-1]} is wanted. Take "
            "the shape from the `examples` that build is given"
        )


def _wanted_output(spec: ExampleSpec) -> list[tuple[int | None, ...]] | None:
    """The outputs that suit a class or a number. Keras spreads a wrong one over the batch and says nothing. Of images it complains."""
    if spec.y.shape:
        return None
    return [(None, len(spec.classes))] if spec.classes is not None else [(None,), (None, 1)]


def _is_plain(plugin: Model, network: Any) -> bool:
    """Whether output and answers meet in a loss of Keras alone: a loss or a step of one's own may want another shape."""
    keras = load_keras()
    own_step = [type(network).train_step, type(network).compute_loss, type(plugin).fit]
    outputs = getattr(network, "outputs", None) or ()  # a network that is no graph has none
    if own_step != [keras.Model.train_step, keras.Model.compute_loss, Model.fit] or len(outputs) != 1:
        return False
    loss = network.loss
    return isinstance(loss, str) or type(loss).__module__.startswith("keras.")
