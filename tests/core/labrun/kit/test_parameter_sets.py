from __future__ import annotations

import numpy as np
import pytest

from labrun import Ensemble
from labrun.kit.parameter_sets import averaged_over, in_words, parameter_sets, varying


def ensemble(**columns):
    count = len(next(iter(columns.values()), [0]))
    return Ensemble.from_arrays([{"u": np.zeros(2)}] * count, columns, "gas")


def test_members_that_differ_in_repeat_alone_are_one_set_and_sets_are_ordered_by_their_numbers():
    sets = parameter_sets(
        ensemble(
            density=[0.5, 0.05, 0.5, 0.05, 10.0, float("nan")],
            size=[[2, 3]] * 6,
            repeat=[0, 0, 1, 1, 0, 0],
        )
    )
    assert [one.members for one in sets] == [[1, 3], [0, 2], [4], [5]]
    assert sets[0].label() == "density=0.05, size=[2, 3]"
    assert sets[0].label(["size"]) == "size=[2, 3]"
    assert varying(sets) == ["density"]


def test_missing_labels_are_equal_and_without_columns_all_are_replicas():
    assert [one.members for one in parameter_sets(ensemble(label=[float("nan"), float("nan"), None]))] == [[2], [0, 1]]
    assert [one.members for one in parameter_sets(ensemble(repeat=[0, 1, 2]))] == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1 / 3, "0.333"),
        (12345, "12345"),
        ([64, 96], "[64, 96]"),
        ("/data/of/someone/else/dataset.h5", "…f/someone/else/dataset.h5"[-24:]),
    ],
)
def test_values_in_words(value, words):
    found = in_words(value)
    assert found.endswith(words[-22:])
    assert len(found) <= 24


def test_what_is_averaged_over_but_for_realizations():
    columns = {
        "z": [6, 6, 7, 7],
        "box": [[1, 2], [1, 3], [1, 2], [1, 2]],
        "repeat": [0, 1, 0, 1],
        "realization": [3, 4, 5, 6],
    }
    simulation = Ensemble.from_arrays([{"u": np.zeros(1)}] * 4, columns)
    assert averaged_over(simulation, ["z"]) == ["box"]
    assert averaged_over(simulation, ["z", "box", "no column"]) == []
    assert averaged_over(simulation, []) == ["z", "box"]
