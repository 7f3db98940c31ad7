from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from labrun.kit.patterns import Patterns
from labrun_phase_map.cells import gather_cells


def make_patterns(x, y, probabilities, novel=None) -> Patterns:
    parameters = pd.DataFrame({"x": x, "y": y})
    classes = tuple("abcd"[: np.shape(probabilities)[1]])
    score = None if novel is None else np.asarray(novel, float)
    flags = None if novel is None else np.asarray(novel)
    return Patterns(np.arange(len(x)), parameters, classes, np.asarray(probabilities, float), score, flags, [])


def test_probabilities_are_averaged_over_the_members_of_a_cell_before_the_entropy_is_taken():
    # two members that are sure of different classes: their own entropies are 0, that of the mean is ln 2
    patterns = make_patterns([0.1, 0.1, 0.2], [1, 1, 1], [[1, 0, 0], [0, 1, 0], [0.2, 0.2, 0.6]])
    cells = gather_cells(patterns, "x", "y")
    np.testing.assert_allclose(cells.probabilities, [[0.5, 0.5, 0], [0.2, 0.2, 0.6]])
    assert cells.entropy[0] == pytest.approx(np.log(2))
    assert cells.members.tolist() == [2, 1]
    assert cells.cell_of.tolist() == [0, 0, 1]


def test_the_table_is_that_of_a_count_in_plain_python(rng):
    x, y = rng.integers(0, 4, 60) / 10, rng.integers(0, 7, 60) / 3
    probabilities = rng.dirichlet([1, 1, 1], 60)
    novel = rng.random(60) < 0.4
    table = gather_cells(make_patterns(x, y, probabilities, novel), "x", "y").table("x", "y")
    expected = []
    for point in sorted(set(zip(x, y, strict=True))):
        found = [i for i in range(60) if (x[i], y[i]) == point]
        p = [sum(probabilities[i][c] for i in found) / len(found) for c in range(3)]
        entropy = -sum(value * np.log(value) for value in p)
        share = sum(novel[i] for i in found) / len(found)
        expected.append((*point, len(found), "abc"[p.index(max(p))], max(p), entropy, share >= 0.5))
    assert list(table.columns) == ["x", "y", "members", "class", "probability", "entropy", "novel"]
    pd.testing.assert_frame_equal(table, pd.DataFrame(expected, columns=table.columns))


def test_the_counts_hold_classes_without_cells():
    patterns = make_patterns([1, 2, 3], [0, 0, 0], [[0.9, 0, 0.1], [0, 0, 1], [0.2, 0, 0.8]], [True, False, True])
    counts = gather_cells(patterns, "x", "y").counts()
    assert counts["cells"].to_dict() == {"a": 1, "b": 0, "c": 2}
    assert counts["share"].tolist() == pytest.approx([1 / 3, 0, 2 / 3])
    assert counts["share novel"].tolist()[::2] == [1.0, 0.5]
    assert np.isnan(counts["mean entropy"]["b"])


def test_coordinates_that_differ_by_rounding_are_one():
    cells = gather_cells(make_patterns([0.1 + 0.2, 0.3, 0.5], [1, 1, 2], [[1], [1], [1]]), "x", "y")
    assert cells.members.tolist() == [2, 1]
    assert len(set(cells.x)) == 2


def test_other_parameters_of_the_sweep_are_averaged_over():
    patterns = make_patterns([1, 1, 1, 1], [2, 2, 2, 2], [[1, 0], [1, 0], [1, 0], [0, 1]])
    cells = gather_cells(patterns, "x", "y")
    assert cells.probabilities.tolist() == [[0.75, 0.25]]


@pytest.mark.parametrize("column", [["a", "b"], [1.0, np.nan], [np.inf, 1.0]])
def test_an_axis_must_be_finite_numbers(column):
    with pytest.raises(
        ValueError, match="'x' cannot be an axis of a map, since it holds other values than finite numbers"
    ):
        gather_cells(make_patterns(column, [1, 2], [[1], [1]]), "x", "y")
