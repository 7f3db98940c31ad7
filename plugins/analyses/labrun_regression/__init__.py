"""Analysis `regression`: how well networks, and the baselines that they have to beat, predict a number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Examples, Field, Findings, TrainedModel, hookimpl
from labrun.kit.units import BY

if TYPE_CHECKING:
    import pandas as pd

    from labrun_regression.judgement import Judgement
    from labrun_regression.predictors import Predictor

NOTHING = "there is nothing to judge: name a model, a baseline or both under 'from'"


class Regression(Analysis):
    """How well do networks predict a number, such as the tumbling rate of a snapshot? And how well do baselines, which they have to beat?

    Pearson's r, MAE, R² and RMSE, each with an interval. Examples of one parameter set (or of one member, such as the snapshots of one
    trajectory) err together and do not count as independent: intervals are over parameter sets where several members share one, else over
    members; `by` chooses other units. They are the jackknife's (see `labrun.kit.intervals`).

    Where there are few true values (at most 30, which recur), each of them also gets the bias, the spread (the standard deviation of the
    predictions), the MAE, and the overlap with the truth: the share of the predictions that lie within one spread of the true value, 0.68
    for normal errors without bias. All numbers are in the unit of the quantity, also where a network learned its logarithm.

    A baseline is an analysis with a table `predictions`, whose columns are `dataset`, `example` (the position in that dataset), `method`
    and `prediction`. Networks that differ in their seed alone are of one kind: metrics are means over them, with intervals that hold the
    spread over seeds too. Methods are compared by a paired permutation test over the units (`labrun.kit.comparison`).
    """

    name: ClassVar[str] = "regression"
    version: ClassVar[int] = 1

    by: str | list[str] | None = Field(None, description=BY)
    confidence: float = Field(0.95, gt=0, lt=1, description="probability that an interval covers the true value")

    def check(self, *_: Any, **inputs: Any) -> Iterable[tuple[str, str]]:
        """Check that there is something to judge."""
        if not inputs.get("model") and not inputs.get("baseline"):
            yield "model", NOTHING

    def analyse(
        self,
        dataset: list[Examples],
        model: list[TrainedModel] | None = None,
        baseline: list[Findings] | None = None,
    ) -> Findings:
        """Return the tables `scores`, `comparison` (for several methods), `values` and `predictions`, and for each dataset the metrics `r
        test`, `MAE test`, … and the figures `predicted_<dataset>` and `errors_<dataset>`.

        Raises:
            ValueError: there is nothing to judge; y is not a number, or not the one that a model learned; a prediction is not finite; or a
                baseline does not predict each example once.
        """
        import pandas as pd

        from labrun.kit.comparison import COMPARED, standing_table
        from labrun_regression.drawing import draw_errors, draw_predictions, shown_predictors
        from labrun_regression.judgement import judge_dataset
        from labrun_regression.predictors import gather_predictors

        predictors = gather_predictors(model or [], baseline or [])
        if not predictors:
            raise ValueError(NOTHING)
        judged = [judge_dataset(examples, predictors, self.by, self.confidence) for examples in dataset]
        findings = Findings(
            metrics={name: value for one in judged for name, value in one.measures()},
            tables={"scores": pd.DataFrame([row for one in judged for row in one.score_rows()])},
            captions={"scores": self._caption_of_scores(judged)},
            warnings=[warning for one in judged for warning in one.warnings()],
        )
        if rows := [row for one in judged for row in one.value_rows()]:
            findings.tables["values"] = pd.DataFrame(rows)
            findings.captions["values"] = (
                "For each true value: the mean of the predictions, their bias, their standard deviation (spread), the MAE, and the share "
                "of predictions within one spread of the true value (overlap, 0.68 for normal errors without bias)."
            )
        if len({one.kind for one in predictors}) > 1:
            findings.tables["comparison"] = standing_table(row for one in judged for row in one.standings())
            units = ", ".join(dict.fromkeys(one.units.words for one in judged))
            findings.captions["comparison"] = COMPARED.format(units=units, confidence=0.95)
        findings.tables["predictions"] = _prediction_table(judged)
        findings.captions["predictions"] = (
            "Every prediction; 'example' is the position in the dataset, 'group' the member."
        )
        shown = shown_predictors(predictors)
        for one in judged:
            for figure, draw in (("predicted", draw_predictions), ("errors", draw_errors)):
                drawn, caption = draw(one, shown)
                findings.figures[f"{figure}_{one.dataset}"] = drawn
                findings.captions[f"{figure}_{one.dataset}"] = caption + _left_out(predictors, shown)
        return findings

    def _caption_of_scores(self, judged: Sequence[Judgement]) -> str:
        quantities = ", ".join(dict.fromkeys(str(one.quantity) for one in judged))
        mean = (
            " 'spread' and 'overlap' are means over the true values."
            if any(j.values is not None for j in judged)
            else ""
        )
        units = ", ".join(dict.fromkeys(f"{one.units.words} ('{one.dataset}')" for one in judged))
        remarks = "".join(dict.fromkeys(f" {one.units.remark}" for one in judged if one.units.remark))
        return (
            f"Scores of the predictions of {quantities}. 'low' and 'high' bound the {self.confidence:.0%} interval over 'units': {units}."
            f"{mean}{remarks}"
        )


def _prediction_table(judged: Sequence[Judgement]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([pd.DataFrame(c) for one in judged for c in one.prediction_columns()], ignore_index=True)


def _left_out(predictors: Sequence[Predictor], shown: Sequence[int]) -> str:
    """Say what a figure leaves out."""
    drawn = {predictors[i].kind for i in shown}
    words = ""
    for i in shown:
        count = sum(one.kind == predictors[i].kind for one in predictors)
        if count > 1:
            words += f" '{predictors[i].name}' is the first of {count} networks that differ in their seed alone."
    missing = list(dict.fromkeys(one.kind for one in predictors if one.kind not in drawn))
    return words + (f" Not drawn: {', '.join(missing)}." if missing else "")


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [Regression]
