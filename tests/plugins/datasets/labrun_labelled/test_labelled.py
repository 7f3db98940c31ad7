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


LABELS = ["zeta", "alpha", "zeta", "mu", "alpha"]


def test_classes_that_are_left_out_are_never_seen():
    examples = Labelled(x="u", y="class", leave_out=["alpha"]).examples(ensemble(LABELS))
    assert examples.classes == ("zeta", "mu")
    x, y = examples.load(slice(None))
    assert x[:, 0, 0, 0].tolist() == [0, 2, 3]  # the members that are left, in their order
    assert y.tolist() == [0, 0, 1]
    assert examples.groups.tolist() == [0, 2, 3]
    assert examples.load_x([2, 0])[:, 0, 0, 0].tolist() == [3, 0]


def test_leaving_out_nothing_changes_nothing():
    given, without = (Labelled(x="u", y="class", **kw).examples(ensemble(LABELS)) for kw in ({"leave_out": []}, {}))
    assert given.classes == without.classes
    np.testing.assert_array_equal(given.groups, without.groups)
    for one, other in zip(given.load(slice(None)), without.load(slice(None)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_split_of_what_is_left_parts_no_member(rng):
    examples = Labelled(x="u", y="class", leave_out=["mu"]).examples(ensemble(LABELS * 4))
    parts = examples.split({"train": 0.5, "test": 0.5}, rng)
    sides = [set(part.groups.tolist()) for part in parts.values()]
    assert not sides[0] & sides[1]
    assert sides[0] | sides[1] == {i for i, label in enumerate(LABELS * 4) if label != "mu"}
    for part in parts.values():
        assert part.load_x(slice(None))[:, 0, 0, 0].tolist() == part.groups.tolist()


def test_the_order_of_classes_holds_for_those_that_are_left():
    """With `classes` the network keeps an output for the class that it never sees."""
    chosen = ["alpha", "mu", "zeta"]
    examples = Labelled(x="u", y="class", classes=chosen, leave_out=["alpha"]).examples(ensemble(LABELS))
    assert examples.classes == ("alpha", "mu", "zeta")
    assert examples.load_y(slice(None)).tolist() == [2, 2, 1]


def test_numbers_are_left_out_by_how_they_are_written():
    examples = Labelled(x="u", y="rate", kind="class", leave_out=["0.5"]).examples(ensemble([0.5, 2, 0.5, 3], "rate"))
    assert examples.classes == ("2", "3")
    assert examples.groups.tolist() == [1, 3]


def test_members_that_failed_do_not_shift_the_others():
    """The numbers of an ensemble have gaps where members failed; examples count those that are there."""
    arrays = [{"u": np.full((4, 6, 2), i, dtype=np.float32)} for i in range(6)]
    whole = Ensemble.from_arrays(arrays, {"class": list("abcabc")})
    gaps = Ensemble(whole._members, [1, 2, 4, 5], {"class": list("bcbc")}, "gaps")
    examples = Labelled(x="u", y="class", leave_out=["b"]).examples(gaps)
    assert examples.load_x(slice(None))[:, 0, 0, 0].tolist() == [2, 5]
    assert examples.classes == ("c",)


def test_leaving_out_what_is_not_there():
    with pytest.raises(
        ValueError, match="'leave_out' names 'alpa', which the column 'class' does not hold: did you mean 'alpha'"
    ):
        Labelled(x="u", y="class", leave_out=["zeta", "alpa"]).examples(ensemble(LABELS))


def test_an_unknown_class_is_told_with_those_that_there_are_each_once():
    with pytest.raises(ValueError, match=r"does not hold \(known: alpha, mu, zeta\)$"):
        Labelled(x="u", y="class", leave_out=["qqq"]).examples(ensemble(LABELS))


def test_leaving_out_everything():
    with pytest.raises(ValueError, match="'leave_out' names every class of the column 'class': no example is left"):
        Labelled(x="u", y="class", leave_out=["zeta", "mu", "alpha"]).examples(ensemble(LABELS))


# -- values that are missing or wrong ----


@pytest.mark.parametrize(("column", "value"), [("class", None), ("rate", float("nan"))])
def test_members_without_a_value_are_refused_or_dropped(column, value):
    labels = ["a", value, "b"] if column == "class" else [0.5, value, 2]
    message = f"the column '{column}' of 'patterns' has no value in 1 of 3 members \\(member 1\\). Fill them in, or set 'missing"
    with pytest.raises(ValueError, match=message):
        Labelled(x="u", y=column).examples(ensemble(labels, column))
    examples = Labelled(x="u", y=column, missing="drop").examples(ensemble(labels, column))
    assert examples.groups.tolist() == [0, 2]
    assert examples.load_x(slice(None))[:, 0, 0, 0].tolist() == [0, 2]
    assert examples.classes == (("a", "b") if column == "class" else None)
    assert len(examples.warnings) == 1


def test_a_text_among_numbers_makes_no_classes():
    labels = [0.1, "NaN", 0.3]
    message = (
        r"'rate' holds both texts \('NaN'\) and numbers \(0.1\): correct those that are wrong, or set 'kind: class'"
    )
    with pytest.raises(ValueError, match=message):
        Labelled(x="u", y="rate").examples(ensemble(labels, "rate"))
    assert Labelled(x="u", y="rate", kind="class").examples(ensemble(labels, "rate")).classes == ("0.1", "NaN", "0.3")


@pytest.mark.parametrize(
    ("fields", "values", "fault"),
    [
        ({}, ["a", None], ("y", "has no value in 1 of 2 members (member 1)")),
        ({}, [1, "NaN"], ("y", "'class' holds both texts ('NaN') and numbers (1)")),
        (
            {"leave_out": ["c"]},
            ["a", "b"],
            ("leave_out", "'leave_out' names 'c', which the column 'class' does not hold"),
        ),
        ({"leave_out": ["a"]}, ["a", "a"], ("leave_out", "'leave_out' names every class of the column 'class'")),
        ({"classes": ["a"]}, ["a", "b"], ("classes", "the column 'class' holds b, which 'classes' does not name")),
        ({"kind": "number"}, ["a", "b"], ("y", "the column 'class' holds texts; 'kind: number' needs numbers")),
    ],
)
def test_a_project_is_checked_before_it_runs(fields, values, fault):
    plugin = Labelled(x="u", y="class", **fields)
    outline = Outline("train", plugin, ("class",), None, {"class": values})
    ((field, message),) = plugin.check(simulation=outline)
    assert field == fault[0]
    assert fault[1] in message
