"""Analyses `novelty` and `novelty_check`: which patterns fit no class that the network was trained on, and how well they are found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from labrun import Analysis, Ensemble, Examples, Field, Findings, Outline, TrainedModel, hookimpl


class _ByDistance(Analysis):
    layer: str | None = Field(None, description="layer whose output is compared; the one before the last by default")
    neighbour: int = Field(
        10,
        ge=1,
        description="distance to the so many-th nearest training example; above 1, a few odd ones do not count",
    )
    passing: float = Field(0.95, gt=0, lt=1, description="share of the held-out examples that must pass as known")


class Novelty(_ByDistance):
    """Members of a simulation that are unlike everything the network was trained on.

    The score is the cosine distance to one of the nearest training examples in the features of the network (Y. Sun, Y.
    Ming, X. Zhu and Y. Li, ICML 2022); of several networks, the mean. The threshold is the distance within which the share
    `passing` of held-out examples of the known classes lies. A pattern beyond it may be of a new class, or of a known one
    at parameters that differ much from those of the training: the network has not seen either.
    """

    name: ClassVar[str] = "novelty"
    version: ClassVar[int] = 1

    array: str = Field(description="array of the simulation that the network sees")

    def check(self, simulation: Outline, **_: Outline | list[Outline]) -> Iterable[tuple[str, str]]:
        """The array must be there."""
        yield from simulation.missing_array("array", self.array)

    def analyse(
        self, model: list[TrainedModel], train: Examples, validation: Examples, simulation: Ensemble
    ) -> Findings:
        """Table `members`: number, what was swept, `score`, `novel`. Table `novel`: those that are, the farthest first.

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
                "scores": f"Cosine distance to number {self.neighbour} of the nearest training examples, in the features of "
                f"the network. {self.passing:.0%} of the held-out patterns lie left of the line; what lies right of it fits "
                "no class.",
                "novel": "Members beyond the threshold, the farthest first.",
                "members": "Every member with its distance.",
            },
            warnings=_about_few(len(pd.unique(validation.groups)), self.passing),
        )


class NoveltyCheck(_ByDistance):
    """How well a class is found to be new by networks that were trained without it.

    Each network was trained on all classes but some (a matrix over `leave_out` of a dataset). Held-out examples of the classes that it
    knows are set against those of the classes that it does not: the area under the ROC curve (AUROC) is the probability that one of
    the latter lies farther off than one of the former.
    """

    name: ClassVar[str] = "novelty_check"
    version: ClassVar[int] = 1

    def analyse(self, model: list[TrainedModel], train: Examples, validation: Examples) -> Findings:
        """Table `left_out`: one row a network. `train` and `validation` hold all classes.

        Raises:
            ValueError: the datasets have no classes, a network knows all of them, or `validation` holds none that it knows, or only such.
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
                    f"'{validation.name}' must hold examples of the classes that '{one.name}' knows and of those that it does not; of its "
                    f"{len(new)} examples, {int(new.sum())} are of the latter"
                )
            score = distance(validation)
            threshold = np.quantile(score[~new], self.passing)
            assert train.classes is not None
            rows.append(
                {
                    "left out": ", ".join(train.classes[i] for i in unknown),
                    "examples": int(new.sum()),
                    "AUROC": float(roc_auc_score(new, score)),
                    "found": float((score[new] > threshold).mean()),
                }
            )
        table = pd.DataFrame(rows)
        return Findings(
            metrics={
                "mean AUROC": float(table["AUROC"].mean()),
                "lowest AUROC": float(table["AUROC"].min()),
                "mean share found": float(table["found"].mean()),
            },
            tables={"left_out": table},
            figures={"left_out": draw_left_out(table)},
            captions={
                "left_out": f"'found' is the share of the class beyond the threshold that {self.passing:.0%} of the known patterns pass."
            },
        )


def _unknown(model: TrainedModel, train: Examples, validation: Examples) -> list[int]:
    """The numbers of the classes that a network was not trained on."""
    known = model.spec.classes
    if train.classes is None or validation.classes != train.classes or known is None:
        raise ValueError(
            f"'{train.name}' and '{validation.name}' must have the same classes, and the model '{model.name}' some of them"
        )
    unknown = [number for number, name in enumerate(train.classes) if name not in known]
    if not unknown:
        raise ValueError(
            f"the model '{model.name}' was trained on all classes of '{train.name}'; one must have been left out"
        )
    return unknown


def _about_few(held_out: int, passing: float) -> list[str]:
    needed = round(10 / (1 - passing))
    if held_out >= needed:
        return []
    return [
        f"The threshold rests on {held_out} held-out members; for {passing:.0%}, some {needed} or more make it sure."
    ]


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [Novelty, NoveltyCheck]
