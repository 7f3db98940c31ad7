"""Model `pix2pix`: from a picture to a picture, judged by a second network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import model_validator

from labrun import ExampleSpec, Field, Model, hookimpl
from labrun.kit.presets import fill_from_preset
from labrun_pix2pix.presets import PRESETS

if TYPE_CHECKING:
    import keras
    import numpy as np


class Pix2Pix(Model):
    """From a picture to a picture, by two networks that play against each other. After P. Isola et al. 2017, arXiv:1611.07004.

    The generator G is a U-Net: `depth` convolutions 4×4 that halve the sides, of `filters` × 1, 2, 4, 8, 8, … channels, then as many that
    double them again, each but the first beside what the way down gave on its level. The discriminator D sees x beside a picture and
    says of each patch whether the picture is the expected one, y, or one that G drew. With g = G(x), z = D(x, y), z' = D(x, g) as logits
    and s(z) = log(1 + exp z), each step of training moves D and then G down its loss, both by Adam:

        D:  `discriminator_weight` × mean[s(-z) + s(z')]
        G:  `adversarial_weight` × mean[s(-z')] + `l1_weight` × mean|y - g|

    s is the cross-entropy of logits. |y - g| is taken on pictures from -1 to 1, whatever their `range`. The history tells all of them, not
    weighted: `adversarial_loss` mean[s(-z')], `l1_loss` mean|y - g|, `discriminator_real_loss` mean[s(-z)], `discriminator_fake_loss`
    mean[s(z')]; `loss` is that of G. At log 2 = 0.69 D cannot tell; near 0 it always can. In the course of a healthy training neither of
    D's two stays at 0.

    Of a picture that is predicted, batch normalization takes the mean and variance of that picture, over its pixels: this is what a network
    in training mode does with one picture, and does not depend on which other pictures are in the batch. `statistics: training` takes the
    running means of the training instead. A prediction uses no dropout, so that it is the same each time.

    Pictures that are predicted may have any size: what 2^depth does not divide is continued by its last pixels and cut off again.

    Presets (any field given beside one wins): `origin`, the networks of J. Brownlee 2020 that the translation of mechanical networks was
    first done with, for 256 pixels: of RGB pictures 54.4 million weights in G, 7.0 million in D. `small`, for 128 pixels.

    Departures from the origin: x is drawn once and judged once a step, and both networks learn from that, as in the program of the paper's
    authors, where the origin draws twice and judges again after D has moved; so Adam moves D once a step, not once for the expected and
    once for the drawn pictures. Losses are taken on logits. Prediction is without dropout, where the origin's stays on. The origin, and
    Brownlee, call D's patches 70×70; by their four halvings they are 142×142 pixels. The paper's, with three, are 70×70:
    `discriminator_depth: 3`.

    It runs on TensorFlow alone, of whose gradient tape and Adam its step is made.
    """

    name: ClassVar[str] = "pix2pix"
    version: ClassVar[int] = 1

    preset: Literal["origin", "small"] | None = Field(None, description="a named set of the values below")
    filters: int = Field(64, ge=1, description="channels of the first level of G")
    depth: int = Field(8, ge=2, le=10, description="halvings of G; 2^depth divides the sides of the pictures")
    dropout: float = Field(0.5, ge=0, lt=1, description="share of values that are dropped in training")
    dropout_levels: int = Field(3, ge=0, description="levels of G with dropout, from the deepest on the way up")
    discriminator_filters: int = Field(64, ge=1, description="channels of the first level of D")
    discriminator_depth: int = Field(
        4, ge=1, le=8, description="halvings of D: a patch has 34 pixels a side with 2, 70 with 3, 142 with 4"
    )
    statistics: Literal["picture", "training"] = Field(
        "picture",
        description="whose mean and variance normalize a picture that is predicted: its own, or the running ones",
    )
    range: Literal["unit", "signed"] = Field("unit", description="of the values of x and y: [0, 1] or [-1, 1]")
    adversarial_weight: float = Field(1.0, ge=0, description="of D's judgement in the loss of G; 0: D only looks on")
    l1_weight: float = Field(100.0, ge=0, description="λ, of the absolute error in the loss of G")
    discriminator_weight: float = Field(0.5, gt=0, description="of the two cross-entropies in the loss of D")
    learning_rate: float = Field(2e-4, gt=0, description="of both Adams; a schedule changes both")
    beta_1: float = Field(0.5, ge=0, lt=1, description="β₁ of both Adams, how much of the last step each keeps")

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:
        return fill_from_preset(values, PRESETS)

    @model_validator(mode="after")
    def _check_levels(self) -> Pix2Pix:
        if self.dropout_levels > self.depth - 1:
            raise ValueError(
                f"'dropout_levels: {self.dropout_levels}' are more than the {self.depth - 1} levels on the way up of a network of "
                f"'depth: {self.depth}'"
            )
        return self

    def build(self, examples: ExampleSpec) -> keras.Model:
        """Return the compiled networks for x `(height, width, channels)` and y `(height, width, others)`. As a function they are G, whose
        output is `(batch, height, width, others)` in the range of y; D is their attribute `discriminator`.

        Raises:
            ValueError: x or y is something else, or 2^depth does not divide their sides.
            RuntimeError: Keras runs on another backend than TensorFlow.
        """
        from labrun_pix2pix.adversaries import build_adversaries

        return build_adversaries(self, examples)

    def predict(self, model: keras.Model, x: Any) -> np.ndarray:
        """Return what G draws for pictures `(batch, height, width, channels)` of any size."""
        import numpy as np

        height, width = x.shape[1:3]
        below, beside = -height % 2**self.depth, -width % 2**self.depth
        continued = np.pad(x, ((0, 0), (0, below), (0, beside), (0, 0)), mode="edge")
        return super().predict(model, continued)[:, :height, :width]


@hookimpl
def labrun_models() -> list[type[Model]]:
    """Offer the model."""
    return [Pix2Pix]
