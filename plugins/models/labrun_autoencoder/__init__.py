"""Model `autoencoder`: an image through a code of fewer numbers, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import model_validator

from labrun import ExampleSpec, Field, Model, hookimpl
from labrun.kit.presets import fill_from_preset
from labrun_autoencoder.presets import PRESETS

if TYPE_CHECKING:
    import keras
    import numpy as np


class Autoencoder(Model):
    """A convolutional autoencoder: an image through a code of fewer numbers, and back to the image.

    With `filters` f₁ … f_n the encoder is n times a convolution to f_i channels that halves the sides, and a rectifier. The last one has no
    rectifier, and its output, (height / 2ⁿ, width / 2ⁿ, f_n), is the code; the layer is called `code`, by which a dataset `encoded` or an
    analysis finds it. The decoder is n times a convolution to f_n … f_1 channels, a rectifier and a transposed convolution that doubles the
    sides, then a convolution to the channels of the image. y is x itself, or an image of the same size.

    With `sampling` max or average, pools after rectified convolutions halve the sides, as in the origin, and pixels are repeated to double
    them. Then the last pool is `code`, and its numbers are not negative. (Trained once each on slices 0 to 119 of a real cube at z = 6.5,
    15 epochs in batches of 8, and tested on ten of slices 140 to 185 of the same cube, the default has an error of 3.8 mK and the preset
    `origin` of 4.7 mK, both with a code of 5,000 numbers.)

    The network takes images of any size whose sides 2ⁿ divides. If the dataset is periodic, images continue over their edges, as slices of
    a simulated box do and tiles do not, unless `padding` says otherwise.

    Losses: `mse` and `mae`, the mean squared and absolute error; `crossentropy`, −y ln a − (1 − y) ln(1 − a) of images between 0 and 1,
    with the output a a sigmoid. For y between 0 and 1 it does not vanish at a = y, so it does not show the error: the metric `mse` does.

    Presets (other fields that are given override them): `origin`, the network of the seed of the 21-cm domain (4,385 weights, 1,904 of them
    in the encoder; 40,000 pixels to 5,000 numbers).
    """

    name: ClassVar[str] = "autoencoder"
    version: ClassVar[int] = 1

    preset: Literal["origin"] | None = Field(None, description="a named set of the values below")
    filters: list[Annotated[int, Field(ge=1)]] = Field(
        [16, 32, 8],
        min_length=1,
        max_length=8,
        description="channels after each convolution of the encoder, from image to code",
    )
    kernel: int = Field(3, ge=1, description="pixels along each side of a convolution")
    padding: Literal["same", "periodic"] | None = Field(
        None,
        description="beyond the edge of an image: zeros, or its other side (default: as the dataset says)",
    )
    sampling: Literal["convolution", "max", "average"] = Field(
        "convolution",
        description="how sides are halved and doubled: by convolutions of stride 2, or by the maximum or mean of 2 × 2 pixels and their "
        "repetition",
    )
    answer: Literal["linear", "sigmoid"] = Field(
        "linear", description="output: any numbers, or only numbers between 0 and 1"
    )
    loss: Literal["mse", "mae", "crossentropy"] = Field("mse", description="loss that training minimizes")
    learning_rate: float = Field(3e-3, gt=0, description="learning rate of Adam (Kingma & Ba 2015)")
    amsgrad: bool = Field(False, description="whether Adam's steps never grow (S. J. Reddi, S. Kale and S. Kumar 2018)")

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:
        return fill_from_preset(values, PRESETS)

    @model_validator(mode="after")
    def _check_together(self) -> Autoencoder:
        if self.loss == "crossentropy" and self.answer == "linear":
            raise ValueError(
                "'loss: crossentropy' takes the output for a probability: set 'answer: sigmoid', or use the loss mse or mae"
            )
        return self

    def build(self, examples: ExampleSpec) -> keras.Model:
        """Return the compiled network for x and y `(height, width, channels)`; its output is `(batch, height, width, channels)`.

        Raises:
            ValueError: x and y are not images of one size, or its sides cannot be halved so often.
        """
        from labrun_autoencoder.network import build_network

        return build_network(self, examples)

    def predict(self, model: keras.Model, x: Any) -> np.ndarray:
        """Return the reconstructions of `x`, in the same shape.

        Raises:
            ValueError: the sides of the images cannot be halved so often.
        """
        from labrun_autoencoder.network import check_size

        check_size(self, x.shape[1:3])
        return super().predict(model, x)


@hookimpl
def labrun_models() -> list[type[Model]]:
    """Offer the model."""
    return [Autoencoder]
