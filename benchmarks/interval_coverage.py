"""How often 95 % intervals cover the true score, on simulated judgements with clustered errors.

    python benchmarks/interval_coverage.py [--repeats 2000] [--examples 10] [--units 5 8 12 20 50] [--only accuracy]

With 2,000 repeats, a coverage is uncertain by 0.5 % (standard error). In each repeat there are a few units (members, or parameter sets)
with several examples each: half of `--examples` to twice as many. The true share of a repeat is uniform in the range of its row, since a
share of few units takes few values. The examples of a unit are right with a probability of its own, whose mean is the true share:

* `beta`: beta distributions, in which examples are correlated by 0.3;
* `logit-normal`: normal on the logit scale with a standard deviation of 1.5;
* `zero-inflated`: 1, but for a few units with 0.4: rare units fail.

The method has no constant fitted to simulations. Which of several published intervals to use was decided on all of these families.

The intervals are those that the analyses use: `confusion_matrix` (accuracy, and macro F1 of three classes), also of the mean over three
networks that differ in their seed, whose errors depend on the seed, the unit and both; `bond_recovery` (precision and F1 of the bonds of
networks of 40 bonds, and the share of exact networks); and `regression` (r, MAE, R², RMSE), where the errors of a unit share an offset,
normal or, in the family `scale`, with a standard deviation that differs from unit to unit.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from labrun.kit.intervals import fraction_interval, jackknife_interval, share_interval
from labrun.kit.spread import leave_out_sums
from labrun_confusion_matrix.scores import confusion, macro_f1, units_of_classes
from labrun_regression.scores import NEARLY_NORMAL, SCORES, judge

Reals = NDArray[np.float64]
Counts = NDArray[np.int64]
Draw = Callable[[np.random.Generator, Reals, int], Reals]
"""Draws the probability of being right of each unit, (repeats, units), for true shares, (repeats,)."""

RANGES = ((0.5, 0.7), (0.7, 0.85), (0.85, 0.95), (0.95, 0.99))
CONFIDENCE = 0.95
CLASSES, BONDS, SEEDS = 3, 40, 3
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--examples", type=int, default=10, help="in each unit, about")
    parser.add_argument("--units", type=int, nargs="+", default=[5, 8, 12, 20, 50])
    parser.add_argument("--only", default="", help="rows whose name begins so")
    options = parser.parse_args()
    print(f"coverage of 95 % intervals [%]; units: {' '.join(f'{units:6d}' for units in options.units)}", flush=True)
    cells: dict[tuple[str, int], float] = {}
    for name, covers in rows(options.examples):
        if name.startswith(options.only):
            found = {
                (f"{name}{one}", units): value
                for units in options.units
                for one, value in covers(np.random.default_rng([1, units]), units, options.repeats).items()
            }
            cells |= found
            for one in dict.fromkeys(row for row, _ in found):
                print(f"{one:44s}" + " ".join(f"{found[one, units]:6.1f}" for units in options.units), flush=True)
    values = np.array([*cells.values()])
    inside = (values >= 93) & (values <= 97)
    print(
        f"between 93 and 97 %: {inside.sum()} of {len(values)}; below: {(values < 93).sum()}; above: {(values > 97).sum()}"
    )
    print(f"least {values.min():.1f}, greatest {values.max():.1f}")
    low = sorted((value, f"{row}, {units} units") for (row, units), value in cells.items() if value < 93)
    print(*(f"below 93 %: {value:.1f}, {place}" for value, place in low), sep="\n")


def rows(examples: int) -> Iterator[tuple[str, Callable[[np.random.Generator, int, int], dict[str, float]]]]:
    """Yield the name of each row (or of four) and what measures its coverage [%]."""
    judgements = {"accuracy": judge_accuracy, "macro F1": judge_classes, "": judge_bonds}
    for low, high in RANGES:
        words = f"{low:.2f} to {high:.2f}"

        def shares(rng: np.random.Generator, repeats: int, low: float = low, high: float = high) -> Reals:
            return rng.uniform(low, high, repeats)

        for family, draw in FAMILIES.items():
            for score, judge_one in judgements.items():

                def cover(
                    rng: np.random.Generator,
                    units: int,
                    repeats: int,
                    draw: Draw = draw,
                    judge_one: Judge = judge_one,
                    shares: Callable[..., Reals] = shares,
                ) -> dict[str, float]:
                    share = shares(rng, repeats)
                    chances = draw(rng, share, units)
                    return means(
                        [judge_one(rng, one, true, examples) for one, true in zip(chances, share, strict=True)]
                    )

                yield f"{score}{', ' if score else ''}{family}, {words}", cover

        def cover_seeds(
            rng: np.random.Generator, units: int, repeats: int, shares: Callable[..., Reals] = shares
        ) -> dict[str, float]:
            share = shares(rng, repeats)
            chances = draw_seeds(rng, share, units)
            return means([judge_seeds(rng, one, true, examples) for one, true in zip(chances, share, strict=True)])

        yield f"accuracy, mean of {SEEDS} seeds, {words}", cover_seeds
    for family in ("normal", "scale"):

        def cover_numbers(rng: np.random.Generator, units: int, repeats: int, family: str = family) -> dict[str, float]:
            truth, predicted, _ = draw_numbers(np.random.default_rng(0), 300_000, family, 1)
            true = judge(predicted[None], truth)[0]
            return means([judge_numbers(rng, units, true, family, examples) for _ in range(repeats)])

        yield f"regression, {family}", cover_numbers


Judge = Callable[[np.random.Generator, Reals, float, int], dict[str, bool]]


def means(found: list[dict[str, bool]]) -> dict[str, float]:
    """Return how often each name was covered [%]."""
    return {name: 100 * float(np.mean([one[name] for one in found])) for name in found[0]}


def draw_beta(rng: np.random.Generator, share: Reals, units: int) -> Reals:
    """Draw from beta distributions with the correlation 0.3."""
    size = 1 / 0.3 - 1
    return rng.beta(share[:, None] * size, (1 - share[:, None]) * size, (len(share), units))


def draw_logit_normal(rng: np.random.Generator, share: Reals, units: int) -> Reals:
    """Draw from logit-normal distributions."""
    return expit(middles(share, 1.5)[:, None] + 1.5 * rng.standard_normal((len(share), units)))


def draw_zero_inflated(rng: np.random.Generator, share: Reals, units: int) -> Reals:
    """Draw 1, or 0.4 for failed units."""
    failed = rng.random((len(share), units)) < ((1 - share) / 0.6)[:, None]
    return np.where(failed, 0.4, 1.0)


FAMILIES: dict[str, Draw] = {"beta": draw_beta, "logit-normal": draw_logit_normal, "zero-inflated": draw_zero_inflated}


def draw_seeds(rng: np.random.Generator, share: Reals, units: int) -> Reals:
    """Draw logits with normal parts of the seed, of the unit and of both: (repeats, seeds, units)."""
    parts = ((0.4, (SEEDS, 1)), (1.0, (1, units)), (0.6, (SEEDS, units)))
    deviation = float(np.sqrt(sum(scale**2 for scale, _ in parts)))
    logits = sum(scale * rng.standard_normal((len(share), *shape)) for scale, shape in parts)
    return expit(middles(share, deviation)[:, None, None] + logits)


def middles(share: Reals, deviation: float) -> Reals:
    """Return μ, (n,), for which expit of a normal number of mean μ has the mean `share`, by bisection."""
    low, high = np.full((2, len(share)), [[-20.0], [20.0]])
    for _ in range(50):
        middle = (low + high) / 2
        below = expit(middle[:, None] + deviation * NODES) @ WEIGHTS / WEIGHTS.sum() < share
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return low


def draw_sizes(rng: np.random.Generator, units: int, examples: int) -> Counts:
    """Draw how many examples each unit has, (units,)."""
    return rng.integers(examples // 2, 2 * examples + 1, units)


def judge_accuracy(rng: np.random.Generator, chances: Reals, share: float, examples: int) -> dict[str, bool]:
    """Judge a classifier."""
    sizes = draw_sizes(rng, len(chances), examples)
    ends = share_interval(rng.binomial(sizes, chances), sizes, CONFIDENCE)
    return {"": ends.low <= share <= ends.high}


def judge_classes(rng: np.random.Generator, chances: Reals, share: float, examples: int) -> dict[str, bool]:
    """Judge a classifier of three classes with errors in all directions alike, so that the true macro F1 is the share."""
    units = np.repeat(np.arange(len(chances)), draw_sizes(rng, len(chances), examples))
    truth = rng.integers(0, CLASSES, len(units))
    wrong = (truth + rng.integers(1, CLASSES, len(units))) % CLASSES
    counts = confusion(truth, np.where(rng.random(len(units)) < chances[units], truth, wrong), CLASSES, units)
    replicates = leave_out_sums(macro_f1, counts[:, None])
    ends = fraction_interval(replicates, units_of_classes(counts), len(units), CONFIDENCE)
    return {"": ends.low <= share <= ends.high}


def judge_bonds(rng: np.random.Generator, chances: Reals, share: float, _: int) -> dict[str, bool]:
    """Judge networks of 40 bonds. With the share q of a network, right bonds are binomial (40, q) and wrong ones (40, 1 − q), so that
    precision and F1 of all bonds have the true value of the mean of q. A network is exact with a chance of the true share."""
    right, wrong = rng.binomial(BONDS, chances), rng.binomial(BONDS, 1 - chances)
    exact = rng.random(len(chances)) < share
    shares = {
        "precision of bonds": share_interval(right, right + wrong, CONFIDENCE),
        "F1 of bonds": share_interval(right, (right + wrong + BONDS) / 2, CONFIDENCE),
        "exact networks": share_interval(exact, np.ones(len(exact)), CONFIDENCE),
    }
    return {f", {name}": ends.low <= share <= ends.high for name, ends in shares.items()}


def judge_seeds(rng: np.random.Generator, chances: Reals, share: float, examples: int) -> dict[str, bool]:
    """Judge the mean of networks that differ in their seed, on the same examples."""
    sizes = draw_sizes(rng, chances.shape[1], examples)
    ends = share_interval(rng.binomial(sizes, chances), sizes, CONFIDENCE)
    return {"": ends.low <= share <= ends.high}


def draw_numbers(rng: np.random.Generator, units: int, family: str, examples: int) -> tuple[Reals, Reals, Counts]:
    """Return true numbers, predictions and units. The truth of a unit is uniform in [0, 1], the error has the standard deviation 0.15, with
    0.3 of its variance between units."""
    sizes = draw_sizes(rng, units, examples) if examples > 1 else np.ones(units, int)
    groups = np.repeat(np.arange(units), sizes)
    truth = rng.random(units)[groups]
    errors = np.sqrt(0.3) * rng.standard_normal(units)[groups] + np.sqrt(0.7) * rng.standard_normal(len(groups))
    if family == "scale":
        errors *= np.exp(0.4 * rng.standard_normal(units))[groups]
    return truth, truth + 0.15 * errors, groups


def judge_numbers(rng: np.random.Generator, units: int, true: Reals, family: str, examples: int) -> dict[str, bool]:
    """Judge predictions of a number."""
    truth, predicted, groups = draw_numbers(rng, units, family, examples)
    low, high = jackknife_interval(
        lambda chosen: judge(predicted[None, chosen], truth[chosen])[0], groups, CONFIDENCE, NEARLY_NORMAL
    )
    return {f", {name}": bool(a <= t <= b) for name, a, b, t in zip(SCORES.values(), low, high, true, strict=True)}


if __name__ == "__main__":
    main()
