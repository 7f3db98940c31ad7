"""What a reader must know before believing the stationary means."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from labrun_cluster_convergence.convergence import Convergence

__all__ = ["warn"]

NAMED = 3
"""Sets of parameters that get a sentence of their own."""


def warn(found: Sequence[Convergence]) -> list[str]:
    """Return a sentence for each set of parameters whose runs are too short: the worst few, and the number of the others."""
    return [*_warn_of_short(found), *_warn_of_uneven(found)]


def _warn_of_short(found: Sequence[Convergence]) -> Iterator[str]:
    short = sorted((one for one in found if not one.enough), key=lambda one: one.effective_samples)
    yield from (f"{one.label} ({_name_members(one)}): {_explain(one)}" for one in short[:NAMED])
    if (others := len(short) - NAMED) > 0:
        yield (
            f"{others} more of {len(found)} sets of parameters have runs that are too short: see 'enough' in the table 'groups'."
        )


def _explain(one: Convergence) -> str:
    samples = f"{one.effective_samples:.3g} effective samples"
    if one.is_at_cap:
        return (
            f"the run is too short: it may not be stationary even from {one.start_time} {one.unit} on, about half of it, where the "
            f"steady state starts at the latest ({samples} follow). Make it longer (duration, or snapshots)."
        )
    factor = one.minimum_samples / one.effective_samples
    replicas = len(one.states)
    return (
        f"the run is too short: it holds {samples} from {one.start_time} {one.unit} on, and {one.minimum_samples:g} are wanted. "
        f"Make it about {_round(factor)} times as long (duration, or snapshots), or ask for {math.ceil(factor * replicas)} "
        f"repeats instead of {replicas}."
    )


def _round(factor: float) -> str:
    return f"{factor:.1f}" if factor < 10 else f"{factor:.0f}"


def _name_members(one: Convergence) -> str:
    names = [str(number) for number in one.numbers]
    if len(names) == 1:
        return f"member {names[0]}"
    return f"members {', '.join(names)}" if len(names) <= 4 else f"members {names[0]}, …, {names[-1]}"


def _warn_of_uneven(found: Sequence[Convergence]) -> Iterator[str]:
    uneven = [one for one in found if len(one.times) > 2 and np.ptp(np.diff(one.times)) > 1e-6 * one.spacing]
    if uneven:
        yield (
            f"{uneven[0].label}"
            + (f" and {len(uneven) - 1} more sets of parameters have" if len(uneven) > 1 else " has")
            + " times that are not evenly spaced; the inefficiency counts them as if they were."
        )
