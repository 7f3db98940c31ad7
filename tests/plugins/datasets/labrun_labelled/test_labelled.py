from __future__ import annotations

import numpy as np
import pytest

from labrun import Ensemble, Outline
from labrun_labelled import Labelled


def ensemble(labels: list[object], column: str = "class") -> Ensemble:
    arrays = [{"u": np.full((4, 6, 2), i, dtype=np.float32)} for i in range(len(labels))]
    return Ensemble.from_arrays(arrays, {column: labels}, "patterns")


def test_texts_are_classes_in_the_order_of_the_table():
    examples = Labelled(x="u", y="class").examples(ensemble(["zeta", "alpha", "zeta", "mu"]))
    assert examples.classes == ("zeta", "alpha", "mu")
    x, y = examples.load([3, 0])
    assert x.shape == (2, 4, 6, 2)
    assert x[:, 0, 0, 0].tolist() == [3, 0]
    assert y.tolist() == [2, 0]
    assert y.dtype == np.int64


def test_numbers_are_numbers():
    examples = Labelled(x="u", y="rate").examples(ensemble([0.5, 2], "rate"))
    assert examples.classes is None
    assert examples.load_y(slice(None)).tolist() == [0.5, 2]
    assert examples.load_y([0]).dtype == np.float32


def test_numbers_are_classes_if_that_is_wanted():
    examples = Labelled(x="u", y="rate", kind="class").examples(ensemble([0.5, 2, 0.5], "rate"))
    assert examples.classes == ("0.5", "2")
    assert examples.load_y(slice(None)).tolist() == [0, 1, 0]


def test_an_order_of_classes_can_be_given():
    examples = Labelled(x="u", y="class", classes=["alpha", "beta", "zeta"]).examples(ensemble(["zeta", "alpha"]))
    assert examples.classes == ("alpha", "beta", "zeta")
    assert examples.load_y(slice(None)).tolist() == [2, 0]


def test_a_class_that_is_not_named_is_a_fault():
    with pytest.raises(ValueError, match="the column 'class' holds zeta, which 'classes' does not name"):
        Labelled(x="u", y="class", classes=["alpha"]).examples(ensemble(["zeta", "alpha"]))


def test_a_number_cannot_be_made_of_texts():
    with pytest.raises(ValueError, match="'kind: number' needs numbers"):
        Labelled(x="u", y="class", kind="number").examples(ensemble(["zeta"]))


def test_check_tells_what_is_missing_before_anything_runs():
    outline = Outline("train", Labelled(x="u", y="class"), ("kill", "class"), {"u": "(size, size)"})
    assert list(Labelled(x="u", y="class").check(simulation=outline)) == []
    problems = dict(Labelled(x="v", y="clas").check(simulation=outline))
    assert problems["x"] == "'train' gives no array 'v' (known: u)"
    assert problems["y"] == "the table of 'train' has no column 'clas': did you mean 'class'?"
