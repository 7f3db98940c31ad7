"""Model `mlp`: fully connected layers of neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from labrun import ExampleSpec, Field, Model, hookimpl
from labrun_layers.rescaling import Range

if TYPE_CHECKING:
    import keras


class MLP(Model):
    """A multilayer perceptron: h₁ = g(W₁x + b₁), h₂ = g(W₂h₁ + b₂), …, and z = Wh + b from the last h.

    x may be an image, which is flattened; each input is rescaled from its range to [-1, 1] inside the network. z is a logit for each class
    (their softmax gives the probabilities, and the loss is cross-entropy), or if y is one number or several, these numbers (the loss is
    the squared error).

    The default is the two-layer network of textbooks, one hidden layer of sigmoids. Dense layers start from the uniform distribution of
    X. Glorot and Y. Bengio, AISTATS 2010.
    """

    name: ClassVar[str] = "mlp"
    version: ClassVar[int] = 1

    hidden: list[Annotated[int, Field(ge=1)]] = Field(
        [16], description="neurons of each hidden layer, from first to last"
    )
    activation: Literal["sigmoid", "tanh", "relu"] = Field("sigmoid", description="g, activation of the hidden layers")
    ranges: list[Range] | None = Field(
        None,
        min_length=1,
        description="[low, high] of each input in its unit, or one for all, rescaled to [-1, 1] (default: as it is)",
    )
    optimizer: Literal["adam", "sgd"] = Field("adam", description="Adam (Kingma & Ba 2015), or plain gradient descent")
    learning_rate: float = Field(1e-2, gt=0, description="learning rate of the optimizer")

    def build(self, examples: ExampleSpec) -> keras.Model:
        """Return the compiled network: x of any shape; output (batch, classes), or (batch, numbers) for y () or (numbers,).

        Raises:
            ValueError: x is a dict, y has more axes, or `ranges` are not as many as the inputs.
        """
        from labrun_mlp.network import build_network

        return build_network(self, examples)


@hookimpl
def labrun_models() -> list[type[Model]]:
    """Offer the model."""
    return [MLP]
