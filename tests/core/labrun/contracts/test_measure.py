from __future__ import annotations

import copy
import json
import math
import pickle
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest

from labrun import Findings, Interval, Measure
from labrun.contracts.measure import Comparison, Judged

BASELINE = Measure(0.86, name="accuracy", model="trees")
ACCURACY = Measure(
    0.978,
    name="accuracy",
    interval=Interval(0.967, 0.988, 0.95, "Wilson"),
    model="cnn",
    dataset="test",
    better="higher",
    baseline=BASELINE,
    ceiling=1.0,
    key=True,
    n=1040,
    units="members",
)


def test_a_measure_is_a_number():
    assert isinstance(ACCURACY, float)
    assert ACCURACY == 0.978 == ACCURACY.value
    assert f"{ACCURACY:.1%}" == "97.8%"
    assert ACCURACY > BASELINE
    assert type(ACCURACY + 1) is float
    assert np.mean([ACCURACY, 1.0]) == pytest.approx(0.989)
    assert math.isnan(Measure(math.nan))


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (ACCURACY, "0.978 [0.967, 0.988] over 1,040 members"),
        (Measure(12.3456, unit="mK"), "12.35 mK"),
        (Measure(0.5, interval=Interval(0.25, 0.75), unit="px", n=4, units="points"), "0.50 [0.25, 0.75] px over 4 points"),
        (Measure(3), "3"),
    ],
)  # fmt: skip
def test_it_is_written_as_its_interval_deserves(measure, words):
    assert str(measure) == words


def test_it_says_its_name_in_a_notebook():
    assert repr(BASELINE) == "<Measure accuracy: 0.86>"
    assert repr(Measure(2.0)) == "<Measure 2>"


def test_it_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        ACCURACY.unit = "px"  # type: ignore[misc]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_keep_everything(copied):
    assert copied(ACCURACY).record() == ACCURACY.record()


def test_json_holds_what_is_known_and_nothing_else():
    assert Measure(2.0).record() == {"value": 2.0}
    record = json.loads(json.dumps(ACCURACY.record()))
    assert record["interval"] == {"low": 0.967, "high": 0.988, "confidence": 0.95, "method": "Wilson"}
    assert record["baseline"] == {"value": 0.86, "name": "accuracy", "model": "trees"}
    read = Measure.from_record(record)
    assert read.record() == ACCURACY.record()
    assert isinstance(read.baseline, Measure)


def test_findings_give_measures_back_and_old_readers_find_numbers(tmp_path: Path):
    findings = Findings(metrics={"accuracy test": ACCURACY, "members": 40})
    findings.save(tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"accuracy test": 0.978, "members": 40.0}
    read = Findings.load(tmp_path).metrics
    assert read == {"accuracy test": 0.978, "members": 40.0}
    found = read["accuracy test"]
    assert isinstance(found, Measure)
    assert found.record() == ACCURACY.record()
    assert not isinstance(read["members"], Measure)


def test_findings_without_measures_are_written_as_before(tmp_path: Path):
    Findings(metrics={"mean": 1.5}).save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["findings.json", "metrics.json"]
    assert Findings.load(tmp_path).metrics == {"mean": 1.5}


def test_measures_behind_a_link_are_not_followed(tmp_path: Path):
    Findings(metrics={"mean": Measure(1.5, unit="mK")}).save(tmp_path / "one")
    Findings(metrics={"mean": 1.5}).save(tmp_path / "other")
    (tmp_path / "other/measures.json").symlink_to(tmp_path / "one/measures.json")
    assert not isinstance(Findings.load(tmp_path / "other").metrics["mean"], Measure)


def test_a_count_is_a_float_too():
    assert Measure(3).value.is_integer()


@pytest.mark.parametrize(
    ("value", "difference", "better", "words"),
    [
        (
            0.95,
            (0.04, 0.02, 0.06, 0.004),
            "higher",
            "cnn beats trees in score by 0.040 [0.020, 0.060] (12 members, p = 0.004).",
        ),
        (
            0.87,
            (-0.04, -0.06, -0.02, 0.0004),
            "higher",
            "trees beats cnn in score by 0.040 [0.020, 0.060] (12 members, p < 0.001).",
        ),
        (
            0.87,
            (-0.04, -0.06, -0.02, 0.02),
            "lower",
            "cnn beats trees in score by 0.040 [0.020, 0.060] (12 members, p = 0.02).",
        ),
        (
            0.90,
            (-0.01, -0.03, 0.01, 0.31),
            "higher",
            "cnn and trees are not distinguishable in score: they differ by -0.010 [-0.030, 0.010] (12 members, p = 0.31).",
        ),
    ],
)
def test_a_comparison_in_words(value, difference, better, words):
    known = {"name": "score", "model": "cnn", "better": better, "n": 12, "units": "members"}
    one = Measure(value, baseline=Measure(0.91, model="trees"), comparison=Comparison(*difference), **known)
    assert one.sentence == words
    assert Measure.from_record(json.loads(json.dumps(one.record()))).sentence == words


def test_without_a_comparison_nothing_is_claimed():
    one = Measure(0.95, name="score", model="cnn", better="higher", baseline=Measure(0.91, model="trees"))
    assert (one.verdict, one.sentence, one.beside_baseline()) == ("", "", "baseline trees 0.91")
    assert Measure(0.5).beside_baseline() == ""


def test_what_it_takes_to_compare_is_kept():
    one = Measure(0.5, judged=Judged("abc", (0.1, -0.1), 0.01, 2.0))
    assert Measure.from_record(json.loads(json.dumps(one.record()))).judged == one.judged
