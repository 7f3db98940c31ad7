"""How well pictures are given back, picture by picture and at each wave number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labrun import Examples
from labrun_lattices.spectra import log_bins, power_spectrum
from labrun_reconstruction.methods import Method

if TYPE_CHECKING:
    from labrun_reconstruction import Reconstruction

__all__ = ["DRAWN", "Judgement", "judge"]

BATCH = 32
DRAWN = 3
"""Methods that a figure can hold"""


@dataclass(frozen=True)
class Judgement:
    """What methods made of the pictures of a dataset."""

    dataset: str
    methods: Sequence[Method]
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
    """(methods,) of the RMSE over the groups [unit]; NaN where there is one"""
    k: NDArray[np.float64]
    """(bins,) [1/length]; NaN where there is no mode"""
    power: NDArray[np.float64]
    """(1 + methods, bins) Δ², the mean over the pictures, of the truth first [unit²]"""
    pictures: NDArray[np.float64]
    """(shown, height, width) [unit]"""
    answers: NDArray[np.float64]
    """(methods, shown, height, width) [unit]"""

    def drawn(self) -> list[int]:
        """The methods that figures show: the components, and as many of the networks as there is room for."""
        others = [i for i, one in enumerate(self.methods) if not one.is_network][:1]
        networks = [i for i, one in enumerate(self.methods) if one.is_network]
        return networks[: DRAWN - len(others)] + others

    def left_out(self) -> str:
        """What `drawn` does not hold, in words."""
        names = [one.name for i, one in enumerate(self.methods) if i not in self.drawn()]
        return f" Not drawn: {', '.join(names)}." if names else ""

    def table(self) -> pd.DataFrame:
        """One row a method."""
        return pd.DataFrame(
            {
                "method": [one.name for one in self.methods],
                "dimensions": pd.array([one.dimensions for one in self.methods], dtype="Int64"),
                "mse": self.mse,
                "rmse": self.rmse,
                "mae": self.mae,
                "r2": self.r2,
                "spread": self.spread,
            }
        )

    def power_table(self) -> pd.DataFrame:
        """One row a bin that holds modes: k, and Δ² of the truth and of each method."""
        columns = {"k": self.k, "truth": self.power[0]}
        columns |= {one.name: power for one, power in zip(self.methods, self.power[1:], strict=True)}
        return pd.DataFrame(columns).dropna(subset="k")

    def metrics(self) -> Iterator[tuple[str, float]]:
        """`MSE <method>` and the like."""
        for i, one in enumerate(self.methods):
            yield f"MSE {one.name}", float(self.mse[i])
            yield f"RMSE {one.name}", float(self.rmse[i])
            yield f"R² {one.name}", float(self.r2[i])
        for i, j in self._pairs():
            if self.mse[j] > 0:
                yield f"MSE over PCA, {self.methods[i].name}", float(self.mse[i] / self.mse[j])

    def warnings(self) -> Iterator[str]:
        """Networks that components of the same size, or fewer, beat."""
        for i, j in self._pairs():
            one, other = self.methods[i], self.methods[j]
            if self.mse[i] >= self.mse[j]:
                yield (
                    f"the autoencoder '{one.name}' of {one.dimensions:,} dimensions errs by {self.rmse[i]:.3g} (RMSE), and "
                    f"{other.dimensions:,} principal components by {self.rmse[j]:.3g}: a linear code is better"
                )

    def _pairs(self) -> Iterator[tuple[int, int]]:
        """Each network with the components that it is compared with: the most that are not more than its code has."""
        others = [j for j, one in enumerate(self.methods) if not one.is_network]
        for i, one in enumerate(self.methods):
            fit = [j for j in others if one.is_network and (self.methods[j].dimensions or 0) <= (one.dimensions or 0)]
            if fit:
                yield i, max(fit, key=lambda j: self.methods[j].dimensions or 0)


def judge(examples: Examples, methods: Sequence[Method], settings: Reconstruction) -> Judgement:
    """Let all methods give back the same pictures, some at a time.

    Raises:
        ValueError: two methods have one name, or a network answers no pictures.
    """
    _check_names(methods)
    count, (height, width) = len(examples), examples.spec.x.shape[:2]  # type: ignore[union-attr]
    cell_size, longest = settings.cell_size or 1.0, max(height, width)
    edges = log_bins(longest, longest * cell_size, settings.bins)
    squares, absolute = np.empty((2, len(methods), count))
    moments = np.empty((2, count))
    power = np.zeros((1 + len(methods), settings.bins))
    for start in range(0, count, BATCH):
        places = np.arange(start, min(start + BATCH, count))
        truth, answers = _answers(examples.take(places), methods, settings)
        errors = answers - truth
        squares[:, places] = (errors**2).mean(axis=(2, 3))
        absolute[:, places] = np.abs(errors).mean(axis=(2, 3))
        moments[:, places] = truth.mean(axis=(1, 2)), (truth**2).mean(axis=(1, 2))
        for i, pictures in enumerate((truth, *answers)):
            for one in pictures:
                found = power_spectrum(one, cell_size, edges)
                power[i] += found.dimensionless / count
    mean_squares = squares.mean(axis=1)
    variance = moments[1].mean() - moments[0].mean() ** 2
    varied = np.flatnonzero(moments[1] - moments[0] ** 2 > 1e-12 * moments[1].max())
    shown = _evenly(varied if len(varied) else np.arange(count), settings.shown)
    pictures, drawn = _answers(examples.take(shown), methods, settings)
    return Judgement(
        examples.name,
        methods,
        count,
        mean_squares / settings.scale**2,
        np.sqrt(mean_squares),
        absolute.mean(axis=1),
        1 - mean_squares / variance if variance > 0 else np.full(len(methods), np.nan),
        _spread(squares, examples.groups),
        found.k,
        power,
        pictures,
        drawn,
    )


def _answers(
    examples: Examples, methods: Sequence[Method], settings: Reconstruction
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The pictures (n, height, width), and what each method makes of them, (methods, n, height, width) [unit]."""

    def judged(pictures: NDArray[np.floating]) -> NDArray[np.float64]:
        return pictures[..., settings.channel].astype(np.float64) * settings.scale

    return judged(examples.load_x(slice(None))), np.stack([judged(one.answer(examples)) for one in methods])


def _spread(squares: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """The standard deviation over the groups of the RMSE in each."""
    names = np.unique(groups)
    if len(names) < 2:
        return np.full(len(squares), np.nan)
    each = [np.sqrt(squares[:, groups == name].mean(axis=1)) for name in names]
    return np.std(each, axis=0, ddof=1)


def _evenly(places: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Some of them, at even distances, and neither the first nor the last."""
    return np.unique(places[((np.arange(count) + 0.5) / count * len(places)).astype(int)])


def _check_names(methods: Sequence[Method]) -> None:
    name, count = Counter(one.name for one in methods).most_common(1)[0]
    if count > 1:
        raise ValueError(f"{count} of what is judged are called '{name}': give every model a name of its own")
