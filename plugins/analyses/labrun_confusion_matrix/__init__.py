"""Analysis `confusion_matrix`: which class is taken for which, and how sure the accuracy is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Examples, Field, Findings, TrainedModel, hookimpl
from labrun.kit.bootstrap import bootstrap_interval

if TYPE_CHECKING:
    import numpy as np


class ConfusionMatrix(Analysis):
    """Confusion matrices of a classifier on several datasets side by side, with accuracy, macro F1 and bootstrap
    intervals.

    Several models (a matrix over seeds, say) are judged each by itself; the matrices are then means, and the metrics
    tell mean and spread. The bootstrap resamples members, not examples, so that the examples of one member do not count
    as independent.
    """

    name: ClassVar[str] = "confusion_matrix"
    version: ClassVar[int] = 1

    resamples: int = Field(2000, ge=100, description="bootstrap resamples")
    confidence: float = Field(0.95, gt=0, lt=1, description="probability that an interval covers")

    def analyse(self, model: list[TrainedModel], dataset: list[Examples], rng: np.random.Generator) -> Findings:
        """Metrics are named after the datasets: `accuracy test`, `macro F1 test`. Tables: `scores`, `errors_<dataset>`,
        `<dataset>`.

        Raises:
            ValueError: a dataset has no classes, or other classes than the first.
        """
        import numpy as np
        import pandas as pd

        from labrun_confusion_matrix.drawing import draw_matrices
        from labrun_confusion_matrix.scores import confusion, macro_f1

        classes = _classes(dataset)
        findings = Findings()
        rows: list[dict[str, Any]] = []
        matrices: dict[str, np.ndarray] = {}
        for examples in dataset:
            truth = examples.load_y(slice(None))
            counts, accuracies, scores = [], [], []
            for one in model:
                predicted = one.predict(examples).argmax(axis=-1)
                counts.append(confusion(truth, predicted, len(classes)))
                accuracies.append(float((predicted == truth).mean()))
                scores.append(macro_f1(counts[-1]))
                low, high = self._interval(truth == predicted, examples.groups, rng)
                rows.append(
                    {
                        "model": one.name,
                        **one.variant,
                        "dataset": examples.name,
                        "examples": len(examples),
                        "errors": int((predicted != truth).sum()),
                        "accuracy": accuracies[-1],
                        "low": low,
                        "high": high,
                        "macro F1": scores[-1],
                    }
                )
            matrix = np.mean(counts, axis=0)
            matrices[examples.name] = matrix
            findings.metrics[f"accuracy {examples.name}"] = float(np.mean(accuracies))
            findings.metrics[f"macro F1 {examples.name}"] = float(np.mean(scores))
            if len(model) > 1:
                findings.metrics[f"spread of accuracy {examples.name}"] = float(np.std(accuracies, ddof=1))
            else:
                findings.metrics |= {f"accuracy {examples.name}, low": low, f"accuracy {examples.name}, high": high}
            findings.captions[examples.name] = (
                f"Examples of '{examples.name}' by their true class (rows) and the one that is named."
            )
            findings.tables[examples.name] = pd.DataFrame(matrix, index=pd.Index(classes, name="true"), columns=classes)
            errors = _errors(matrix, classes)
            if len(errors):
                findings.tables[f"errors_{examples.name}"] = errors
                findings.captions[f"errors_{examples.name}"] = (
                    f"What is taken for what in '{examples.name}', the most frequent first."
                )
        findings.tables = {"scores": pd.DataFrame(rows)} | findings.tables
        findings.figures["confusion"] = draw_matrices(matrices, classes)
        percent = f"{self.confidence:.0%}"
        findings.captions |= {
            "confusion": "Rows are the true classes, columns what the network says; shares of a row, numbers are examples"
            + (f" (mean of {len(model)} models)." if len(model) > 1 else "."),
            "scores": f"'low' and 'high' bound the {percent} bootstrap interval of the accuracy.",
        }
        return findings

    def _interval(self, correct: np.ndarray, groups: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
        """The bootstrap interval of the accuracy."""
        return bootstrap_interval(lambda chosen: correct[chosen].mean(), groups, self.confidence, self.resamples, rng)


def _classes(dataset: list[Examples]) -> tuple[str, ...]:
    first = dataset[0]
    for examples in dataset:
        if examples.classes is None:
            raise ValueError(f"the dataset '{examples.name}' has no classes; a confusion matrix needs a classification")
        if examples.classes != first.classes:
            raise ValueError(
                f"'{first.name}' and '{examples.name}' have other classes, or another order: give both the same 'classes'"
            )
    assert first.classes is not None
    return first.classes


def _errors(matrix: np.ndarray, classes: tuple[str, ...]) -> Any:
    """Every confusion that happened, the most frequent first."""
    import pandas as pd

    rows = [
        {"true": classes[i], "predicted": classes[j], "examples": matrix[i, j]}
        for i in range(len(classes))
        for j in range(len(classes))
        if i != j and matrix[i, j] > 0
    ]
    return pd.DataFrame(sorted(rows, key=lambda row: -float(row["examples"])))


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [ConfusionMatrix]
