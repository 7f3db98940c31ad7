"""How often the intervals of analyses cover the true score, on simulated judgements with clustered errors.

    python benchmarks/interval_coverage.py [--repeats 2000] [--correlation 0.3] [--examples 10] [--units 5 8 12 20 50]

Nominal is 95 %; with 2,000 repeats, a coverage is uncertain by 0.5 % (standard error). In each repeat there are a few units (members, or
parameter sets) with several examples each. The examples of one unit are right with a probability of its own, drawn from a beta distribution
whose mean is the true share and in which examples are correlated by `--correlation`; errors of numbers are normal, with as much of their
variance between units. The true share of a repeat is uniform in the range of its row, since a share of few units takes few values.

The intervals are those that the analyses call: `confusion_matrix` (accuracy), `bond_recovery` (precision, recall and F1 of the bonds of
networks, of 40 bonds each) and `regression` (r, MAE, R², RMSE). Beside them stands the percentile bootstrap over units.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from labrun import Examples
from labrun.kit.accuracy import accuracy_measure
from labrun.kit.bootstrap import bootstrap_interval
from labrun.kit.methods import Method
from labrun_regression.judgement import judge_dataset
from labrun_regression.scores import SCORES, judge
from labrun_spring_networks.recovery import ALL, Recovery, recovery_table

RANGES = ((0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 0.99), (1.0, 1.0))
BONDS = 40
CONFIDENCE = 0.95
Covered = dict[str, bool]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--correlation", type=float, default=0.3, help="of the examples of a unit")
    parser.add_argument("--examples", type=int, default=10, help="in each unit")
    parser.add_argument("--units", type=int, nargs="+", default=[5, 8, 12, 20, 50])
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    print(f"coverage of 95 % intervals [%]; units: {' '.join(f'{units:6d}' for units in options.units)}")
    table: dict[str, list[float]] = {}
    for units in options.units:
        for name, covered in measure(rng, units, options):
            table.setdefault(name, []).append(100 * covered)
    for name, row in table.items():
        print(f"{name:46s}{' '.join(f'{value:6.1f}' for value in row)}")
    ours = [value for name, row in table.items() if "bootstrap" not in name and "1.00" not in name for value in row]
    inside = sum(93 <= value <= 97 for value in ours)
    print(f"between 93 and 97 %: {inside} of {len(ours)}; least {min(ours):.1f}, greatest {max(ours):.1f}")


def measure(rng: np.random.Generator, units: int, options: argparse.Namespace) -> Iterator[tuple[str, float]]:
    """Yield the coverage of each score with so many units, by name and range of the true share."""
    for low, high in RANGES:
        shares = rng.uniform(low, high, options.repeats)
        words = f"{low:.2f} to {high:.2f}" if high > low else f"{low:.2f}"
        for judgement in (judge_classes, judge_bonds):
            found = [judgement(rng, units, share, options.correlation, options.examples) for share in shares]
            yield from ((f"{name}, true share {words}", value) for name, value in means(found))
    truth = true_scores(rng, options.correlation)
    found = [judge_numbers(rng, units, truth, options.correlation, options.examples) for _ in range(options.repeats)]
    yield from means(found)


def means(found: Sequence[Covered]) -> Iterator[tuple[str, float]]:
    """Yield how often each name was covered."""
    return ((name, float(np.mean([one[name] for one in found]))) for name in found[0])


def draw_shares(rng: np.random.Generator, units: int, share: float, correlation: float) -> NDArray[np.float64]:
    """Return the probability of being right of each unit, (units,), with so correlated examples."""
    size = 1 / correlation - 1
    return rng.beta(share * size, (1 - share) * size, units) if share < 1 else np.ones(units)


def judge_classes(rng: np.random.Generator, units: int, share: float, correlation: float, count: int) -> Covered:
    """Judge a classifier of `count` examples in each unit."""
    groups = np.repeat(np.arange(units), count)
    truth = rng.integers(0, 3, len(groups))
    right = rng.random(len(groups)) < draw_shares(rng, units, share, correlation)[groups]
    examples = Examples(lambda i: np.zeros((len(i), 1)), lambda i: truth[i], groups, classes="abc", name="test")
    interval = accuracy_measure(examples, [np.where(right, truth, (truth + 1) % 3)], "net", CONFIDENCE).interval
    assert interval is not None
    low, high = bootstrap_interval(lambda chosen: right[chosen].mean(), groups, CONFIDENCE, 100, rng)
    return {
        "accuracy": interval.low <= share <= interval.high,
        "accuracy, bootstrap": bool(low <= share <= high),
    }


def judge_bonds(rng: np.random.Generator, units: int, share: float, correlation: float, _: int) -> Covered:
    """Judge networks of 40 bonds. With the share q of a network, right bonds are binomial (40, q) and wrong ones (40, 1 − q), so that
    precision, recall and F1 of all bonds have the true value of the mean of q."""
    shares = draw_shares(rng, units, share, correlation)
    right, wrong = rng.binomial(BONDS, shares), rng.binomial(BONDS, 1 - shares)
    networks = [
        Recovery(np.ones(r + w), np.arange(r + w) < r, BONDS)
        for r, w in zip(right.tolist(), wrong.tolist(), strict=True)
    ]
    table = recovery_table("net", ["class"] * units, networks, 0.5, CONFIDENCE)
    (row,) = table[table["class"] == ALL].to_dict("records")
    scores = [name for name in ("precision", "recall", "F1") if not np.isnan(row[f"{name}_low"])]
    assert scores
    return {f"{name} of bonds": row[f"{name}_low"] <= share <= row[f"{name}_high"] for name in scores}


def draw_numbers(
    rng: np.random.Generator, units: int, correlation: float, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return true numbers, predictions and units: the truth of a unit is uniform in [0, 1], the error has the standard deviation 0.15."""
    groups = np.repeat(np.arange(units), count)
    truth = rng.random(units)[groups]
    between, within = 0.15 * np.sqrt([correlation, 1 - correlation])
    errors = between * rng.standard_normal(units)[groups] + within * rng.standard_normal(len(groups))
    return truth, truth + errors, groups


def true_scores(rng: np.random.Generator, correlation: float) -> NDArray[np.float64]:
    """Return the scores of very many units, (4,)."""
    truth, predicted, _ = draw_numbers(rng, 1_000_000, correlation, 1)
    return judge(predicted[None], truth)[0]


def judge_numbers(
    rng: np.random.Generator, units: int, true: NDArray[np.float64], correlation: float, count: int
) -> Covered:
    """Judge predictions of a number."""
    truth, predicted, groups = draw_numbers(rng, units, correlation, count)
    examples = Examples(lambda i: np.zeros((len(i), 1)), lambda i: truth[i], groups, name="test")
    answer: Callable[[Examples], NDArray[np.float64]] = lambda _: predicted  # noqa: E731  # a method that knows its answers
    judged = judge_dataset(examples, [Method("net", answer)], None, CONFIDENCE)
    ends = zip(judged.low[0], judged.high[0], true, strict=True)
    found = {name: bool(low <= value <= high) for name, (low, high, value) in zip(SCORES.values(), ends, strict=True)}
    low, high = bootstrap_interval(
        lambda chosen: judge(predicted[None, chosen], truth[chosen])[0], groups, CONFIDENCE, 100, rng
    )
    inside = (low <= true) & (true <= high)
    return found | {f"{name}, bootstrap": bool(one) for name, one in zip(SCORES.values(), inside, strict=True)}


if __name__ == "__main__":
    main()
