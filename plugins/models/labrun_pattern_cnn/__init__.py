"""Model `pattern_cnn`: convolutional networks that classify a pattern from a few frames of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from labrun import ExampleSpec, Field, Model, hookimpl
from labrun.kit.presets import fill_from_preset
from labrun_pattern_cnn.presets import PRESETS

if TYPE_CHECKING:
    import keras

Cells = Annotated[int, Field(ge=1)]
Box = Annotated[list[Cells], Field(min_length=3, max_length=3)]


class Block(BaseModel):
    """One convolution with its activation, and a pool after it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    filters: int = Field(ge=1, description="output channels of the convolution")
    kernel: Cells | Box = Field(3, description="cells along each side, or [height, width, time]")
    stride: Cells = Field(1, description="cells from one position of the kernel to the next")
    pool: Cells | Box | None = Field(
        None, description="cells over which a maximum is taken afterwards, along each side or [height, width, time]"
    )


class PatternCNN(Model):
    """A convolutional classifier: normalization, blocks of convolution and pooling, global pooling, one dense layer, logits.

    With `frames: channels` the frames of a pattern are channels of a 2-D network; with `frames: time` they are a third axis of a 3-D
    network. Images may have any size, so one network can train on crops and predict whole patterns.

    Presets (other fields that are given override them):

    * `origin_2d` and `origin_3d`: the networks of C. Scholz and S. Scholz, Am. J. Phys. 90, 141 (2022), with 277,717 and 76,529
      trainable weights for 15 classes;
    * `compact`: the 2-D network with batch normalization in its blocks and both global poolings, which is more accurate at parameters that
      it has not seen; `compact_3d`: the same idea in 3-D.
    """

    name: ClassVar[str] = "pattern_cnn"
    version: ClassVar[int] = 1
    pretrained: ClassVar[Mapping[str, Path]] = {
        folder.name: folder for folder in sorted((Path(__file__).parent / "pretrained").glob("*/"))
    }

    preset: Literal["origin_2d", "origin_3d", "compact", "compact_3d"] | None = Field(
        None, description="a named set of the values below"
    )
    frames: Literal["channels", "time"] = Field(
        "channels", description="whether the last axis of x is channels or time to the network"
    )
    blocks: list[Block] = Field(min_length=1, description="convolutions, from the input on")
    padding: Literal["valid", "same", "periodic"] = Field(
        "valid", description="beyond the edge of the image: nothing, zeros, or its other side"
    )
    offset: float = Field(0.0, description="number that is first subtracted from x")
    scale: float = Field(1.0, gt=0, description="number by which x is then multiplied")
    normalize_input: bool = Field(False, description="batch normalization of the input")
    normalize_blocks: bool = Field(False, description="batch normalization between convolution and activation")
    momentum: float = Field(
        0.99, ge=0, lt=1, description="momentum of the running means of batch normalization, per step"
    )
    global_pooling: Literal["max", "average", "both"] = Field(
        "max", description="number that is taken of each channel, over all positions"
    )
    dense: int = Field(256, ge=1, description="units of the dense layer")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of these units that is dropped in training")
    learning_rate: float = Field(1e-3, gt=0, description="learning rate of Adam, or of AdamW with weight_decay")
    weight_decay: float = Field(
        0.0, ge=0, description="decoupled decay of the weights per step, times the learning rate"
    )
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="probability that is spread evenly over all classes")
    average_weights: float = Field(
        0.0, ge=0, lt=1, description="momentum of a moving average of the weights, which is kept; 0: none"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:
        return fill_from_preset(values, PRESETS)

    @model_validator(mode="after")
    def _check_dimensions(self) -> PatternCNN:
        boxes = [b for block in self.blocks for b in (block.kernel, block.pool) if isinstance(b, list)]
        if self.frames == "channels" and boxes:
            raise ValueError(
                f"'frames: channels' makes a 2-D network, but a block has a kernel or pool with a time axis: {boxes[0]}"
            )
        if self.frames == "time" and self.padding == "periodic":
            raise ValueError("'padding: periodic' is for 2-D networks ('frames: channels')")
        return self

    def build(self, examples: ExampleSpec) -> keras.Model:
        """Return the compiled network for x `(height, width, frames)` and classes; its output is logits `(batch, classes)`.

        Raises:
            ValueError: x has another number of axes, or y is not a class.
        """
        from labrun_pattern_cnn.network import build_network

        return build_network(self, examples)


@hookimpl
def labrun_models() -> list[type[Model]]:
    """Offer the model."""
    return [PatternCNN]
