from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labrun import Ensemble, Outline
from labrun_percolation import Percolation
from labrun_percolation.curves import find_thresholds


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Matplotlib keeps every figure until it is closed, and warns of more than 20."""
    yield
    plt.close("all")


def ensemble(snapshots, **columns) -> Ensemble:
    return Ensemble.from_arrays([{"snapshots": np.asarray(s, np.uint8)} for s in snapshots], columns, "gas")


def ring(rows, height=6, width=11):
    """A plane of which whole rows are occupied: each winds across."""
    plane = np.zeros((height, width), np.uint8)
    plane[rows] = 3
    return plane


def dots(height=6, width=11):
    """A plane of single particles, none beside another."""
    plane = np.zeros((height, width), np.uint8)
    plane[1:-1:2, 1:-1:2] = 2
    return plane


def test_random_occupation_percolates_at_the_known_threshold(rng):
    """Site percolation on the square lattice: p_c = 0.592746 (M. E. J. Newman and R. M. Ziff, Phys. Rev. Lett. 85, 4104 (2000)).

    The same authors: at p_c some cluster winds around a large torus with a probability of 0.690, so 1/2 is crossed a little below.
    """
    density = [0.55, 0.57, 0.58, 0.59, 0.60, 0.61, 0.63] * 3
    planes = [rng.random((10, 160, 200)) < p for p in density]
    findings = Percolation(by=None).analyse(ensemble(planes, density=density, repeat=[0] * 7 + [1] * 7 + [2] * 7))
    points = findings.tables["points"]
    assert points["members"].tolist() == [3] * 7
    assert points["winding probability"].iloc[0] == 0
    assert points["winding probability"].iloc[-1] == 1
    assert findings.tables["thresholds"]["density"].tolist() == pytest.approx([0.5927], abs=0.015)
    assert findings.metrics["lowest threshold"] == findings.tables["thresholds"]["density"].min()


def test_a_full_plane_is_one_cluster_that_winds_and_single_particles_are_many_that_do_not():
    planes = [[np.ones((6, 11))] * 2, [dots()] * 3]
    points = Percolation(by=None).analyse(ensemble(planes, density=[1.0, 0.2])).tables["points"]
    assert points["density"].tolist() == [0.2, 1.0]
    assert points["largest fraction"].tolist() == pytest.approx([1 / np.count_nonzero(dots()), 1])
    assert points["winding probability"].tolist() == [0, 1]
    assert points["largest fraction error"].isna().all()


@pytest.mark.parametrize("turned", [False, True])
def test_winding_either_way_counts(turned):
    plane = ring([2]).T if turned else ring([2])
    points = Percolation(by=None).analyse(ensemble([[plane], [dots()]], density=[0.1, 0.2])).tables["points"]
    assert points["winding probability"].tolist() == [1, 0]


def test_snapshots_are_averaged_within_members_and_then_members():
    """Two members of other lengths: 1/2 and 1, not 3/4 of all snapshots."""
    two_rings = [ring([0, 1, 3]), dots()], [ring([2])] * 6
    simulation = ensemble(two_rings, density=[0.3, 0.3], tumbling_rate=[0.1, 0.1], repeat=[0, 1])
    (row,) = Percolation().analyse(simulation).tables["points"].to_dict("records")
    first = (2 / 3 + 1 / np.count_nonzero(dots())) / 2
    assert row["members"] == 2
    assert row["winding probability"] == pytest.approx(0.75)
    assert row["winding probability error"] == pytest.approx(0.25)
    assert row["largest fraction"] == pytest.approx((first + 1) / 2)
    assert row["largest fraction error"] == pytest.approx((1 - first) / 2)


def test_a_curve_for_each_value_of_another_column_in_any_order():
    def mixed(winding):
        return [ring([0])] * winding + [dots()] * (4 - winding)

    simulation = ensemble(
        [mixed(4), mixed(0), mixed(1), mixed(0), mixed(1), mixed(3)],
        density=[0.6, 0.2, 0.6, 0.4, 0.2, 0.4],
        tumbling_rate=[0.5, 0.5, 0.1, 0.5, 0.1, 0.1],
    )
    findings = Percolation().analyse(simulation)
    points = findings.tables["points"]
    assert points["tumbling_rate"].tolist() == [0.1] * 3 + [0.5] * 3
    assert points["winding probability"].tolist() == [0.25, 0.75, 0.25, 0, 0, 1]
    thresholds = findings.tables["thresholds"]
    assert list(thresholds) == ["tumbling_rate", "density", "error", "above", "below"]
    assert thresholds["tumbling_rate"].tolist() == [0.1, 0.1, 0.5]
    assert thresholds["density"].tolist() == pytest.approx([0.3, 0.5, 0.5])
    assert findings.metrics == {
        "thresholds": 3,
        "lowest threshold": pytest.approx(0.3),
        "highest threshold": pytest.approx(0.5),
    }
    figure = findings.figures["percolation"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["0.1", "0.5"]
    assert "linear interpolation" in findings.captions["thresholds"]
    assert "finite size shifts it" in findings.captions["thresholds"]


def points(p, error=0.0):
    x = np.arange(len(p)) / 10
    return pd.DataFrame({"x": x, "winding probability": p, "winding probability error": error})


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ([0, 0.25, 0.75, 1], [0.15]),
        ([0, 0.5, 1], [0.1]),  # exactly at a point: once
        ([0.4, 0.9, 0.1], [0.02 / 0.1 * 0.1, 0.1 + 0.4 / 0.8 * 0.1]),
        ([0, 0.1, 0.49], []),
        ([0.6, 1, 1], []),
        ([1], []),
    ],
)
def test_crossings_lie_on_the_straight_line_between_neighbours(p, expected):
    assert find_thresholds(points(p), "x")["x"].tolist() == pytest.approx(expected)


def test_the_error_of_a_crossing_is_that_of_drawn_curves(rng):
    p, sigma = np.array([0.3, 0.9]), np.array([0.02, 0.03])
    drawn = [find_thresholds(points(p + sigma * rng.standard_normal(2)), "x")["x"].item() for _ in range(1000)]
    (error,) = find_thresholds(points(p, sigma), "x")["error"]
    assert error == pytest.approx(np.std(drawn), rel=0.1)


def test_without_a_crossing_there_is_no_table_of_thresholds(tmp_path):
    findings = Percolation(by=None).analyse(ensemble([[dots()], [dots()]], density=[0.1, 0.2]))
    assert "thresholds" not in findings.tables
    assert findings.metrics == {"thresholds": 0}
    assert "No curve crosses 1/2" in findings.captions["percolation"]
    assert "unknown (NaN) for the 2 of 2 points with one member" in findings.captions["points"]
    findings.save(tmp_path)


def test_planes_without_particles_and_values_that_are_lists_or_missing():
    simulation = ensemble(
        [np.zeros((2, 4, 7)), [ring([0])], [dots()]], density=[0.1, 0.1, 0.2], size=[[4, 7], [6, 11], None]
    )
    table = Percolation(by="size").analyse(simulation).tables["points"]
    assert table["largest fraction"].iloc[0] == 0
    assert len(table) == 3


def test_other_columns_that_differ_are_averaged_over_with_a_warning():
    columns = {"density": [0.1, 0.1], "tumbling_rate": [0.5, 0.5], "size": [11, 12], "repeat": [0, 1], "fixed": [1, 1]}
    findings = Percolation().analyse(ensemble([[dots()], [ring([0])]], **columns))
    assert findings.warnings == ["Averaged over members with different size: the errors include their spread."]
    assert Percolation(by="size").analyse(ensemble([[dots()], [ring([0])]], **columns)).warnings == []


def test_many_curves_have_a_colour_bar():
    rates = np.geomspace(0.01, 0.5, 10).tolist()
    figure = (
        Percolation().analyse(ensemble([[dots()]] * 10, density=[0.1] * 10, tumbling_rate=rates)).figures["percolation"]
    )
    assert not figure.legends
    assert (figure.axes[-1].get_ylabel(), figure.axes[-1].get_yscale()) == ("tumbling rate", "log")


def test_many_curves_of_texts_have_a_legend():
    kinds = [f"kind {i}" for i in range(10)]
    figure = (
        Percolation(by="kind").analyse(ensemble([[dots()]] * 10, density=[0.1] * 10, kind=kinds)).figures["percolation"]
    )
    assert len(figure.legends[0].get_texts()) == 10


@pytest.mark.parametrize("column", [["a", "b"], [0.1, np.nan]])
def test_the_axis_must_be_finite_numbers(column):
    with pytest.raises(
        ValueError, match="'density' cannot be the horizontal axis: not all of its values are finite numbers"
    ):
        Percolation(by=None).analyse(ensemble([[dots()]] * 2, density=column))


def test_an_array_without_snapshots_is_refused():
    with pytest.raises(ValueError, match=r"'snapshots' of member 0 of 'gas' has the shape \(0, 4, 5\); expected"):
        Percolation(by=None).analyse(ensemble([np.zeros((0, 4, 5))], density=[0.1]))


def test_check_tells_what_is_wrong():
    plugin = Percolation(array="snaps")
    outline = Outline("gas", plugin, ("densty", "repeat"), {"snapshots": ""})
    assert [*plugin.check(simulation=outline)] == [
        ("array", "'gas' gives no array 'snaps': did you mean 'snapshots'?"),
        ("x", "the table of 'gas' has no column 'density': did you mean 'densty'?"),
        (
            "by",
            "the table of 'gas' has no column 'tumbling_rate' (known: densty, repeat); for a single curve set by: null",
        ),
    ]
    outline = Outline("gas", plugin, ("density",), {"snapshots": ""})
    assert [*Percolation(by=None).check(simulation=outline)] == []
    (fault,) = Percolation(by="density").check(simulation=outline)
    assert fault[0] == "by"
    assert fault[1].startswith("x and by are both 'density'")


PROJECT = """\
project: gas
simulations:
  gas:
    use: persistent_exclusion
    with: {size: [10, 16], snapshots: 4, warm_up: 10}
    sweep: {grid: {density: [0.2, 0.8], tumbling_rate: [0.25, 0.5]}, repeats: 2}
analyses:
  percolation: {use: percolation, from: gas}
"""


def test_a_project(write_project, labrun_process, tmp_path):
    outcome = labrun_process("run", write_project(PROJECT), "--workers", "1")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "gas" / "analyses" / "percolation"
    table = pd.read_csv(folder / "points.csv")
    assert table["members"].tolist() == [2] * 4
    assert table["winding probability"].tolist() == [0, 1, 0, 1]
    assert len(pd.read_csv(folder / "thresholds.csv")) == 2
    assert (folder / "percolation.png").is_file()


def test_a_density_that_is_not_swept_is_told_with_its_place(write_project, labrun):
    fixed = PROJECT.replace("{size", "{density: 0.2, size").replace("density: [0.2, 0.8], ", "")
    outcome = labrun("check", write_project(fixed))
    assert outcome.code == 2
    assert "the table of 'gas' has no column 'density'" in outcome.err
