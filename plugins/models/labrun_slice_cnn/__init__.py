"""Model `slice_cnn`: convolutional networks that predict a class or a number from a slice of a cube or from its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import model_validator

from labrun import ExampleSpec, Field, Model, hookimpl
from labrun.kit.presets import fill_from_preset
from labrun_layers.layer_language import LayerText, Padding, expect_order
from labrun_slice_cnn.presets import PRESETS

if TYPE_CHECKING:
    import keras


class SliceCNN(Model):
    """A convolutional network, written layer by layer, that predicts a class or a number, such as the redshift, from a slice of a cube or
    from its code.

    `layers` are words (see `labrun_layers.layer_language`), in their order from the slice, (height, width, channels), on:

        conv FILTERS HEIGHTxWIDTH [stride N]     pool N (maximum)     average N     norm (batch normalization)     relu
        mean or flatten (ends the map)           dense UNITS (at each position of a map)                           dropout SHARE
        tap (the mean of each channel over all positions is appended where the map ends)

    One dense layer, `answer`, follows: a logit for each class, or a number. Slices should be of order 1 (δT_b in units of 70 mK), or be
    scaled by a `norm` as the first layer. Without `flatten`, the network takes slices of any size.

    A number y is learned as (y − `answer_offset`) / `answer_scale`, and the loss is taken on that. Set them to the middle and about half of
    the range of y, so that the output starts near y; Huber's loss becomes linear at errors of one `answer_scale`.

    Presets (other fields that are given override them):

    * `encoded_cnn`: the origin's on the codes of its autoencoder; 4,521 weights with 17 classes of (25, 25, 8);
    * `direct`: the same layers on slices, without the encoder;
    * `tiles`: for 50×50 tiles of δT_b, and larger slices. Only means over all positions reach its output, so that it does not learn where
      things are. It begins with functions of single pixels (convolutions of 1×1), whose means describe how values are distributed, such as
      how much is ionized. The means are normalized, since they differ little between neighbouring redshifts. Train it with a falling rate:
      `schedule: cosine`.
    """

    name: ClassVar[str] = "slice_cnn"
    version: ClassVar[int] = 2

    preset: Literal["encoded_cnn", "direct", "tiles"] | None = Field(
        None, description="a named set of the values below"
    )
    layers: list[LayerText] = Field(min_length=1, description="layers in their order, as words: conv 16 3x3, relu, …")
    padding: Padding = Field("valid", description="beyond the edge of a slice: nothing, zeros, or its other side")
    momentum: float = Field(
        0.99, ge=0, lt=1, description="momentum of the running means of batch normalization, per step"
    )
    answer_offset: float = Field(
        0.0, description="value of y for which the last layer gives 0, for numbers [unit of y]"
    )
    answer_scale: float = Field(
        1.0, gt=0, description="one unit of the output of the last layer, for numbers [unit of y]"
    )
    loss: Literal["crossentropy", "huber", "mse"] | None = Field(
        None,
        description="for numbers Huber's (δ = 1, default) or the squared error; for classes crossentropy (default)",
    )
    learning_rate: float = Field(1e-3, gt=0, description="learning rate of Adam, or of AdamW with weight_decay")
    amsgrad: bool = Field(False, description="whether Adam's steps never grow (S. J. Reddi, S. Kale and S. Kumar 2018)")
    weight_decay: float = Field(
        0.0, ge=0, description="decoupled decay of the weights per step, times the learning rate"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:
        return fill_from_preset(values, PRESETS)

    @model_validator(mode="after")
    def _check_order(self) -> SliceCNN:
        expect_order(self.layers)
        return self

    def build(self, examples: ExampleSpec) -> keras.Model:
        """Return the compiled network for x `(height, width, channels)`; its output is logits `(batch, classes)`, or `(batch, 1)`.

        Raises:
            ValueError: x or y has another shape, a kernel or a pool is larger than its input, or a field does not suit y.
        """
        from labrun_slice_cnn.network import build_network

        return build_network(self, examples)


@hookimpl
def labrun_models() -> list[type[Model]]:
    """Offer the model."""
    return [SliceCNN]
