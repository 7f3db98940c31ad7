"""How the learning rate goes over the epochs of a training."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Schedule"]


class Schedule(BaseModel):
    """A factor on the model's own learning rate, one an epoch: a linear rise over the first epochs, then the shape.

    `schedule: cosine` is short for `schedule: {shape: cosine}`. The cosine is that of I. Loshchilov and F. Hutter, ICLR 2017,
    without restarts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: Literal["constant", "cosine"] = Field("constant", description="course after the rise")
    warmup: float = Field(0.0, ge=0, lt=1, description="share of the epochs in which the rate rises from near 0")
    final: float = Field(0.0, ge=0, le=1, description="factor at the end of the cosine")

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: Any) -> Any:
        return {"shape": value} if isinstance(value, str) else value

    def factor(self, epoch: int, epochs: int) -> float:
        """The factor in an epoch (counted from 0) of so many."""
        done = (epoch + 0.5) / epochs
        if done < self.warmup:
            return done / self.warmup
        if self.shape == "constant":
            return 1.0
        through = (done - self.warmup) / (1 - self.warmup)
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * through)) / 2
