"""Record the operations of a network in the order in which they run, for inputs of given sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

__all__ = ["Shape", "Step", "open_graph", "trace"]

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """One call of a layer or an operation, with its arguments and outputs. Shapes begin with the batch, None."""

    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: list[Any]

    @property
    def tensors(self) -> list[Any]:
        """The tensors among the arguments, in their order."""
        return [x for x in keras.tree.flatten((self.args, self.kwargs)) if isinstance(x, keras.KerasTensor)]

    @property
    def kind(self) -> str:
        """The name of the class, if it is Keras's own: a class that inherits from one of them may do anything."""
        kind = type(self.operation)
        return kind.__name__ if kind.__module__.partition(".")[0] == "keras" else ""


class _Recorder(keras.Operation):  # type: ignore[misc] # keras has no types
    """Stands for an operation in a copy of its network, and records each call.

    The operation itself is not called again: a layer called several times has no `output` any more.
    """

    def __init__(self, operation: Any, steps: list[Step]) -> None:
        super().__init__(name=operation.name)
        self.operation, self.steps = operation, steps

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        return self.operation.compute_output_spec(*args, **kwargs)

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        outputs = super().symbolic_call(*args, **kwargs)
        self.steps.append(Step(self.operation, args, kwargs, keras.tree.flatten(outputs)))
        return outputs


def open_graph(network: Any) -> Any:
    """Return the network as a plain functional graph with a list of inputs, without its optimizer and loss.

    Raises:
        ValueError: it has no graph.
    """
    if not getattr(network, "inputs", None):
        raise ValueError(
            f"'{network.name}' ({type(network).__name__}) has no graph of layers: build it of functional layers, "
            "keras.Model(inputs, outputs)"
        )
    return keras.Model(network.inputs, network.outputs, name=network.name)


def trace(network: Any, shapes: list[Shape]) -> tuple[list[Any], list[Step], list[Any]]:
    """Return the inputs, the steps and the outputs of a network for inputs of these shapes (without the batch).

    Raises:
        ValueError: it has no graph, or does not accept inputs of these shapes.
    """
    graph, steps = open_graph(network), list[Step]()
    inputs = [keras.Input(shape, dtype=x.dtype, name=x.name) for x, shape in zip(graph.inputs, shapes, strict=True)]
    try:
        copy = keras.models.clone_model(
            graph, input_tensors=inputs, clone_function=lambda operation: _Recorder(operation, steps)
        )
    except ValueError as error:
        sizes = ", ".join(str(shape) for shape in shapes)
        said = " ".join(str(error).split())
        raise ValueError(f"it does not accept inputs of shape {sizes}; Keras reports: {said:.200}") from error
    return inputs, steps, list(copy.outputs)
