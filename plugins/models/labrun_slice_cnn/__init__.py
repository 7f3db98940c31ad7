"""Model `slice_cnn`: convolutional networks that tell a class, or a number, from a slice of a cube or from its code."""

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
    """A convolutional network, written layer by layer, that tells a class or a number from a slice of a cube, or from its code: the
    redshift, say.

    `layers` are words (see `labrun_layers.layer_language`), from the slice, (height, width, channels), on:

        conv FILTERS HEIGHTxWIDTH [stride N]     pool N (maximum)     average N     norm (batch normalization)     relu
        mean or flatten (ends the places)        dense UNITS (at each place, where there are places)               dropout SHARE
        tap (the mean of each channel over all places joins where the places end)

    After them comes one dense layer, `answer`: a logit for each class, or a number. Slices are best of the order of 1 (δT_b in 70 mK); a
    `norm` before all else scales what is not. Without `flatten`, the network takes slices of any size.

    A number y is learned as (y − `answer_offset`) / `answer_scale`, and the loss is taken on that: with the middle and about half of the
    range of y it begins where the answers lie, and Huber's loss turns linear at errors of one `answer_scale`.

    Presets (any field given beside one wins):

    * `encoded_cnn`: the origin's on the codes of its autoencoder; 4,521 weights with 17 classes of (25, 25, 8);
    * `direct`: the same layers on slices, without the encoder;
    * `tiles`: for 50×50 tiles of δT_b, and larger slices: all that reaches its answer are means over all places, so that it learns what is
      there and not where. It begins with functions of single pixels (convolutions of 1×1), whose means tell how the values are
      distributed: how much is ionized, to begin with. The means are normalized, since neighbouring redshifts differ by little in
      them. Its rate is to fall as it trains: `schedule: cosine`.
    """

    name: ClassVar[str] = "slice_cnn"
    version: ClassVar[int] = 2

    preset: Literal["encoded_cnn", "direct", "tiles"] | None = Field(
        None, description="a named set of the values below"
    )
    layers: list[LayerText] = Field(
        min_length=1, description="the layers in their order, as words: conv 16 3x3, relu, …"
    )
    padding: Padding = Field("valid", description="what lies beyond the edge of a slice")
    momentum: float = Field(0.99, ge=0, lt=1, description="of the running means of batch normalization, a step")
    answer_offset: float = Field(0.0, description="where the answer begins, for numbers [unit of y]")
    answer_scale: float = Field(1.0, gt=0, description="one unit of what the last layer gives, for numbers [unit of y]")
    loss: Literal["crossentropy", "huber", "mse"] | None = Field(
        None,
        description="for numbers Huber's (δ = 1) or the squared error (default: Huber's); for classes crossentropy (default)",
    )
    learning_rate: float = Field(1e-3, gt=0, description="of Adam, or of AdamW if weights decay")
    amsgrad: bool = Field(False, description="whether Adam's steps never grow (S. J. Reddi, S. Kale and S. Kumar 2018)")
    weight_decay: float = Field(0.0, ge=0, description="decoupled decay of the weights a step, times the learning rate")

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
            ValueError: x or y is something else, a kernel or a pool is larger than what it works on, or a field does not suit y.
        """
        from labrun_slice_cnn.network import build_network

        return build_network(self, examples)


@hookimpl
def labrun_models() -> list[type[Model]]:
    """Offer the model."""
    return [SliceCNN]
