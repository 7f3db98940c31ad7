"""An estimate of a duration, with the range in which it probably lies."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Estimate", "TimeLeft"]


@dataclass(frozen=True)
class Estimate:
    """A duration [s], and the range in which it probably lies."""

    seconds: float
    low: float
    high: float

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.seconds + other.seconds, self.low + other.low, self.high + other.high)

    def __mul__(self, factor: float) -> Estimate:
        return Estimate(self.seconds * factor, self.low * factor, self.high * factor)

    def after(self, seconds: float) -> Estimate:
        """Return what is left when this time has passed: never less than nothing."""
        return Estimate(*(max(0.0, one - seconds) for one in (self.seconds, self.low, self.high)))

    def within(self, factor: float) -> Estimate:
        """Return the estimate with its range widened by a factor to each side."""
        return Estimate(self.seconds, self.low / factor, self.high * factor)


@dataclass(frozen=True)
class TimeLeft:
    """The time that is left at an event, from what was measured on this machine."""

    stage: Estimate | None
    """Of the stage of the event; None if it is not known."""
    run: Estimate
    """Of the stages of the run whose time is known."""
    unknown: int
    """Number of stages to come whose time is not known."""
