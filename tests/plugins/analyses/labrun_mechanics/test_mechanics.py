from __future__ import annotations

import math
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from skimage.draw import disk, line

from labrun import Ensemble, Examples, Findings, Outline
from labrun_mechanics import ARRAYS, Mechanics

SIZE = 96


def square(columns, rows, periodic=False, missing=()):
    """The arrays of a square lattice, as a simulator gives them."""
    sites = np.array([(i, j) for i in range(columns) for j in range(rows)], float)
    bonds, offsets = [], []
    for i in range(columns):
        for j in range(rows):
            for k, m in ((i + 1, j), (i, j + 1)):
                if periodic or (k < columns and m < rows):
                    bonds.append((i * rows + j, k % columns * rows + m % rows))
                    offsets.append((k // columns, m // rows))
    kept = [place for place in range(len(bonds)) if place not in missing]
    return {
        "sites": sites,
        "bonds": np.array(bonds, np.int64)[kept],
        "offsets": np.array(offsets, np.int8)[kept],
        "box": np.diag([columns, rows]).astype(float),
        "periodic": np.array(periodic),
    }


def braced(columns, rows):
    """The same with all diagonals of one direction: a triangular lattice, sheared."""
    arrays = square(columns, rows)
    diagonals = [(i * rows + j, (i + 1) * rows + j + 1) for i in range(columns - 1) for j in range(rows - 1)]
    arrays["bonds"] = np.concatenate([arrays["bonds"], diagonals])
    arrays["offsets"] = np.zeros((len(arrays["bonds"]), 2), np.int8)
    return arrays


def picture(arrays, without=()):
    """The drawing of a free network, (SIZE, SIZE, 1), 1 is white."""
    drawn = np.ones((SIZE, SIZE, 1), np.float32)
    pixels = np.round(10 + arrays["sites"] * [18, -18] + [0, 74]).astype(int)
    inside = (arrays["offsets"] == 0).all(axis=1)
    for place, (one, other) in enumerate(arrays["bonds"][inside]):
        if place not in without:
            rows, columns = line(*pixels[one][::-1], *pixels[other][::-1])
            drawn[rows, columns] = 0
    for column, row in pixels:
        drawn[disk((row, column), 2.5)] = 0
    return drawn


class Draws:
    """A model that draws given pictures."""

    place = 0

    name = "net"

    def __init__(self, pictures):
        self.pictures = np.stack(pictures)

    def predict(self, examples):
        return self.pictures[examples.groups]


def ensemble(*members, **columns):
    return Ensemble.from_arrays(members, columns, "nets")


def pairs(simulation, members=None, table=True):
    chosen = np.arange(len(simulation)) if members is None else np.array(members)
    y = np.stack([picture(simulation.member(i)) for i in chosen])
    rows = pd.DataFrame({"member": chosen}) if table else None
    return Examples(lambda i: y[i], lambda i: y[i], np.arange(len(chosen)), table=rows, name="pairs")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_a_row_tells_all_of_a_network():
    (row,) = Mechanics().analyse(ensemble(square(5, 3, periodic=True))).tables["networks"].to_dict("records")
    assert row == {
        "member": 0,
        "network": "true",
        "sites": 15,
        "bonds": 30,
        "coordination": 4,
        "inner coordination": 4,
        "Maxwell count": 0,
        "rank": 22,
        "zero modes": 8,
        "mechanisms": 6,
        "self stresses": 8,
        "lowest frequency": pytest.approx(2 * math.sin(math.pi / 5)),
        "bulk modulus": pytest.approx(0.5),
        "shear modulus": pytest.approx(0.25),
        "softest shear modulus": pytest.approx(0, abs=1e-12),
    }


def test_inner_sites_of_a_free_network_have_the_coordination_of_the_bulk():
    """4 × 5 sites of a square lattice: 31 bonds; rows and columns shift against each other, one of the 9 shifts is each translation and
    one combination the rotation."""
    (row,) = Mechanics().analyse(ensemble(square(4, 5))).tables["networks"].to_dict("records")
    assert (row["bonds"], row["coordination"], row["inner coordination"]) == (31, 3.1, 4)
    assert (row["zero modes"], row["mechanisms"], row["self stresses"]) == (9, 6, 0)


def test_classes_and_metrics_are_means():
    simulation = ensemble(square(4, 4), braced(4, 4), square(4, 5), lattice=["square", "braced", "square"])
    findings = Mechanics(by="lattice").analyse(simulation)
    classes = findings.tables["classes"].set_index("lattice")
    assert classes.loc["square", ["networks", "mechanisms"]].tolist() == [2, 5.5]
    assert classes.loc["braced", ["networks", "mechanisms", "self stresses"]].tolist() == [1, 0, 4]
    assert "same counts" not in classes
    assert findings.metrics["mechanisms, true"] == pytest.approx((5 + 0 + 6) / 3)
    assert set(findings.captions) == {*findings.tables, *findings.figures}
    assert "comparison" not in findings.figures


def test_what_a_model_draws_stands_beside_what_is_true():
    simulation = ensemble(square(4, 5), braced(4, 4), lattice=["square", "braced"])
    dataset = pairs(simulation)
    model = Draws([picture(simulation.member(0)), picture(simulation.member(1), without=(0, 5, 9))])
    findings = Mechanics(by="lattice").analyse(simulation, model, dataset)
    table = findings.tables["networks"].set_index(["lattice", "network"])
    true, drawn = table.loc[("square", "true")], table.loc[("square", "net")]
    for name in ("sites", "bonds", "rank", "zero modes", "self stresses", "Maxwell count"):
        assert true[name] == drawn[name], name
    assert drawn["bulk modulus"] == pytest.approx(true["bulk modulus"], rel=0.02)
    assert table.loc[("braced", "net"), "bonds"] == table.loc[("braced", "true"), "bonds"] - 3
    assert findings.metrics["same counts, net"] == 0.5
    classes = findings.tables["classes"].set_index(["lattice", "network"])["same counts"]
    assert classes[[("square", "net"), ("braced", "net"), ("braced", "true")]].tolist() == [1, 0, 1]
    lost = table.loc[("braced", "true"), "bulk modulus"] - table.loc[("braced", "net"), "bulk modulus"]
    assert findings.metrics["bulk modulus error, net"] == pytest.approx(lost / 2, abs=0.01)
    assert len(findings.figures["comparison"].axes) == 4


def test_a_bond_that_is_lost_without_a_new_zero_mode_is_no_same_count():
    simulation = ensemble(braced(4, 4))
    inner = simulation.read(0, "bonds").tolist().index([5, 9])
    drawn = Draws([picture(simulation.member(0), without=(inner,))])
    table = Mechanics().analyse(simulation, drawn, pairs(simulation)).tables
    assert table["networks"][["zero modes", "self stresses"]].to_numpy().tolist() == [[3, 4], [3, 3]]
    assert table["classes"]["same counts"].tolist() == [1, 0]


def test_members_are_those_that_the_dataset_shows():
    """A test part shows members 2 and 0, in this order."""
    simulation = ensemble(square(4, 4), square(4, 5), braced(4, 4))
    dataset = pairs(simulation, [2, 0])
    model = Draws([picture(braced(4, 4)), picture(square(4, 4))])
    findings = Mechanics().analyse(simulation, model, dataset)
    assert findings.tables["networks"]["member"].tolist() == [2, 0, 2, 0]
    assert findings.metrics["same counts, net"] == 1


def test_a_periodic_network_counts_as_its_picture_shows_it():
    simulation = ensemble(square(4, 4, periodic=True))
    findings = Mechanics().analyse(simulation, Draws([picture(square(4, 4))]), pairs(simulation))
    assert findings.tables["networks"]["bonds"].tolist() == [24, 24]
    assert findings.metrics["same counts, net"] == 1


def test_the_threshold_comes_from_a_recovery():
    """A faint bond is one from a low threshold on."""
    simulation = ensemble(square(4, 4))
    faint = 0.3 * picture(simulation.member(0)) + 0.7 * picture(simulation.member(0), without=(0,))
    bonds = {}
    for threshold in (0.1, 0.5):
        table = pd.DataFrame({"model": ["other", "net"], "threshold": [0.3, threshold]})
        recovery = Findings(tables={"thresholds": table})
        found = Mechanics().analyse(simulation, Draws([faint]), pairs(simulation), recovery)
        bonds[threshold] = found.tables["networks"]["bonds"].tolist()
        assert found.tables["networks"].equals(
            Mechanics(threshold=threshold).analyse(simulation, Draws([faint]), pairs(simulation)).tables["networks"]
        )
    assert bonds == {0.1: [24, 24], 0.5: [24, 23]}


def test_a_recovery_of_another_model_is_refused():
    recovery = Findings(tables={"thresholds": pd.DataFrame({"model": ["other"], "threshold": [0.5]})})
    simulation = ensemble(square(4, 4))
    with pytest.raises(
        ValueError,
        match=r"have no threshold of the model 'net'; they have those of other\. Name an analysis 'bond_recovery'",
    ):
        Mechanics().analyse(simulation, Draws([picture(square(4, 4))]), pairs(simulation), recovery)


def test_a_white_picture_holds_no_network(tmp_path):
    simulation = ensemble(square(4, 4))
    findings = Mechanics().analyse(simulation, Draws([np.ones((SIZE, SIZE, 1))]), pairs(simulation))
    assert findings.tables["networks"]["sites"].tolist() == [16, 0]
    assert findings.metrics["same counts, net"] == 0
    assert "bulk modulus, net" not in findings.metrics
    titles = [axes.get_title(loc="left") for axes in findings.figures["modes"].axes]
    assert titles[3] == "member 0, net: mechanisms 0, self stresses 0\nno modes"
    findings.save(tmp_path)


def test_the_tolerance_tells_what_is_zero(rng):
    """Rows that are nearly straight hardly resist: with a coarse tolerance their modes count as zero."""
    arrays = square(4, 4, periodic=True)
    arrays["sites"] += 1e-3 * rng.uniform(-1, 1, arrays["sites"].shape)
    counts = [Mechanics(tolerance=t).analyse(ensemble(arrays)).metrics["mechanisms, true"] for t in (1e-8, 0.05)]
    assert counts == [0, 6]


def test_the_rim_is_held():
    """With the next ring held too, fewer sites relax: moduli are higher."""
    rng = np.random.default_rng(4)
    arrays = braced(6, 6)
    arrays["sites"] += 0.2 * rng.uniform(-1, 1, arrays["sites"].shape)
    narrow, wide = (Mechanics(rim=rim).analyse(ensemble(arrays)).metrics["bulk modulus, true"] for rim in (0.5, 1.5))
    assert narrow < wide


# --- figures ----------------------------------------------------------------------------------------------------------------


def test_the_figure_has_a_row_for_each_class_in_turn():
    simulation = ensemble(square(3, 4), square(4, 4), braced(4, 4), lattice=["square", "square", "braced"])
    figure = Mechanics(by="lattice", shown=2, modes=2).analyse(simulation).figures["modes"]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[0] == "square: mechanisms 4, self stresses 0\nω = 0, mechanism"
    assert titles[1] == "ω = 0, mechanism"
    assert titles[2].startswith("braced: mechanisms 0, self stresses 4\nω = 0.")
    assert len(titles) == 4


def test_arrows_stay_in_their_panel():
    figure = Mechanics(modes=4).analyse(ensemble(square(3, 6))).figures["modes"]
    for axes in figure.axes:
        (arrows,) = [one for one in axes.collections if hasattr(one, "U")]
        ends = np.stack([arrows.X + arrows.U, arrows.Y + arrows.V])
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        assert (ends[0] >= left).all()
        assert (ends[0] <= right).all()
        assert (ends[1] >= bottom).all()
        assert (ends[1] <= top).all()
        assert np.hypot(arrows.U, arrows.V).max() == pytest.approx(0.9)


def test_bonds_over_the_edge_are_drawn_as_halves():
    figure = Mechanics(modes=1).analyse(ensemble(square(4, 3, periodic=True))).figures["modes"]
    (springs,) = [one for one in figure.axes[0].collections if hasattr(one, "get_segments")]
    lengths = [np.hypot(*(end - start)) for start, end in springs.get_segments()]
    assert sorted(np.round(lengths, 9)) == [0.5] * 14 + [1] * 17


def test_frequencies_begin_with_the_share_of_zero_modes():
    axes = Mechanics().analyse(ensemble(square(4, 5), square(4, 5))).figures["frequencies"].axes[0]
    x, y = axes.lines[0].get_data()
    assert (x[0], y[0]) == (0, 9 / 40)
    assert y[-1] == 1
    assert (np.diff(y) >= 0).all()


# --- faults -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (False, "'pairs' has no table with a column 'member' .*; 'image_pairs' has one"),
        (True, "'pairs' shows member 1, beyond the 1 of 'nets': name the simulation that the dataset is made from"),
    ],
)
def test_a_dataset_of_something_else_is_refused(table, message):
    two = ensemble(square(4, 4), square(4, 4))
    dataset = pairs(two, table=table)
    with pytest.raises(ValueError, match=message):
        Mechanics().analyse(ensemble(square(4, 4)), Draws([picture(square(4, 4))] * 2), dataset)


def test_no_network_is_a_fault():
    with pytest.raises(ValueError, match="'nets' holds no network to measure"):
        Mechanics().analyse(ensemble())


def test_check_tells_before_a_run():
    plugin = Mechanics(by="latice")
    outline = Outline("nets", plugin, ("lattice",), dict.fromkeys(ARRAYS[:-1], ""))
    model = Outline("net", plugin)
    assert [*plugin.check(simulation=outline, model=model, dataset=None)] == [
        ("simulation", "'nets' gives no array 'periodic'; mechanics needs sites, bonds, offsets, box, periodic"),
        ("by", "the table of 'nets' has no column 'latice': did you mean 'lattice'?"),
        ("model", "a model generates pictures for the examples of a dataset: name both under 'from', or neither"),
    ]
    whole = Outline("nets", plugin, ("latice",), dict.fromkeys(ARRAYS, ""))
    assert [*plugin.check(simulation=whole, recovery=Outline("bonds", plugin))] == [
        (
            "recovery",
            "a recovery sets the threshold for pictures of a model: name that model too, or leave the recovery out",
        )
    ]
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        Mechanics(threshold=1.5)


# --- as a user runs it ------------------------------------------------------------------------------------------------------

PLUGIN = """\
from typing import ClassVar
import numpy as np
from labrun import Simulator, hookimpl

class Triangle(Simulator):
    \"\"\"A triangle of springs, with or without its third one.\"\"\"
    name: ClassVar[str] = "triangle"
    outputs: ClassVar[dict] = dict.fromkeys(("sites", "bonds", "offsets", "box", "periodic"), "")
    bars: int

    def simulate(self, rng):
        return {
            "sites": np.array([[0.0, 0], [1, 0], [0.5, 0.8]]), "bonds": np.array([[0, 1], [1, 2], [2, 0]])[: self.bars],
            "offsets": np.zeros((self.bars, 2), np.int8), "box": np.eye(2), "periodic": np.array(False),
        }

@hookimpl
def labrun_simulators():
    return [Triangle]
"""
PROJECT = """\
project: triangles
plugins: [triangle.py]
simulations:
  nets: {use: triangle, sweep: {grid: {bars: [2, 3]}}}
analyses:
  mechanics: {use: mechanics, from: nets, with: {by: bars}}
"""


def test_a_project(write_project, labrun_process, tmp_path):
    (tmp_path / "triangle.py").write_text(PLUGIN, encoding="utf-8")
    outcome = labrun_process("run", write_project(PROJECT), "--workers", "1")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "triangles" / "analyses" / "mechanics"
    table = pd.read_csv(folder / "networks.csv")
    assert table["zero modes"].tolist() == [4, 3]
    assert table["bars"].tolist() == [2, 3]
    assert {"modes.png", "frequencies.png", "classes.csv"} <= {path.name for path in folder.iterdir()}


def test_a_wrong_column_is_told_with_its_place(write_project, labrun, tmp_path):
    (tmp_path / "triangle.py").write_text(PLUGIN, encoding="utf-8")
    outcome = labrun("check", write_project(PROJECT.replace("by: bars", "by: bar")))
    assert outcome.code == 2
    assert "analyses.mechanics.with.by: the table of 'nets' has no column 'bar': did you mean 'bars'?" in outcome.err
