from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labrun import Ensemble, Examples, Findings, Outline
from labrun_bond_recovery import BondRecovery
from labrun_bond_recovery.judging import judge, match_sites
from labrun_bond_recovery.truth import Truth
from labrun_mechanical_network import MechanicalNetwork
from labrun_mechanical_network.layout import Layout
from labrun_mechanical_network.rendering import render

LATTICES = ("kagome", "square")
SIZE = (112, 128)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Matplotlib keeps every figure until it is closed, and warns of more than 20."""
    yield
    plt.close("all")


def layout(places, bonds, radius=1.5, width=0.5):
    """How the simulator's renderer is told what to draw."""
    lines = places[bonds].reshape(-1, 2, 2).astype(float)
    return Layout(SIZE, places.astype(float), lines, radius, width)


def simulate(name, seed, count=4, **fields):
    members = [
        MechanicalNetwork(lattice=LATTICES[i % 2], cells=(3, 2), size=SIZE, **fields).simulate(
            np.random.default_rng([seed, i])
        )
        for i in range(count)
    ]
    return Ensemble.from_arrays(members, {"lattice": [LATTICES[i % 2] for i in range(count)]}, name)


def examples(simulation, members=None, name="test"):
    members = np.arange(len(simulation)) if members is None else np.array(members)

    def load(array):
        return lambda i: simulation.stack(members[i], array)[..., None].astype(np.float32) / 255

    table = pd.DataFrame({"member": members})
    return Examples(load("dots"), load("drawing"), np.arange(len(members)), table=table, name=name)


TEST, VALIDATION = simulate("networks", 1), simulate("others", 2)


class Net:
    """A network that draws the truth after `change` has had its hands on places and bonds."""

    place = 0

    def __init__(self, name, change=lambda places, bonds: (places, bonds), **variant):
        self.name, self.change, self.variant = name, change, variant

    def predict(self, some):
        simulation = VALIDATION if some.name == "validation" else TEST
        members = [simulation.member(i) for i in some.table["member"]]
        drawn = [render(layout(*self.change(one["pixels"], one["bonds"])))[1] for one in members]
        return np.stack(drawn)[..., None].astype(np.float32) / 255


def analyse(*models, dataset=None, baseline=None, **fields):
    inputs = {
        "dataset": dataset or examples(TEST),
        "simulation": TEST,
        "validation": examples(VALIDATION, name="validation"),
        "validation_simulation": VALIDATION,
        "baseline": baseline,
    }
    return BondRecovery(**fields).analyse([*models], **inputs)


def whole(findings, method):
    table = findings.tables["recovery"]
    return table[(table["method"] == method) & (table["class"] == "all")].iloc[0]


def test_a_network_that_draws_the_truth_is_right():
    findings = analyse(Net("net"))
    for method in ("net", "expected drawing"):
        row = whole(findings, method)
        assert row[["precision", "recall", "F1", "exact"]].tolist() == [1, 1, 1, 1]
        assert row["bonds"] == sum(len(one["bonds"]) for one in TEST)
        assert (row["lost"], row["spurious"]) == (0, 0)
        assert row["displacement"] < 0.25 < row["displacement_99"] < 1
    assert whole(findings, "expected drawing")[["L1", "SSIM"]].tolist() == [0, 1]
    exact = findings.metrics["exact, net"]
    assert findings.metrics["F1, net"] == exact == 1
    assert (exact.interval.low, exact.n, exact.units) == (pytest.approx(4 / (4 + 1.959964**2), abs=1e-6), 4, "networks")
    assert (exact.ceiling, exact.ceiling.model, exact.key) == (1, "expected drawing", True)
    off = findings.metrics["displacement, net"]
    assert off.interval.low < off < off.interval.high < 0.5
    assert findings.warnings == []


def test_bonds_that_are_left_out_are_missing():
    """Every fifth bond: with n of each network, Σ ⌈n/5⌉ of all."""
    row = whole(analyse(Net("net", lambda places, bonds: (places, bonds[np.arange(len(bonds)) % 5 > 0]))), "net")
    left_out = sum(-(-len(one["bonds"]) // 5) for one in TEST)
    assert row["precision"] == 1
    assert row["recall"] == pytest.approx(1 - left_out / row["bonds"])
    assert row["exact"] == 0


def test_bonds_that_are_put_in_are_wrong():
    def add(places, bonds):
        """One to the nearest of the last site's neighbours that it is not joined to."""
        away = np.linalg.norm(places - places[-1], axis=1)
        joined = [*bonds[bonds[:, 0] == len(places) - 1, 1], *bonds[bonds[:, 1] == len(places) - 1, 0], len(places) - 1]
        away[joined] = np.inf
        return places, np.vstack([bonds, [[away.argmin(), len(places) - 1]]])

    findings = analyse(Net("net", add))
    networks = findings.tables["networks"].set_index("method").loc["net"]
    assert (networks["wrong"] + networks["missing"]).max() <= 1
    row = whole(findings, "net")
    assert row["recall"] == 1
    assert row["precision"] == pytest.approx(row["bonds"] / (row["bonds"] + networks["wrong"].sum()))
    assert networks["wrong"].sum() >= 3


def test_sites_that_move_are_displaced_and_then_lost():
    moved = whole(analyse(Net("net", lambda places, bonds: (places + [1.0, 0.0], bonds))), "net")
    assert moved["displacement"] == pytest.approx(256 / 112, rel=0.1)
    assert (moved["F1"], moved["lost"]) == (1, 0)
    strict = analyse(
        Net("net", lambda places, bonds: (places + [1.0 * (len(places) == 24), 0.0], bonds)), tolerance=1.5
    )
    assert whole(strict, "net")["lost"] == whole(strict, "net")["spurious"] > 0
    classes = strict.tables["recovery"].set_index(["method", "class"])
    assert classes.loc[("net", "square"), ["lost", "recall", "precision"]].tolist() == [48, 0, 0]
    assert classes.loc[("net", "kagome"), ["lost", "recall", "precision"]].tolist() == [0, 1, 1]


def test_a_lost_site_takes_its_bonds_along():
    def drop(places, bonds):
        return places[:-1], bonds[(bonds < len(places) - 1).all(axis=1)]

    findings = analyse(Net("net", drop))
    networks = findings.tables["networks"].set_index("method").loc["net"]
    at_last = [np.sum(one["bonds"] == len(one["pixels"]) - 1) for one in TEST]
    assert networks["missing"].tolist() == at_last
    assert networks["lost"].tolist() == [1] * 4
    assert networks["wrong"].sum() == 0


def test_the_threshold_is_that_of_the_validation_pictures():
    findings = analyse(Net("net"), Net("other"))
    table = findings.tables["thresholds"].set_index("model")
    assert table.index.tolist() == ["expected drawing", "net", "other"]
    assert table["F1"].tolist() == [1, 1, 1]
    assert json.loads(findings.files["thresholds.json"]) == table["threshold"].to_dict()
    assert 0.2 < table.loc["net", "threshold"] < 0.9
    assert whole(findings, "net")["threshold"] == table.loc["net", "threshold"]


def test_the_members_that_the_table_tells_are_compared():
    """The dataset holds members 3 and 0 alone, in that order."""
    findings = analyse(Net("net"), dataset=examples(TEST, [3, 0]))
    networks = findings.tables["networks"].set_index("method").loc["net"]
    assert networks["member"].tolist() == [3, 0]
    assert networks["class"].tolist() == ["square", "kagome"]
    assert networks["bonds"].tolist() == [len(TEST.read(i, "bonds")) for i in (3, 0)]
    assert networks[["wrong", "missing"]].sum().tolist() == [0, 0]


def test_classes_may_be_numbers():
    """A margin of 8 stands before one of 24, though not in the alphabet."""
    margins = Ensemble.from_arrays([*TEST], {"margin": [24.0, 8.0, 24.0, 8.0]}, "margins")
    findings = BondRecovery(by="margin").analyse(
        [Net("net")], examples(TEST), margins, examples(VALIDATION, name="validation"), VALIDATION
    )
    table = findings.tables["recovery"].set_index("method")
    assert table.loc["net", "class"].tolist() == ["margin 8", "margin 24", "all"]
    assert table.loc["net", "networks"].tolist() == [2, 2, 4]


def test_the_truth_can_be_read_from_the_drawing():
    blind = Ensemble.from_arrays([{}] * 4, TEST.columns, "files")
    findings = BondRecovery(truth="drawing").analyse(
        [Net("net")], examples(TEST), blind, examples(VALIDATION, name="validation"), blind
    )
    row = whole(findings, "net")
    assert (row["F1"], row["bonds"]) == (1, sum(len(one["bonds"]) for one in TEST))
    assert whole(findings, "expected drawing")["displacement"] == 0


def test_bonds_over_a_periodic_boundary_are_not_asked_for():
    periodic = simulate("periodic", 3, boundary="periodic")
    dataset = examples(periodic)
    findings = BondRecovery(by=None).analyse(
        [SimpleNamespace(name="net", place=0, variant={}, predict=lambda some: some.load_y(slice(None)))],
        dataset, periodic, dataset, periodic,
    )  # fmt: skip
    row = whole(findings, "net")
    assert row["bonds"] == sum(int(np.sum(~one["offsets"].any(axis=1))) for one in periodic)
    assert row["F1"] > 0.99
    assert findings.tables["recovery"]["class"].unique().tolist() == ["networks", "all"]


def test_baselines_stand_beside_the_networks():
    row = {"method": "distance", "class": "all", "networks": 4, "bonds": 9, "precision": 0.5, "recall": 0.5, "F1": 0.5}
    baseline = Findings(tables={"recovery": pd.DataFrame([row | {"F1_low": 0.4, "F1_high": 0.6, "exact": 0.0}])})
    findings = analyse(Net("net", seed=1), baseline=[baseline])
    assert whole(findings, "distance")["F1"] == 0.5
    best = findings.metrics["F1, net"].baseline
    assert (best, best.model) == (0.5, "distance")
    labels = [text.get_text() for text in findings.figures["F1"].axes[0].get_legend().get_texts()]
    assert labels == ["expected drawing", "net", "distance"]
    assert whole(findings, "net")["seed"] == 1


def test_the_figures_show_the_worst_network_of_each_class():
    def spoil(places, bonds):
        return places, bonds[2:] if len(places) == len(TEST.read(0, "pixels")) and places[0, 0] == TEST.read(
            2, "pixels"
        )[0, 0] else bonds

    findings = analyse(Net("net", spoil), Net("good"))
    titles = [axes.get_title() for axes in findings.figures["networks"].axes]
    assert titles == ["kagome\n0 wrong, 2 missing", "square\nexact", "exact", "exact"]
    panels = findings.figures["thresholds"].axes
    assert [axes.get_title() for axes in panels] == ["expected drawing", "net", "good"]
    assert set(findings.captions) == {"F1", "recovery", "comparison", "networks", "thresholds"}


def test_drawings_that_cannot_be_read_are_told():
    small = replace_drawings(TEST)
    findings = BondRecovery().analyse(
        [Net("net")],
        examples(small),
        small,
        examples(VALIDATION, name="validation"),
        VALIDATION,
    )
    assert len(findings.warnings) == 3
    assert findings.warnings[-1].startswith("even from the expected drawings (all), bonds are read with F1 of only 0.")


def test_a_network_that_has_learned_nothing_is_told():
    findings = analyse(Net("net", lambda places, bonds: (places[:1], bonds[:0])))
    assert findings.metrics["F1, net"] == findings.metrics["exact, net"] == 0
    assert findings.warnings == ["'net' draws no right bond: it has learned nothing yet"]
    assert findings.tables["thresholds"].set_index("model").loc["net", "threshold"] == 0.5


def replace_drawings(simulation):
    """Drawings in which every second bond is lacking."""
    members = [one | {"drawing": render(layout(one["pixels"], one["bonds"][::2]))[1]} for one in simulation]
    return Ensemble.from_arrays(members, simulation.columns, simulation.name)


def test_sites_are_matched_one_to_one():
    true = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]])
    found = np.array([[19.0, 0.5], [1.0, 0.0], [-0.5, 0.0], [14.8, 0.0]])
    assert match_sites(found, true, 6).tolist() == [2, -1, 0, 1]
    assert match_sites(found, true, 3).tolist() == [2, -1, 0, -1]
    assert match_sites(found, true[:0], 3).tolist() == [-1] * 4
    assert match_sites(found[:0], true, 3).tolist() == []


def test_a_white_picture_has_lost_all_though_most_of_its_pixels_are_right():
    one = TEST.member(1)
    truth = Truth(one["pixels"].astype(float), np.sort(one["bonds"], axis=1))
    judged = judge(np.ones(SIZE), one["drawing"] / 255, truth, 6)
    assert judged.lost_sites.tolist() == list(range(24))
    assert judged.recovery.counts(0.5).tolist() == [0, 0, len(one["bonds"])]
    assert judged.l1 < 0.1
    assert judged.displacements.size == 0


@pytest.mark.parametrize(
    ("models", "dataset", "message"),
    [
        ([Net("net"), Net("net")], None, "2 methods are called 'net'"),
        ([Net("expected drawing")], None, "2 methods are called 'expected drawing'"),
        (
            [Net("net")],
            lambda: examples(simulate("more", 1, 6)),
            "'test' shows member 5, but 'networks' has only 4 members",
        ),
        ([], lambda: examples(TEST), "none of the .* pairs of sites in 4 networks is a bond, .* belong together"),
    ],
)
def test_what_cannot_be_judged_is_explained(models, dataset, message):
    other = {} if models else {"tolerance": 0.001}
    with pytest.raises(ValueError, match=message):
        analyse(*models, dataset=dataset() if dataset else None, **other)


def outline(columns=("lattice",), outputs=MechanicalNetwork.outputs):
    return Outline("networks", MechanicalNetwork(lattice="square"), columns, outputs)


def test_mistakes_show_before_a_run():
    check = BondRecovery().check
    assert [*check(simulation=outline(), validation_simulation=outline())] == []
    assert [*check(simulation=outline(("latice",)), validation_simulation=outline())] == [
        ("by", "the table of 'networks' has no column 'lattice': did you mean 'latice'?")
    ]
    files = outline(outputs={"dots": "", "drawing": ""})
    faults = [*check(simulation=outline(), validation_simulation=files)]
    assert [field for field, _ in faults] == ["truth"] * 3
    assert [*BondRecovery(truth="drawing").check(simulation=files, validation_simulation=files)] == []


PROJECT = """\
project: bonds
seed: 1
simulations:
  networks: {use: mechanical_network, with: {size: 64, cells: 2}, sweep: {grid: {lattice: [square, kagome]}, repeats: 6}}
datasets:
  pairs:
    use: image_pairs
    from: networks
    split: {fractions: {train: 0.34, validation: 0.33, test: 0.33}}
models:
  unet:
    use: unet
    with: {loss: crossentropy, filters: 2, depth: 1}
    fit: {train: pairs.train, epochs: 1, batch_size: 4}
analyses:
  baselines: {use: geometric_baselines, from: {simulation: networks, validation_simulation: networks}}
  recovery:
    use: bond_recovery
    from:
      model: unet
      dataset: pairs.test
      simulation: networks
      validation: pairs.validation
      validation_simulation: networks
      baseline: baselines
    with: {tolerance: 30}
"""


def test_a_project_runs(labrun_process, write_project, tmp_path):
    outcome = labrun_process("run", write_project(PROJECT), "--workers", 1)
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs/bonds/analyses/recovery"
    names = {path.name for path in folder.iterdir()}
    assert {"recovery.csv", "networks.csv", "thresholds.json", "F1.png", "thresholds.png", "networks.png"} <= names
    recovery = pd.read_csv(folder / "recovery.csv").set_index(["method", "class"])
    assert recovery.loc[("expected drawing", "all"), "F1"] == 1
    assert "Gabriel graph" in recovery.index.get_level_values(0)
