"""Analysis `classification`: which class a network takes every member of a simulation for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, Ensemble, Examples, Field, Findings, Outline, TrainedModel, hookimpl
from labrun.kit.classification import Classification

if TYPE_CHECKING:
    import pandas as pd


class ClassifyMembers(Analysis):
    """Probabilities of the classes for every member of a simulation, by one network or the mean of several.

    The result is the table `members`, which a phase map, a montage or a comparison works on. With several networks (a matrix over
    seeds) their probabilities are averaged (B. Lakshminarayanan, A. Pritzel and C. Blundell, NeurIPS 2017).
    """

    name: ClassVar[str] = "classification"
    version: ClassVar[int] = 1

    array: str = Field(description="array of the simulation that the network sees")

    def check(self, simulation: Outline, model: list[Outline]) -> Iterable[tuple[str, str]]:
        """The array must be there."""
        yield from simulation.missing_array("array", self.array)

    def analyse(self, model: list[TrainedModel], simulation: Ensemble) -> Findings:
        """Table `members` (see `labrun.kit.classification`) and `classes`: how many members each class has, how surely.

        Raises:
            ValueError: the networks have other classes than the first, or were trained on other shapes.
        """
        import numpy as np

        classes = _common_classes(model)

        examples = Examples.inputs_only(lambda i: simulation.stack(i, self.array), len(simulation), simulation.name)
        probabilities = np.mean([one.probabilities(examples) for one in model], axis=0)
        found = Classification(simulation.parameters, classes, probabilities)
        findings = found.findings()
        findings.tables = {"classes": _count(found)} | findings.tables
        findings.metrics = {
            "members": len(simulation),
            "mean probability": float(found.probability.mean()),
            "mean entropy [nats]": float(found.entropy.mean()),
        }
        findings.captions = {
            "classes": "'probability' and 'entropy' are means over the members that are taken for the class.",
            "members": "Every member with what was swept, its most probable class, and the probabilities of all classes.",
        }
        return findings


def _common_classes(models: list[TrainedModel]) -> tuple[str, ...]:
    first = models[0].spec.classes
    if first is None:
        raise ValueError(f"the model '{models[0].name}' was trained on numbers; a classification needs classes")
    for other in models:
        if other.spec.classes != first:
            raise ValueError(f"'{models[0].name}' and '{other.name}' have other classes, or another order")
    return first


def _count(found: Classification) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    rows = []
    for number, name in enumerate(found.classes):
        inside = found.predicted == number
        row = {"class": name, "members": int(inside.sum())}
        if inside.any():
            row |= {"probability": np.mean(found.probability[inside]), "entropy": np.mean(found.entropy[inside])}
        rows.append(row)
    return pd.DataFrame(rows)


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [ClassifyMembers]
