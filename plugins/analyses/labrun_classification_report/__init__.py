"""Analysis `classification_report`: precision, recall and F1 of each class."""

from __future__ import annotations

from typing import ClassVar

from labrun import Analysis, Examples, Findings, TrainedModel, hookimpl


class ClassificationReport(Analysis):
    """How well does a network know each class? Precision, recall, F1 and support, on several datasets side by side.

    With TP examples of a class that are taken for it, FP of others that are, and FN of its own that are not:

        precision = TP / (TP + FP)    recall = TP / (TP + FN)    F1 = 2 TP / (2 TP + FP + FN)

    and the support is TP + FN. They come from scikit-learn (`precision_recall_fscore_support`), and so do the means over the classes, plain
    (macro) and weighted by the support. A class that occurs and is never predicted has the precision 0; one that is predicted and does not
    occur, the recall 0; one that does neither is left out.
    """

    name: ClassVar[str] = "classification_report"
    version: ClassVar[int] = 1

    def analyse(self, model: TrainedModel, dataset: list[Examples]) -> Findings:
        """Table `report`: `dataset`, `class`, `precision`, `recall`, `F1`, `support`, `predictions` (how many are taken for it); a row
        for each class and two for the means. Metrics, for a dataset `test`: `accuracy test`, `macro precision test`, `macro recall
        test`, `macro F1 test`. Figure `report`.

        Raises:
            ValueError: a dataset has no classes, or others than the model.
        """
        import pandas as pd

        from labrun_classification_report.drawing import draw_report
        from labrun_classification_report.scores import MACRO, remarks, report

        findings = Findings()
        tables: dict[str, pd.DataFrame] = {}
        for examples in dataset:
            classes = _classes(model, examples)
            truth = examples.load_y(slice(None))
            predicted = model.logits(examples, batch_size=256).argmax(axis=1)
            table = report(truth, predicted, classes)
            macro = table.set_index("class").loc[MACRO]
            findings.metrics[f"accuracy {examples.name}"] = float((truth == predicted).mean())
            findings.metrics |= {f"macro {s} {examples.name}": float(macro[s]) for s in ("precision", "recall", "F1")}
            findings.warnings += remarks(table, examples.name)
            tables[examples.name] = table
        findings.tables["report"] = pd.concat(tables, names=["dataset"]).reset_index("dataset").reset_index(drop=True)
        findings.figures["report"] = draw_report(tables)
        findings.captions = {
            "report": "Precision: of what is taken for a class, the share that is of it. Recall: of a class, the share that is taken "
            "for it. F1 is their harmonic mean; the support is the number of examples of the class."
        }
        return findings


def _classes(model: TrainedModel, examples: Examples) -> tuple[str, ...]:
    if examples.classes is None or examples.classes != model.spec.classes:
        raise ValueError(
            f"the model '{model.name}' knows the classes {model.spec.classes}, the dataset '{examples.name}' has {examples.classes}; a "
            "classification report wants the same, in the same order"
        )
    return examples.classes


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [ClassificationReport]
