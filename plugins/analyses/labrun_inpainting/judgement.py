"""How all methods did, and the rows that tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labrun import Examples
from labrun.kit.bootstrap import bootstrap_interval
from labrun_inpainting.baselines import BEATABLE
from labrun_inpainting.methods import Method
from labrun_inpainting.pictures import in_batches, load_pictures, load_truth

__all__ = ["KINDS", "MISSING", "Judgement", "judge"]

KINDS = ("missing", "known")
"""The pixels that are judged apart."""
MISSING, KNOWN = 0, 1
SCORES = ("RMSE", "MAE")
FEW_MEMBERS = 10
"""With fewer members a bootstrap interval covers less than it says."""
NETWORKS_SHOWN = 4


@dataclass(frozen=True)
class Judgement:
    """One dataset and k methods. Scores are [grey levels], their axes (methods, kinds of pixels, scores)."""

    dataset: str
    methods: Sequence[Method]
    scores: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    over_kriging: NDArray[np.float64] | None
    """(3, methods): the RMSE on missing pixels by that of kriging, and the ends of its interval"""
    pixels: NDArray[np.int64]
    """(kinds,) how many were judged"""
    members: int
    by_picture: bool
    """Whether the bootstrap drew pictures, since all come from one member"""
    observed: NDArray[np.float64]
    """(shown, height, width), of the pictures that are drawn"""
    known: NDArray[np.bool_]
    truth: NDArray[np.float64]
    answers: NDArray[np.float64]
    """(methods, shown, height, width)"""

    def drawn(self) -> list[int]:
        """The methods whose pictures are drawn: the best networks, in the order of their names in the project, and all baselines."""
        found = [i for i, one in enumerate(self.methods) if one.is_network]
        best = sorted(found, key=lambda i: self.scores[i, MISSING, 0])[:NETWORKS_SHOWN]
        return sorted(best) + [i for i, one in enumerate(self.methods) if not one.is_network]

    def left_out(self) -> str:
        """The end of a caption: the networks that are not drawn."""
        missing = [one.name for i, one in enumerate(self.methods) if i not in self.drawn()]
        return f" Of the networks the best {NETWORKS_SHOWN} are drawn, not {', '.join(missing)}." if missing else ""

    def table(self) -> pd.DataFrame:
        """A row for each method and kind of pixels, with the interval of each score."""
        rows: list[dict[str, Any]] = []
        ours = {"method", "pixels", "count", *SCORES}
        for i, one in enumerate(self.methods):
            variant = {f"{axis} varied" if axis in ours else axis: value for axis, value in one.variant.items()}
            for j, kind in enumerate(KINDS):
                row = {"method": one.name, **variant, "pixels": kind, "count": int(self.pixels[j])}
                for k, score in enumerate(SCORES):
                    ends = self.low[i, j, k], self.high[i, j, k]
                    row |= {score: self.scores[i, j, k], f"{score}_low": ends[0], f"{score}_high": ends[1]}
                if self.over_kriging is not None:
                    ratio = self.over_kriging[:, i] if j == MISSING else [np.nan] * 3
                    row |= dict(zip(("over kriging", "over kriging_low", "over kriging_high"), ratio, strict=True))
                rows.append(row)
        return pd.DataFrame(rows)

    def metrics(self) -> Iterator[tuple[str, float]]:
        """`RMSE missing, unet`, …; known pixels for networks alone, since baselines do not touch them."""
        for i, one in enumerate(self.methods):
            for j, kind in enumerate(KINDS if one.is_network else KINDS[:1]):
                for k, score in enumerate(SCORES):
                    yield f"{score} {kind}, {one.name}", float(self.scores[i, j, k])
        if self.over_kriging is not None:
            for i, one in enumerate(self.methods):
                if one.is_network:
                    yield f"RMSE over kriging, {one.name}", float(self.over_kriging[0, i])

    def warnings(self) -> Iterator[str]:
        """What a reader must know before believing the numbers."""
        rmse = dict(zip([one.name for one in self.methods], self.scores[:, MISSING, 0], strict=True))
        for one in self.methods:
            better = [f"{name} ({rmse[name]:.3g})" for name in BEATABLE if rmse[name] <= rmse[one.name]]
            if one.is_network and better:
                yield (
                    f"the network '{one.name}' errs by {rmse[one.name]:.3g} grey levels on missing pixels (RMSE) and does not beat "
                    f"{', '.join(better)}: it has learned nothing that these do not know without training"
                )
        if self.by_picture:
            yield (
                f"all pictures of '{self.dataset}' come from one member, so that intervals count them as independent: they are if the "
                "simulator draws each anew"
            )
        elif self.members < FEW_MEMBERS:
            yield f"the pictures of '{self.dataset}' come from {self.members} members: intervals from so few are too narrow"


def judge(
    examples: Examples,
    methods: Sequence[Method],
    shown: int,
    confidence: float,
    resamples: int,
    rng: np.random.Generator,
) -> Judgement:
    """Let all methods tell the same pictures, some at a time; the bootstrap too draws the same for all.

    Raises:
        ValueError: two methods have one name, or a network answers no pictures.
    """
    _check_names(methods)
    sums = np.zeros((len(methods), len(KINDS), len(SCORES), len(examples)))
    counts = np.zeros((len(KINDS), len(examples)), np.int64)
    answers = []
    for places in in_batches(len(examples)):
        some = examples.take(places)
        known, truth = load_pictures(some)[1], load_truth(some)
        counts[:, places] = [(~known).sum(axis=(1, 2)), known.sum(axis=(1, 2))]
        for i, method in enumerate(methods):
            answer = method.inpaint(some)
            sums[i][..., places] = _sums(answer - truth, known)
            if places[0] == 0:
                answers.append(answer[:shown])
    kriging = next((i for i, one in enumerate(methods) if one.name == "kriging" and not one.is_network), None)
    by_picture = len(np.unique(examples.groups)) == 1
    groups = np.arange(len(examples)) if by_picture else examples.groups

    def statistic(chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        return _with_ratio(_scores(sums[..., chosen].sum(axis=-1), counts[:, chosen].sum(axis=-1)), kriging)

    both = statistic(np.arange(len(examples)))
    low, high = bootstrap_interval(statistic, groups, confidence, resamples, rng)
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
        len(np.unique(examples.groups)),
        by_picture,
        observed,
        known,
        load_truth(first),
        np.stack(answers),
    )


def _check_names(methods: Sequence[Method]) -> None:
    name, count = Counter(one.name for one in methods).most_common(1)[0]
    if count > 1:
        raise ValueError(
            f"{count} of what is judged are called '{name}': name each network once, and none after a baseline"
        )


def _sums(errors: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Sums of squares and of absolute errors over the pixels of each kind, (kinds, scores, pictures)."""
    return np.array(
        [
            [np.where(kind, size, 0.0).sum(axis=(1, 2)) for size in (errors**2, np.abs(errors))]
            for kind in (~known, known)
        ]
    )


def _scores(sums: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """RMSE and MAE, (methods, kinds, scores); NaN where no pixel of a kind was drawn."""
    means = np.divide(sums, counts[:, None], out=np.full_like(sums, np.nan), where=counts[:, None] > 0)
    means[..., 0] = np.sqrt(means[..., 0])
    return means


def _with_ratio(scores: NDArray[np.float64], kriging: int | None) -> NDArray[np.float64]:
    """The scores, and the RMSE on missing pixels by that of kriging, as rows of (methods,)."""
    rmse = scores[:, MISSING, 0]
    ratio = np.full(len(rmse), np.nan)
    if kriging is not None and rmse[kriging] > 0:
        ratio = rmse / rmse[kriging]
    return np.vstack([scores.reshape(len(scores), -1).T, ratio])
