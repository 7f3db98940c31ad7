from __future__ import annotations

import numpy as np
import pytest

from labrun import Measure
from labrun.kit.comparison import judged_on
from labrun.kit.spread import leave_out
from labrun.report.content import StageContent
from labrun.report.matrix_tables import compare


def stage(rate, values=None, digest="here"):
    measures = {"accuracy test": Measure(0.5, name="accuracy", better="higher", key=True)}
    if values is not None:
        spread = leave_out(lambda chosen: values[chosen].mean(), np.arange(len(values))).spread()
        judged = judged_on(spread, digest)
        measures = {"accuracy test": Measure(values.mean(), name="accuracy", better="higher", key=True, judged=judged)}
    name = f"judge[rate={rate}]"
    return StageContent(
        id=f"analyses.{name}", name=name, base="judge", section="analyses", plugin="judge", summary="", outcome="done",
        problem="", traceback="", seconds=1.0, key="k", values={"models.net.rate": rate}, inputs=[], settings=[], measures=measures,
    )  # fmt: skip


@pytest.fixture
def hard(rng):
    return rng.normal(0.5, 0.3, 20)


def test_the_best_stage_and_those_like_it_are_marked(hard, rng):
    """All stages judge the same units, of which some are hard for all."""
    noise = [0.02 * rng.standard_normal(20) for _ in range(3)]
    (found,) = compare(
        [stage(0.1, hard - 0.2 + noise[0]), stage(0.01, hard + noise[1]), stage(0.001, hard + 0.1 + noise[2])]
    )
    assert found.table.header == ["rate", "accuracy test", "accuracy test, test"]
    words = [row[-1].partition(",")[0] for row in found.table.rows]
    assert words == ["worse", "worse", "best"]
    assert found.table.rows[0][-1] == "worse, p < 0.001"
    assert found.sentences == ["accuracy test: best with rate 0.001; worse: rate 0.1, rate 0.01."]


def test_stages_that_chance_explains_are_not_ranked(hard, rng):
    (found,) = compare([stage(rate, hard + 0.1 * rng.standard_normal(20)) for rate in (0.1, 0.01)])
    assert sorted(row[-1].partition(",")[0] for row in found.table.rows) == [
        "best",
        "not distinguishable from the best",
    ]
    assert "not distinguishable from the best: rate" in found.sentences[0]


@pytest.mark.parametrize("others", [[stage(0.1)], [stage(0.1, np.linspace(0, 1, 20), "other members")]])
def test_without_the_same_units_there_is_no_test(hard, others):
    (found,) = compare([stage(0.01, hard), *others])
    assert found.table.header == ["rate", "accuracy test"]
    assert found.sentences == []
