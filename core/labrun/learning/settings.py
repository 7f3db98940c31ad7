"""How a model is trained: the block `fit` of a project."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from labrun.contracts.strict import StrictModel
from labrun.learning.augmentation import Augmentation
from labrun.learning.schedule import Schedule

__all__ = ["EarlyStopping", "FitBlock", "SamplesBlock"]


_Augment = Annotated[
    Augmentation, BeforeValidator(lambda value: value, json_schema_input_type=Augmentation | list[str | dict[str, Any]])
]
"""For the schema alone: `Augmentation` itself takes the short list."""


_Schedule = Annotated[
    Schedule,
    BeforeValidator(lambda value: value, json_schema_input_type=Schedule | Literal["constant", "cosine"]),
]
"""As above: `Schedule` itself takes the word."""


class EarlyStopping(StrictModel):
    """Stop when the monitored number has not become better for `patience` epochs."""

    patience: int = Field(ge=1, description="epochs to wait")


class SamplesBlock(StrictModel):
    """What the network makes of the first validation examples is kept while it trains."""

    every: int = Field(ge=1, description="epochs from one look to the next")
    count: int = Field(4, ge=1, description="how many examples")


class FitBlock(StrictModel):
    """How a model is trained."""

    train: str = Field(description="the dataset, or part of one, to train on")
    validation: str | None = Field(None, description="the dataset that is watched while training")
    epochs: int = Field(ge=1, description="passes over the training examples")
    batch_size: int = Field(32, ge=1, description="examples in one step")
    augment: _Augment = Field(
        default=Augmentation(), description="changes of the inputs, and of targets that are images"
    )
    schedule: _Schedule = Field(default=Schedule(), description="course of the learning rate: constant, cosine, …")
    monitor: str | None = Field(None, description="number that says which epoch is best (default: val_loss, or loss)")
    keep: Literal["last", "best"] = Field("last", description="the weights of which epoch are kept")
    early_stopping: EarlyStopping | None = Field(None, description="stop before `epochs` if nothing becomes better")
    samples: SamplesBlock | None = Field(None, description="keep answers to a few validation examples while training")
    seed: int = Field(0, ge=0, description="another number gives another initialization, order and augmentation")
    tensorboard: bool = Field(False, description="write logs for TensorBoard (needs the package)")
