"""Scores of probabilities as measures, before and after scaling, with intervals where they are means over examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from labrun import Examples, Interval, Measure
from labrun.kit.comparison import compare, judged_on, units_digest
from labrun.kit.intervals import LOGARITHMIC, student_interval
from labrun.kit.spread import leave_out_sums
from labrun.kit.units import independent_units
from labrun_calibration.scores import (
    NAMES,
    brier_scores,
    error_by_chance,
    log_losses,
    probabilities_of,
    reliability,
)

__all__ = ["dataset_measures"]

CONFIDENCE = 0.95
UNITS = {"NLL": "nats"}


def dataset_measures(
    examples: Examples,
    kinds: Mapping[str, Sequence[int]],
    logits: Sequence[np.ndarray],
    temperatures: Sequence[float],
    bins: int,
) -> Iterator[tuple[str, Measure]]:
    """Yield `ECE test`, `ECE test, scaled`, … of each kind of network, means over its seeds.

    Args:
        logits: of each network, (examples, classes).
        temperatures: of each network, found on other examples.
    """
    for kind, places in kinds.items():
        own = [logits[i] for i in places]
        states = ([1.0] * len(own), [temperatures[i] for i in places])
        as_trained, scaled = (_scores(examples, kind, own, values, bins) for values in states)
        end = "" if len(kinds) == 1 else f", {kind}"
        for name in NAMES:
            yield f"{name} {examples.name}{end}", as_trained[name]
            after = replace(
                scaled[name],
                name=f"{name}, scaled",
                baseline=replace(as_trained[name], model="as trained", judged=None),
                comparison=compare(scaled[name], as_trained[name]),
                key=name == "ECE",
            )
            yield f"{name} {examples.name}, scaled{end}", after


def _scores(
    examples: Examples, kind: str, logits: Sequence[np.ndarray], temperatures: Sequence[float], bins: int
) -> dict[str, Measure]:
    """Return the mean scores of networks that differ in their seed, at their temperatures."""
    truth, units = examples.load_y(slice(None)), independent_units(examples)
    probabilities = [probabilities_of(z, t) for z, t in zip(logits, temperatures, strict=True)]
    sorted_in = [reliability(one, truth, bins) for one in probabilities]
    known: dict[str, Any] = {"model": kind, "dataset": examples.name, "better": "lower"}
    rng = np.random.default_rng(0)
    by_chance = float(np.mean([error_by_chance(one, bins, rng) for one in probabilities]))
    found = {
        "ECE": Measure(_mean(one.expected_error for one in sorted_in), name="ECE", ceiling=by_chance, **known),
        "maximum error": Measure(_mean(one.maximum_error for one in sorted_in), name="maximum error", **known),
    }
    losses = {
        "NLL": [log_losses(z, truth, t) for z, t in zip(logits, temperatures, strict=True)],
        "Brier score": [brier_scores(one, truth) for one in probabilities],
    }
    known |= {"n": units.count, "units": units.words}
    for name, values in losses.items():
        sums = np.stack([[units.sums(one), units.sizes] for one in values]).transpose(2, 0, 1)
        replicates = leave_out_sums(lambda s: s[..., 0] / s[..., 1], sums)
        spread = replicates.mean(scale=LOGARITHMIC)
        low, high = (float(end) for end in student_interval(spread, CONFIDENCE, LOGARITHMIC))
        judged = judged_on(replicates.mean(), units_digest(units, examples))
        interval = None if np.isnan(low) else Interval(low, high, CONFIDENCE, "jackknife")
        mean = float(np.mean(values))
        more: dict[str, Any] = {"unit": UNITS.get(name, ""), "ceiling": 0.0, "judged": judged}
        found[name] = Measure(mean, name=name, interval=interval, **more, **known)
    return found


def _mean(values: Iterable[float]) -> float:
    return float(np.mean([*values]))
