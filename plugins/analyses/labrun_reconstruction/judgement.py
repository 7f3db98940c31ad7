"""Errors of reconstructed pictures, picture by picture and at each wave number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labrun import Examples
from labrun.kit.batches import batches
from labrun.kit.choosing import evenly
from labrun.kit.methods import check_names
from labrun_lattices.spectra import log_bins, power_spectrum
from labrun_reconstruction.methods import Reconstructor

if TYPE_CHECKING:
    from labrun_reconstruction import Reconstruction

__all__ = ["DRAWN", "Judgement", "judge"]

BATCH = 32
DRAWN = 3
"""Methods that a figure can hold"""


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

    def metrics(self) -> Iterator[tuple[str, float]]:
        """Yield `MSE <method>`, `RMSE <method>`, … and `MSE over PCA, <network>`."""
        for i, one in enumerate(self.methods):
            yield f"MSE {one.name}", float(self.mse[i])
            yield f"RMSE {one.name}", float(self.rmse[i])
            yield f"R² {one.name}", float(self.r2[i])
        for i, j in self._pairs():
            if self.mse[j] > 0:
                yield f"MSE over PCA, {self.methods[i].name}", float(self.mse[i] / self.mse[j])

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
    mean_squares = squares.mean(axis=1)
    variance = moments[1].mean() - moments[0].mean() ** 2
    varied = np.flatnonzero(moments[1] - moments[0] ** 2 > 1e-12 * moments[1].max())
    candidates = varied if len(varied) else np.arange(count)
    shown = candidates[evenly(len(candidates), settings.shown)]
    pictures, reconstructions = _reconstruct(examples.take(shown), methods, settings)
    return Judgement(
        examples.name,
        methods,
        count,
        mean_squares / settings.scale**2,
        np.sqrt(mean_squares),
        absolute.mean(axis=1),
        1 - mean_squares / variance if variance > 0 else np.full(len(methods), np.nan),
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
