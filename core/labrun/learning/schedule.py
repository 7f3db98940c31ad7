"""The course of the learning rate over a training."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Schedule"]


class Schedule(BaseModel):
    """A factor for each epoch that multiplies the model's own learning rate: a linear rise over the first epochs, then `shape`.

    `schedule: cosine` is short for `schedule: {shape: cosine}`, the cosine of I. Loshchilov and F. Hutter, ICLR 2017, without restarts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: Literal["constant", "cosine"] = Field("constant", description="course of the rate after the rise")
    warmup: float = Field(0.0, ge=0, lt=1, description="share of the epochs in which the rate rises from near 0")
    final: float = Field(0.0, ge=0, le=1, description="factor that the cosine ends with")

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: Any) -> Any:
        return {"shape": value} if isinstance(value, str) else value

    def factor(self, epoch: int, epochs: int) -> float:
        """Return the factor of an epoch (counted from 0) in a training of `epochs`."""
        done = (epoch + 0.5) / epochs
        if done < self.warmup:
            return done / self.warmup
        if self.shape == "constant":
            return 1.0
        through = (done - self.warmup) / (1 - self.warmup)
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * through)) / 2
