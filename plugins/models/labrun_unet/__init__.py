"""Model `unet`: from an image to an image, whatever the channels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import model_validator

from labrun import ArraySpec, ExampleSpec, Field, Model, hookimpl
from labrun.kit.presets import fill_from_preset
from labrun_unet.presets import PRESETS

if TYPE_CHECKING:
    import keras
    import numpy as np

    from labrun_dot_pictures.windows import Windows

Scale = Annotated[float, Field(gt=0)]
WHOLE = 16
"""A number that divides the sides of windows, so that they come in few sizes [pixels]"""


class UNet(Model):
    """A U-Net: from an image to an image of the same size. After O. Ronneberger, P. Fischer and T. Brox 2015, arXiv:1505.04597.

    Each of `depth` levels has convolutions and rectifiers, then a pool that halves the sides; the bottom has `filters` × 2^depth channels.
    On the way up, the output of each level below is joined with that of the same level on the way down. Images may have any size: they are
    continued (over the edge if `padding` is periodic, otherwise by their last pixels) to sides that the pools divide, and cropped at the
    end. A periodic image whose sides 2^depth does not divide gets a seam; otherwise shifts by multiples of 2^depth shift the output.

    Departures from the paper: convolutions keep the size of the image, and batch normalization is offered.

    x is divided by `input_scale`, the output multiplied by `output_scale`, and the loss is taken on y/`output_scale`, so that inputs and
    outputs are raw values. Losses: `l2` and `l1`, the mean squared and absolute error; `crossentropy`, of images between 0 and
    `output_scale` as probabilities, with a sigmoid at the end.

    With `residual`, the output is that channel of x plus a correction, which starts at 0. With `mask` too, a channel that is 1 at known
    pixels of the first, these are kept as they are, for inpainting. `fill` first replaces missing pixels by a mean of the known ones,
    weighted by a Gaussian (normalised convolution, H. Knutsson and C.-F. Westin, CVPR 1993), and the network sees how this differs from the
    mean of the known pixels.

    With `spacing`, x are pictures of dots and y the same pictures with something added to them. The network sees the part of a picture that
    holds the dots, rescaled so that neighbouring dots are `spacing` pixels apart (median over the dots of the mean distance to the four
    nearest). What it adds there is rescaled and added to the picture, so that all sizes and margins are alike to it, and the dots stay as
    they are. Inside, x and y are ink from 0 to 1, whatever their greys and the width of lines.

    Presets (other fields that are given override them): `inpainting` for x `[observed, mask]` in grey levels; `ronneberger`, as large as
    the paper's.
    """

    name: ClassVar[str] = "unet"
    version: ClassVar[int] = 1

    preset: Literal["inpainting", "ronneberger"] | None = Field(None, description="a named set of the values below")
    depth: int = Field(3, ge=0, le=8, description="levels, each at half of the resolution of the one above")
    filters: int = Field(16, ge=1, description="channels of the first level; each level below has twice as many")
    convolutions: int = Field(2, ge=1, description="convolutions on each level, down and up")
    kernel: int = Field(3, ge=1, description="pixels along each side of a convolution")
    padding: Literal["same", "periodic"] = Field(
        "same", description="beyond the edge of an image: zeros, or its other side"
    )
    pooling: Literal["max", "average"] = Field("max", description="maximum or average of 2 × 2 pixels")
    normalize: bool = Field(False, description="batch normalization between convolution and rectifier")
    momentum: float = Field(
        0.99, ge=0, lt=1, description="momentum of the running means of batch normalization, per step"
    )
    input_scale: Scale | list[Scale] = Field(
        1.0, description="divisor of x, one number or one for each channel [unit of x]"
    )
    output_scale: float = Field(1.0, gt=0, description="factor of the output [unit of y]")
    residual: int | None = Field(None, ge=0, description="channel of x that the output corrects, from 0")
    mask: int | None = Field(None, ge=0, description="channel of x that is 1 where pixels of 'residual' are kept")
    fill: float | None = Field(
        None,
        gt=0,
        le=20,
        description="width σ of the Gaussian that fills the pixels missing by 'mask' [pixels]",
    )
    side: int | None = Field(
        None,
        ge=16,
        description="longer side of the images that the network sees [pixels]: when it predicts, others are rescaled to it, and the answer "
        "back; left out: it sees them as they are",
    )
    spacing: float | None = Field(
        None,
        ge=4,
        le=128,
        description="distance between neighbouring dots at which the network sees pictures of dots [pixels]: in its training and "
        "afterwards it is shown the part with the dots, rescaled; left out: pictures as they are",
    )
    loss: Literal["l1", "l2", "crossentropy"] = Field("l2", description="loss, taken on y / output_scale")
    learning_rate: float = Field(1e-3, gt=0, description="learning rate of Adam")

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:
        return fill_from_preset(values, PRESETS)

    @model_validator(mode="after")
    def _check_together(self) -> UNet:
        if self.mask is not None and self.residual is None:
            raise ValueError("'mask' says which pixels of the channel 'residual' are kept: set 'residual' too")
        if self.fill is not None and self.mask is None:
            raise ValueError("'fill' needs to know which pixels are missing: set 'mask', the channel that says so")
        if self.mask is not None and self.mask == self.residual:
            raise ValueError(f"'mask' and 'residual' are both the channel {self.mask}; they must be two")
        if self.residual is not None and self.loss == "crossentropy":
            raise ValueError(
                "'residual' corrects a channel, but 'loss: crossentropy' needs a probability: use l1 or l2, or no 'residual'"
            )
        if self.spacing is not None and self.side is not None:
            raise ValueError(
                "'spacing' and 'side' both decide at which scale the network sees pictures: set one of them"
            )
        if self.spacing is not None and (self.input_scale != 1 or self.output_scale != 1):
            raise ValueError(
                "with 'spacing' the network sees ink from 0 to 1: leave 'input_scale' and 'output_scale' out"
            )
        return self

    def build(self, examples: ExampleSpec) -> keras.Model:
        """Return the compiled network for x `(height, width, channels)` and y `(height, width, others)`; it takes images of any size, and
        its output is `(batch, height, width, others)`.

        Raises:
            ValueError: x or y is something else, a field names a channel that x does not have, or `side` is not that of x.
        """
        from labrun_unet.network import build_network

        sizes = examples.x.shape[:-1] if isinstance(examples.x, ArraySpec) else ()
        if self.side is not None and max(sizes, default=self.side) != self.side:
            raise ValueError(
                f"side={self.side}, but the longer side of the training images is {max(sizes)}: they must agree"
            )
        return build_network(self, examples)

    def fit(
        self,
        model: keras.Model,
        train: keras.utils.PyDataset,
        validation: keras.utils.PyDataset | None,
        epochs: range,
        callbacks: list[keras.callbacks.Callback],
    ) -> None:
        """Train on images as the network is shown them."""
        if self.windows is not None:
            from labrun_dot_pictures.batches import WindowBatches

            train = WindowBatches(train, self.windows)
            validation = validation and WindowBatches(validation, self.windows)
        super().fit(model, train, validation, epochs, callbacks)

    def shown(self, x: Any) -> Any:
        """Return a batch of images `x`, (batch, height, width, channels), in the unit of x, at the scale that `side` or `spacing` sets."""
        if self.windows is not None:
            return self.windows.shown(x)
        if self.side is not None:
            from labrun_unet.scaling import at_side

            return at_side(x, self.side)
        return x

    def predict(self, model: keras.Model, x: Any) -> np.ndarray:
        """Return the answer to a batch of images `x`, (batch, height, width, channels), at their own size and in the unit of y."""
        if self.windows is not None:
            return self.windows.answered(x, partial(super().predict, model))
        answer = super().predict(model, self.shown(x))
        if self.side is None:
            return answer
        from labrun_unet.scaling import resized

        return resized(answer, x.shape[1:3])

    @property
    def windows(self) -> Windows | None:
        """The windows in which pictures of dots are shown, if `spacing` is set"""
        if self.spacing is None:
            return None
        from labrun_dot_pictures.windows import Windows

        return Windows(self.spacing, max(WHOLE, 2**self.depth))


@hookimpl
def labrun_models() -> list[type[Model]]:
    """Offer the model."""
    return [UNet]
