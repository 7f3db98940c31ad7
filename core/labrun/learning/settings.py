"""The settings of a training: the block `fit` of a project."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from labrun.contracts.strict import StrictModel
from labrun.contracts.threads import THREADS
from labrun.learning.augmentation import Augmentation
from labrun.learning.schedule import Schedule

__all__ = ["EarlyStopping", "FitBlock", "SamplesBlock"]


_Augment = Annotated[
    Augmentation, BeforeValidator(lambda value: value, json_schema_input_type=Augmentation | list[str | dict[str, Any]])
]
"""Only for the JSON schema: `Augmentation` itself accepts the short list."""


_Schedule = Annotated[
    Schedule,
    BeforeValidator(lambda value: value, json_schema_input_type=Schedule | Literal["constant", "cosine"]),
]
"""Only for the JSON schema: `Schedule` itself accepts the word."""


class EarlyStopping(StrictModel):
    """Stop when the monitored number has not improved for `patience` epochs."""

    patience: int = Field(ge=1, description="epochs to wait for an improvement")


class SamplesBlock(StrictModel):
    """Keep predictions for the first validation examples during the training."""

    every: int = Field(ge=1, description="epochs from one sample to the next")
    count: int = Field(4, ge=1, description="number of examples")


class FitBlock(StrictModel):
    """The training of a model."""

    train: str = Field(description="dataset, or part of one, to train on")
    validation: str | None = Field(None, description="dataset, or part of one, to validate on")
    epochs: int = Field(ge=1, description="passes over the training examples")
    batch_size: int = Field(32, ge=1, description="examples in each step")
    augment: _Augment = Field(
        default=Augmentation(), description="random changes of the inputs, and of targets that are images"
    )
    schedule: _Schedule = Field(default=Schedule(), description="course of the learning rate: constant, cosine, …")
    monitor: str | None = Field(
        None, description="loss or metric that decides which epoch is best (default: val_loss, or loss)"
    )
    keep: Literal["last", "best"] = Field("last", description="epoch whose weights are kept")
    early_stopping: EarlyStopping | None = Field(None, description="stop before `epochs` if nothing improves")
    samples: SamplesBlock | None = Field(
        None, description="keep predictions for a few validation examples during the training"
    )
    seed: int = Field(0, ge=0, description="a different number gives another initialization, order and augmentation")
    threads: int = Field(
        THREADS, ge=1, description="threads that compute; another number changes the last bits of the result"
    )
    tensorboard: bool = Field(False, description="write logs for TensorBoard (needs the package)")
