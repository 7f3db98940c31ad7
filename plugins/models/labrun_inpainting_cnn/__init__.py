"""Model `inpainting_cnn`: a small network that predicts the missing pixels of a picture from the known ones around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import model_validator

from labrun import ExampleSpec, Field, Model, hookimpl
from labrun.kit.presets import fill_from_preset
from labrun_inpainting_cnn.presets import PRESETS

if TYPE_CHECKING:
    import keras


class InpaintingCNN(Model):
    """A few convolutions that predict the missing pixels of a picture; by default a course's network, with the mask as a second channel.

    x holds `observed` (grey levels, 0 if a pixel is missing) and `mask` (1 if it is known), y the whole picture in grey levels. The network
    works on values/255, and so does its loss, the mean squared error over all pixels. Its weights start as PyTorch's do, uniform in ± 1/√n
    with n inputs of a unit; at the course's learning rate, training depends on this.

    * `activation: relu`: h ← max(0, W∗h + b), `layers` times, then one convolution to the output.
    * `activation: gate`: h ← h + g ⊙ (W∗h), where the gates g = max(0, V∗g + c) depend on the mask only. The output is linear in the
      picture, with weights that depend on where pixels are missing, as in kriging, the best linear predictor. (Gates that also see the
      picture are those of J. Yu et al., ICCV 2019, arXiv:1806.03589.)

    With `fill`, missing pixels are first replaced by a mean of the known ones, weighted by a Gaussian (normalised convolution, H. Knutsson
    and C.-F. Westin, CVPR 1993). The network sees how this differs from the mean of the known pixels, and its output is added to it.

    Presets (other fields that are given override them): `course`, which sees only the picture, as in the course; `gated`, which comes close
    to kriging. Train it with Adam, one picture at a time, and a rate that falls to zero (`schedule: cosine`).
    """

    name: ClassVar[str] = "inpainting_cnn"
    version: ClassVar[int] = 1

    preset: Literal["course", "gated"] | None = Field(None, description="a named set of the values below")
    mask: bool = Field(
        True, description="whether the network sees which pixels are missing; if not, they are black pixels to it"
    )
    layers: int = Field(1, ge=1, description="hidden convolutions")
    filters: int = Field(32, ge=1, description="channels of each hidden convolution")
    kernel: int = Field(3, ge=1, description="pixels along each side of a convolution")
    activation: Literal["relu", "gate"] = Field("relu", description="rectifier or gate after each hidden convolution")
    fill: float | None = Field(
        None, gt=0, le=20, description="width σ of the Gaussian that first fills missing pixels [pixels]"
    )
    keep_known: bool = Field(False, description="whether the output keeps known pixels as they are")
    optimizer: Literal["sgd", "adam"] = Field("sgd", description="stochastic gradient descent, or Adam")
    learning_rate: float = Field(0.9, gt=0, description="learning rate of the optimizer")
    momentum: float = Field(0.0, ge=0, lt=1, description="momentum of sgd")

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:
        return fill_from_preset(values, PRESETS)

    @model_validator(mode="after")
    def _check_together(self) -> InpaintingCNN:
        wanting = [
            word
            for word, wants in (
                ("activation: gate", self.activation == "gate"),
                ("fill", self.fill is not None),
                ("keep_known", self.keep_known),
            )
            if wants
        ]
        if wanting and not self.mask:
            raise ValueError(f"'{wanting[0]}' needs to know which pixels are missing: set 'mask: true'")
        if self.momentum and self.optimizer != "sgd":
            raise ValueError("'momentum' belongs to 'optimizer: sgd'; Adam has its own: remove it")
        return self

    def build(self, examples: ExampleSpec) -> keras.Model:
        """Return the compiled network for x `(height, width, 2)` (`observed` and `mask`; without `mask`, one channel is enough)
        and y `(height, width, 1)` in grey levels. It takes pictures of any size; its output is `(batch, height, width, 1)`.

        Raises:
            ValueError: x or y has another shape.
        """
        from labrun_inpainting_cnn.network import build_network

        return build_network(self, examples)


@hookimpl
def labrun_models() -> list[type[Model]]:
    """Offer the model."""
    return [InpaintingCNN]
