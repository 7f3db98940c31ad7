"""Analysis `classification`: the probabilities of the classes of every member of a simulation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Examples, Field, Findings, Measure, Outline, TrainedModel, hookimpl
from labrun.kit.classification import Classification

if TYPE_CHECKING:
    import pandas as pd


class ClassifyMembers(Analysis):
    """Probabilities of the classes for every member of a simulation, from one network or the mean of several that differ in their seed.

    The result is the table `members`, which phase maps, montages and comparisons use. The probabilities of several networks (a matrix over
    seeds) are averaged (B. Lakshminarayanan, A. Pritzel and C. Blundell, NeurIPS 2017). With a `calibration` (the analysis of that name, of
    the same networks), logits are divided by each network's temperature first, so that probabilities are right as often as they say.
    """

    name: ClassVar[str] = "classification"
    version: ClassVar[int] = 2

    array: str = Field(description="array of the simulation that the network sees")

    def check(self, simulation: Outline, **_: object) -> Iterable[tuple[str, str]]:
        """Check that the array exists."""
        yield from simulation.missing_array("array", self.array)

    def analyse(self, model: list[TrainedModel], simulation: Ensemble, calibration: Findings | None = None) -> Findings:
        """Return the table `members` (see `labrun.kit.classification`), and `classes`: the number of members of each class and their mean
        probability.

        Raises:
            ValueError: the networks differ in more than their seed, in their classes, or were trained on other shapes; or the calibration
                is that of other networks.
        """
        import numpy as np

        from labrun.kit.temperatures import (
            TABLE,
            calibrated_probabilities,
            read_temperature,
            remarks_of,
            temperature_table,
        )

        classes = _common_classes(model)
        examples = Examples.inputs_only(lambda i: simulation.stack(i, self.array), len(simulation), simulation.name)
        probabilities = np.mean([calibrated_probabilities(one, examples, calibration) for one in model], axis=0)
        found = Classification(simulation.parameters, classes, probabilities)
        findings = found.findings()
        findings.tables = {"classes": _count(found)} | findings.tables
        common: dict[str, Any] = {"model": model[0].kind, "dataset": simulation.name}
        findings.metrics = {
            "members": len(simulation),
            "mean probability": Measure(float(found.probability.mean()), name="mean probability", **common),
            "mean entropy": Measure(float(found.entropy.mean()), name="mean entropy", unit="nats", **common),
        }
        source = (
            "Probabilities are those of the network, not calibrated."
            if calibration is None
            else f"Probabilities are calibrated by '{calibration.name}'."
        )
        findings.captions = {
            "classes": f"'probability' and 'entropy' are means over the members that are predicted as the class. {source}",
            "members": f"Every member with its swept parameters, its most probable class, and the probabilities of all classes. {source}",
        }
        if calibration is not None:
            findings.tables[TABLE] = temperature_table(
                {one.name: read_temperature(calibration, one.name) for one in model}
            )
            findings.captions[TABLE] = f"Temperatures from '{calibration.name}', by which the logits were divided."
            findings.warnings = [
                f"probabilities of '{one.name}': {remark}"
                for one in model
                for remark in remarks_of(calibration, one.name)
            ]
        return findings


def _common_classes(models: list[TrainedModel]) -> tuple[str, ...]:
    first = models[0].spec.classes
    if first is None:
        raise ValueError(f"the model '{models[0].name}' was trained on numbers, but a classification needs classes")
    for other in models:
        if other.spec.classes != first:
            raise ValueError(f"'{models[0].name}' and '{other.name}' have different classes, or another order")
        if other.kind != models[0].kind:
            raise ValueError(
                f"'{models[0].name}' and '{other.name}' differ in more than their seed, so their probabilities have no common mean: name "
                "networks of one kind, or one analysis for each by 'each'"
            )
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
    """Offer the analysis."""
    return [ClassifyMembers]
