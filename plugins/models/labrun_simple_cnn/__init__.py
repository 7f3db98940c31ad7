"""Model `simple_cnn`: the convolutional network of most tutorials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from labrun import ExampleSpec, Field, Model, hookimpl

if TYPE_CHECKING:
    import keras


class SimpleCNN(Model):
    """Convolution – ReLU – pooling, twice, then a dense layer, ReLU, and the output.

    Convolutions are 3×3 and keep the size (zeros beyond the edge); pools take the maximum of 2×2. With 28×28 grey pixels and ten classes:
    28×28×32, 14×14×32, 14×14×64, 7×7×64, 128, 10; 421,642 weights. Adam (Kingma & Ba 2015); cross-entropy for classes, squared error for a
    number.
    """

    name: ClassVar[str] = "simple_cnn"
    version: ClassVar[int] = 1

    filters: list[Annotated[int, Field(ge=1)]] = Field(
        [32, 64], min_length=1, description="kernels of each convolution; a pool follows each"
    )
    dense: int = Field(128, ge=1, description="neurons of the dense layer")
    divisor: float = Field(255.0, gt=0, description="divisor of the inputs: 255 for grey levels, 1 for none")
    learning_rate: float = Field(1e-3, gt=0, description="learning rate of Adam")

    def build(self, examples: ExampleSpec) -> keras.Model:
        """Return the compiled network: x (height, width) or (height, width, channels); output (batch, classes), or (batch, 1).

        Raises:
            ValueError: x or y has another shape, or a picture is too small for the pools.
        """
        from labrun_simple_cnn.network import build_network

        return build_network(self, examples)


@hookimpl
def labrun_models() -> list[type[Model]]:
    """Offer the model."""
    return [SimpleCNN]
