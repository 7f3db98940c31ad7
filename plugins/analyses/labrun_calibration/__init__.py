"""Analysis `calibration`: whether probabilities of a classifier are right as often as they say, and a temperature that makes them so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Examples, Field, Findings, Measure, TrainedModel, hookimpl

if TYPE_CHECKING:
    import pandas as pd

    from labrun_calibration.scores import Reliability


FEW = 4
"""Panels whose errors a caption names"""


class Calibration(Analysis):
    """Are the probabilities that a classifier gives its predictions right as often as they say, before and after temperature scaling?

    The probability of the predicted class is compared with the share of right predictions, in bins of equal width; C. Guo, G. Pleiss, Y.
    Sun and K. Q. Weinberger, ICML 2017 (arXiv:1706.04599). Scaling divides the logits by a temperature T, found on `validation` by maximum
    likelihood; it changes neither predictions nor accuracy. Give the findings to `classification`, and it uses the temperatures.

    The log-likelihood and the Brier score have intervals over parameter sets or members (see `labrun.kit.units`). The ECE has none: it is a
    sum of absolute values, above 0 by chance even for a calibrated network. Beside it stands the ECE that such a network would have by
    chance on these examples.

    Each network has its own T. Networks that differ in their seed alone are judged together: metrics are means over them, and the diagram
    holds the examples of all.
    """

    name: ClassVar[str] = "calibration"
    version: ClassVar[int] = 2

    bins: int = Field(15, ge=1, le=1000, description="M, number of bins of equal width for probabilities from 0 to 1")

    def analyse(self, model: list[TrainedModel], validation: Examples, dataset: list[Examples]) -> Findings:
        """Return the metrics `temperature` and, for a dataset `test`, `ECE test`, `maximum error test`, `NLL test` [nats], `Brier score
        test`, each also `…, scaled`, and with the network for several kinds; the tables `scores` (a row for each model, dataset and
        temperature), `temperatures` and `reliability` (a row for each bin); the figure `reliability`.

        Raises:
            ValueError: a dataset has no classes, or others than a model.
        """
        import numpy as np
        import pandas as pd

        from labrun.kit.methods import group_by_kind
        from labrun.kit.temperatures import temperature_table
        from labrun_calibration.drawing import draw_reliability
        from labrun_calibration.measures import dataset_measures
        from labrun_calibration.scores import probabilities_of, reliability, scores
        from labrun_calibration.temperature import fit_temperature

        for examples in [validation, *dataset]:
            for one in model:
                _check_classes(one, examples)
        answers, kinds = validation.load_y(slice(None)), group_by_kind(model)
        found = [fit_temperature(one.logits(validation), answers) for one in model]
        temperatures = {"as trained": [1.0] * len(model), "scaled": [t.value for t in found]}
        rows: list[dict[str, Any]] = []
        bins: dict[str, dict[str, Reliability]] = {}
        metrics: dict[str, float | Measure] = {}
        for kind, places in kinds.items():
            mean = float(np.mean([found[i].value for i in places]))
            name = "temperature" if len(kinds) == 1 else f"temperature, {kind}"
            metrics[name] = Measure(mean, name="temperature", model=kind)
        for examples in dataset:
            truth = examples.load_y(slice(None))
            logits = [one.logits(examples) for one in model]
            metrics |= dict(dataset_measures(examples, kinds, logits, temperatures["scaled"], self.bins))
            for state, values in temperatures.items():
                for one, z, t in zip(model, logits, values, strict=True):
                    row = {"model": one.name, "dataset": examples.name, "state": state, "temperature": t}
                    rows.append(row | scores(z, truth, t, self.bins))
                for kind, places in kinds.items():
                    pooled = np.concatenate([probabilities_of(logits[i], values[i]) for i in places])
                    binned = reliability(pooled, np.tile(truth, len(places)), self.bins)
                    label = examples.name if len(kinds) == 1 else f"{examples.name}, {kind}"
                    bins.setdefault(label, {})[state] = binned
        table = pd.DataFrame(rows)
        pooled_words = "" if len(kinds) == len(model) else " Each panel holds the examples of all seeds."
        return Findings(
            metrics=metrics,
            tables={
                "scores": table,
                "temperatures": temperature_table(
                    {one.name: t.value for one, t in zip(model, found, strict=True)},
                    [t.remark for t in found],
                ),
                "reliability": _bin_table(bins),
            },
            figures={"reliability": draw_reliability(bins)},
            captions={
                "reliability": "Share of right predictions against their probability (with 95 % Wilson intervals, every example counted as "
                "independent) and, below, the share of examples with that probability. Above the grey line, a network is right more often "
                f"than it says. The temperature was found on '{validation.name}'.{pooled_words}{_change(bins)}",
                "scores": "ECE is the mean difference of probability and accuracy over the bins, weighted by examples; with few examples "
                "it is above 0 by chance, as the ceiling in the metrics shows. 'maximum error' is the largest difference, however few its "
                "examples.",
                "temperatures": "Temperature of each network, by which its logits are divided. Below 1, it was less sure than right.",
            },
            warnings=[
                f"temperature of the model '{one.name}' from '{validation.name}': {t.remark}"
                for one, t in zip(model, found, strict=True)
                if t.remark
            ],
        )


def _change(bins: Mapping[str, Mapping[str, Reliability]]) -> str:
    """Say what the temperature does to the expected calibration error."""
    changes = [
        f"from {states['as trained'].expected_error:.3f} to {states['scaled'].expected_error:.3f} on '{name}'"
        for name, states in bins.items()
    ]
    return f" The temperature takes the ECE {', '.join(changes)}." if len(changes) <= FEW else ""


def _check_classes(model: TrainedModel, examples: Examples) -> None:
    if examples.classes is None or examples.classes != model.spec.classes:
        raise ValueError(
            f"the model '{model.name}' has the classes {model.spec.classes}, but the dataset '{examples.name}' has "
            f"{examples.classes}; calibration needs the same, in the same order"
        )


def _bin_table(datasets: dict[str, dict[str, Reliability]]) -> pd.DataFrame:
    """Return a row for each dataset, state and bin that holds examples."""
    import pandas as pd

    rows = [
        {
            "dataset": dataset,
            "state": state,
            "above": one.edges[m],
            "up to": one.edges[m + 1],
            "examples": one.counts[m],
            "probability": one.probability[m],
            "accuracy": one.accuracy[m],
        }
        for dataset, states in datasets.items()
        for state, one in states.items()
        for m in one.counts.nonzero()[0]
    ]
    return pd.DataFrame(rows)


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [Calibration]
