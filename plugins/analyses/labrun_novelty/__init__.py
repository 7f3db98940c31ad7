"""Analyses `novelty` and `novelty_check`: patterns unlike all training classes, and how reliably they are detected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, Ensemble, Examples, Field, Findings, Outline, TrainedModel, hookimpl

if TYPE_CHECKING:
    import pandas as pd


class _ByDistance(Analysis):
    layer: str | None = Field(None, description="layer whose output is compared (default: the last but one)")
    neighbour: int = Field(
        10,
        ge=1,
        description="k: the distance to the k-th nearest training example counts; above 1, single outliers do not matter",
    )
    passing: float = Field(0.95, gt=0, lt=1, description="share of the held-out examples within the threshold")


class Novelty(_ByDistance):
    """Members of a simulation that are unlike all training examples of a network.

    The score is the cosine distance to the k-th nearest training example in feature space (Y. Sun, Y. Ming, X. Zhu and Y. Li, ICML 2022),
    averaged over several networks, which should differ in their seed only. The threshold is the distance within which a share `passing` of
    held-out examples of the known classes lies. A pattern beyond it may belong to a new class, or to a known class at parameters far from
    those of the training.
    """

    name: ClassVar[str] = "novelty"
    version: ClassVar[int] = 1

    array: str = Field(description="array of the simulation that the network takes as input")

    def check(self, simulation: Outline, **_: Outline | list[Outline]) -> Iterable[tuple[str, str]]:
        """Check that the array exists."""
        yield from simulation.missing_array("array", self.array)

    def analyse(
        self, model: list[TrainedModel], train: Examples, validation: Examples, simulation: Ensemble
    ) -> Findings:
        """Return table `members` (number, swept parameters, `score`, `novel`), table `novel`, the novel members sorted by falling score,
        and figure `scores`.

        Raises:
            ValueError: the examples do not suit the network, or are too few.
        """
        import numpy as np
        import pandas as pd

        from labrun_novelty.distance import FeatureDistance
        from labrun_novelty.drawing import draw_scores

        distance = FeatureDistance(model, train, self.layer, self.neighbour)
        held_out = distance(validation)
        threshold = float(np.quantile(held_out, self.passing))
        scanned = Examples.inputs_only(lambda i: simulation.stack(i, self.array), len(simulation), simulation.name)
        score = distance(scanned)
        table = simulation.parameters.assign(score=score, novel=score > threshold)
        return Findings(
            metrics={
                "threshold": threshold,
                "members": len(table),
                "novel": int(table["novel"].sum()),
                "share of novel": float(table["novel"].mean()),
            },
            tables={
                "novel": table[table["novel"]].drop(columns="novel").sort_values("score", ascending=False),
                "members": table,
            },
            figures={
                "scores": draw_scores({f"held out ({validation.name})": held_out, simulation.name: score}, threshold)
            },
            captions={
                "scores": f"Cosine distance to the {_ordinal(self.neighbour)} training example in feature space. "
                f"{self.passing:.0%} of the held-out patterns lie left of the threshold; patterns right of it are novel.",
                "novel": "Novel members, sorted by falling distance.",
                "members": "Distance of every member.",
            },
            warnings=[*_about_few(len(pd.unique(validation.groups)), self.passing), *_about_variants(model)],
        )


class NoveltyCheck(_ByDistance):
    """How reliably a class is detected as new by networks that were trained without it.

    Each network was trained without some classes (a matrix over `leave_out` of a dataset). Held-out examples of known and of left-out
    classes are compared: the area under the ROC curve (AUROC) is the probability that an example of a left-out class is farther from the
    training examples than one of a known class.

    Networks that differ in their seed are averaged for each class, and then classes. Each combination of what else was varied by a matrix
    has its own means.
    """

    name: ClassVar[str] = "novelty_check"
    version: ClassVar[int] = 1

    def analyse(self, model: list[TrainedModel], train: Examples, validation: Examples) -> Findings:
        """Return table and figure `left_out`, with one row per network. `train` and `validation` hold all classes.

        Raises:
            ValueError: the datasets have no classes, a network knows all, or `validation` lacks known or left-out ones.
        """
        import numpy as np
        import pandas as pd
        from sklearn.metrics import roc_auc_score

        from labrun_novelty.distance import FeatureDistance
        from labrun_novelty.drawing import draw_left_out

        rows = []
        for one in model:
            unknown = _unknown(one, train, validation)
            seen = train.take(~np.isin(train.load_y(slice(None)), unknown))
            distance = FeatureDistance([one], seen, self.layer, self.neighbour)
            new = np.isin(validation.load_y(slice(None)), unknown)
            if new.all() or not new.any():
                raise ValueError(
                    f"'{validation.name}' must hold examples of classes that '{one.name}' was trained on, and of others; "
                    f"{int(new.sum())} of its {len(new)} examples are of other classes"
                )
            score = distance(validation)
            threshold = np.quantile(score[~new], self.passing)
            assert train.classes is not None
            rows.append(
                {
                    "model": one.name,
                    "setting": _setting(one),
                    "left out": ", ".join(train.classes[i] for i in unknown),
                    "examples": int(new.sum()),
                    "AUROC": float(roc_auc_score(new, score)),
                    "found": float((score[new] > threshold).mean()),
                }
            )
        table = pd.DataFrame(rows)
        classes = table.groupby(["setting", "left out"], sort=False)[["AUROC", "found"]].mean().reset_index()
        return Findings(
            metrics=_means(classes),
            tables={"left_out": table.drop(columns="setting")},
            figures={"left_out": draw_left_out(classes)},
            captions={
                "left_out": f"Detection of left-out classes. AUROC: probability that a pattern of the class is farther away than a known "
                f"one. 'found': share of the class beyond the threshold within which {self.passing:.0%} of the known patterns lie."
            },
        )


def _setting(model: TrainedModel) -> str:
    """What a matrix varied besides the seed and the classes left out: `width=8`."""
    return ", ".join(f"{name}={value}" for name, value in model.variant.items() if name not in ("seed", "leave_out"))


def _means(classes: pd.DataFrame) -> dict[str, float]:
    """Means over the left-out classes, for each setting."""
    found: dict[str, float] = {}
    for setting, rows in classes.groupby("setting", sort=False):
        end = f", {setting}" if setting else ""
        found |= {
            f"mean AUROC{end}": float(rows["AUROC"].mean()),
            f"lowest AUROC{end}": float(rows["AUROC"].min()),
            f"mean share found{end}": float(rows["found"].mean()),
        }
    return found


def _about_variants(models: list[TrainedModel]) -> list[str]:
    kinds = list(dict.fromkeys(model.kind for model in models))
    if len(kinds) == 1:
        return []
    return [
        f"The score averages over networks that differ in more than their seed: {', '.join(kinds)}. Analyse each by itself."
    ]


def _unknown(model: TrainedModel, train: Examples, validation: Examples) -> list[int]:
    """Return the numbers of the classes that a network was not trained on."""
    known = model.spec.classes
    if train.classes is None or validation.classes != train.classes or known is None:
        raise ValueError(
            f"'{train.name}' and '{validation.name}' must have the same classes, and the model '{model.name}' a part of them"
        )
    unknown = [number for number, name in enumerate(train.classes) if name not in known]
    if not unknown:
        raise ValueError(
            f"the model '{model.name}' was trained on all classes of '{train.name}'; leave out at least one"
        )
    return unknown


def _ordinal(number: int) -> str:
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return "nearest" if number == 1 else f"{number}{ending}-nearest"


def _about_few(held_out: int, passing: float) -> list[str]:
    needed = round(10 / (1 - passing))
    if held_out >= needed:
        return []
    return [
        f"The threshold is uncertain: it rests on {held_out} held-out members, and {passing:.0%} needs about {needed} or more."
    ]


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [Novelty, NoveltyCheck]
