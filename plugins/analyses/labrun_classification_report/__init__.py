"""Analysis `classification_report`: precision, recall and F1 of each class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Examples, Findings, Measure, TrainedModel, hookimpl

if TYPE_CHECKING:
    import pandas as pd


class ClassificationReport(Analysis):
    """How well does a network predict each class? Precision, recall, F1 and support, on several datasets side by side.

    With TP examples of a class that are predicted as it, FP of other classes that are, and FN of its own that are not:

        precision = TP / (TP + FP)    recall = TP / (TP + FN)    F1 = 2 TP / (2 TP + FP + FN)

    and the support is TP + FN. They come from scikit-learn (`precision_recall_fscore_support`), as do the means over classes, plain (macro)
    and weighted by the support. A class that occurs but is never predicted has precision 0; one that is predicted but does not occur,
    recall 0; one that does neither is left out. Intervals of accuracy, precision and recall are over parameter sets where several members
    share one, else over members (see `labrun.kit.units`).
    """

    name: ClassVar[str] = "classification_report"
    version: ClassVar[int] = 1

    def analyse(self, model: TrainedModel, dataset: list[Examples]) -> Findings:
        """Return the table `report`: `dataset`, `class`, `precision`, `recall`, `F1`, `support`, `predictions` (as how many examples it is
        predicted) and the ends of intervals, a row for each class and two for the means; for a dataset `test` the metrics `accuracy test`,
        `macro precision test`, `macro recall test`, `macro F1 test`; the figure `report`.

        Raises:
            ValueError: a dataset has no classes, or others than the model.
        """
        import pandas as pd

        from labrun.kit.accuracy import accuracy_measure
        from labrun.kit.units import independent_units
        from labrun_classification_report.drawing import draw_report
        from labrun_classification_report.scores import MACRO, remarks, report

        findings = Findings()
        tables: dict[str, pd.DataFrame] = {}
        for examples in dataset:
            classes = _classes(model, examples)
            truth = examples.load_y(slice(None))
            predicted = model.logits(examples, batch_size=256).argmax(axis=1)
            units = independent_units(examples)
            table = report(truth, predicted, classes, units)
            macro = table.set_index("class").loc[MACRO]
            is_key = examples is dataset[-1]
            known: dict[str, Any] = {"model": model.name, "dataset": examples.name, "better": "higher", "ceiling": 1.0}
            accuracy = accuracy_measure(examples, [predicted], model.name, units=units, key=is_key)
            findings.metrics[f"accuracy {examples.name}"] = accuracy
            findings.metrics |= {
                f"macro {score} {examples.name}": Measure(float(macro[score]), name=f"macro {score}", **known)
                for score in ("precision", "recall", "F1")
            }
            findings.warnings += remarks(table, examples.name)
            tables[examples.name] = table
        findings.tables["report"] = pd.concat(tables, names=["dataset"]).reset_index("dataset").reset_index(drop=True)
        findings.figures["report"] = draw_report(tables)
        findings.captions = {
            "report": "Precision: share of the predictions of a class that are right. Recall: share of the examples of a class that are "
            "predicted as it. F1 is their harmonic mean; the support is the number of examples of the class. 'low' and 'high' bound 95% "
            f"intervals.{_weakest(tables)}"
        }
        return findings


def _weakest(tables: Mapping[str, pd.DataFrame]) -> str:
    """Name the class with the lowest F1 on the last dataset."""
    name, table = list(tables.items())[-1]
    classes = table.iloc[:-2]  # the means come last
    if classes["F1"].isna().all() or len(classes) < 2:
        return ""
    worst = classes.loc[classes["F1"].idxmin()]
    return f" On '{name}', the class with the lowest F1 is '{worst['class']}', with {worst['F1']:.3g}."


def _classes(model: TrainedModel, examples: Examples) -> tuple[str, ...]:
    if examples.classes is None or examples.classes != model.spec.classes:
        raise ValueError(
            f"the model '{model.name}' has the classes {model.spec.classes}, but the dataset '{examples.name}' has {examples.classes}; a "
            "classification report needs the same, in the same order"
        )
    return examples.classes


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [ClassificationReport]
