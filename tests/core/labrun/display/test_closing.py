from __future__ import annotations

import json

import pytest

from labrun import Interval, Measure
from labrun.contracts.measure import Comparison, Judged
from labrun.display.closing import result_line
from labrun.records.key_results import KeyResult

KNOWN = {
    "name": "accuracy",
    "model": "cnn",
    "better": "higher",
    "n": 40,
    "units": "members",
    "interval": Interval(0.88, 0.97),
}
TREES = Measure(0.91, model="trees")


def line(**more):
    record = KeyResult("analyses.confusion", "accuracy test", Measure(0.933, **KNOWN, **more)).record()
    return result_line(json.loads(json.dumps(record)))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"ceiling": 1.0}, ""),
        ({"ceiling": 0.953}, ", best possible 0.953"),
        ({"baseline": TREES}, ", baseline trees 0.91"),
        (
            {"baseline": TREES, "comparison": Comparison(0.023, 0.008, 0.038, 0.004)},
            ", better than trees 0.91 (+0.023 [0.008, 0.038], p = 0.004)",
        ),
        (
            {"baseline": TREES, "comparison": Comparison(0.023, -0.008, 0.054, 0.2)},
            ", not distinguishable from trees 0.91 (+0.023 [-0.008, 0.054], p = 0.2)",
        ),
    ],
)
def test_a_key_result_stands_beside_its_baseline_and_ceiling(more, words):
    assert line(**more) == f"confusion: accuracy test 0.933 [0.880, 0.970] over 40 members{words}"


def test_the_record_of_a_key_result_leaves_out_what_only_tests_need():
    record = KeyResult("analyses.a", "x", Measure(0.5, judged=Judged("units", (0.1, -0.1)))).record()
    assert "judged" not in record
