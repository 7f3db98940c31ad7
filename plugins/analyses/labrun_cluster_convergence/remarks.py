"""Warnings about stationary means that cannot be trusted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from labrun_cluster_convergence.convergence import Convergence

__all__ = ["warn"]

NAMED = 3
"""Sets of parameters with their own sentence"""


def warn(found: Sequence[Convergence]) -> list[str]:
    """Return a sentence for each of the worst sets of parameters whose runs are too short, and one for the others."""
    return [*_warn_of_short(found), *_warn_of_uneven(found)]


def _warn_of_short(found: Sequence[Convergence]) -> Iterator[str]:
    short = sorted((one for one in found if not one.enough), key=lambda one: one.effective_samples)
    yield from (f"{one.label} ({_name_members(one)}): {_explain(one)}" for one in short[:NAMED])
    if (others := len(short) - NAMED) > 0:
        yield (
            f"The runs of {others} more of {len(found)} sets of parameters are too short: see 'enough' in the table 'groups'."
        )


def _explain(one: Convergence) -> str:
    samples = f"{one.effective_samples:.3g} effective samples"
    if one.is_at_cap:
        return (
            f"the run is too short: it may not be stationary even from {one.start_time} {one.unit} on, about half of it, the latest start "
            f"that is allowed ({samples} follow). Make it longer (duration, or snapshots)."
        )
    factor = one.minimum_samples / one.effective_samples
    replicas = len(one.states)
    return (
        f"the run is too short: it holds {samples} from {one.start_time} {one.unit} on, fewer than the {one.minimum_samples:g} required. "
        f"Make it about {_round(factor)} times as long (duration, or snapshots), or use {math.ceil(factor * replicas)} repeats instead "
        f"of {replicas}."
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
            + " times that are not evenly spaced, although the inefficiency assumes that they are."
        )
