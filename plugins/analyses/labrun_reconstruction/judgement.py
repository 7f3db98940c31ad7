"""Errors of reconstructed pictures, picture by picture and at each wave number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labrun import Examples, Interval, Measure
from labrun.contracts.measure import Judged
from labrun.kit.batches import batches
from labrun.kit.choosing import evenly
from labrun.kit.comparison import compare, correct, judged_on, units_digest
from labrun.kit.intervals import ScoreScale, student_interval
from labrun.kit.methods import check_names
from labrun.kit.spread import leave_out
from labrun.kit.units import Units, independent_units
from labrun_lattices.spectra import log_bins, power_spectrum
from labrun_reconstruction.methods import Reconstructor

if TYPE_CHECKING:
    from labrun_reconstruction import Reconstruction

__all__ = ["DRAWN", "Judgement", "judge"]

BATCH = 32
DRAWN = 3
"""Methods that a figure can hold"""
CONFIDENCE = 0.95
SCORES = ("MSE", "RMSE", "R²")


def _forward(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln MSE, ln RMSE and ln(1 − R²) of scores (…, 3)."""
    return np.log(np.stack([scores[..., 0], scores[..., 1], 1 - scores[..., 2]], axis=-1))


def _backward(values: NDArray[np.float64]) -> NDArray[np.float64]:
    mse, rmse, rest = np.moveaxis(np.exp(values), -1, 0)
    return np.stack([mse, rmse, 1 - rest], axis=-1)


NEARLY_NORMAL = ScoreScale(_forward, _backward)


@dataclass(frozen=True)
class Judgement:
    """Errors of all methods on the pictures of a dataset."""

    dataset: str
    methods: Sequence[Reconstructor]
    count: int
    mse: NDArray[np.float64]
    """(methods,) [x²]"""
    rmse: NDArray[np.float64]
    """(methods,) [unit]"""
    mae: NDArray[np.float64]
    """(methods,) [unit]"""
    r2: NDArray[np.float64]
    """(methods,)"""
    units: Units
    ends: NDArray[np.float64]
    """(2, methods, 3) of the intervals of MSE, RMSE and R²; NaN where there is none"""
    judged: Sequence[Sequence[Judged]]
    """For each method, what it takes to compare its MSE, RMSE and R²"""
    spread: NDArray[np.float64]
    """(methods,) standard deviation of the RMSE over groups [unit]; NaN for a single group"""
    k: NDArray[np.float64]
    """(bins,) [1/length]; NaN where there is no mode"""
    power: NDArray[np.float64]
    """(1 + methods, bins) Δ² of the truth, then of each method, the mean over pictures [unit²]"""
    pictures: NDArray[np.float64]
    """(shown, height, width) [unit]"""
    reconstructions: NDArray[np.float64]
    """(methods, shown, height, width) [unit]"""

    def drawn(self) -> list[int]:
        """Return the methods that figures show: the components, and as many networks as there is room for."""
        others = [i for i, one in enumerate(self.methods) if not one.is_network][:1]
        networks = [i for i, one in enumerate(self.methods) if one.is_network]
        return networks[: DRAWN - len(others)] + others

    def left_out(self) -> str:
        """Say which methods are not drawn."""
        names = [one.name for i, one in enumerate(self.methods) if i not in self.drawn()]
        return f" Not drawn: {', '.join(names)}." if names else ""

    def best_in_words(self, unit: str) -> str:
        """Name the method with the least RMSE, and that with the next."""
        order = sorted(range(len(self.methods)), key=lambda i: float(self.rmse[i]))[:2]
        return (
            " The least RMSE: " + ", ".join(f"'{self.methods[i].name}' {self.rmse[i]:.3g}" for i in order) + f"{unit}."
        )

    def table(self) -> pd.DataFrame:
        """Return a row for each method."""
        scores = {"mse": self.mse, "rmse": self.rmse, "mae": self.mae, "r2": self.r2, "spread": self.spread}
        names = pd.DataFrame([one.columns({"dimensions", *scores}) for one in self.methods])
        dimensions = pd.array([one.dimensions for one in self.methods], dtype="Int64")
        return names.assign(dimensions=dimensions, **scores)

    def power_table(self) -> pd.DataFrame:
        """Return a row for each bin that holds modes: k, and Δ² of the truth and of each method."""
        columns = {"k": self.k, "truth": self.power[0]}
        columns |= {one.name: power for one, power in zip(self.methods, self.power[1:], strict=True)}
        return pd.DataFrame(columns).dropna(subset="k")

    def metrics(self, unit: str) -> Iterator[tuple[str, Measure]]:
        """Yield `MSE <method>`, `RMSE <method>`, … and `MSE over PCA, <network>`. `unit` is that of the pictures."""
        compared = dict(self._pairs())
        for k, name in enumerate(SCORES):
            measures = [self._measure(i, k, name, unit) for i in range(len(self.methods))]
            tests = {i: compare(measures[i], measures[j]) for i, j in compared.items()}
            found = {i: one for i, one in tests.items() if one is not None}
            corrected = dict(zip(found, correct([*found.values()]), strict=True))
            for i, one in enumerate(measures):
                if (other := compared.get(i)) is not None:
                    bound = replace(measures[other], judged=None)
                    one = replace(one, baseline=bound, comparison=corrected.get(i))
                yield f"{name} {self.methods[i].name}", one
        for i, j in compared.items():
            if self.mse[j] > 0:
                known: dict[str, Any] = {"model": self.methods[i].name, "dataset": self.dataset, "better": "lower"}
                ratio = Measure(float(self.mse[i] / self.mse[j]), name="MSE over PCA", baseline=1.0, **known)
                yield f"MSE over PCA, {self.methods[i].name}", ratio

    def _measure(self, i: int, k: int, name: str, unit: str) -> Measure:
        low, high = (float(end) for end in self.ends[:, i, k])
        return Measure(
            float((self.mse, self.rmse, self.r2)[k][i]),
            name=name,
            interval=None if np.isnan(low) else Interval(low, high, CONFIDENCE, "jackknife"),
            unit=unit if name == "RMSE" else "",
            model=self.methods[i].name,
            dataset=self.dataset,
            better="higher" if name == "R²" else "lower",
            key=self.methods[i].is_network and name == "R²",
            n=self.units.count,
            units=self.units.words,
            judged=self.judged[i][k],
        )

    def warnings(self) -> Iterator[str]:
        """Yield a warning for each network that no more components than its code has dimensions beat."""
        for i, j in self._pairs():
            one, other = self.methods[i], self.methods[j]
            if self.mse[i] >= self.mse[j]:
                yield (
                    f"the autoencoder '{one.name}' of {one.dimensions:,} dimensions has an RMSE of {self.rmse[i]:.3g}, and "
                    f"{other.dimensions:,} principal components have {self.rmse[j]:.3g}: a linear code is better"
                )

    def _pairs(self) -> Iterator[tuple[int, int]]:
        """Yield each network with the components to compare it with: as many as its code has dimensions, or the next fewer."""
        others = [j for j, one in enumerate(self.methods) if not one.is_network]
        for i, one in enumerate(self.methods):
            fit = [j for j in others if one.is_network and (self.methods[j].dimensions or 0) <= (one.dimensions or 0)]
            if fit:
                yield i, max(fit, key=lambda j: self.methods[j].dimensions or 0)


def judge(examples: Examples, methods: Sequence[Reconstructor], settings: Reconstruction) -> Judgement:
    """Judge all methods on the same pictures, some at a time.

    Raises:
        ValueError: two methods have the same name, or a network does not predict finite pictures.
    """
    check_names(methods)
    count, (height, width) = len(examples), examples.spec.x.shape[:2]  # type: ignore[union-attr]
    cell_size, longest = settings.cell_size or 1.0, max(height, width)
    edges = log_bins(longest, longest * cell_size, settings.bins)
    squares, absolute = np.empty((2, len(methods), count))
    moments = np.empty((2, count))
    power = np.zeros((1 + len(methods), settings.bins))
    for places in batches(count, BATCH):
        truth, found = _reconstruct(examples.take(places), methods, settings)
        errors = found - truth
        squares[:, places] = (errors**2).mean(axis=(2, 3))
        absolute[:, places] = np.abs(errors).mean(axis=(2, 3))
        moments[:, places] = truth.mean(axis=(1, 2)), (truth**2).mean(axis=(1, 2))
        for i, pictures in enumerate((truth, *found)):
            for one in pictures:
                spectrum = power_spectrum(one, cell_size, edges)
                power[i] += spectrum.dimensionless / count
    units = independent_units(examples)

    def scores(chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return MSE, RMSE and R² on some pictures, (methods, 3)."""
        mean_squares = squares[:, chosen].mean(axis=1)
        mean, second = moments[:, chosen].mean(axis=1)
        variance = second - mean**2
        r2 = 1 - mean_squares / variance if variance > 0 else np.full(len(methods), np.nan)
        return np.stack([mean_squares / settings.scale**2, np.sqrt(mean_squares), r2], axis=1)

    mse, rmse, r2 = scores(np.arange(count)).T
    replicates = leave_out(scores, units.of)
    ends = np.stack(student_interval(replicates.spread(NEARLY_NORMAL), CONFIDENCE, NEARLY_NORMAL))
    spread, digest = replicates.spread(), units_digest(units, examples)
    judged = [[judged_on(spread.of(i, k), digest) for k in range(3)] for i in range(len(methods))]
    varied = np.flatnonzero(moments[1] - moments[0] ** 2 > 1e-12 * moments[1].max())
    candidates = varied if len(varied) else np.arange(count)
    shown = candidates[evenly(len(candidates), settings.shown)]
    pictures, reconstructions = _reconstruct(examples.take(shown), methods, settings)
    return Judgement(
        examples.name,
        methods,
        count,
        mse,
        rmse,
        absolute.mean(axis=1),
        r2,
        units,
        ends,
        judged,
        _spread(squares, examples.groups),
        spectrum.k,
        power,
        pictures,
        reconstructions,
    )


def _reconstruct(
    examples: Examples, methods: Sequence[Reconstructor], settings: Reconstruction
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the pictures (n, height, width), and what each method makes of them, (methods, n, height, width) [unit]."""

    def judged(pictures: NDArray[np.floating]) -> NDArray[np.float64]:
        return pictures[..., settings.channel].astype(np.float64) * settings.scale

    return judged(examples.load_x(slice(None))), np.stack([judged(one.answer(examples)) for one in methods])


def _spread(squares: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the standard deviation, over groups, of the RMSE of each group."""
    names = np.unique(groups)
    if len(names) < 2:
        return np.full(len(squares), np.nan)
    each = [np.sqrt(squares[:, groups == name].mean(axis=1)) for name in names]
    return np.std(each, axis=0, ddof=1)
