"""Analysis `calibration`: whether a classifier is as sure as it is right, and what one temperature does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Examples, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    from labrun_calibration.scores import Reliability


class Calibration(Analysis):
    """Whether a classifier is as sure as it is right, before and after temperature scaling.

    The probability that a network gives its answer (the confidence) is compared with how often the answer is right, in
    bins of equal width; C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, ICML 2017 (arXiv:1706.04599). Scaling divides the
    logits by a temperature T, found on `validation` by maximum likelihood. It changes no answer, and accuracy stays.
    Each of several models gets its own T; metrics are then means, and the diagram holds the examples of all.
    """

    name: ClassVar[str] = "calibration"
    version: ClassVar[int] = 1

    bins: int = Field(15, ge=1, le=1000, description="M, bins of equal width for the confidence from 0 to 1")

    def analyse(self, model: list[TrainedModel], validation: Examples, dataset: list[Examples]) -> Findings:
        """Metrics `temperature` and, for a dataset `test`, `ECE test`, `maximum error test`, `NLL test` [nats], `Brier score
        test`, and each of them with `, scaled`. Tables `scores` (a row for each model, dataset and temperature) and
        `reliability` (a row a bin). Figure `reliability`.

        Raises:
            ValueError: a dataset has no classes, or others than a model.
        """
        import numpy as np
        import pandas as pd

        from labrun_calibration.drawing import draw_reliability
        from labrun_calibration.scores import probabilities_of, reliability, scores
        from labrun_calibration.temperature import fit_temperature

        for examples in [validation, *dataset]:
            for one in model:
                _check_classes(one, examples)
        answers = validation.load_y(slice(None))
        found = [fit_temperature(one.logits(validation), answers) for one in model]
        temperatures = {"as trained": [1.0] * len(model), "scaled": [t.value for t in found]}
        rows: list[dict[str, Any]] = []
        bins: dict[str, dict[str, Reliability]] = {}
        for examples in dataset:
            truth = examples.load_y(slice(None))
            logits = [one.logits(examples) for one in model]
            for state, values in temperatures.items():
                for one, z, t in zip(model, logits, values, strict=True):
                    row = {"model": one.name, "dataset": examples.name, "state": state, "temperature": t}
                    rows.append(row | scores(z, truth, t, self.bins))
                pooled = np.concatenate([probabilities_of(z, t) for z, t in zip(logits, values, strict=True)])
                binned = reliability(pooled, np.tile(truth, len(model)), self.bins)
                bins.setdefault(examples.name, {})[state] = binned
        table = pd.DataFrame(rows)
        several = len(model) > 1
        return Findings(
            metrics={"temperature": float(np.mean(temperatures["scaled"]))} | _metrics(table),
            tables={"scores": table, "reliability": _bin_table(bins)},
            figures={"reliability": draw_reliability(bins)},
            captions={
                "reliability": "How often answers of a confidence are right (with 95 % Wilson intervals, every example "
                "counted as independent), and below it the share of the examples that have it; on the grey line a network "
                f"is as sure as it is right. The temperature was found on '{validation.name}'."
                + (f" Examples of {len(model)} models." if several else ""),
                "scores": "ECE is the mean difference of confidence and accuracy over the bins, weighted by examples; it is "
                "above 0 by chance alone where examples are few. 'maximum error' is the largest, however few its examples.",
            },
            warnings=[
                f"temperature of the model '{one.name}' from '{validation.name}': {t.remark}"
                for one, t in zip(model, found, strict=True)
                if t.remark
            ],
        )


def _check_classes(model: TrainedModel, examples: Examples) -> None:
    if examples.classes is None or examples.classes != model.spec.classes:
        raise ValueError(
            f"the model '{model.name}' knows the classes {model.spec.classes}, the dataset '{examples.name}' has "
            f"{examples.classes}; calibration wants the same, in the same order"
        )


def _metrics(table: Any) -> dict[str, float]:
    """Means over the models: `ECE test`, `ECE test, scaled`, …"""
    from labrun_calibration.scores import NAMES

    return {
        f"{name} {dataset}" + (", scaled" if state == "scaled" else ""): float(rows[name].mean())
        for dataset, of_dataset in table.groupby("dataset", sort=False)
        for name in NAMES
        for state, rows in of_dataset.groupby("state", sort=False)
    }


def _bin_table(datasets: dict[str, dict[str, Reliability]]) -> Any:
    """One row for each dataset, state and bin that holds examples."""
    import pandas as pd

    rows = [
        {
            "dataset": dataset,
            "state": state,
            "above": one.edges[m],
            "up to": one.edges[m + 1],
            "examples": one.counts[m],
            "confidence": one.confidence[m],
            "accuracy": one.accuracy[m],
        }
        for dataset, states in datasets.items()
        for state, one in states.items()
        for m in one.counts.nonzero()[0]
    ]
    return pd.DataFrame(rows)


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [Calibration]
