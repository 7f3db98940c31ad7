"""The table of an adaptive sweep: the rows of its rounds so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labrun.contracts.ensemble import REPEAT
from labrun.project.adaptive import Adaptive
from labrun.project.space import Space
from labrun.project.sweeptable import Origin, SweepTable
from labrun.project.yaml12 import KeyPath
from labrun.seeds import generator
from labrun.store.rounds import MeasuredRound, Round

__all__ = ["first_round", "table_of"]


def first_round(adaptive: Adaptive, seed: int, stage: str) -> Round:
    """Return the round that is spread over all columns, before anything is measured."""
    rows = Space(adaptive.columns).start(adaptive.start, generator(seed, stage, "sweep"))
    return Round([list(row) for row in rows], [None] * len(rows))


def table_of(
    adaptive: Adaptive,
    rounds: Sequence[Round],
    measured: Sequence[MeasuredRound | None] = (),
    repeats: int = 1,
    seed_by: tuple[str, ...] | None = None,
) -> SweepTable:
    """Return the table of these rounds: each row as often as it is repeated, with its round, its score and, as far as known, what was
    measured of it."""
    rows = [row for one in rounds for row in one.rows for _ in range(repeats)]
    parameters = {name: [row[i] for row in rows] for i, name in enumerate(adaptive.columns)}
    shown = [value for one in measured if one is not None for value in one.shown]
    labels: dict[str, list[Any]] = {
        "round": [number for number, one in enumerate(rounds) for _ in range(len(one.rows) * repeats)],
        "score": [score for one in rounds for score in one.scores for _ in range(repeats)],
        "measured": shown + [None] * (len(rows) - len(shown)),
    }
    if repeats > 1:
        labels[REPEAT] = [*range(repeats)] * (len(rows) // repeats)

    def heading(column: str) -> KeyPath:
        return "adaptive", "columns", column

    return SweepTable(
        parameters, labels, len(rows), Origin(lambda row, column: heading(column), heading), None, seed_by
    )
