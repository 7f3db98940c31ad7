"""Scores of recovered bonds, for all methods that score pairs of sites: their counts, one table and one figure.

    precision = right / found,    recall = right / true,    F1 = 2 right / (found + true),

over the bonds of all networks of a class together; a network is exact if all its bonds are found and no others. Intervals are
over networks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labrun import Interval, Measure
from labrun.kit.comparison import judged_on
from labrun.kit.intervals import share_interval, share_spread
from labrun.kit.palette import BASELINE, BASELINE_MARKS, FAINT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from labrun.contracts.findings import Findings
    from labrun.contracts.measure import Judged

__all__ = [
    "ALL",
    "Recovery",
    "choose_threshold",
    "class_order",
    "curves",
    "draw_recovery",
    "recovery_judged",
    "recovery_measure",
    "recovery_table",
    "threshold_of",
]

ALL = "all"
"""The class of all networks together, the last row of each method"""


@dataclass(frozen=True)
class Recovery:
    """Candidate bonds of one network: pairs of sites, their scores, and which are true."""

    scores: NDArray[np.float64]
    """(pairs,): the higher, the more likely a bond"""
    is_bond: NDArray[np.bool_]
    """(pairs,): whether the pair is a true bond"""
    bonds: int
    """Number of true bonds, with those that are not among the pairs"""

    def counts(self, threshold: float) -> NDArray[np.int64]:
        """Return the numbers of right, found and true bonds, (3,) int64; pairs with a score of at least `threshold` are found."""
        found = self.scores >= threshold
        return np.array([np.sum(found & self.is_bond), np.sum(found), self.bonds])


CHANCE = 5e-4
"""A difference of F1 that is due to chance: one bond in a thousand"""


def choose_threshold(networks: Sequence[Recovery]) -> float:
    """Return the threshold of the highest F1: the middle of the thresholds around the best whose F1 is lower by at most `CHANCE`.

    Raises:
        ValueError: no pair is a bond.
    """
    scores, is_bond, true = _joined(networks)
    if not is_bond.any():
        raise ValueError(
            f"none of the {len(scores)} pairs of sites in {len(networks)} networks is a bond, so no threshold can be chosen. Do the "
            "simulation and the pictures belong together?"
        )
    values, number = np.unique(-scores, return_counts=True)
    last = number.cumsum()
    right = np.cumsum(is_bond[np.argsort(-scores, kind="stable")])[last - 1]
    f1 = 2 * right / (last + true)
    best = int(np.argmax(f1))
    worse = np.flatnonzero(f1 < f1[best] - CHANCE)
    first = worse[worse < best].max(initial=-1) + 1
    after = worse[worse > best].min(initial=len(values))
    below = values[after] if after < len(values) else values[-1]
    return float(-(values[first] + below) / 2)


def threshold_of(recovery: Findings, model: str) -> float:
    """Return the threshold that the analysis `bond_recovery` has chosen for a model.

    Raises:
        ValueError: it has not judged this model.
    """
    table = recovery.tables.get("thresholds")
    rows = table.loc[table["model"] == model, "threshold"] if table is not None else ()
    if not len(rows):
        judged = "have no table 'thresholds'" if table is None else f"have those of {', '.join(table['model'])}"
        raise ValueError(
            f"the findings under 'recovery' have no threshold of the model '{model}'; they {judged}. Name an analysis 'bond_recovery' of "
            "that model, or leave them out and set 'threshold'"
        )
    return float(rows.iloc[0])  # type: ignore[union-attr]


def curves(networks: Sequence[Recovery], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return precision, recall and F1, from 0 to 1, at each threshold, (thresholds, 3); precision is NaN where nothing is found."""
    return np.array([_rates(np.sum([one.counts(t) for one in networks], axis=0)) for t in thresholds])


def class_order(classes: Iterable[str]) -> list[str]:
    """Return each class once, in alphabetical order, but with numbers in the names by their value: `margin 8` before `margin 24`."""
    return sorted(set(classes), key=lambda name: [_by_value(part) for part in re.split(r"(\d+(?:\.\d+)?)", name)])


def _by_value(part: str) -> tuple[float, str]:
    return (float(part), "") if part[:1].isdigit() else (0.0, part)


def recovery_table(
    method: str, classes: Sequence[str], networks: Sequence[Recovery], threshold: float, confidence: float
) -> pd.DataFrame:
    """Return a row for each class of networks, and one for `all`.

    Columns: method, class, networks, bonds (true ones); precision, recall, F1 and exact (the share of networks), each with its interval
    over networks, `F1_low` to `F1_high`; threshold.
    """
    import pandas as pd

    counts = np.array([one.counts(threshold) for one in networks])
    rows = []
    for group in [*class_order(classes), ALL]:
        inside = counts if group == ALL else counts[np.array(classes) == group]
        start = {"method": method, "class": group, "networks": len(inside), "bonds": int(inside[:, 2].sum())}
        rows.append(start | _scores(inside, confidence) | {"threshold": threshold})
    return pd.DataFrame(rows)


def _scores(counts: NDArray[np.int64], confidence: float) -> dict[str, float]:
    """Return the scores of networks from their right, found and true bonds, (networks, 3), with intervals over networks.

    Each is a share: F1 that of right bonds among the mean of found and true ones.
    """
    right, found, true = counts.T
    exact = (counts == counts[:, :1]).all(axis=1)
    shares = {
        "precision": (right, found),
        "recall": (right, true),
        "F1": (right, (found + true) / 2),
        "exact": (exact, np.ones(len(exact))),
    }
    values = dict(zip(("precision", "recall", "F1"), _rates(counts.sum(axis=0)), strict=True)) | {"exact": exact.mean()}
    scores: dict[str, float] = {}
    for name, (part, whole) in shares.items():
        ends = share_interval(part, whole, confidence) if whole.sum() else None
        low, high = (ends.low, ends.high) if ends else (np.nan, np.nan)
        scores |= {name: float(values[name]), f"{name}_low": low, f"{name}_high": high}
    return scores


def recovery_judged(networks: Sequence[Recovery], threshold: float, digest: str) -> dict[str, Judged]:
    """Return what it takes to compare F1 and the share of exact networks with those of other methods, on the networks of this digest."""
    right, found, true = np.array([one.counts(threshold) for one in networks]).T
    exact = (right == found) & (right == true)
    shares = {"F1": (right, (found + true) / 2), "exact": (exact, np.ones(len(exact)))}
    return {
        name: judged_on(share_spread(np.asarray(part, float)[None], np.asarray(whole, float)), digest)
        for name, (part, whole) in shares.items()
    }


def recovery_measure(
    table: pd.DataFrame, method: str, score: str, dataset: str, confidence: float, **more: Any
) -> Measure:
    """Return a score of a method on all networks together as a measure."""
    (row,) = table[(table["method"] == method) & (table["class"] == ALL)].to_dict("records")
    low, high = row[f"{score}_low"], row[f"{score}_high"]
    interval = None if np.isnan(low) else Interval(low, high, confidence, "Wilson" if score == "exact" else "share")
    known = {"name": score, "model": method, "dataset": dataset, "better": "higher", "n": row["networks"]}
    return Measure(row[score], interval=interval, units="networks", **known, **more)


def draw_recovery(table: pd.DataFrame, colours: Mapping[str, str]) -> Figure:
    """Draw F1 with its interval, a row for each class and a dot for each method, in the order of the table. `colours` are those of the
    networks; baselines are grey, each with a mark of its own."""
    import matplotlib.pyplot as plt

    methods, classes = list(dict.fromkeys(table["method"])), list(dict.fromkeys(table["class"]))
    rows = {name: len(classes) - 1 - place for place, name in enumerate(classes)}
    step = 0.7 / len(methods)
    height = max(2.2, 0.9 + len(classes) * (0.2 + 0.16 * len(methods)))
    figure, axes = plt.subplots(figsize=(8.5, height), layout="constrained")
    marks = dict(zip((one for one in methods if one not in colours), cycle(BASELINE_MARKS), strict=False))
    for place, method in enumerate(methods):
        colour = colours.get(method, BASELINE)
        own = table[table["method"] == method]
        y = np.array([rows[name] for name in own["class"]]) + step * ((len(methods) - 1) / 2 - place)
        axes.hlines(y, own["F1_low"], own["F1_high"], color=colour, lw=2.5, alpha=0.5)
        axes.plot(own["F1"], y, marks.get(method, "o"), color=colour, ms=5, label=method)
    low = float(np.nanmin(table["F1_low"])) if table["F1_low"].notna().any() else 0.0
    axes.set_xlim(low - 0.06 * max(1 - low, 0.02), 1 + 0.04 * max(1 - low, 0.02))
    axes.axvline(1, color=FAINT, lw=1, zorder=0)
    for edge in np.arange(len(classes) - 1) + 0.5:
        axes.axhline(edge, color=FAINT, lw=1, zorder=0)
    axes.set_yticks(list(rows.values()), list(rows))
    axes.set_ylim(-0.5, len(classes) - 0.5)
    axes.set_xlabel("F1 of the bonds")
    axes.grid(axis="x")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def _joined(networks: Sequence[Recovery]) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    return (
        np.concatenate([one.scores for one in networks]),
        np.concatenate([one.is_bond for one in networks]),
        sum(one.bonds for one in networks),
    )


def _rates(counts: NDArray[np.int64]) -> tuple[float, float, float]:
    """Return precision, recall and F1."""
    right, found, true = (float(one) for one in counts)
    return right / found if found else np.nan, right / true if true else np.nan, _f1(counts)


def _f1(counts: NDArray[np.int64]) -> float:
    """Return F1; 1 where there is no bond and none is found."""
    right, found, true = (float(one) for one in counts)
    return 2 * right / (found + true) if found + true else 1.0
