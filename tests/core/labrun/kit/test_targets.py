"""Values as targets: classes in ascending order, numbers as they are, logarithms; and values that are missing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from labrun import Ensemble, Outline
from labrun.kit.targets import check_missing, find_missing, known_members, make_target


def test_classes_are_the_values_in_their_order():
    target = make_target([7.5, 7, 13, 7], "redshift", "class")
    assert target.classes == ["7", "7.5", "13"]
    assert target.y.tolist() == [1, 0, 2, 0]
    assert (target.y.dtype, target.quantity) == (np.int64, None)
    assert make_target(["b", "a"], "kind", "class").classes == ["a", "b"]
    assert make_target([7.50001, 7.50002], "z", "class").classes == ["7.50001", "7.50002"]


def test_numbers_and_logarithms_have_a_quantity():
    linear, log = (make_target([1.0, 8.0], "rate", scale, "1/s") for scale in ("linear", "log"))
    assert (linear.y.tolist(), log.y.tolist()) == ([1, 8], [0, 3])
    assert (str(linear.quantity), log.quantity.value(log.y).tolist()) == ("rate [1/s]", [1, 8])
    assert linear.y.dtype == np.float32


@pytest.mark.parametrize(
    ("values", "scale", "message"),
    [
        (["a"], "linear", "'rate' holds texts, which are not numbers: set 'scale: class' if they name classes"),
        ([0.5, 0.0], "log", "'rate' holds 0, which has no logarithm: set 'scale: linear'"),
        ([0.5, math.inf], "linear", "'rate' holds infinity, which no network can predict: leave it out"),
        ([0.5, None], "linear", "'rate' has no value in 1 of 2 entries: a target needs all"),
        (["a", None], "class", "'rate' has no value in 1 of 2 entries: a target needs all"),
        ([0.5, "NaN"], "class", r"'rate' holds both texts \('NaN'\) and numbers \(0.5\): correct those that are wrong"),
        (np.array([1.0, math.nan]), "log", "'rate' has no value in 1 of 2 entries: a target needs all"),
    ],
)
def test_what_is_no_target(values, scale, message):
    with pytest.raises(ValueError, match=message):
        make_target(values, "rate", scale)


# -- missing values ----

MISSING = [None, math.nan, np.float32("nan"), "", " "]


@pytest.mark.parametrize("value", MISSING)
def test_what_counts_as_missing(value):
    assert find_missing(["a", value, 0, False]).tolist() == [False, True, False, False]


def test_names_that_other_programs_write_for_missing_values_are_names():
    assert not find_missing(["NA", "null", "None", "nan"]).any()


def test_arrays_with_missing_entries():
    values = np.zeros((4, 2))
    values[2, 1] = math.nan
    assert find_missing(values).tolist() == [False, False, True, False]
    assert find_missing(np.arange(3)).tolist() == [False] * 3


PROBLEM = "the column 'rate' of 'waves' has no value in 2 of 4 members (members 1, 7)"
REMEDY = ". Fill them in, or set 'missing: drop' to leave these members out"


@pytest.fixture
def waves() -> Ensemble:
    """Four members, of which others have failed; two have no rate."""
    arrays = [{"u": np.zeros(3)} for _ in range(8)]
    whole = Ensemble.from_arrays(arrays, {})
    return Ensemble(whole._members, [0, 1, 4, 7], {"rate": [0.5, None, 2, math.nan]}, "waves")


def test_members_without_a_value_are_refused(waves):
    with pytest.raises(ValueError, match="the column") as caught:
        known_members(waves, "rate", "refuse")
    assert str(caught.value) == PROBLEM + REMEDY


def test_members_without_a_value_are_dropped_with_a_warning(waves):
    members, warnings = known_members(waves, "rate", "drop")
    assert members.tolist() == [0, 2]
    assert warnings == [f"{PROBLEM}: left out (missing: drop)"]


def test_some_member_must_be_left(waves):
    with pytest.raises(ValueError, match="no value in 2 of 2 members"):
        known_members(waves.take([1, 3]), "rate", "drop")


def test_nothing_is_said_where_nothing_is_missing(waves):
    members, warnings = known_members(waves.take([0, 2]), "rate", "refuse")
    assert (members.tolist(), warnings) == ([0, 1], [])


def test_a_project_is_checked_for_missing_values_before_it_runs():
    values = {"rate": [0.5, None, 2, None], "class": ["a"] * 4}
    outline = Outline("waves", None, ("rate", "class"), None, values)  # type: ignore[arg-type]  # no plugin is asked for
    problem = PROBLEM.replace("members 1, 7", "members 1, 3") + REMEDY
    assert list(check_missing(outline, "y", "rate", "refuse")) == [("y", problem)]
    assert not list(check_missing(outline, "y", "rate", "drop"))
    assert not list(check_missing(outline, "y", "class", "refuse"))
    assert not list(check_missing(outline, "y", "unknown", "refuse"))


def test_a_long_list_of_members_is_cut():
    outline = Outline("waves", None, ("rate",), None, {"rate": [None] * 9 + [1]})  # type: ignore[arg-type]  # as above
    ((_, message),) = check_missing(outline, "y", "rate", "refuse")
    assert "9 of 10 members (members 0, 1, 2, 3, 4, 5, 6, 7, …)" in message
