from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from labrun.contracts.samples import Samples
from labrun_evolution_strip import EvolutionStrip


def model(name="net", epochs=range(5, 55, 5), count=2, shape=(6, 9, 1), signed=False, missing=0.8):
    """A network whose pictures lie `missing`/epoch above what is expected."""
    rng = np.random.default_rng(3)
    x, y = (rng.random((2, count, *shape)) * 0.2).astype(np.float32)
    pictures = np.stack([y + missing / epoch for epoch in epochs])
    if signed:
        x, y, pictures = 2 * x - 1, 2 * y - 1, 2 * pictures - 1
    return SimpleNamespace(name=name, place=0, samples=Samples([*epochs], pictures, x, y))


def analyse(*models, **fields):
    return EvolutionStrip(**fields).analyse([*models])


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_errors_of_each_epoch():
    findings = analyse(model(epochs=[1, 2, 4]), model("other", epochs=[2, 4], missing=0.4))
    table = findings.tables["errors"]
    assert table["model"].tolist() == ["net"] * 3 + ["other"] * 2
    assert table["epoch"].tolist() == [1, 2, 4, 2, 4]
    np.testing.assert_allclose(table["L1"], [0.8, 0.4, 0.2, 0.2, 0.1], rtol=1e-5)
    assert findings.metrics == {"L1, net": pytest.approx(0.2), "L1, other": pytest.approx(0.1)}
    assert [*findings.figures] == ["strip_net", "strip_other", "errors"]
    assert set(findings.captions) == set(findings.figures) | {"errors"}


def test_a_row_for_each_example_and_a_column_for_each_epoch():
    one = model(epochs=[3, 6], count=3)
    figure = analyse(one).figures["strip_net"]
    panels = np.array(figure.axes).reshape(3, 4)
    assert [axes.get_title() for axes in panels[0]] == ["input", "epoch 3", "epoch 6", "expected"]
    samples = one.samples
    for row, axes in enumerate(panels):
        shown = [one.images[0].get_array() for one in axes]
        for found, expected in zip(shown, [samples.x[row], *samples.pictures[:, row], samples.y[row]], strict=True):
            np.testing.assert_allclose(found, expected[..., 0])
        assert {one.images[0].get_clim() for one in axes} == {(0, 1)}


@pytest.mark.parametrize(("epochs", "scale"), [([1, 2, 40], "log"), ([4, 5, 6], "linear")])
def test_errors_have_an_axis_that_can_be_read(epochs, scale):
    assert analyse(model(epochs=epochs)).figures["errors"].axes[0].get_yscale() == scale


@pytest.mark.parametrize(("columns", "drawn"), [(2, [5, 50]), (4, [5, 20, 35, 50]), (20, list(range(5, 55, 5)))])
def test_epochs_are_spread_evenly(columns, drawn):
    findings = analyse(model(), columns=columns)
    titles = [axes.get_title() for axes in findings.figures["strip_net"].axes]
    assert [title for title in titles if title.startswith("epoch")] == [f"epoch {epoch}" for epoch in drawn]
    said = f" in {columns} of the 10 epochs that were kept" in findings.captions["strip_net"]
    assert said == (columns < 10)


def test_drawings_may_reach_from_minus_one_and_be_coloured():
    grey = analyse(model(signed=True)).figures["strip_net"].axes[0].images[0]
    assert grey.get_clim() == (-1, 1)
    one = model(shape=(6, 9, 3), signed=True)
    coloured = analyse(one).figures["strip_net"].axes[0].images[0].get_array()
    np.testing.assert_allclose(coloured, (one.samples.x[0] + 1) / 2)


def test_fields_have_a_unit_and_a_scale():
    findings = analyse(model(epochs=[1, 2]), kind="field", unit="mK", scale=70)
    assert findings.metrics["L1, net"] == pytest.approx(28, rel=1e-5)
    assert findings.figures["strip_net"].axes[-1].get_ylabel() == "mK"
    assert findings.figures["errors"].axes[0].get_ylabel() == "mean absolute error [mK]"
    assert "[mK]" in findings.captions["errors"]
    expected = findings.figures["strip_net"].axes[3].images[0]
    assert expected.get_array().max() == pytest.approx(70 * model().samples.y[0].max())


def test_of_several_channels_that_are_no_colours_the_first_source_is_shown():
    one = model(shape=(6, 9, 1))
    x = np.concatenate([one.samples.x, one.samples.x + 5], axis=-1)
    one.samples = Samples(one.samples.epochs, one.samples.pictures, x, one.samples.y)
    shown = analyse(one).figures["strip_net"].axes[0].images[0].get_array()
    np.testing.assert_allclose(shown, x[0, ..., 0])


def test_a_model_without_samples_is_told_how_to_keep_them():
    with pytest.raises(
        ValueError,
        match=r"'net' was trained without keeping pictures: set its 'fit.samples', for example {every: 5, count: 4}",
    ):
        analyse(SimpleNamespace(name="net", samples=None))


def test_what_is_no_picture_is_refused():
    classes = Samples([1], np.zeros((1, 2, 7)), np.zeros((2, 6, 9, 1)), np.zeros(2))
    with pytest.raises(
        ValueError, match=r"shows pictures, .*; 'net' maps \(6, 9, 1\) to \(7,\), and its examples have y of shape \(\)"
    ):
        analyse(SimpleNamespace(name="net", samples=classes))
    with pytest.raises(ValueError, match="two models have the same name, but each must have its own: net, net"):
        analyse(model(), model())


def test_a_drawing_has_no_unit():
    with pytest.raises(ValidationError, match="'unit' applies to fields only: set 'kind: field', or leave it out"):
        EvolutionStrip(unit="mK")


# --- as a user runs it ------------------------------------------------------------------------------------------------------

PROJECT = """\
project: blur
simulations:
  skies: {use: microscopy, with: {images: 12, size: [8, 12], missing_fraction: 0.2}}
datasets:
  pairs:
    use: rows
    from: skies
    with: {x: observed, y: truth}
    split: {by: example, fractions: {train: 0.5, validation: 0.5}}
models:
  net:
    use: unet
    with: {depth: 1, filters: 2, input_scale: 255, output_scale: 255}
    fit: {train: pairs.train, validation: pairs.validation, epochs: 4, samples: {every: 2, count: 3}}
analyses:
  strip: {use: evolution_strip, from: {model: [net]}, with: {kind: field, unit: grey levels}}
"""


@pytest.mark.slow
def test_a_project(write_project, labrun_process, tmp_path):
    outcome = labrun_process("run", write_project(PROJECT), "--workers", "1")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "blur" / "analyses" / "strip"
    assert pd.read_csv(folder / "errors.csv")["epoch"].tolist() == [2, 4]
    assert json.loads((folder / "findings.json").read_text())["figures"] == ["strip_net", "errors"]
