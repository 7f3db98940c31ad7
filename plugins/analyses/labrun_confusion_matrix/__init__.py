"""Analysis `confusion_matrix`: which classes are confused, and how accurate a classifier is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, Examples, Field, Findings, TrainedModel, hookimpl
from labrun.kit.units import BY

if TYPE_CHECKING:
    import pandas as pd

    from labrun.kit.comparison import Standing
    from labrun_confusion_matrix.judgement import Judgement


class ConfusionMatrix(Analysis):
    """Which classes does a network confuse, on several datasets side by side? Confusion matrices, accuracy and macro F1 with intervals.

    Examples of one parameter set (or of one member) are often wrong together, so they do not count as independent: intervals are over
    parameter sets where several members share one, else over members; `by` chooses other units. That of the accuracy, a share, is
    described in `labrun.kit.intervals`.

    Networks that differ in their seed alone are judged together: matrices are sums over them, metrics are means, and intervals hold the
    spread over seeds too. All other networks (of a matrix over learning rates, for instance) are judged apart.

    Baselines are analyses with measures of the accuracy on the same datasets, such as `shallow_baseline`, `summary_baseline` and `pca`.
    They stand beside the networks, compared by a paired permutation test over the units (`labrun.kit.comparison`).
    """

    name: ClassVar[str] = "confusion_matrix"
    version: ClassVar[int] = 2

    by: str | list[str] | None = Field(None, description=BY)
    confidence: float = Field(0.95, gt=0, lt=1, description="probability that an interval covers the true value")

    def analyse(
        self, model: list[TrainedModel], dataset: list[Examples], baseline: list[Findings] | None = None
    ) -> Findings:
        """Return the metrics `accuracy test` and `macro F1 test` of a dataset `test` (`accuracy test, <network>` for networks of several
        kinds), `spread of accuracy test` over seeds; the tables `scores`, `comparison` (for several kinds, or with baselines) and `errors`;
        the figure `confusion`, and its counts as files `confusion_<dataset>.csv`.

        Raises:
            ValueError: a dataset has no classes, or other classes than the first; or two models have the same name.
        """
        import pandas as pd

        from labrun.kit.comparison import COMPARED, measured, standing_table
        from labrun.kit.methods import group_by_kind, metric_name
        from labrun_confusion_matrix.drawing import draw_matrices
        from labrun_confusion_matrix.judgement import classifiers, judge

        classes, methods = _classes(dataset), classifiers(model)
        kinds = group_by_kind(methods)
        judged = [
            one
            for examples in dataset
            for one in judge(
                methods,
                examples,
                self.by,
                self.confidence,
                measured(baseline or [], "accuracy", examples.name),
                is_key=examples is dataset[-1],
            )
        ]
        findings = Findings(tables={"scores": pd.DataFrame([row for one in judged for row in one.rows()])})
        for one in judged:
            for measure in (one.accuracy, one.macro_f1):
                findings.metrics[metric_name(measure.name, one.dataset, one.kind, kinds)] = measure
            if len(one.networks) > 1:
                spread = pd.Series(one.accuracies).std()
                findings.metrics[metric_name("spread of accuracy", one.dataset, one.kind, kinds)] = float(spread)
            name = f"confusion_{one.dataset}" if len(kinds) == 1 else f"confusion_{one.dataset}, {one.kind}"
            matrix = pd.DataFrame(one.total, index=pd.Index(classes, name="true"), columns=classes)
            findings.files[f"{name}.csv"] = matrix.to_csv().encode()
        compared = [*_standings(judged, baseline or [])]
        if len({start["method"] for start, _ in compared}) > 1:
            findings.tables["comparison"] = standing_table(compared)
            units = ", ".join(dict.fromkeys(one.units.words for one in judged))
            findings.captions["comparison"] = COMPARED.format(units=units, confidence=0.95)
        if len(errors := _all_errors(judged, classes)):
            findings.tables["errors"] = errors
        findings.figures["confusion"] = draw_matrices(judged, classes)
        findings.captions |= {
            "confusion": "Rows are true classes, columns predicted ones. Colours are shares of a row, numbers are examples; "
            f"errors, off the diagonal, are orange.{_summed(judged[0])}{_most_confused(judged[-1], classes)}",
            "errors": f"Every confusion, the most frequent first.{_summed(judged[0])}",
            "scores": self._caption(judged),
        }
        return findings

    def _caption(self, judged: Sequence[Judgement]) -> str:
        units = ", ".join(dict.fromkeys(f"{one.units.words} ('{one.dataset}')" for one in judged))
        remarks = "".join(dict.fromkeys(f" {one.units.remark}" for one in judged if one.units.remark))
        return (
            f"'low' and 'high' bound the {self.confidence:.0%} interval of the accuracy over 'units': {units}.{remarks}"
        )


def _all_errors(judged: Sequence[Judgement], classes: tuple[str, ...]) -> pd.DataFrame:
    """Return every confusion on every dataset: `dataset`, `model` if there are several, `true`, `predicted`, `examples`."""
    import pandas as pd

    tables = [one.errors(classes).assign(dataset=one.dataset, model=one.kind) for one in judged]
    table = pd.concat(tables, ignore_index=True)
    columns = ["dataset", "model", "true", "predicted", "examples"]
    if table.empty or table["model"].nunique() == 1:
        columns.remove("model")
    return table.reindex(columns=columns)


def _most_confused(judgement: Judgement, classes: tuple[str, ...]) -> str:
    """Name the most frequent confusion on a dataset."""
    errors = judgement.errors(classes)
    if errors.empty:
        return f" All examples of '{judgement.dataset}' are right."
    worst = errors.iloc[0]
    share = worst["examples"] / errors["examples"].sum()
    return (
        f" The most frequent error on '{judgement.dataset}' takes '{worst['true']}' for '{worst['predicted']}': {worst['examples']} of "
        f"{errors['examples'].sum()} errors, {share:.0%}."
    )


def _summed(judgement: Judgement) -> str:
    count = len(judgement.networks)
    return f" Sums over {count} networks that differ in their seed." if count > 1 else ""


def _standings(judged: Sequence[Judgement], baselines: Sequence[Findings]) -> Iterator[tuple[dict[str, str], Standing]]:
    """Yield how the accuracies of networks and baselines on each dataset stand beside the best of them."""
    from labrun.kit.comparison import measured, standings

    for dataset in dict.fromkeys(one.dataset for one in judged):
        own = [one.accuracy for one in judged if one.dataset == dataset]
        measures = {one.model: one for one in [*own, *measured(baselines, "accuracy", dataset)]}
        for method, standing in standings(measures).items():
            yield {"dataset": dataset, "score": "accuracy", "method": method}, standing


def _classes(dataset: list[Examples]) -> tuple[str, ...]:
    first = dataset[0]
    for examples in dataset:
        if examples.classes is None:
            raise ValueError(f"the dataset '{examples.name}' has no classes; a confusion matrix needs a classification")
        if examples.classes != first.classes:
            raise ValueError(
                f"'{first.name}' and '{examples.name}' have different classes, or another order: give both the same 'classes'"
            )
    assert first.classes is not None
    return first.classes


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [ConfusionMatrix]
