"""All networks that are judged, with the threshold that each has on validation pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from labrun import Examples, TrainedModel
from labrun_bond_recovery.judging import Judged, judge
from labrun_bond_recovery.truth import CLEAR, Truth
from labrun_spring_networks.drawn import expected_pictures, generated_pictures
from labrun_spring_networks.recovery import ALL, Recovery, choose_threshold

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EXPECTED", "Judgement", "Method", "judge_method", "methods"]

EXPECTED = "expected drawing"
"""The method that nothing can beat: the true pictures, read as those of the networks are."""

_Pictures: TypeAlias = "Callable[[Examples], Iterator[NDArray[np.float64]]]"


@dataclass(frozen=True)
class Method:
    """Something that draws a picture of each example."""

    name: str
    pictures: _Pictures
    variant: dict[str, Any]


@dataclass(frozen=True)
class Judgement:
    """What a method has drawn of the judged examples, and at which threshold its bonds are read."""

    method: Method
    threshold: float
    validation: list[Recovery]
    networks: list[Judged]

    def errors(self, i: int) -> int:
        """Bonds of network i that are wrong or missing."""
        right, found, true = self.networks[i].recovery.counts(self.threshold)
        return int(found + true - 2 * right)

    def picture_scores(self, inside: NDArray[np.bool_]) -> dict[str, float]:
        """Sites and pixels of some of the networks: the columns that `recovery` has beyond those of the bonds."""
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
        """A row a network."""
        import pandas as pd

        rows = []
        for i, one in enumerate(self.networks):
            right, found, true = (int(count) for count in one.recovery.counts(self.threshold))
            bonds = {"bonds": true, "right": right, "wrong": found - right, "missing": true - right}
            start = {"method": self.method.name, "member": members[i], "class": classes[i]}
            rows.append(start | bonds | self.picture_scores(np.arange(len(self.networks)) == i))
        return pd.DataFrame(rows)

    def worst(self, classes: Sequence[str]) -> dict[str, int]:
        """The network of each class with the most errors, the first of several."""
        order = sorted(range(len(classes)), key=lambda i: (-self.errors(i), i))
        return {name: next(i for i in order if classes[i] == name) for name in sorted(set(classes))}


def methods(models: Sequence[TrainedModel]) -> list[Method]:
    """The expected drawing, then the networks.

    Raises:
        ValueError: two have one name.
    """
    names = [EXPECTED, ALL, *(model.name for model in models)]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"2 of what is judged are called '{twice}': name each network once, and none '{EXPECTED}'")

    def drawn_by(model: TrainedModel) -> _Pictures:
        return lambda examples: generated_pictures(model, examples)

    return [
        Method(EXPECTED, expected_pictures, {}),
        *(Method(model.name, drawn_by(model), dict(model.variant)) for model in models),
    ]


def judge_method(
    method: Method,
    dataset: tuple[Examples, Sequence[Truth]],
    validation: tuple[Examples, Sequence[Truth]],
    tolerance: float,
) -> Judgement:
    """Choose the threshold on the validation pictures, and judge the others. A network that has learned nothing yet gets `CLEAR`.

    Raises:
        ValueError: not even in the expected drawings a bond is found, or as `Method.pictures`.
    """
    chosen_on = [one.recovery for one in _judged(method, *validation, tolerance)]
    learned = method.name == EXPECTED or any(one.is_bond.any() for one in chosen_on)
    threshold = choose_threshold(chosen_on) if learned else CLEAR
    return Judgement(method, threshold, chosen_on, [*_judged(method, *dataset, tolerance)])


def _judged(method: Method, examples: Examples, truths: Sequence[Truth], tolerance: float) -> Iterator[Judged]:
    pairs = zip(method.pictures(examples), expected_pictures(examples), truths, strict=True)
    return (judge(picture, expected, truth, tolerance) for picture, expected, truth in pairs)
