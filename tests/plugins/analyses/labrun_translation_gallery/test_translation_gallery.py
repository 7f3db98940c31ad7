from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from pydantic import ValidationError
from skimage.metrics import structural_similarity

from labrun import Examples
from labrun_lattices.spectra import cross_correlation, log_bins, power_spectrum
from labrun_translation_gallery import TranslationGallery
from labrun_translation_gallery.drawing import COMMON, MISSING, SPURIOUS, ink_errors

SHAPE = (10, 14)


def drawings(count=6, channels=1):
    """Dots, and dots with lines: mostly white."""
    rng = np.random.default_rng(5)
    x = np.ones((count, *SHAPE, channels), np.float32)
    x[:, 2::4, 2::5] = 0
    y = np.where(rng.random((count, *SHAPE, 1)) < 0.1, 0, x).astype(np.float32)
    return x, y


def fields(count=6):
    rng = np.random.default_rng(6)
    return rng.normal(size=(2, count, *SHAPE, 1)).astype(np.float32)


def examples(x, y, members=3):
    place = np.arange(len(x))
    return Examples(lambda i: x[i], lambda i: y[i], place % members, table=pd.DataFrame({"place": place}), name="test")


class Answers:
    """A model that answers what is expected, changed by a function."""

    place = 0

    def __init__(self, name, change, **variant):
        self.name, self.change, self.variant = name, change, variant

    def predict(self, examples):
        return self.change(examples.load_y(slice(None)))


class Off:
    """A model that is off by a factor and a sum, told for each picture of the dataset."""

    place = 0

    name, variant = "net", {}

    def __init__(self, factor=1.0, plus=0.0):
        self.factor, self.plus = np.broadcast_arrays(factor, plus)

    def predict(self, examples):
        places = examples.table["place"]
        return examples.load_y(slice(None)) * self.factor[places] + self.plus[places]


def analyse(models, pairs, **config):
    return TranslationGallery(**config).analyse([*models], examples(*pairs))


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_scores_are_those_of_a_plain_loop():
    x, y = drawings()
    noise = np.random.default_rng(1).normal(0, 0.1, y.shape)
    findings = analyse([Off(plus=noise)], (x, y))
    similar = [
        structural_similarity(a[..., 0], a[..., 0] + n[..., 0], data_range=1) for a, n in zip(y, noise, strict=True)
    ]
    assert findings.metrics["L1, net"] == pytest.approx(np.abs(noise).mean())
    assert findings.metrics["RMSE, net"] == pytest.approx(np.sqrt((noise**2).mean()))
    assert findings.metrics["SSIM, net"] == pytest.approx(np.mean(similar))
    assert findings.metrics["L1, source as it is"] == pytest.approx(np.abs(x - y).mean())
    assert findings.tables["scores"]["method"].tolist() == ["net", "source as it is"]
    assert findings.warnings == []


def test_errors_are_standard_errors_over_members():
    """Three members, each of two pictures, that are off by 0.1, 0.2 and 0.3."""
    x, y = drawings()
    off = (0.1 * (1 + np.arange(6) % 3))[:, None, None, None]
    row = analyse([Off(plus=off)], (x, y)).tables["scores"].iloc[0]
    assert row["L1"] == pytest.approx(0.2)
    assert row["L1 error"] == pytest.approx(0.1 / np.sqrt(3))
    squares = np.array([0.01, 0.04, 0.09])
    assert row["RMSE error"] == pytest.approx(squares.std(ddof=1) / np.sqrt(3) / (2 * np.sqrt(squares.mean())))
    lone = TranslationGallery().analyse([Answers("net", lambda some: some)], examples(x, y, members=1))
    assert lone.tables["scores"]["L1 error"].isna().all()


@pytest.mark.parametrize("channels", [1, 3])
def test_drawings_from_minus_one_to_one_score_as_those_from_zero(channels):
    x, y = (np.repeat(one, channels, axis=-1) for one in drawings())
    unit = analyse([Answers("net", lambda some: 0.9 * some)], (x, y))
    signed = analyse([Answers("net", lambda some: 0.9 * (some + 1) - 1)], (2 * x - 1, 2 * y - 1))
    pd.testing.assert_frame_equal(unit.tables["scores"], signed.tables["scores"], rtol=1e-5)
    panels = [figure.figures["gallery"].axes for figure in (unit, signed)]
    for one, other in zip(*panels, strict=True):
        np.testing.assert_allclose(one.images[0].get_array(), other.images[0].get_array(), atol=1e-6)


def test_pictures_are_read_some_at_a_time(monkeypatch):
    pairs = fields()
    whole = analyse([Answers("net", lambda some: some + 1)], pairs, kind="field", cell_size=1.0)
    monkeypatch.setattr("labrun_translation_gallery.pictures.BATCH", 4)
    parts = analyse([Answers("net", lambda some: some + 1)], pairs, kind="field", cell_size=1.0)
    for name in ("scores", "spectra"):
        pd.testing.assert_frame_equal(whole.tables[name], parts.tables[name])


def test_a_network_that_gives_back_its_source_is_told():
    x, y = drawings()
    findings = analyse([Answers("good", lambda some: some), Answers("poor", lambda some: 0 * some)], (x, y))
    (warning,) = findings.warnings
    assert warning.startswith("the model 'poor' has an RMSE of ")
    assert "does not beat 'source as it is'" in warning


def test_the_baseline_of_fields_is_their_mean():
    x, y = fields()
    findings = analyse([Answers("net", lambda some: some)], (x, y), kind="field", scale=3.0, unit="mK")
    assert findings.metrics["RMSE, mean of all"] == pytest.approx(3 * y.std(), rel=1e-5)
    assert findings.metrics["RMSE, net"] == 0
    assert "L1 and RMSE [mK]" in findings.captions["scores"]


# --- spectra ----------------------------------------------------------------------------------------------------------------


def test_spectra_are_those_of_the_pictures():
    x, y = fields(count=1)
    given = fields(count=2)[0][1:]
    findings = analyse([Answers("net", lambda _: given)], (x, y), kind="field", scale=2.0, cell_size=1.5, bins=5)
    edges = log_bins(14, 14 * 1.5, 5)
    expected, generated = (power_spectrum(2.0 * one[0, ..., 0], 1.5, edges) for one in (y, given))
    full = expected.modes > 0
    table = findings.tables["spectra"]
    np.testing.assert_allclose(table["k"], expected.k[full])
    np.testing.assert_allclose(table["expected"], expected.dimensionless[full], rtol=1e-5)
    np.testing.assert_allclose(table["generated"], generated.dimensionless[full], rtol=1e-5)
    np.testing.assert_allclose(table["ratio"], (generated.power / expected.power)[full], rtol=1e-5)
    r = cross_correlation(y[0, ..., 0], given[0, ..., 0], 1.5, edges)[1]
    np.testing.assert_allclose(table["r"], r[full], rtol=1e-5)
    assert table["modes"].tolist() == expected.modes[full].tolist()


@pytest.mark.parametrize(("factor", "r", "ratio"), [(0.5, 1, 0.25), (-2.0, -1, 4)])
def test_a_field_that_is_a_multiple_is_wholly_correlated(factor, r, ratio):
    findings = analyse([Answers("net", lambda some: factor * some)], fields(), kind="field", cell_size=2.0)
    np.testing.assert_allclose(findings.tables["spectra"]["r"], r, rtol=1e-6)
    np.testing.assert_allclose(findings.tables["spectra"]["ratio"], ratio, rtol=1e-6)


def test_the_sums_run_over_all_pictures():
    """White noise of unit variance has Δ² = k² a²/2π; half of the pictures are doubled in what is generated: P grows by 2.5."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(80, 12, 18, 1))
    double = np.where(np.arange(80) % 2, 2.0, 1.0)[:, None, None, None]
    findings = analyse([Off(double)], (y, y), kind="field", cell_size=0.5, bins=3)
    table = findings.tables["spectra"]
    np.testing.assert_allclose(table["expected"], table["k"] ** 2 * 0.25 / (2 * np.pi), rtol=0.2)
    np.testing.assert_allclose(table["ratio"], 2.5, rtol=0.15)
    np.testing.assert_allclose(table["r"], 1.5 / np.sqrt(2.5), rtol=0.05)


# --- the figure -------------------------------------------------------------------------------------------------------------


def test_colours_of_ink():
    expected = np.array([1.0, 0.0, 0.0, 1.0, 0.0])
    generated = np.array([1.0, 0.0, 1.0, 0.0, 0.5])
    found = ink_errors(generated, expected)
    grey, blue, orange = (np.array(to_rgb(colour)) for colour in (COMMON, MISSING, SPURIOUS))
    np.testing.assert_allclose(found, [[1, 1, 1], grey, blue, orange, (grey + blue) / 2])


def test_panels_show_what_their_titles_say():
    x, y = fields()
    models = [Answers("net", lambda some: some + 1), Answers("other", lambda some: some - 2)]
    findings = analyse(models, (x, y), kind="field", count=2, unit="mK")
    figure = findings.figures["gallery"]
    panels = np.array(figure.axes[:12]).reshape(2, 6)
    titles = ["source", "expected", "net", "other", "errors of net", "errors of other"]
    assert [axes.get_title() for axes in panels[0]] == titles
    for row, place in zip(panels, (0, 5), strict=True):
        shown = [axes.images[0].get_array() for axes in row]
        one, other = x[place, ..., 0], y[place, ..., 0]
        for found, expected in zip(shown, [one, other, other + 1, other - 2, 0 * one + 1, 0 * one - 2], strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-6)
        assert [axes.get_xlabel() for axes in row] == ["", "", "L1 1", "L1 2", "", ""]
    bars = figure.axes[12:]
    assert [axes.get_xlabel() for axes in bars] == ["source", "field [mK]", "generated − expected [mK]"]
    assert panels[0, 4].images[0].get_clim() == pytest.approx((-2, 2))


def test_the_best_models_are_drawn():
    models = [Answers(f"net{k}", lambda some, k=k: some + k) for k in (3, 1, 2, 4)]
    findings = analyse(models, drawings(), count=1)
    titles = [axes.get_title() for axes in findings.figures["gallery"].axes]
    assert titles[2:5] == ["net3", "net1", "net2"]
    assert findings.captions["gallery"].endswith("The best are drawn, not net4.")
    assert set(findings.captions) == {"gallery", "scores"}


def test_variants_of_a_matrix_have_their_columns():
    models = [Answers("net[loss=l1]", lambda some: some, loss="l1"), Answers("net[L1=2]", lambda some: some, L1=2)]
    table = analyse(models, drawings()).tables["scores"].set_index("method")
    assert table.loc["net[loss=l1]", "loss"] == "l1"
    assert table.loc["net[L1=2]", "L1 varied"] == 2
    assert table.loc["net[L1=2]", "L1"] == 0


# --- faults -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "config", "message"),
    [
        (
            (10, 14, 1),
            (10, 14, 2),
            {},
            r"x and y of 1 or 3 channels for 'kind: ink', but 'test' has x \(10, 14, 1\) and y \(10, 14, 2\)",
        ),
        ((10, 14, 2), (10, 14, 1), {}, "x and y of 1 or 3 channels"),
        ((10, 14, 2), (10, 14, 3), {"kind": "field"}, "y of 1 channel for 'kind: field'"),
        ((10, 14, 1), (5, 7, 1), {}, "x and y to be pictures of the same size"),
        ((10, 14, 1), (3,), {}, r"y \(3,\)"),
        ((5, 14, 1), (5, 14, 1), {}, "SSIM needs pictures of at least 7 pixels a side"),
    ],
)
def test_what_is_no_translation_is_refused(x, y, config, message):
    with pytest.raises(ValueError, match=message):
        analyse([], (np.zeros((2, *x)), np.zeros((2, *y))), **config)


@pytest.mark.parametrize("kind", ["ink", "field"])
def test_answers_that_are_no_pictures_are_refused(kind):
    with pytest.raises(ValueError, match=r"'net' predicts .* of shape \(5, 14.* expected .*\(10, 14"):
        analyse([Answers("net", lambda some: some[:, :5])], drawings(), kind=kind)
    with pytest.raises(ValueError, match="NaN or infinity"):
        analyse([Answers("net", lambda some: some * np.nan)], drawings(), kind=kind)


def test_names_are_told_apart():
    with pytest.raises(ValueError, match="2 methods are called 'source as it is'"):
        analyse([Answers("source as it is", lambda some: some)], drawings())


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"unit": "mK"}, "'unit' belongs to fields: set 'kind: field', or leave it out"),
        ({"cell_size": 1.5}, "'cell_size' belongs to fields"),
        ({"kind": "field", "bins": 5}, "'bins' are for spectra, which need 'cell_size'"),
    ],
)
def test_options_that_change_nothing_are_refused(config, message):
    with pytest.raises(ValidationError, match=message):
        TranslationGallery(**config)


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
    split: {by: example, fractions: {train: 0.5, test: 0.5}}
models:
  net:
    use: unet
    with: {depth: 1, filters: 2, input_scale: 255, output_scale: 255}
    fit: {train: pairs.train, validation: pairs.test, epochs: 1}
analyses:
  gallery:
    use: translation_gallery
    from: {model: [net], dataset: pairs.test}
    with: {kind: field, unit: grey levels, cell_size: 1, bins: 3}
"""


@pytest.mark.slow
def test_a_project(write_project, labrun_process, tmp_path):
    outcome = labrun_process("run", write_project(PROJECT), "--workers", "1")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "blur" / "analyses" / "gallery"
    assert pd.read_csv(folder / "scores.csv")["method"].tolist() == ["net", "mean of all"]
    assert {"gallery.png", "spectra.png", "spectra.csv"} <= {path.name for path in folder.iterdir()}


def test_an_option_of_fields_is_told_with_its_place(write_project, labrun):
    outcome = labrun("check", write_project(PROJECT.replace("kind: field, ", "")))
    assert outcome.code == 2
    assert "'unit' belongs to fields: set 'kind: field', or leave it out" in outcome.err
