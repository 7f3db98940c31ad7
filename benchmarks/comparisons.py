"""How often the interval of a paired difference covers the true one, and how often its test is wrong, on simulated judgements.

    python benchmarks/comparisons.py [--repeats 2000] [--examples 20] [--units 8 12 20 50]

With 2,000 repeats, a share is uncertain by 0.5 % (standard error). Two methods judge the same examples in a few units (members, or
parameter sets). Units are easy or hard for both, and each method has errors of its own in each unit. `alike` are equally good methods: the
test should call 5 % of their differences significant, and the interval should cover 0 in 95 %. `unlike` are not: the interval should cover
the true difference.

* accuracy: logits of being right are normal, with shared parts and parts of one method, about 80 % right (90 and 80 % for `unlike`);
* 3 seeds: each method is the mean of three networks, which differ on all units alike, and unit by unit;
* MAE and r: errors of numbers are normal, with a shared offset in each unit and one of each method;
* skewed: as MAE, but units differ in the size of their errors, so that a few hold most of the difference.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from labrun.kit.comparison import sign_flip_test
from labrun.kit.intervals import share_spread, student_reach
from labrun.kit.spread import Spread, leave_out_sums

Reals = NDArray[np.float64]
Simulate = Callable[[np.random.Generator, int, int, bool], Spread]
"""Returns the spread of a difference, for units, examples and whether the methods are unlike."""

CONFIDENCE, LEVEL = 0.95, 0.05
MANY = 200_000
"""Units from which the true difference is known"""
BATCHES = 4


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--examples", type=int, default=20, help="in each unit")
    parser.add_argument("--units", type=int, nargs="+", default=[8, 12, 20, 50])
    options = parser.parse_args()
    print(f"units: {' ':36s}{' '.join(f'{units:6d}' for units in options.units)}", flush=True)
    covered: list[float] = []
    wrong: list[float] = []
    for name, simulate in SIMULATIONS.items():
        for unlike in (False, True):
            true = true_difference(simulate, options.examples) if unlike else 0.0
            found = [measure(simulate, units, unlike, true, options) for units in options.units]
            print_row(f"{name}, {'unlike' if unlike else 'alike'}: covered [%]", [one for one, _ in found])
            covered += [one for one, _ in found]
            if not unlike:
                print_row(f"{name}, alike: called different [%]", [one for _, one in found])
                wrong += [one for _, one in found]
    print(f"intervals that cover 93 to 97 %: {sum(93 <= one <= 97 for one in covered)} of {len(covered)}")
    print(f"least {min(covered):.1f}, greatest {max(covered):.1f}")
    print(f"tests that are wrong in 3 to 7 %: {sum(3 <= one <= 7 for one in wrong)} of {len(wrong)}")
    print(f"least {min(wrong):.1f}, greatest {max(wrong):.1f}")


def print_row(name: str, values: list[float]) -> None:
    """Print a row of the table."""
    print(f"{name:43s}{' '.join(f'{value:6.1f}' for value in values)}", flush=True)


def measure(
    simulate: Simulate, units: int, unlike: bool, true: float, options: argparse.Namespace
) -> tuple[float, float]:
    """Return how often the interval covers the true difference, and how often equally good methods are called different [%]."""
    rng = np.random.default_rng([3, units])
    covered, different = 0, 0
    for _ in range(options.repeats):
        spread = simulate(rng, units, options.examples, unlike)
        reach = student_reach(spread, CONFIDENCE) if spread.variance > 0 else 0.0
        covered += bool(abs(float(spread.value) - true) <= reach)
        different += not unlike and sign_flip_test(spread) < LEVEL
    return 100 * covered / options.repeats, 100 * different / options.repeats


def true_difference(simulate: Simulate, examples: int) -> float:
    """Return the difference on very many units."""
    rng = np.random.default_rng(0)
    return float(np.mean([simulate(rng, MANY // BATCHES, examples, True).value for _ in range(BATCHES)]))


def simulate_accuracy(rng: np.random.Generator, units: int, examples: int, unlike: bool) -> Spread:
    """Simulate two classifiers of one seed each."""
    shared = 1.0 * rng.standard_normal((1, units))
    own = [shared + 0.7 * rng.standard_normal((1, units)) for _ in range(2)]
    return difference_of_shares(rng, own, examples, unlike)


def simulate_seeds(rng: np.random.Generator, units: int, examples: int, unlike: bool) -> Spread:
    """Simulate two classifiers of three seeds each."""
    shared = 1.0 * rng.standard_normal((1, units))
    own = []
    for _ in range(2):
        of_seeds, of_both = 0.2 * rng.standard_normal((3, 1)), 0.5 * rng.standard_normal((3, units))
        own.append(shared + 0.5 * rng.standard_normal((1, units)) + of_seeds + of_both)
    return difference_of_shares(rng, own, examples, unlike)


def difference_of_shares(rng: np.random.Generator, logits: list[Reals], examples: int, unlike: bool) -> Spread:
    """Return the difference of accuracies, from logits of being right, (seeds, units)."""
    total = np.full(logits[0].shape[1], examples)
    middles = (2.8 if unlike else 1.8, 1.8)
    spreads = [share_spread(rng.binomial(total, expit(m + one)), total) for m, one in zip(middles, logits, strict=True)]
    return spreads[0] - spreads[1]


def errors_of_two(
    rng: np.random.Generator, units: int, examples: int, unlike: bool, skewed: bool
) -> tuple[Reals, Reals]:
    """Return true numbers, (units, examples), uniform in [0, 1], and errors of two methods, (2, units, examples)."""
    shared, own = rng.standard_normal((1, units, 1)), rng.standard_normal((2, units, 1))
    errors = 0.06 * shared + 0.06 * own + 0.1 * rng.standard_normal((2, units, examples))
    if skewed:
        errors *= np.exp(0.6 * rng.standard_normal((units, 1)))
    if unlike:
        errors[0] *= 0.7
    return rng.random((units, examples)), errors


def simulate_mae(rng: np.random.Generator, units: int, examples: int, unlike: bool, skewed: bool = False) -> Spread:
    """Simulate two predictors of a number, judged by their MAE."""
    _, errors = errors_of_two(rng, units, examples, unlike, skewed)
    spreads = [leave_out_sums(mean, with_counts(np.abs(one).sum(axis=1), examples)).spread() for one in errors]
    return spreads[0] - spreads[1]


def simulate_skewed(rng: np.random.Generator, units: int, examples: int, unlike: bool) -> Spread:
    """Simulate two predictors, with units that differ in the size of their errors."""
    return simulate_mae(rng, units, examples, unlike, skewed=True)


def simulate_r(rng: np.random.Generator, units: int, examples: int, unlike: bool) -> Spread:
    """Simulate two predictors of a number, judged by Pearson's r."""
    truth, errors = errors_of_two(rng, units, examples, unlike, skewed=False)
    spreads = []
    for one in errors:
        t, p = truth - 0.5, truth + one - 0.5
        sums = np.stack([x.sum(axis=1) for x in (t, p, t * t, p * p, t * p)] + [np.full(units, examples)], axis=-1)
        spreads.append(leave_out_sums(pearson, sums).spread())
    return spreads[0] - spreads[1]


def with_counts(sums: Reals, examples: int) -> Reals:
    """Return sums and numbers of examples, (units, 2)."""
    return np.stack([sums, np.full(len(sums), examples)], axis=-1)


def mean(sums: Reals) -> Reals:
    """Return the mean from sums and counts."""
    return sums[..., 0] / sums[..., 1]


def pearson(sums: Reals) -> Reals:
    """Return r from the sums of t, p, t², p², tp and 1."""
    t, p, tt, pp, tp, n = np.moveaxis(sums, -1, 0)
    return (tp - t * p / n) / np.sqrt((tt - t * t / n) * (pp - p * p / n))


SIMULATIONS: dict[str, Simulate] = {
    "accuracy": simulate_accuracy,
    "accuracy, 3 seeds": simulate_seeds,
    "MAE": simulate_mae,
    "MAE, skewed": simulate_skewed,
    "r": simulate_r,
}

if __name__ == "__main__":
    main()
