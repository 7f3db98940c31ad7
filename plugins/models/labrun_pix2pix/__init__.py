"""Model `pix2pix`: from a picture to a picture, trained against a second network."""

from __future__ import annotations

import builtins
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import model_validator

from labrun import ExampleSpec, Field, Model, hookimpl
from labrun.kit.presets import fill_from_preset
from labrun_pix2pix.presets import PRESETS

if TYPE_CHECKING:
    import keras
    import numpy as np

    from labrun_dot_pictures.windows import Windows


class Pix2Pix(Model):
    """From a picture to a picture, by two networks that compete. After P. Isola et al. 2017, arXiv:1611.07004.

    The generator G is a U-Net: `depth` convolutions 4×4 that halve the sides, with `filters` × 1, 2, 4, 8, 8, … channels, then as many that
    double them again, each but the first joined with the output of the same level on the way down. The discriminator D sees x and a second
    picture and classifies each patch of it: the expected y, or drawn by G. With g = G(x), z = D(x, y), z' = D(x, g) as logits and
    s(z) = log(1 + exp z), each training step moves D and then G down its loss, both by Adam:

        D:  `discriminator_weight` × mean[s(-z) + s(z')]
        G:  `adversarial_weight` × mean[s(-z')] + `l1_weight` × mean|y - g|

    s is the cross-entropy of logits. |y - g| is taken on pictures from -1 to 1, whatever their `range`. The history shows each term without
    its weight: `adversarial_loss` mean[s(-z')], `l1_loss` mean|y - g|, `discriminator_real_loss` mean[s(-z)], `discriminator_fake_loss`
    mean[s(z')]; `loss` is that of G. At log 2 = 0.69 D is guessing; near 0 it is always right. In a healthy training neither of D's two
    losses stays at 0.

    When predicting, batch normalization uses the mean and variance of each picture over its own pixels. That is what a network in training
    mode does with a single picture, and does not depend on the rest of the batch. `statistics: training` uses the running means of the
    training instead. Predictions use no dropout, so they are reproducible.

    Predicted pictures may have any size: they are continued by their last pixels to sides that 2^depth divides, and cropped afterwards.
    With `spacing`, x are pictures of dots, and both networks see the part with the dots at that distance between neighbours, as in `unet`.

    Presets (other fields that are given override them): `origin`, the networks of J. Brownlee 2020 with which the translation of mechanical
    networks was first done, for 256 pixels: for RGB pictures 54.4 million weights in G and 7.0 million in D. `small`, for 128 pixels.

    Departures from the origin: each step draws and judges once, and both networks learn from that, as in the program of the paper's
    authors. The origin draws twice and judges again after D has moved. So Adam moves D once per step, not once for the expected and once
    for the drawn pictures. Losses are taken on logits. Predictions have no dropout; the origin's do. The origin, and Brownlee, call D's
    patches 70×70; with their four halvings they are 142×142 pixels. The paper's, with three, are 70×70: `discriminator_depth: 3`.

    It runs on TensorFlow only, whose gradient tape and Adam it uses.
    """

    name: ClassVar[str] = "pix2pix"
    version: ClassVar[int] = 1

    preset: Literal["origin", "small"] | None = Field(None, description="a named set of the values below")
    filters: int = Field(64, ge=1, description="channels of the first level of G")
    depth: int = Field(8, ge=2, le=10, description="halvings of G; 2^depth must divide the sides of training pictures")
    dropout: float = Field(0.5, ge=0, lt=1, description="share of values that are dropped in training")
    dropout_levels: int = Field(3, ge=0, description="levels of G with dropout, from the deepest on the way up")
    discriminator_filters: int = Field(64, ge=1, description="channels of the first level of D")
    discriminator_depth: int = Field(
        4, ge=1, le=8, description="halvings of D: a patch has 34 pixels a side with 2, 70 with 3, 142 with 4"
    )
    statistics: Literal["picture", "training"] = Field(
        "picture",
        description="mean and variance that normalize a picture in a prediction: its own, or the running ones",
    )
    spacing: float | None = Field(
        None,
        ge=4,
        le=128,
        description="distance between neighbouring dots at which the networks see pictures of dots [pixels]: in their training and "
        "afterwards they are shown the part with the dots, rescaled; left out: pictures as they are",
    )
    range: Literal["unit", "signed"] = Field("unit", description="range of the values of x and y: [0, 1] or [-1, 1]")
    adversarial_weight: float = Field(
        1.0, ge=0, description="weight of D's judgement in the loss of G; 0: D does not affect G"
    )
    l1_weight: float = Field(100.0, ge=0, description="λ, weight of the absolute error in the loss of G")
    discriminator_weight: float = Field(0.5, gt=0, description="weight of the two cross-entropies in the loss of D")
    learning_rate: float = Field(2e-4, gt=0, description="learning rate of both Adams; a schedule changes both")
    beta_1: float = Field(0.5, ge=0, lt=1, description="β₁ of both Adams, the share of the last step that each keeps")

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:
        return fill_from_preset(values, PRESETS)

    @model_validator(mode="after")
    def _check_levels(self) -> Pix2Pix:
        if self.dropout_levels > self.depth - 1:
            raise ValueError(
                f"'dropout_levels: {self.dropout_levels}' is more than the {self.depth - 1} levels on the way up of a network of "
                f"'depth: {self.depth}'"
            )
        return self

    def build(self, examples: ExampleSpec) -> keras.Model:
        """Return the compiled networks for x `(height, width, channels)` and y `(height, width, others)`. Called, the model is G, with
        output `(batch, height, width, others)` in the range of y; D is its attribute `discriminator`.

        Raises:
            ValueError: x or y has another shape, or 2^depth does not divide its sides.
            RuntimeError: Keras runs on another backend than TensorFlow.
        """
        from labrun_pix2pix.adversaries import build_adversaries

        return build_adversaries(self, examples)

    def fit(
        self,
        model: keras.Model,
        train: keras.utils.PyDataset,
        validation: keras.utils.PyDataset | None,
        epochs: builtins.range,  # `range` is a field
        callbacks: list[keras.callbacks.Callback],
    ) -> None:
        """Train on pictures as the networks are shown them."""
        if self.windows is not None:
            from labrun_dot_pictures.batches import WindowBatches

            train = WindowBatches(train, self.windows)
            validation = validation and WindowBatches(validation, self.windows)
        super().fit(model, train, validation, epochs, callbacks)

    def shown(self, x: Any) -> Any:
        """Return a batch of pictures `x`, (batch, height, width, channels), at the scale that `spacing` sets."""
        return x if self.windows is None else self.windows.shown(x)

    def predict(self, model: keras.Model, x: Any) -> np.ndarray:
        """Return the pictures that G draws for pictures `(batch, height, width, channels)` of any size."""
        import numpy as np

        if self.windows is not None:
            return self.windows.answered(x, partial(super().predict, model))
        height, width = x.shape[1:3]
        below, beside = -height % 2**self.depth, -width % 2**self.depth
        continued = np.pad(x, ((0, 0), (0, below), (0, beside), (0, 0)), mode="edge")
        return super().predict(model, continued)[:, :height, :width]

    @property
    def windows(self) -> Windows | None:
        """The windows in which pictures of dots are shown, if `spacing` is set"""
        if self.spacing is None:
            return None
        from labrun_dot_pictures.windows import Windows

        return Windows(self.spacing, 2**self.depth)


@hookimpl
def labrun_models() -> list[type[Model]]:
    """Offer the model."""
    return [Pix2Pix]
