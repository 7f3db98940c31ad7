"""Model `snapshot_cnn`: convolutional networks that predict a number or a class from a snapshot of a lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import model_validator

from labrun import ExampleSpec, Field, Model, hookimpl
from labrun.kit.presets import fill_from_preset
from labrun_layers.layer_language import LayerText, Padding, expect_order
from labrun_snapshot_cnn.presets import PRESETS

if TYPE_CHECKING:
    import keras


class SnapshotCNN(Model):
    """A convolutional network, written layer by layer, that predicts a number, such as the tumbling rate, from a snapshot.

    `layers` are words, in their order from the snapshot on:

        conv FILTERS HEIGHTxWIDTH [stride N]     pool N (maximum)     average N     norm (batch normalization)     relu
        mean or flatten (ends the map)           dense UNITS (at each position of a map)                           dropout SHARE
        tap (the mean of each channel over all positions is appended where the map ends)

    One dense layer, `answer`, follows: a number, or a logit for each class. A snapshot of codes, (height, width), is first turned into
    channels (`codes`); one with channels, (height, width, channels), is used as it is. A second input, `density`, is appended where the
    map ends.

    With `padding: periodic` the snapshot continues over its edges, as the lattice does. Without `flatten` the network then takes snapshots
    of any size whose sides its pools divide.

    Presets (other fields that are given override them):

    * `origin_small`, `origin_middle` (2,279 weights), `origin_large`: the networks of the seed of this domain. Its notes do not say how
      many kernels the large one has; here it has three everywhere, as the small one;
    * `periodic`: three convolutions with periodic padding on one plane for each orientation, a dense layer at each position, and the mean
      over all of them. So it predicts a mean over neighbourhoods, as the tumbling rate is. (Rejected: dense layers after the mean, with
      which it memorised the five rates of its training, r = 0.9991 at these and 0.982 between them; and normalization before the
      activation, which was half as fast, with four times as many positions.)
    """

    name: ClassVar[str] = "snapshot_cnn"
    version: ClassVar[int] = 1

    preset: Literal["origin_small", "origin_middle", "origin_large", "periodic"] | None = Field(
        None, description="a named set of the values below"
    )
    codes: Literal["scaled", "one_hot"] = Field(
        "one_hot", description="codes 0 to 4 divided by 4, or as a plane for each of 1 to 4"
    )
    layers: list[LayerText] = Field(min_length=1, description="layers in their order, as words: conv 16 3x3, relu, …")
    padding: Padding = Field("valid", description="beyond the edge of a snapshot: nothing, zeros, or its other side")
    momentum: float = Field(
        0.99, ge=0, lt=1, description="momentum of the running means of batch normalization, per step"
    )
    answer_offset: float = Field(0.0, description="added to the output, so that it starts near the target [unit of y]")
    answer_scale: float = Field(1.0, gt=0, description="factor of the last layer before that [unit of y]")
    loss: Literal["huber", "mae", "mse", "crossentropy"] = Field(
        "huber", description="for numbers: Huber's (δ = 1), absolute or squared error; for classes: crossentropy"
    )
    learning_rate: float = Field(1e-3, gt=0, description="learning rate of Adam, or of AdamW with weight_decay")
    weight_decay: float = Field(
        0.0, ge=0, description="decoupled decay of the weights per step, times the learning rate"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:
        return fill_from_preset(values, PRESETS)

    @model_validator(mode="after")
    def _check_order(self) -> SnapshotCNN:
        expect_order(self.layers)
        return self

    def build(self, examples: ExampleSpec) -> keras.Model:
        """Return the compiled network for x `(height, width)`, `(height, width, channels)`, or a dict of such a `snapshot` and a
        `density` `(1,)`; its output is `(batch, 1)`, or logits `(batch, classes)`.

        Raises:
            ValueError: x or y has another shape, a kernel or a pool is larger than its input, or the loss does not suit y.
        """
        from labrun_snapshot_cnn.network import build_network

        return build_network(self, examples)


@hookimpl
def labrun_models() -> list[type[Model]]:
    """Offer the model."""
    return [SnapshotCNN]
