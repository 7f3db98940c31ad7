"""How far what was generated lies from what was expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from labrun import TrainedModel
from labrun_translation_gallery.pictures import SSIM_WINDOW, Pictures
from labrun_translation_gallery.spectra import Spectra

__all__ = ["Judgement", "Method", "judge"]

Reals = NDArray[np.float64]

SCORES = ("L1", "RMSE", "SSIM")
MODELS_SHOWN = 3


@dataclass(frozen=True)
class Method:
    """A network or a baseline. `generate` returns the pictures at some places of the dataset, (n, height, width)."""

    name: str
    generate: Callable[[NDArray[np.int64]], Reals]
    is_model: bool = True
    variant: Mapping[str, Any] = field(default_factory=dict)
    """The values of its matrix."""


@dataclass(frozen=True)
class Judgement:
    """The scores of all methods, and the pictures that are drawn."""

    pictures: Pictures
    methods: Sequence[Method]
    scores: pd.DataFrame
    """L1, RMSE and SSIM of each method, and their standard errors over members"""
    shown: NDArray[np.int64]
    """The places of the pictures that are drawn"""

    def drawn(self) -> list[Method]:
        """The models that are drawn: those of the least L1, in their own order."""
        models = [method for method in self.methods if method.is_model]
        best = sorted(models, key=lambda one: self.scores.loc[one.name, "L1"])[:MODELS_SHOWN]
        return [method for method in models if method in best]

    def table(self) -> pd.DataFrame:
        """A row for each method."""
        ours = {"method", *self.scores.columns}
        rows = []
        for one in self.methods:
            variant = {f"{axis} varied" if axis in ours else axis: value for axis, value in one.variant.items()}
            rows.append({"method": one.name, **variant, **self.scores.loc[one.name]})
        return pd.DataFrame(rows)

    def metrics(self) -> Iterator[tuple[str, float]]:
        """`L1, unet`, …, of the baseline too."""
        for name, row in self.scores.iterrows():
            for score in SCORES:
                yield f"{score}, {name}", float(row[score])

    def warnings(self) -> Iterator[str]:
        """Of models that do not beat the baseline."""
        for baseline in (one.name for one in self.methods if not one.is_model):
            limit = self.scores.loc[baseline, "RMSE"]
            for name in (one.name for one in self.methods if one.is_model):
                if self.scores.loc[name, "RMSE"] >= limit:
                    yield (
                        f"the model '{name}' errs by {self.scores.loc[name, 'RMSE']:.3g} (RMSE) and does not beat '{baseline}' "
                        f"({limit:.3g}), which learns nothing"
                    )


def judge(models: Sequence[TrainedModel], pictures: Pictures, count: int, spectra: Spectra | None) -> Judgement:
    """Let all methods generate the same pictures, some at a time; `spectra`, if given, are gathered of the models.

    Raises:
        ValueError: two methods have one name, or a model answers no such pictures.
    """
    methods = [*_models(models, pictures), _baseline(pictures)]
    _check_names(methods)
    span = _span(pictures)
    values = np.zeros((len(methods), len(SCORES), len(pictures.examples)))
    for places in pictures.in_batches():
        expected = pictures.expected(places)
        for i, method in enumerate(methods):
            generated = method.generate(places)
            values[i][:, places] = _compare(generated, expected, span)
            if spectra is not None and method.is_model:
                spectra.add(method.name, generated, expected)
    shown = np.unique(np.linspace(0, len(pictures.examples) - 1, count).round().astype(np.int64))
    return Judgement(pictures, methods, _scores(methods, values, pictures.examples.groups), shown)


def _models(models: Sequence[TrainedModel], pictures: Pictures) -> Iterator[Method]:
    for model in models:
        yield Method(model.name, partial(pictures.generated, model), variant=model.variant)


def _baseline(pictures: Pictures) -> Method:
    if pictures.is_ink:
        return Method("source as it is", pictures.sources, is_model=False)

    _, _, mean = pictures.summary

    def flat(places: NDArray[np.int64]) -> Reals:
        return np.full((len(places), *pictures.examples.spec.y.shape[:2]), mean)

    return Method("mean of all", flat, is_model=False)


def _span(pictures: Pictures) -> float:
    """The range that SSIM takes pictures to have: from ink to white, or that of all that is expected."""
    if pictures.is_ink:
        return 1.0
    low, high, _ = pictures.summary
    return high - low or 1.0


def _check_names(methods: Sequence[Method]) -> None:
    name, count = Counter(one.name for one in methods).most_common(1)[0]
    if count > 1:
        raise ValueError(
            f"{count} of what is judged are called '{name}': name each model once, and none after a baseline"
        )


def _compare(generated: Reals, expected: Reals, span: float) -> Reals:
    """Mean absolute error, mean squared error and SSIM of each picture, (3, pictures)."""
    errors = generated - expected
    similar = [
        structural_similarity(one, other, win_size=SSIM_WINDOW, data_range=span)
        for one, other in zip(generated, expected, strict=True)
    ]
    return np.stack([np.abs(errors).mean(axis=(1, 2)), (errors**2).mean(axis=(1, 2)), similar])


def _scores(methods: Sequence[Method], values: Reals, groups: NDArray[np.int64]) -> pd.DataFrame:
    """Means over pictures, with standard errors over members; NaN where there is one member."""
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
