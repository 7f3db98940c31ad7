"""The time that a run still takes, in words."""

from __future__ import annotations

from labrun.amounts import counted, roughly_in_words
from labrun.contracts.estimate import Estimate, TimeLeft

__all__ = ["range_in_words", "run_left_in_words", "stage_left_in_words"]


def range_in_words(estimate: Estimate) -> str:
    """Return `about 4 min`, with its range `about 4 min (3 min to 6 min)` where that is another."""
    low, mean, high = (roughly_in_words(seconds) for seconds in (estimate.low, estimate.seconds, estimate.high))
    return f"about {mean}" if low == high else f"about {mean} ({low} to {high})"


def stage_left_in_words(left: TimeLeft | None) -> str:
    """Return `about 40 s left`; empty if it is not known."""
    return f"about {roughly_in_words(left.stage.seconds)} left" if left and left.stage else ""


def run_left_in_words(left: TimeLeft | None) -> str:
    """Return `about 4 min (3 min to 6 min) left, without 2 stages of unknown duration`; empty if nothing is known."""
    if left is None or (left.unknown and not left.run.seconds):
        return ""
    unknown = f", without {counted(left.unknown, 'stages')} of unknown duration" if left.unknown else ""
    return f"{range_in_words(left.run)} left{unknown}"
