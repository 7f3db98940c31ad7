"""Compare scores that were measured on the same units: a paired permutation test, an interval of the difference, and Holm's correction.

`benchmarks/comparisons.py` measures how often the interval covers the true difference, and how often the test is wrong.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labrun.contracts.measure import Comparison, Judged, Measure
from labrun.kit.spread import Spread

if TYPE_CHECKING:
    import pandas as pd

    from labrun.contracts.ensemble import Ensemble
    from labrun.contracts.examples import Examples
    from labrun.contracts.findings import Findings
    from labrun.kit.units import Units

__all__ = [
    "COMPARED",
    "Standing",
    "against_baselines",
    "are_paired",
    "compare",
    "correct",
    "judged_on",
    "measured",
    "members_digest",
    "sign_flip_test",
    "standing_table",
    "standings",
    "units_digest",
]

ALL_FLIPS = 12
"""With at most this many blocks of units, all 2ⁿ changes of sign are tried; else `FLIPS` random ones."""
FLIPS = 10_000
SAME = 1e-5
"""Sums that differ by less than this share of the largest possible one are equal: deviations are rounded."""
NEGLIGIBLE = 1e-9
"""Below this share of the variance over seeds, that over units is not permuted."""
DIGITS = 7


def judged_on(spread: Spread, digest: str) -> Judged:
    """Return what it takes to compare a score with others, from its spread on a linear scale over the units of this digest."""
    deviations = [float(f"{one:.{DIGITS}g}") for one in spread.deviations]
    of_seeds = float(spread.of_seeds)
    freedom = float(spread.seeds_freedom) if of_seeds > 0 else None
    return Judged(digest, tuple(deviations), float(f"{of_seeds:.{DIGITS}g}"), freedom)


def units_digest(units: Units, examples: Examples) -> str:
    """Return the digest of the units and of the examples behind them: those of one simulation, or others by their y."""
    import numpy as np

    if examples.origin is not None and examples.origin.simulation:
        of_examples = [examples.origin.simulation.encode(), examples.origin.rows.astype("<i8").tobytes()]
    else:
        of_examples = [examples.name.encode(), np.ascontiguousarray(examples.load_y(slice(None))).tobytes()]
    return _digest([units.words.encode(), units.of.astype("<i8").tobytes(), *of_examples])


def members_digest(simulation: Ensemble, members: Sequence[int]) -> str:
    """Return the digest of members of a simulation, by their places, each a unit."""
    origin = simulation.key or f"{simulation.name} {simulation.columns}"
    return _digest([b"members", origin.encode(), str([*members]).encode()])


def _digest(parts: Sequence[bytes]) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def measured(findings: Iterable[Findings], score: str, dataset: str) -> list[Measure]:
    """List the measures of one score on one dataset among the findings of other analyses, such as baselines."""
    found = (one for given in findings for one in given.metrics.values() if isinstance(one, Measure))
    return [one for one in found if (one.name, one.dataset) == (score, dataset)]


def are_paired(one: Measure, other: Measure) -> bool:
    """Check whether two measures were made on the same units, at least two."""
    return (
        one.judged is not None
        and other.judged is not None
        and (one.judged.units == other.judged.units and len(one.judged.deviations) == len(other.judged.deviations) > 1)
    )


def compare(one: Measure, other: Measure, confidence: float = 0.95) -> Comparison | None:
    """Compare two measures of one score; None where they are not paired, or not finite.

    The difference has Student's interval with the jackknife variance of the paired differences (`labrun.kit.spread`), and p is that of
    `sign_flip_test`.
    """
    from labrun.kit.intervals import student_reach

    if not are_paired(one, other) or not (math.isfinite(one.value) and math.isfinite(other.value)):
        return None
    spread = _spread(one) - _spread(other)
    reach = float(student_reach(spread, confidence)) if spread.variance > 0 else 0.0
    difference = one.value - other.value
    return Comparison(difference, difference - reach, difference + reach, sign_flip_test(spread), confidence)


def _spread(measure: Measure) -> Spread:
    import numpy as np

    assert measure.judged is not None
    freedom = measure.judged.seeds_freedom
    return Spread(
        np.asarray(measure.value),
        np.asarray(measure.judged.deviations),
        np.asarray(measure.judged.of_seeds),
        np.asarray(math.inf if freedom is None else freedom),
    )


def sign_flip_test(difference: Spread) -> float:
    """Return p of a paired difference D of two scores, two-sided: how often chance makes one at least as large.

    If both methods are alike, each block u of units contributes D_u = D − (m − 1) d_u, the jackknife's pseudo-value, with either sign, so
    that all sums Σ ± D_u are as likely (R. A. Fisher, The Design of Experiments (1935), section 21). For a mean over units, D_u are the
    differences themselves. Seeds are too few to permute. With several, D is made smaller, to what is as unlikely over units alone as D is
    over units and seeds, by Student's t.

    With five units, p is at least 1/16: fewer than six cannot show a difference at 5 %. The test is the same for the same input: its random
    numbers have a fixed seed.
    """
    import numpy as np

    size, blocks = abs(float(difference.value)), len(difference.deviations)
    tail = _tail(difference)
    if difference.of_seeds > 0 and difference.of_units < NEGLIGIBLE * difference.of_seeds:
        return 2 * tail
    if difference.of_seeds > 0:
        size = _over_units(difference, tail)
    parts = (size - np.sign(difference.value) * (blocks - 1) * difference.deviations) / blocks
    if blocks <= ALL_FLIPS:
        flips = (np.arange(2**blocks)[:, None] >> np.arange(blocks)) & 1
    else:
        flips = np.random.default_rng(0).integers(0, 2, (FLIPS, blocks), np.int8)
    least = size - SAME * np.abs(parts).sum()
    as_large = int(np.count_nonzero(np.abs((1 - 2 * flips) @ parts) >= least))
    return as_large / len(flips) if blocks <= ALL_FLIPS else (1 + as_large) / (1 + FLIPS)


def _tail(difference: Spread) -> float:
    """Return how often chance makes a difference at least as large in one direction, over units and seeds, by Student's t."""
    from scipy.special import stdtr

    if difference.variance <= 0:
        return 0.5 if difference.value == 0 else 0.0
    return float(stdtr(float(difference.freedom), -abs(float(difference.value)) / float(difference.variance) ** 0.5))


def _over_units(difference: Spread, tail: float) -> float:
    """Return the size of a difference that is as unlikely over units alone."""
    from scipy.special import stdtrit

    return float(-stdtrit(float(difference.units_freedom), tail) * difference.of_units**0.5)


def correct(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Correct p of several comparisons, so that the chance that any true one is called a difference stays below 5 %.

    S. Holm, Scand. J. Stat. 6, 65 (1979): the i-th smallest of k is multiplied by k − i + 1, and is no smaller than those before it.
    """
    order = sorted(range(len(comparisons)), key=lambda i: comparisons[i].p)
    found, least = [*comparisons], 0.0
    for rank, i in enumerate(order):
        least = max(least, min(1.0, (len(order) - rank) * comparisons[i].p))
        found[i] = replace(comparisons[i], p=least, among=len(order))
    return found


def against_baselines(networks: Iterable[Measure], baselines: Sequence[Measure]) -> list[Measure]:
    """Return the measures of networks, each beside the best baseline, with its comparison where both were measured on the same units.

    All are of one score on one dataset. p is corrected for all pairs of a network and a baseline, as the best baseline was chosen.
    """
    found, networks = [], [*networks]
    pairs = {(i, j): compare(one, other) for i, one in enumerate(networks) for j, other in enumerate(baselines)}
    known = {place: one for place, one in pairs.items() if one is not None}
    corrected = dict(zip(known, correct([*known.values()]), strict=True))
    best = _best(baselines)
    for i, one in enumerate(networks):
        if best is None:
            found.append(one)
        else:
            bound = replace(baselines[best], judged=None)
            found.append(replace(one, baseline=bound, comparison=corrected.get((i, best))))
    return found


def _best(measures: Sequence[Measure]) -> int | None:
    """Return the place of the best measure; None where there is none, or no direction is better."""
    known = [i for i, one in enumerate(measures) if math.isfinite(one.value) and one.better]
    if not known:
        return None
    return (max if measures[known[0]].better == "higher" else min)(known, key=lambda i: measures[i].value)


@dataclass(frozen=True)
class Standing:
    """How a measure stands beside the best of several."""

    measure: Measure
    is_best: bool
    comparison: Comparison | None
    """With the best; None for the best itself, and where it was measured on other units"""

    @property
    def words(self) -> str:
        """`best`, `not distinguishable from the best`, `worse`; empty where no test is possible."""
        if self.is_best:
            return "best"
        if self.comparison is None:
            return ""
        return "worse" if self.comparison.is_significant else "not distinguishable from the best"


def standing_table(rows: Iterable[tuple[Mapping[str, Any], Standing]]) -> pd.DataFrame:
    """Return a table of standings, a row each, after further columns: value and interval, the difference from the best with its interval, p
    of the paired test, and how it stands in words."""
    import pandas as pd

    nan = float("nan")
    records = []
    for start, one in rows:
        ends, beside = one.measure.interval, one.comparison
        records.append(
            {
                **start,
                "value": one.measure.value,
                "value_low": ends.low if ends else nan,
                "value_high": ends.high if ends else nan,
                "difference": beside.difference if beside else nan,
                "difference_low": beside.low if beside else nan,
                "difference_high": beside.high if beside else nan,
                "p": float(f"{beside.p:.2g}") if beside else nan,
                "standing": one.words,
            }
        )
    return pd.DataFrame(records)


COMPARED = (
    "Methods side by side; the best of each group, and those that a paired permutation test over {units} does not distinguish from it. "
    "'difference' is that from the best, with its {confidence:.0%} interval; p is corrected for the number of comparisons (Holm)."
)
"""Caption of a table of standings"""


def standings(measures: Mapping[str, Measure]) -> dict[str, Standing]:
    """Return how measures of one score, by name, stand beside the best of them; p is corrected for all of these comparisons."""
    names, values = [*measures], [*measures.values()]
    best = _best(values)
    if best is None:
        return {name: Standing(one, False, None) for name, one in measures.items()}
    pairs = {i: compare(one, values[best]) for i, one in enumerate(values) if i != best}
    known = {i: one for i, one in pairs.items() if one is not None}
    corrected = dict(zip(known, correct([*known.values()]), strict=True))
    return {name: Standing(values[i], i == best, corrected.get(i)) for i, name in enumerate(names)}
