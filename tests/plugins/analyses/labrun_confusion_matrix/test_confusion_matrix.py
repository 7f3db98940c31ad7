from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labrun import Examples, Findings, Measure, TrainedModel
from labrun.contracts.examples import Origin
from labrun.kit.accuracy import accuracy_measure
from labrun_confusion_matrix import ConfusionMatrix

CLASSES = ["a", "b", "c"]


class Net:
    """A network that is wrong for the examples that it is told."""

    def __init__(self, name: str, wrong=(), **variant) -> None:
        self.name, self.variant, self.wrong = name, variant, wrong
        self.kind = TrainedModel(None, Path(), name, variant=variant).kind

    def predict(self, examples: Examples) -> np.ndarray:
        answer = examples.load_y(slice(None)).copy()
        answer[list(self.wrong)] = (answer[list(self.wrong)] + 1) % 3
        return np.eye(3)[answer]


def letters(count=6, per_member=1, per_set=1, name="test") -> Examples:
    members = np.arange(count) // per_member
    y = members // per_set % 3
    examples = Examples(lambda i: np.zeros((len(i), 2)), lambda i: y[i], members, classes=CLASSES, name=name)
    table = pd.DataFrame({"point": np.unique(members) // per_set, "repeat": np.unique(members) % per_set})
    examples.origin = Origin(table, members)
    return examples


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_a_perfect_score_is_not_certain():
    """Wilson's interval of 6 right members of 6: 6 / (6 + 1.96²)."""
    findings = ConfusionMatrix().analyse([Net("net")], [letters()])
    accuracy = findings.metrics["accuracy test"]
    assert isinstance(accuracy, Measure)
    assert (accuracy, accuracy.interval.high, accuracy.n, accuracy.units) == (1.0, 1.0, 6, "members")
    assert accuracy.interval.low == pytest.approx(6 / (6 + 1.959964**2), abs=1e-6)
    assert accuracy.interval.method == "Wilson"
    assert str(accuracy) == "1.00 [0.61, 1.00] over 6 members"
    assert findings.metrics["macro F1 test"].interval == accuracy.interval
    row = findings.tables["scores"].iloc[0]
    assert (row["low"], row["high"]) == (accuracy.interval.low, 1.0)


def test_more_examples_of_the_same_members_are_no_more_evidence():
    few, many = (ConfusionMatrix().analyse([Net("net")], [letters(6 * n, n)]).metrics["accuracy test"] for n in (1, 9))
    assert few.interval == many.interval


def test_the_accuracy_has_to_beat_the_most_frequent_class():
    y = np.array([0] * 7 + [1] * 3)
    examples = Examples(lambda i: np.zeros((len(i), 2)), lambda i: y[i], np.arange(10), classes=CLASSES, name="test")
    accuracy = ConfusionMatrix().analyse([Net("net", [0])], [examples]).metrics["accuracy test"]
    assert (accuracy, accuracy.baseline, accuracy.baseline.model) == (0.9, 0.7, "most frequent class")
    assert (accuracy.better, accuracy.ceiling, accuracy.key) == ("higher", 1.0, True)


def test_only_networks_that_differ_in_their_seed_are_put_together():
    """Three learning rates with two seeds each: three judgements, and no mean over learning rates."""
    nets = [
        Net(f"net[rate={rate},seed={seed}]", range(wrong + seed), rate=rate, seed=seed)
        for rate, wrong in ((0.1, 0), (0.01, 6), (0.001, 12))
        for seed in (0, 1)
    ]
    findings = ConfusionMatrix().analyse(nets, [letters(30)])
    accuracies = {name: float(value) for name, value in findings.metrics.items() if name.startswith("accuracy")}
    assert accuracies == {
        "accuracy test, net[rate=0.1]": pytest.approx(1 - 0.5 / 30),
        "accuracy test, net[rate=0.01]": pytest.approx(1 - 6.5 / 30),
        "accuracy test, net[rate=0.001]": pytest.approx(1 - 12.5 / 30),
    }
    assert findings.metrics["spread of accuracy test, net[rate=0.1]"] == pytest.approx(np.std([1, 29 / 30], ddof=1))
    matrix = pd.read_csv(io.BytesIO(findings.files["confusion_test, net[rate=0.01].csv"]), index_col="true")
    assert matrix.to_numpy().sum() == 60
    assert matrix.dtypes.unique().tolist() == [np.dtype("int64")]
    assert findings.captions["errors"].endswith("Sums over 2 networks that differ in their seed.")
    assert findings.tables["errors"].groupby("model")["examples"].sum()["net[rate=0.001]"] == 25
    titles = [axes.get_title().splitlines()[0] for axes in findings.figures["confusion"].axes if axes.axison]
    assert titles == ["net[rate=0.1]", "net[rate=0.01]", "net[rate=0.001]"]
    assert len(findings.tables["scores"]) == 6


def test_the_interval_of_a_mean_holds_the_spread_over_seeds():
    alike = [Net(f"net[seed={seed}]", range(5), seed=seed) for seed in range(3)]
    unlike = [Net(f"net[seed={seed}]", range(5 * seed), seed=seed) for seed in range(3)]
    narrow, wide = (ConfusionMatrix().analyse(nets, [letters(30)]).metrics["accuracy test"] for nets in (alike, unlike))
    assert narrow == wide == pytest.approx(25 / 30)
    assert wide.interval.low < narrow.interval.low < narrow < narrow.interval.high < wide.interval.high
    assert wide.interval.method.endswith("3 seeds")


def test_parameter_sets_are_the_units_where_members_share_them():
    """Ten points with six members each; all members of one point are wrong."""
    examples, net = letters(60, per_set=6), Net("net", range(6))
    chosen = {by: ConfusionMatrix(by=by).analyse([net], [examples]) for by in (None, "member", "point")}
    accuracy = {by: found.metrics["accuracy test"] for by, found in chosen.items()}
    assert {by: (one.n, one.units) for by, one in accuracy.items()} == {
        None: (10, "parameter sets"),
        "member": (60, "members"),
        "point": (10, "values of point"),
    }
    assert accuracy[None].interval == accuracy["point"].interval
    assert accuracy[None].interval.low < accuracy["member"].interval.low - 0.1
    assert "'units': parameter sets ('test')" in chosen[None].captions["scores"]


def test_few_parameter_sets_are_not_taken_for_units_and_the_caption_says_what_that_means():
    findings = ConfusionMatrix().analyse([Net("net")], [letters(12, per_set=4)])
    assert findings.metrics["accuracy test"].units == "members"
    assert findings.captions["scores"].endswith(
        "The 12 members of 'test' share 3 sets of parameters (point): intervals hold for other members there, not for other parameters."
    )


def test_a_misspelt_column_is_explained():
    with pytest.raises(ValueError, match="'by' names 'pont', which is not a column of 'test': did you mean 'point'"):
        ConfusionMatrix(by="pont").analyse([Net("net")], [letters()])


def test_baselines_on_the_same_members_are_compared_by_a_test():
    """20 members: the network is wrong on one, trees on ten of them, another network on two."""
    test = letters(20)
    answers = [
        np.where(np.arange(20) < wrong, (test.load_y(slice(None)) + 1) % 3, test.load_y(slice(None)))
        for wrong in (10, 2)
    ]
    trees = Findings(metrics={"accuracy test": accuracy_measure(test, answers[:1], "trees")})
    findings = ConfusionMatrix().analyse([Net("net", [0]), Net("like", [0, 1])], [test], [trees])
    accuracy = findings.metrics["accuracy test, net"]
    assert (accuracy.verdict, accuracy.baseline, accuracy.baseline.model) == ("better", 0.5, "trees")
    table = findings.tables["comparison"].set_index("method")
    assert table["standing"].to_dict() == {"net": "best", "like": "not distinguishable from the best", "trees": "worse"}
    assert table.loc["trees", "difference"] == pytest.approx(-0.45)
    assert table.loc["like", "p"] == 1
    assert "over members" in findings.captions["comparison"]


def test_baselines_on_other_members_stand_there_without_a_test():
    other = letters(21)
    trees = Findings(metrics={"accuracy test": accuracy_measure(other, [other.load_y(slice(None))], "trees")})
    accuracy = ConfusionMatrix().analyse([Net("net", [0])], [letters(20)], [trees]).metrics["accuracy test"]
    assert (accuracy.baseline, accuracy.verdict) == (1.0, "")
