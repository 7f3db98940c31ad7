"""Model `perceptron`: one neuron with a threshold, trained by Rosenblatt's rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import model_validator

from labrun import ExampleSpec, Field, Model, hookimpl
from labrun_layers.rescaling import Range

if TYPE_CHECKING:
    import keras


class Perceptron(Model):
    """A perceptron, f(x) = step(w·x + b), with step(z) = 1 for z ≥ 0 and 0 otherwise: the number of one of two classes.

    It learns by the rule of F. Rosenblatt, Psychol. Rev. 65, 386 (1958): after each example of the class y,

        w ← w + η (y − f(x)) x,    b ← b + η (y − f(x)),

    so that it changes only when it is wrong. This is gradient descent on the perceptron criterion max(0, −s z), with z = w·x + b and
    s = 2y − 1: if f(x) ≠ y it is −s z, whose gradient in w is −s x = −(y − f(x)) x, and otherwise it is flat. So the network trains in the
    usual way, by plain SGD on that loss, summed over a batch; `batch_size: 1` is the rule itself. If a line separates the two classes, it
    makes at most (R/γ)² changes, with R the length of the longest (x, 1) and γ the margin (A. Novikoff, Proc. Symp. Math. Theory of
    Automata 12, 615 (1962)). If none does, as for XOR, it never converges. Weights that start from 0 grow in proportion to η, which then
    does not affect predictions.

    Training starts from `weights` and `bias`; `trainable: false` keeps them.

    The output is (batch, 2), 0 and z, so that the greater one names f(x). Their softmax grows with the distance from the boundary, but is
    not a probability: a perceptron has none.
    """

    name: ClassVar[str] = "perceptron"
    version: ClassVar[int] = 1

    weights: list[float] | None = Field(
        None, min_length=1, description="w at the start, one for each input as the neuron sees it (default: all 0)"
    )
    bias: float = Field(0.0, description="b at the start")
    trainable: bool = Field(True, description="whether it learns; if not, it keeps the given weights and bias")
    learning_rate: float = Field(1.0, gt=0, description="η, length of a step of the rule")
    ranges: list[Range] | None = Field(
        None,
        min_length=1,
        description="[low, high] of each input in its unit, or one for all, rescaled to [-1, 1] for the neuron (default: as it is)",
    )

    @model_validator(mode="after")
    def _check_weights(self) -> Self:
        if not self.trainable and self.weights is None:
            raise ValueError("'trainable: false' keeps the weights, but none are given: set 'weights' (and 'bias')")
        return self

    def build(self, examples: ExampleSpec) -> keras.Model:
        """Return the compiled network: x (inputs,), or of any shape, which is flattened; output (batch, 2).

        Raises:
            ValueError: there are not two classes, x is a dict, or `weights` or `ranges` are not as many as the inputs.
        """
        from labrun_perceptron.network import build_network

        return build_network(self, examples)


@hookimpl
def labrun_models() -> list[type[Model]]:
    """Offer the model."""
    return [Perceptron]
