"""What a notebook shows of projects, runs and results: complete, escaped, and without a word to the network."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from tests.conftest import HERE, WAVES, WAVES_CSV

import labrun
from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import Examples, Quantity
from labrun.contracts.findings import Findings
from labrun.display.card_pictures import _plane, thumbnails_of_members
from labrun.display.cards import _curves

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("waves")
    shutil.copy(HERE / "lab.py", folder)
    (folder / "waves.csv").write_text(WAVES_CSV, encoding="utf-8")
    (folder / "project.yaml").write_text(f"description: '{EVIL}'\n{WAVES}", encoding="utf-8")
    return labrun.run(folder / "project.yaml", workers=1, runs=folder / "runs", quiet=True)


def text_of(card):
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", card, flags=re.DOTALL)).strip()


def expect_sound(card):
    assert EVIL not in card
    assert re.findall(r"""(?:src|href)=["'](?!data:image/png;base64,)""", card) == []
    assert "http" not in re.sub(r"data:[^\"]*", "", card)
    assert card.count("<div") == card.count("</div>")


def test_project_tells_what_is_to_do(run, monkeypatch):
    monkeypatch.setenv("LABRUN_RUNS", str(run.folder.parent / "none"))
    card = labrun.load(run.project.path)._repr_html_()
    expect_sound(card)
    assert card.count("not-reached") == 5 + card.partition("</style>")[0].count("not-reached")
    assert "Dashed: to do." in card
    monkeypatch.setenv("LABRUN_RUNS", str(run.folder.parent))
    card = labrun.load(run.project.path)._repr_html_()
    assert card.partition("</style>")[2].count("not-reached") == 0
    assert "Dashed" not in card


def test_run_tells_its_outcome_and_where_it_lies(run):
    card = run._repr_html_()
    expect_sound(card)
    assert "alert(1)" in card
    assert f"outcome done stages 5 in {run.folder} report {run.report}" in text_of(card)


def test_ensemble_tells_arrays_units_and_parameters(run):
    card = run["train"]._repr_html_()
    expect_sound(card)
    told = text_of(card)
    assert told.startswith(
        "train Ensemble members 6 arrays 1 columns 2 array shape what u (6,) (points,) float32, dimensionless"
    )
    assert told.endswith("member amplitude class 0 0.5 low 1 1 low 2 1.5 low 3 7 high 4 8 high 5 9.5 high")


def test_ensemble_of_pictures_shows_some_of_them():
    members = [{"u": np.full((12, 16), i, np.float32)} for i in range(20)]
    ensemble = Ensemble.from_arrays(members, {EVIL: list(range(20))}, EVIL)
    card = ensemble._repr_html_()
    expect_sound(card)
    assert "data:image/png;base64," in card
    assert "and 12 more rows" in card
    name, picture = thumbnails_of_members(ensemble)
    assert (name, picture[:4]) == ("u", b"\x89PNG")


@pytest.mark.parametrize(
    ("shape", "selection"),
    [
        ((64, 48), ()),
        ((64, 48, 3), (..., -1)),
        ((40, 48, 52), -1),
        ((5,), None),
        ((4, 4), None),
        ((9, 9, 9, 9), None),
        ((0, 48, 48), None),
    ],
)
def test_plane_that_is_shown(shape, selection):
    assert _plane(shape) == selection


def test_members_that_cannot_be_drawn_are_only_told():
    nan = Ensemble.from_arrays([{"u": np.full((12, 16), np.nan)}], {"a": [1]})
    assert "data:image" not in nan._repr_html_()
    none = Ensemble.from_arrays([], {"a": []}, "none")
    assert "members 0" in text_of(none._repr_html_())
    assert repr(none) == "<Ensemble none: 0 members; arrays ; columns a>"


def test_examples_tell_shapes_and_classes(run):
    card = run["waves.train"]._repr_html_()
    expect_sound(card)
    assert text_of(card) == (
        "waves.train Examples examples 4 members 4 shape type x (6,) float32 y () int64 high 2 low 2"
    )


def test_examples_of_numbers_tell_their_range():
    examples = Examples(
        lambda i: {EVIL: np.zeros((len(i), 3))},
        lambda i: i.astype(float),
        np.arange(5),
        quantity=Quantity("rate", "1/s"),
        name=EVIL,
    )
    card = examples._repr_html_()
    expect_sound(card)
    assert "rate [1/s]: 0 … 4" in card
    nothing = Examples(lambda i: i, lambda i: i, np.arange(0), name="nothing")
    assert text_of(nothing._repr_html_()) == "nothing Examples examples 0 members 0"


def test_examples_that_are_pictures_are_shown(rng):
    pictures = rng.random((3, 16, 12, 1)).astype(np.float32)
    examples = Examples(lambda i: pictures[i], lambda i: i, np.arange(3))
    assert "data:image/png;base64," in examples._repr_html_()


def test_model_tells_its_training(run):
    card = run["net"]._repr_html_()
    expect_sound(card)
    loss = run["net"].history["loss"]
    assert f"net TrainedModel of line epoch 2 loss {loss.iloc[-1]:.4g}" in text_of(card)
    assert f"loss: {loss.iloc[0]:.3g} → {loss.iloc[1]:.3g}" in card
    assert card.count("<polyline") == 2
    assert "classes: high, low" in card
    assert repr(run["net"]).startswith("<TrainedModel net (line): epoch 2, loss ")


def test_curve_goes_from_the_first_epoch_to_the_last():
    (curve,) = _curves(pd.DataFrame({"epoch": [1, 2, 3], "loss": [4.0, 3.0, 2.0], "few": [np.nan, np.nan, 1.0]}))
    assert curve == {"name": "loss", "points": "0.0,2.0 50.0,16.0 100.0,30.0", "from": "4", "to": "2"}
    assert _curves(pd.DataFrame({"loss": [1.0, 1.0]}))[0]["points"] == "0.0,16.0 100.0,16.0"


def findings():
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([1, 2])
    return Findings(
        metrics={EVIL: 0.12345},
        tables={"table": pd.DataFrame({EVIL: [1.23456789, 2], "b": [EVIL, "x"]})},
        figures={"curve": figure},
        html={"map": "<p>"},
        captions={"curve": EVIL},
        warnings=[EVIL],
    )


def test_findings_of_a_run_have_the_name_of_their_stage(run):
    assert text_of(run["spread"]._repr_html_()).startswith("spread Findings mean")


def test_findings_show_figures_tables_and_warnings(tmp_path):
    fresh = findings()
    card = fresh._repr_html_()
    expect_sound(card)
    fresh.save(tmp_path)
    loaded = Findings.load(tmp_path)
    for shown in (text_of(card), text_of(loaded._repr_html_())):
        assert "0.1235" in shown
        assert "1.2346" in shown
        assert "interactive, in the report: map" in shown
    expect_sound(loaded._repr_html_())
    assert loaded.picture("curve") == (tmp_path / "curve.png").read_bytes()
    assert (fresh.picture("curve")[:4], loaded.figure_names) == (b"\x89PNG", ["curve"])
    with pytest.raises(KeyError, match="there is no figure 'curv': did you mean 'curve'"):
        loaded.picture("curv")
    assert repr(Findings(metrics={"a": 1.0}, files={"f.csv": b""})) == "<Findings: a 1; files f.csv>"
