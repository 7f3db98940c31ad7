from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import classification_report

from labrun import Examples
from labrun.kit.units import Units
from labrun_classification_report import ClassificationReport
from labrun_classification_report.scores import report

CLASSES = ("a", "b", "c", "d")


class Knows:
    """A model whose logits are its input."""

    name = "net"
    spec = SimpleNamespace(classes=CLASSES)

    def logits(self, examples: Examples, batch_size: int = 32) -> np.ndarray:
        return examples.load_x(slice(None))


def examples(name: str, truth, predicted, classes=CLASSES) -> Examples:
    truth, x = np.asarray(truth), np.eye(4)[predicted]
    return Examples(lambda i: x[i], lambda i: truth[i], np.arange(len(x)), classes=classes, name=name)


def alone(count: int) -> Units:
    """Every example is a unit."""
    return Units(np.arange(count), "members")


@pytest.fixture
def answers(rng):
    truth = rng.choice(4, 300, p=[0.5, 0.3, 0.15, 0.05])
    return truth, np.where(rng.random(300) < 0.7, truth, rng.integers(0, 4, 300))


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_scores_are_those_of_counts_by_hand():
    table = report(np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2]), "abc", alone(6)).set_index("class")
    assert table["precision"].tolist()[:3] == pytest.approx([2 / 2, 1 / 2, 1 / 2])
    assert table["recall"].tolist()[:3] == pytest.approx([2 / 3, 1 / 2, 1 / 1])
    assert table["F1"].tolist()[:3] == pytest.approx([4 / 5, 2 / 4, 2 / 3])
    assert table["support"].tolist() == [3, 2, 1, 6, 6]
    recall = binomtest(2, 3).proportion_ci(method="wilson")
    assert table.loc["a", ["recall_low", "recall_high"]].tolist() == pytest.approx([recall.low, recall.high])
    assert table.loc["a", "precision_low"] == pytest.approx(
        2 / (2 + 1.959964**2), abs=1e-6
    )  # both predictions are right
    assert table.loc[["macro mean", "weighted mean"], "recall_low"].isna().all()
    assert table["predictions"].tolist() == [2, 2, 2, 6, 6]
    assert table.loc["macro mean", "recall"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert table.loc["weighted mean", "precision"] == pytest.approx((3 * 1 + 2 / 2 + 1 / 2) / 6)


def test_several_datasets_are_told_as_scikit_learn_tells_them(answers):
    truth, predicted = answers
    sets = [examples("train", truth, truth), examples("test", truth, predicted)]
    found = ClassificationReport().analyse(Knows(), sets)
    table = found.tables["report"]
    assert [*table.columns][:7] == ["dataset", "class", "precision", "recall", "F1", "support", "predictions"]
    expected = classification_report(truth, predicted, target_names=CLASSES, output_dict=True)
    rows = table.query("dataset == 'test'").set_index("class")
    for name, theirs in [(c, c) for c in CLASSES] + [("macro mean", "macro avg"), ("weighted mean", "weighted avg")]:
        assert rows.loc[name, ["precision", "recall", "F1", "support"]].tolist() == pytest.approx(
            [expected[theirs][score] for score in ("precision", "recall", "f1-score", "support")]
        )
    assert found.metrics["accuracy train"] == found.metrics["macro F1 train"] == 1
    assert found.metrics["accuracy test"] == pytest.approx(expected["accuracy"])
    assert found.metrics["macro recall test"] == pytest.approx(expected["macro avg"]["recall"])
    assert found.warnings == []


def test_classes_that_are_silent_or_absent_are_told():
    found = ClassificationReport().analyse(Knows(), [examples("test", [0, 0, 1, 1], [0, 2, 0, 2])])
    table = found.tables["report"].set_index("class")
    assert [*table.index] == [
        "a",
        "b",
        "c",
        "macro mean",
        "weighted mean",
    ]  # there is no d, and nothing is taken for it
    assert table.loc["b", "precision"] == table.loc["c", "recall"] == 0
    assert found.warnings == [
        "'test': the class 'b' is never predicted, so its precision is 0",
        "'test': the class 'c' is predicted but does not occur, so its recall is 0",
    ]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_figure_has_a_panel_for_each_dataset(answers, count):
    figure = (
        ClassificationReport()
        .analyse(Knows(), [examples(f"set {i}", *answers) for i in range(count)])
        .figures["report"]
    )
    panels = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title() for axes in panels] == [f"set {i}" for i in range(count)]
    table = report(*answers, CLASSES, alone(300))
    marks = {
        mark.get_label(): mark.get_offsets()[:, 0] for mark in panels[-1].collections if mark.get_label()[0] != "_"
    }
    for score in ("precision", "recall", "F1"):
        np.testing.assert_allclose(marks[score], table[score])
    support = np.bincount(answers[0])
    assert panels[0].get_yticklabels()[0].get_text() == f"a ({support[0]})"


@pytest.mark.parametrize("classes", [None, ("b", "a", "c", "d")])
def test_other_classes_are_refused(classes):
    with pytest.raises(ValueError, match=r"net' has the classes .* the dataset 'test' has .* same order"):
        ClassificationReport().analyse(Knows(), [examples("test", [0], [0], classes)])
