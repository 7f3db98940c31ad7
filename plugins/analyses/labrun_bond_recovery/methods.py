"""Networks that draw bonds, and the threshold of each from validation pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from labrun import Examples, Interval, TrainedModel
from labrun.kit.intervals import LOGARITHMIC, score_interval
from labrun.kit.methods import Method, check_names
from labrun_bond_recovery.judging import Judged, judge
from labrun_bond_recovery.truth import CLEAR, Truth
from labrun_spring_networks.drawn import expected_pictures, generated_pictures
from labrun_spring_networks.recovery import Recovery, choose_threshold, class_order

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EXPECTED", "Drawer", "Judgement", "judge_method", "methods"]

EXPECTED = "expected drawing"
"""The method that no network can beat: the true pictures, read in the same way."""

Drawer: TypeAlias = Method[Examples, Iterator[NDArray[np.float64]]]
"""Yields a picture for each example, (height, width), from 0, ink, to 1."""


@dataclass(frozen=True)
class Judgement:
    """Pictures that a method has drawn, beside the truth, and the threshold at which their bonds are read."""

    method: Drawer
    threshold: float
    validation: list[Recovery]
    networks: list[Judged]

    def errors(self, i: int) -> int:
        """Return how many bonds of network i are wrong or missing."""
        right, found, true = self.networks[i].recovery.counts(self.threshold)
        return int(found + true - 2 * right)

    @property
    def lost(self) -> int:
        """Sites that are lost in all pictures together."""
        return sum(len(one.lost_sites) for one in self.networks)

    @property
    def displacement(self) -> float:
        """Mean distance of found sites from the true ones [pixels of a picture of 256]; NaN where none is found."""
        return self.picture_scores(np.ones(len(self.networks), bool))["displacement"]

    def displacement_interval(self, confidence: float) -> Interval | None:
        """Return the interval of the mean displacement, over networks."""
        sums = np.array([(one.displacements.sum(), len(one.displacements)) for one in self.networks], float)

        def mean(chosen: NDArray[np.int64]) -> float:
            total, count = sums[chosen].sum(axis=0)
            return total / count if count else np.nan

        return score_interval(mean, np.arange(len(sums)), confidence, LOGARITHMIC)

    def picture_scores(self, inside: NDArray[np.bool_]) -> dict[str, float]:
        """Return the scores of sites and pixels of the networks that are `inside`, columns of the table `recovery`."""
        chosen = [one for one, taken in zip(self.networks, inside, strict=True) if taken]
        off = np.concatenate([one.displacements for one in chosen])
        return {
            "lost": sum(len(one.lost_sites) for one in chosen),
            "spurious": sum(one.spurious for one in chosen),
            "displacement": float(off.mean()) if len(off) else np.nan,
            "displacement_99": float(np.quantile(off, 0.99)) if len(off) else np.nan,
            "L1": float(np.mean([one.l1 for one in chosen])),
            "SSIM": float(np.mean([one.ssim for one in chosen])),
        }

    def network_table(self, members: Sequence[int], classes: Sequence[str]) -> pd.DataFrame:
        """Return a row for each network."""
        import pandas as pd

        rows = []
        for i, one in enumerate(self.networks):
            right, found, true = (int(count) for count in one.recovery.counts(self.threshold))
            bonds = {"bonds": true, "right": right, "wrong": found - right, "missing": true - right}
            start = {"method": self.method.name, "member": members[i], "class": classes[i]}
            rows.append(start | bonds | self.picture_scores(np.arange(len(self.networks)) == i))
        return pd.DataFrame(rows)

    def worst(self, classes: Sequence[str]) -> dict[str, int]:
        """Return the network of each class with the most errors (the first of several)."""
        order = sorted(range(len(classes)), key=lambda i: (-self.errors(i), i))
        return {name: next(i for i in order if classes[i] == name) for name in class_order(classes)}


def methods(models: Sequence[TrainedModel]) -> list[Drawer]:
    """Return the expected drawing, then the networks.

    Raises:
        ValueError: two have the same name.
    """
    found = [Method(EXPECTED, expected_pictures)]
    found += [Method(model.name, partial(generated_pictures, model), model) for model in models]
    check_names(found)
    return found


def judge_method(
    method: Drawer,
    dataset: tuple[Examples, Sequence[Truth]],
    validation: tuple[Examples, Sequence[Truth]],
    tolerance: float,
) -> Judgement:
    """Choose the threshold on the validation pictures and judge the test pictures. A network that has learned nothing yet gets `CLEAR`.

    Raises:
        ValueError: no bond is found even in the expected drawings, or a network does not predict finite pictures.
    """
    chosen_on = [one.recovery for one in _judged(method, *validation, tolerance)]
    learned = method.name == EXPECTED or any(one.is_bond.any() for one in chosen_on)
    threshold = choose_threshold(chosen_on) if learned else CLEAR
    return Judgement(method, threshold, chosen_on, [*_judged(method, *dataset, tolerance)])


def _judged(method: Drawer, examples: Examples, truths: Sequence[Truth], tolerance: float) -> Iterator[Judged]:
    pairs = zip(method.answer(examples), expected_pictures(examples), truths, strict=True)
    return (judge(picture, expected, truth, tolerance) for picture, expected, truth in pairs)
