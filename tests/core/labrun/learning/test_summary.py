"""What the report tells of a dataset."""

from __future__ import annotations

import numpy as np

from labrun import Examples
from labrun.learning.summary import summarize_examples


def make_examples(y: np.ndarray, classes: list[str] | None = None) -> Examples:
    return Examples(lambda i: np.zeros((len(i), 2)), lambda i: y[i], np.arange(len(y)) // 2, classes=classes)


def test_classes_are_counted_in_the_whole_and_in_each_part():
    examples = make_examples(np.array([0, 0, 2, 2]), ["a", "b", "c"])
    summary = summarize_examples(examples, {"train": examples.take([0, 1]), "test": examples.take([2, 3])})
    assert summary["whole"] == {"examples": 4, "members": 2, "classes": {"a": 2, "b": 0, "c": 2}}
    assert summary["parts"]["train"] == {"examples": 2, "members": 1, "classes": {"a": 2, "b": 0, "c": 0}}
    assert summary["x"] == {"shape": (2,), "dtype": "float64"}


def test_numbers_have_a_range():
    summary = summarize_examples(make_examples(np.array([1.0, 2.0, 6.0])), {})
    assert summary["whole"]["y"] == {"least": 1.0, "mean": 3.0, "most": 6.0}
    assert summary["parts"] == {}


def test_images_as_targets_are_not_read():
    for classes in (None, ["a", "b"]):
        summary = summarize_examples(make_examples(np.zeros((4, 3, 3), np.int64), classes), {})
        assert summary["whole"] == {"examples": 4, "members": 2}


def test_groups_in_several_parts_are_reported():
    examples = make_examples(np.arange(6.0))
    honest = {"train": examples.take([0, 1, 2, 3]), "test": examples.take([4, 5])}
    assert summarize_examples(examples, honest)["warnings"] == []
    (warning,) = summarize_examples(examples, {"train": examples.take([0, 2, 3]), "test": examples.take([1, 4, 5])})[
        "warnings"
    ]
    assert warning == (
        "possible leakage: 1 of 3 groups of examples (one for each member or set of related members) lie in several parts. If examples of "
        "a group are alike, use 'by: member'"
    )


def test_what_a_dataset_warns_of_comes_first():
    examples = make_examples(np.arange(6.0))
    examples.warnings = ["2 of 8 members have no value"]
    leaky = {"train": examples.take([0, 2, 3]), "test": examples.take([1, 4, 5])}
    first, second = summarize_examples(examples, leaky)["warnings"]
    assert first == "2 of 8 members have no value"
    assert second.startswith("possible leakage")
