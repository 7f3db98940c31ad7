"""Model `snapshot_cnn`: convolutional networks that tell a number, or a class, from a snapshot of a lattice."""

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
    """A convolutional network, written layer by layer, that tells a number from a snapshot: the tumbling rate, say.

    `layers` are words, from the snapshot on:

        conv FILTERS HEIGHTxWIDTH [stride N]     pool N (maximum)     average N     norm (batch normalization)     relu
        mean or flatten (ends the places)        dense UNITS (at each place, where there are places)               dropout SHARE
        tap (the mean of each channel over all places joins where the places end)

    After them comes one dense layer, `answer`: a number, or a logit for each class. A snapshot of codes, (height, width), becomes
    channels at first (`codes`); what has channels already, (height, width, channels), is taken as it is. A second input, `density`,
    joins where places end.

    With `padding: periodic` the snapshot goes on over its edges, as the lattice does; without `flatten` the network then takes
    snapshots of any size whose sides its pools divide.

    Presets (any field given beside one wins):

    * `origin_small`, `origin_middle` (2,279 weights), `origin_large`: the networks of the seed of this domain. Its notes give no
      numbers of kernels for the large one; it has three everywhere, as the small one;
    * `periodic`: three convolutions with periodic padding on one plane for each orientation, a dense layer at each place, and the mean
      over all of them. What it tells is a mean over neighbourhoods, as the tumbling rate is. (Refused: dense layers after the
      mean, with which it learned the five rates of its training by heart, r 0.9991 on them and 0.982 between them, and the
      normalization before the activation: half as fast, since it goes over four times as many places.)
    """

    name: ClassVar[str] = "snapshot_cnn"
    version: ClassVar[int] = 1

    preset: Literal["origin_small", "origin_middle", "origin_large", "periodic"] | None = Field(
        None, description="a named set of the values below"
    )
    codes: Literal["scaled", "one_hot"] = Field(
        "one_hot", description="a code of 0 to 4 as a quarter of itself, or as a plane for each of 1 to 4"
    )
    layers: list[LayerText] = Field(
        min_length=1, description="the layers in their order, as words: conv 16 3x3, relu, …"
    )
    padding: Padding = Field("valid", description="what lies beyond the edge of a snapshot")
    momentum: float = Field(0.99, ge=0, lt=1, description="of the running means of batch normalization, a step")
    answer_offset: float = Field(0.0, description="added to the answer, so that it starts near what is to be told")
    answer_scale: float = Field(1.0, gt=0, description="the last layer is multiplied by this before")
    loss: Literal["huber", "mae", "mse", "crossentropy"] = Field(
        "huber", description="for numbers: Huber's (δ = 1), absolute or squared error; for classes: crossentropy"
    )
    learning_rate: float = Field(1e-3, gt=0, description="of Adam, or of AdamW if weights decay")
    weight_decay: float = Field(0.0, ge=0, description="decoupled decay of the weights a step, times the learning rate")

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
            ValueError: x or y is something else, a kernel or a pool is larger than what it works on, or the loss does not suit y.
        """
        from labrun_snapshot_cnn.network import build_network

        return build_network(self, examples)


@hookimpl
def labrun_models() -> list[type[Model]]:
    """Offer the model."""
    return [SnapshotCNN]
