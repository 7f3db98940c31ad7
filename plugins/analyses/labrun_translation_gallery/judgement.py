"""Scores of generated pictures against expected ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from labrun import Interval, Measure, TrainedModel
from labrun.kit.choosing import evenly
from labrun.kit.comparison import against_baselines, judged_on, units_digest
from labrun.kit.intervals import LINEAR, LOGARITHMIC, student_interval
from labrun.kit.methods import Method, check_names
from labrun.kit.spread import leave_out
from labrun.kit.units import Units, independent_units
from labrun_translation_gallery.pictures import SSIM_WINDOW, Pictures
from labrun_translation_gallery.spectra import Spectra

__all__ = ["Judgement", "Translator", "judge"]

Reals = NDArray[np.float64]
Translator: TypeAlias = Method[NDArray[np.int64], Reals]
"""Generates the pictures at some places of the dataset, (n, height, width)."""

SCORES = ("L1", "RMSE", "SSIM")
NETWORKS_SHOWN = 3
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Judgement:
    """Scores of all methods, and the pictures that are drawn."""

    pictures: Pictures
    methods: Sequence[Translator]
    scores: pd.DataFrame
    """L1, RMSE and SSIM of each method, and their standard errors over members"""
    values: Reals
    """(methods, 3, pictures): mean absolute error, mean squared error and SSIM of each picture"""
    shown: NDArray[np.int64]
    """Places of the pictures that are drawn"""

    def drawn(self) -> list[Translator]:
        """Return the networks that are drawn: those with the least L1, in their own order."""
        networks = [method for method in self.methods if method.is_network]
        best = sorted(networks, key=lambda one: self.scores.loc[one.name, "L1"])[:NETWORKS_SHOWN]
        return [method for method in networks if method in best]

    def table(self) -> pd.DataFrame:
        """Return a row for each method."""
        return pd.DataFrame([one.columns(self.scores.columns) | {**self.scores.loc[one.name]} for one in self.methods])

    def metrics(self, unit: str) -> Iterator[tuple[str, Measure]]:
        """Yield `L1, unet`, …, also of the baseline. `unit` is that of the pictures."""
        units = independent_units(self.pictures.examples)
        for k, score in enumerate(SCORES):
            measures = [self._measure(i, k, units, unit) for i in range(len(self.methods))]
            networks = [i for i, one in enumerate(self.methods) if one.is_network]
            baselines = [measures[i] for i, one in enumerate(self.methods) if not one.is_network]
            beside = dict(zip(networks, against_baselines([measures[i] for i in networks], baselines), strict=True))
            yield from ((f"{score}, {one.model}", beside.get(i, one)) for i, one in enumerate(measures))

    def _measure(self, i: int, k: int, units: Units, unit: str) -> Measure:
        """Return score k of method i."""
        one, score, values = self.methods[i], SCORES[k], self.values[i, k]
        is_error = score != "SSIM"

        def mean(chosen: NDArray[np.int64]) -> float:
            found = float(values[chosen].mean())
            return found**0.5 if score == "RMSE" else found

        replicates, scale = leave_out(mean, units.of), LOGARITHMIC if is_error else LINEAR
        low, high = (float(end) for end in student_interval(replicates.spread(scale), CONFIDENCE, scale))
        return Measure(
            float(self.scores.loc[one.name, score]),
            name=score,
            interval=None if np.isnan(low) else Interval(low, high, CONFIDENCE, "jackknife"),
            unit=unit if is_error else "",
            model=one.name,
            dataset=self.pictures.examples.name,
            better="lower" if is_error else "higher",
            key=one.is_network and score == "RMSE",
            n=units.count,
            units=units.words,
            judged=judged_on(replicates.spread(), units_digest(units, self.pictures.examples)),
        )

    def warnings(self) -> Iterator[str]:
        """Yield a warning for each network that does not beat the baseline."""
        rmse = self.scores["RMSE"]
        (baseline,) = (one.name for one in self.methods if not one.is_network)
        for one in self.methods:
            if one.is_network and rmse[one.name] >= rmse[baseline]:
                yield (
                    f"the model '{one.name}' has an RMSE of {rmse[one.name]:.3g} and does not beat '{baseline}' "
                    f"({rmse[baseline]:.3g}), which learns nothing"
                )


def judge(models: Sequence[TrainedModel], pictures: Pictures, count: int, spectra: Spectra | None) -> Judgement:
    """Judge all methods on the same pictures, some at a time; `spectra`, if given, gathers those of the networks.

    Raises:
        ValueError: two methods have the same name, or a model does not predict finite pictures of this kind.
    """
    methods = [*_models(models, pictures), _baseline(pictures)]
    check_names(methods)
    span = _span(pictures)
    values = np.zeros((len(methods), len(SCORES), len(pictures.examples)))
    for places in pictures.in_batches():
        expected = pictures.expected(places)
        for i, method in enumerate(methods):
            generated = method.answer(places)
            values[i][:, places] = _compare(generated, expected, span)
            if spectra is not None and method.is_network:
                spectra.add(method.name, generated, expected)
    shown = evenly(len(pictures.examples), count)
    return Judgement(pictures, methods, _scores(methods, values, pictures.examples.groups), values, shown)


def _models(models: Sequence[TrainedModel], pictures: Pictures) -> Iterator[Translator]:
    for model in models:
        yield Method(model.name, partial(pictures.generated, model), model)


def _baseline(pictures: Pictures) -> Translator:
    if pictures.is_ink:
        return Method("source as it is", pictures.sources)

    _, _, mean = pictures.summary

    def flat(places: NDArray[np.int64]) -> Reals:
        return np.full((len(places), *pictures.examples.spec.y.shape[:2]), mean)

    return Method("mean of all", flat)


def _span(pictures: Pictures) -> float:
    """Return the range of values for SSIM: from ink to white, or that of all expected pictures."""
    if pictures.is_ink:
        return 1.0
    low, high, _ = pictures.summary
    return high - low or 1.0


def _compare(generated: Reals, expected: Reals, span: float) -> Reals:
    """Return the mean absolute error, mean squared error and SSIM of each picture, (3, pictures)."""
    errors = generated - expected
    similar = [
        structural_similarity(one, other, win_size=SSIM_WINDOW, data_range=span)
        for one, other in zip(generated, expected, strict=True)
    ]
    return np.stack([np.abs(errors).mean(axis=(1, 2)), (errors**2).mean(axis=(1, 2)), similar])


def _scores(methods: Sequence[Translator], values: Reals, groups: NDArray[np.int64]) -> pd.DataFrame:
    """Return means over pictures, with standard errors over members; NaN where there is only one member."""
    rows = {}
    for method, one in zip(methods, values, strict=True):
        means = one.mean(axis=1)
        errors = pd.DataFrame(one.T).groupby(groups).mean().sem().to_numpy(copy=True)
        root = np.sqrt(means[1])
        means[1], errors[1] = root, errors[1] / (2 * root) if root else 0.0  # of the mean square, to first order
        pairs = zip(SCORES, means, errors, strict=True)
        rows[method.name] = {
            key: v for name, mean, error in pairs for key, v in ((name, mean), (f"{name} error", error))
        }
    return pd.DataFrame.from_dict(rows, orient="index")
