"""Errors of all methods, and the rows of the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labrun import Examples, Interval, Measure
from labrun.contracts.measure import Judged
from labrun.kit.batches import batches
from labrun.kit.comparison import Standing, against_baselines, judged_on, standings, units_digest
from labrun.kit.intervals import LOGARITHMIC, student_interval
from labrun.kit.methods import check_names
from labrun.kit.spread import leave_out
from labrun.kit.units import FEW, Units, independent_units
from labrun_inpainting.baselines import BEATABLE
from labrun_inpainting.methods import Inpainter
from labrun_inpainting.pictures import BATCH, load_pictures, load_truth

__all__ = ["KINDS", "MISSING", "Judgement", "judge"]

KINDS = ("missing", "known")
"""Kinds of pixels, judged separately."""
MISSING, KNOWN = 0, 1
SCORES = ("RMSE", "MAE")
PICTURES = "pictures"
COLUMNS = ("pixels", "count", *SCORES)
"""What the table holds beside names and varied values."""
NETWORKS_SHOWN = 4


@dataclass(frozen=True)
class Judgement:
    """Errors of all methods on one dataset. Scores, (methods, kinds of pixels, scores), are in grey levels."""

    dataset: str
    methods: Sequence[Inpainter]
    scores: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    over_kriging: NDArray[np.float64] | None
    """(3, methods): RMSE on missing pixels over that of kriging, and the ends of its interval"""
    pixels: NDArray[np.int64]
    """(kinds,) number of judged pixels"""
    judged: Sequence[Judged]
    """For each method, what it takes to compare its RMSE on missing pixels"""
    units: Units
    """What the intervals are over: pictures, where all come from one member"""
    confidence: float
    observed: NDArray[np.float64]
    """(shown, height, width), of the drawn pictures"""
    known: NDArray[np.bool_]
    truth: NDArray[np.float64]
    answers: NDArray[np.float64]
    """(methods, shown, height, width)"""

    def best_in_words(self) -> str:
        """Say which network errs least on missing pixels, and how many baselines do better."""
        errors = self.scores[:, MISSING, 0]
        networks = [i for i, one in enumerate(self.methods) if one.is_network]
        if not networks:
            return ""
        best = min(networks, key=lambda i: float(errors[i]))
        better = [one.name for i, one in enumerate(self.methods) if not one.is_network and errors[i] < errors[best]]
        beaten = f"less than all baselines but {', '.join(better)}" if better else "less than every baseline"
        if len(better) == len(self.methods) - len(networks):
            beaten = "more than every baseline"
        return f" The best network, '{self.methods[best].name}', errs by {errors[best]:.3g} grey levels on missing pixels, {beaten}."

    def drawn(self) -> list[int]:
        """Return the methods whose pictures are drawn: the best networks, in their own order, and all baselines."""
        found = [i for i, one in enumerate(self.methods) if one.is_network]
        best = sorted(found, key=lambda i: self.scores[i, MISSING, 0])[:NETWORKS_SHOWN]
        return sorted(best) + [i for i, one in enumerate(self.methods) if not one.is_network]

    def left_out(self) -> str:
        """Say which networks are not drawn."""
        missing = [one.name for i, one in enumerate(self.methods) if i not in self.drawn()]
        return f" The best {NETWORKS_SHOWN} networks are drawn, not {', '.join(missing)}." if missing else ""

    def table(self) -> pd.DataFrame:
        """Return a row for each method and kind of pixels, with the interval of each score."""
        rows: list[dict[str, Any]] = []
        for i, one in enumerate(self.methods):
            for j, kind in enumerate(KINDS):
                row = one.columns(COLUMNS) | {"pixels": kind, "count": int(self.pixels[j])}
                for k, score in enumerate(SCORES):
                    ends = self.low[i, j, k], self.high[i, j, k]
                    row |= {score: self.scores[i, j, k], f"{score}_low": ends[0], f"{score}_high": ends[1]}
                if self.over_kriging is not None:
                    ratio = self.over_kriging[:, i] if j == MISSING else [np.nan] * 3
                    row |= dict(zip(("over kriging", "over kriging_low", "over kriging_high"), ratio, strict=True))
                rows.append(row)
        return pd.DataFrame(rows)

    def metrics(self) -> Iterator[tuple[str, Measure]]:
        """Yield `RMSE missing, unet`, …; on known pixels for networks only, since baselines do not change them."""
        compared = self._compared()
        for i, one in enumerate(self.methods):
            for j, kind in enumerate(KINDS if one.is_network else KINDS[:1]):
                for k, score in enumerate(SCORES):
                    ends = (float(bound[i, j, k]) for bound in (self.scores, self.low, self.high))
                    beatable = self._best(k, score) if one.is_network and j == MISSING else None
                    measure = self._measure(f"{score} {kind}", i, *ends, unit="grey levels", baseline=beatable)
                    yield (
                        f"{score} {kind}, {one.name}",
                        compared.get(i, measure) if j == MISSING and k == 0 else measure,
                    )
        if self.over_kriging is not None:
            for i, one in enumerate(self.methods):
                if one.is_network:
                    ends = (float(bound) for bound in self.over_kriging[:, i])
                    yield f"RMSE over kriging, {one.name}", self._measure("RMSE over kriging", i, *ends)

    def _compared(self) -> dict[int, Measure]:
        """Return the RMSE on missing pixels of each method, those of networks beside the best baseline that learns nothing."""
        found = {}
        for i, one in enumerate(self.methods):
            ends = (float(bound[i, MISSING, 0]) for bound in (self.scores, self.low, self.high))
            known: dict[str, Any] = {"unit": "grey levels", "judged": self.judged[i], "key": one.is_network}
            found[i] = self._measure(f"{SCORES[0]} {KINDS[MISSING]}", i, *ends, **known)
        networks = [i for i, one in enumerate(self.methods) if one.is_network]
        beatable = [found[i] for i, one in enumerate(self.methods) if one.name in BEATABLE and not one.is_network]
        beside = against_baselines([found[i] for i in networks], beatable)
        return found | dict(zip(networks, beside, strict=True))

    def standings(self) -> Iterator[tuple[dict[str, str], Standing]]:
        """Yield how the RMSE of each method on missing pixels stands beside the best."""
        measures = {self.methods[i].name: one for i, one in self._compared().items()}
        for method, standing in standings(measures).items():
            yield {"score": "RMSE missing", "method": method}, standing

    def _measure(self, name: str, i: int, value: float, low: float, high: float, **more: Any) -> Measure:
        interval = None if np.isnan(low) else Interval(low, high, self.confidence, "jackknife")
        known: dict[str, Any] = {"model": self.methods[i].name, "dataset": self.dataset, "better": "lower"}
        return Measure(value, name=name, interval=interval, n=self.units.count, units=self.units.words, **known, **more)

    def _best(self, k: int, score: str) -> Measure:
        """Return the least error on missing pixels of the methods that a network has to beat."""
        value, name = min(
            (float(self.scores[i, MISSING, k]), one.name) for i, one in enumerate(self.methods) if one.name in BEATABLE
        )
        return Measure(value, name=f"{score} missing", unit="grey levels", model=name)

    def warnings(self) -> Iterator[str]:
        """Yield what a reader must know before believing the numbers."""
        rmse = dict(zip([one.name for one in self.methods], self.scores[:, MISSING, 0], strict=True))
        for one in self.methods:
            better = [f"{name} ({rmse[name]:.3g})" for name in BEATABLE if rmse[name] <= rmse[one.name]]
            if one.is_network and better:
                yield (
                    f"the network '{one.name}' has an RMSE of {rmse[one.name]:.3g} grey levels on missing pixels and does not beat "
                    f"{', '.join(better)}: it has learned nothing that these do not know without training"
                )
        if self.units.words == PICTURES:
            yield (
                f"all pictures of '{self.dataset}' come from one member, and intervals count them as independent, which they are if the "
                "simulator draws each anew"
            )
        elif self.units.count < FEW:
            yield (
                f"the pictures of '{self.dataset}' come from {self.units}: intervals from fewer than "
                f"{FEW} are unreliable"
            )


def judge(
    examples: Examples,
    methods: Sequence[Inpainter],
    shown: int,
    confidence: float,
) -> Judgement:
    """Judge all methods on the same pictures, some at a time.

    Raises:
        ValueError: two methods have the same name, or a network does not predict finite pictures.
    """
    check_names(methods)
    sums = np.zeros((len(methods), len(KINDS), len(SCORES), len(examples)))
    counts = np.zeros((len(KINDS), len(examples)), np.int64)
    answers = []
    for places in batches(len(examples), BATCH):
        some = examples.take(places)
        known, truth = load_pictures(some)[1], load_truth(some)
        counts[:, places] = [(~known).sum(axis=(1, 2)), known.sum(axis=(1, 2))]
        for i, method in enumerate(methods):
            answer = method.answer(some)
            sums[i][..., places] = _sums(answer - truth, known)
            if places[0] == 0:
                answers.append(answer[:shown])
    kriging = next((i for i, one in enumerate(methods) if one.name == "kriging" and not one.is_network), None)
    units = independent_units(examples)
    if units.count == 1:
        units = Units(np.arange(len(examples)), PICTURES)

    def statistic(chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        return _with_ratio(_scores(sums[..., chosen].sum(axis=-1), counts[:, chosen].sum(axis=-1)), kriging)

    both = statistic(np.arange(len(examples)))
    replicates = leave_out(statistic, units.of)
    low, high = student_interval(replicates.spread(LOGARITHMIC), confidence, LOGARITHMIC)
    spread, digest = replicates.spread(), units_digest(units, examples)
    row = MISSING * len(SCORES)
    judged = [judged_on(spread.of(row, i), digest) for i in range(len(methods))]
    scores, lows, highs = (
        one[:-1].reshape(len(KINDS), len(SCORES), -1).transpose(2, 0, 1) for one in (both, low, high)
    )
    first = examples.take(np.arange(min(shown, len(examples))))
    observed, known = load_pictures(first)
    return Judgement(
        examples.name,
        methods,
        scores,
        lows,
        highs,
        np.stack([both[-1], low[-1], high[-1]]) if kriging is not None else None,
        counts.sum(axis=-1),
        judged,
        units,
        confidence,
        observed,
        known,
        load_truth(first),
        np.stack(answers),
    )


def _sums(errors: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the sums of squares and of absolute errors over the pixels of each kind, (kinds, scores, pictures)."""
    return np.array(
        [
            [np.where(kind, size, 0.0).sum(axis=(1, 2)) for size in (errors**2, np.abs(errors))]
            for kind in (~known, known)
        ]
    )


def _scores(sums: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return RMSE and MAE, (methods, kinds, scores); NaN where there is no pixel of a kind."""
    means = np.divide(sums, counts[:, None], out=np.full_like(sums, np.nan), where=counts[:, None] > 0)
    means[..., 0] = np.sqrt(means[..., 0])
    return means


def _with_ratio(scores: NDArray[np.float64], kriging: int | None) -> NDArray[np.float64]:
    """Return the scores, and the RMSE on missing pixels over that of kriging, as rows of (methods,)."""
    rmse = scores[:, MISSING, 0]
    ratio = np.full(len(rmse), np.nan)
    if kriging is not None and rmse[kriging] > 0:
        ratio = rmse / rmse[kriging]
    return np.vstack([scores.reshape(len(scores), -1).T, ratio])
