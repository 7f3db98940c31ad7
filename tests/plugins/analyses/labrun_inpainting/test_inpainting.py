from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labrun import Examples
from labrun_inpainting import Inpainting
from labrun_microscopy import Microscopy

METHODS = ["mean", "nearest", "normalised convolution", "biharmonic", "kriging"]


def examples(images=12, size=(14, 20), seed=0, members=12, name="test", missing=0.2):
    arrays = Microscopy(images=images, size=size, missing_fraction=missing).simulate(np.random.default_rng(seed))
    x = np.stack([arrays["observed"], arrays["mask"]], axis=-1)
    y = arrays["truth"][..., None].astype(np.float32)
    return Examples(lambda i: x[i], lambda i: y[i], np.arange(images) % members, name=name)


class Off:
    """A network that errs by `missing` grey levels where pixels are missing, by `known` elsewhere; every second one below the truth."""

    place = 0

    def __init__(self, name, missing, known=0.0, **variant):
        self.name, self.missing, self.known, self.variant = name, missing, known, variant
        self.spec = SimpleNamespace(classes=None)

    def predict(self, examples):
        x, y = examples.load(slice(None))
        mask = x[..., 1:] == 1
        sign = 1 - 2 * (np.indices(y.shape).sum(axis=0) % 2)
        return y + sign * np.where(mask, self.known, self.missing)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Matplotlib keeps every figure until it is closed, and warns of more than 20."""
    yield
    plt.close("all")


def analyse(models, dataset=None, train=None, **fields):
    return Inpainting(**fields).analyse(models, dataset or examples(), train)


def test_errors_on_missing_and_known_pixels_are_told_apart():
    findings = analyse([Off("net", 0.5, 2.0)], correlation_length=1.0)
    table = findings.tables["errors"].set_index(["method", "pixels"])
    assert table.loc[("net", "missing"), ["RMSE", "MAE"]].tolist() == pytest.approx([0.5, 0.5])
    assert table.loc[("net", "missing"), ["RMSE_low", "RMSE_high"]].isna().all()  # each member errs by the same
    assert table.loc[("net", "known"), ["RMSE", "MAE"]].tolist() == pytest.approx([2.0, 2.0])
    assert table.index.get_level_values(0).unique().tolist() == ["net", *METHODS]
    assert table.loc[("net", "missing"), "count"] == 12 * 56
    assert table.loc[("net", "known"), "count"] == 12 * (280 - 56)
    for method in METHODS:
        assert table.loc[(method, "known"), "RMSE"] == 0
    kriging = table.loc[("kriging", "missing"), "RMSE"]
    assert table.loc[("net", "missing"), "over kriging"] == pytest.approx(0.5 / kriging)
    assert table.loc[("kriging", "missing"), "over kriging"] == 1
    ends = table.loc[("net", "missing"), ["over kriging_low", "over kriging_high"]].tolist()
    assert ends[0] < 0.5 / kriging < ends[1]
    metrics = findings.metrics
    assert metrics["RMSE known, net"] == pytest.approx(2)
    assert metrics["RMSE over kriging, net"] == pytest.approx(0.5 / kriging)
    assert "RMSE known, mean" not in metrics
    assert findings.warnings == []


def test_methods_are_in_the_order_that_one_expects():
    found = analyse([Off("net", 0.5)], correlation_length=1.0).metrics
    rmse = [found[f"RMSE missing, {one}"] for one in METHODS]
    assert rmse == sorted(rmse, reverse=True)


def test_a_baseline_s_error_is_that_of_a_plain_loop():
    dataset = examples()
    x, y = dataset.load(slice(None))
    squares = [
        (float(picture[..., 0][picture[..., 1] == 1].mean()) - float(y[n, i, j, 0])) ** 2
        for n, picture in enumerate(x)
        for i, j in np.argwhere(picture[..., 1] == 0)
    ]
    found = analyse([Off("net", 0.5)], dataset).metrics["RMSE missing, mean"]
    assert found == pytest.approx(np.sqrt(np.mean(squares)))


def test_pictures_are_read_some_at_a_time(monkeypatch):
    whole = analyse([Off("net", 0.5, 1.0)], correlation_length=1.0)
    monkeypatch.setattr("labrun_inpainting.judgement.BATCH", 5)
    parts = analyse([Off("net", 0.5, 1.0)], correlation_length=1.0)
    pd.testing.assert_frame_equal(whole.tables["errors"], parts.tables["errors"], rtol=1e-4)


def test_intervals_are_over_members():
    """A network whose error differs from member to member: with n pictures of each, the interval is that of the members."""

    class Growing(Off):
        def predict(self, examples):
            y = examples.load_y(slice(None))
            return y + (1.0 + examples.groups)[:, None, None, None]

    few, many = (
        analyse([Growing("net", 0)], examples(images=6 * n, members=6)).metrics["RMSE missing, net"] for n in (1, 4)
    )
    assert (few.n, few.units, few.unit) == (6, "members", "grey levels")
    assert many.interval.low == pytest.approx(few.interval.low, rel=0.05)
    assert few.interval.low < 2.5 < few < 6 < few.interval.high
    assert few.baseline.model in ("mean", "nearest", "normalised convolution", "biharmonic")
    findings = analyse([Growing("net", 0)], examples(members=4))
    assert (
        findings.warnings[-1]
        == "the pictures of 'test' come from 4 members: intervals from fewer than 5 are unreliable"
    )


def test_of_one_member_pictures_are_drawn_and_it_is_said():
    findings = analyse([Off("net", 0.5)], examples(members=1))
    row = findings.tables["errors"].set_index(["method", "pixels"]).loc[("mean", "missing")]
    assert row["RMSE_low"] < row["RMSE"] < row["RMSE_high"]
    assert "interval over pictures" in findings.captions["errors"]
    assert findings.warnings[0].startswith("all pictures of 'test' come from one member")


def test_a_network_that_has_learned_nothing_is_told():
    findings = analyse([Off("good", 0.5), Off("poor", 12.0)])
    (warning,) = findings.warnings
    assert warning.startswith(
        "the network 'poor' has an RMSE of 12 grey levels on missing pixels and does not beat nearest ("
    )
    assert "mean" not in warning
    assert warning.endswith("it has learned nothing that these do not know without training")


def test_without_a_correlation_length_there_is_no_kriging():
    findings = analyse([Off("net", 0.5)])
    assert "kriging" not in set(findings.tables["errors"]["method"])
    assert "over kriging" not in findings.tables["errors"]
    assert "Kriging is left out, since 'correlation_length' is not given" in findings.captions["errors"]


def test_the_width_is_chosen_on_the_training_pictures():
    alone = analyse([Off("net", 0.5)]).captions["errors"]
    assert "chosen on the judged pictures themselves, which favours it" in alone
    assert "chosen on 'train'" in analyse([Off("net", 0.5)], train=examples(seed=2, name="train")).captions["errors"]


def test_the_fields_of_kriging_reach_it():
    def kriging(**fields):
        return analyse([Off("net", 0.5)], **({"correlation_length": 1.0} | fields)).metrics["RMSE missing, kriging"]

    best = kriging()
    assert best == pytest.approx(kriging(mean=128), rel=0.01)
    worse = [kriging(correlation_length=1.5), kriging(nugget=100.0), kriging(mean=0.0), kriging(deviation=0.1)]
    assert all(one > 1.001 * best for one in worse)


def test_the_figures_show_every_kind_of_picture():
    models = [Off(f"net[learning_rate={i}]", 1.0 + i, learning_rate=i) for i in range(5)]
    findings = analyse(models, correlation_length=1.0, shown=2)
    pictures = findings.figures["reconstructions"]
    titles = [axes.get_title() for axes in pictures.axes if axes.get_title()]
    assert len(titles) == 2 * (4 + 5)
    assert titles[0] == "net[learning_rate=0]\n1.00"
    assert "not net[learning_rate=4]" in findings.captions["reconstructions"]
    labels = [label.get_text() for label in findings.figures["errors"].axes[0].get_yticklabels()]
    assert len(labels) == 10
    assert labels[-1] == "net[learning_rate=0]" or labels[-1] == "kriging"
    assert findings.tables["errors"]["learning_rate"].dropna().unique().tolist() == [0, 1, 2, 3, 4]


def spoiled(**changes):
    x, y = examples().load(slice(None))
    x, y = x.copy(), y.copy()
    if "mask" in changes:
        x[changes["mask"][0], ..., 1] = changes["mask"][1]
    x = x[..., : changes.get("channels", 2)]
    return Examples(lambda i: x[i], lambda i: y[i], np.arange(len(x)), name="test")


@pytest.mark.parametrize(
    ("dataset", "models", "message"),
    [
        (
            spoiled(channels=1),
            [Off("net", 1)],
            r"expects x of shape \(height, width, 2\), .* 'test' has x of \(14, 20, 1\)",
        ),
        (spoiled(mask=(3, 0)), [Off("net", 1)], "the picture 3 of 'test' has no known pixel: its mask is 0 everywhere"),
        (spoiled(mask=(slice(None), 1)), [Off("net", 1)], "no pixel of 'test' is missing"),
        (None, [Off("net", np.nan)], "the model 'net' predicts NaN or infinity for 12 of the 12 examples of 'test'"),
        (None, [Off("net", 1), Off("net", 2)], "2 methods are called 'net'"),
        (
            None,
            [Off("mean", 1)],
            "2 methods are called 'mean': give each network and each baseline its own name",
        ),
    ],
)
def test_what_cannot_be_judged_is_explained(dataset, models, message):
    with pytest.raises(ValueError, match=message):
        analyse(models, dataset)


def test_a_network_that_answers_no_picture_is_refused():
    net = Off("net", 1)
    net.predict = lambda examples: np.zeros((len(examples), 3))
    with pytest.raises(
        ValueError, match=r"the model 'net' predicts arrays of shape \(3,\) .* expected pictures of shape \(14, 20, 1\)"
    ):
        analyse([net])


PROJECT = """\
project: repair
seed: 1
simulations:
  pictures: {use: microscopy, with: {images: 3, size: [12, 18]}, sweep: {repeats: 12}}
datasets:
  pictures:
    use: rows
    from: pictures
    with: {x: [observed, mask], y: truth}
    split: {fractions: {train: 0.5, test: 0.5}}
models:
  cnn:
    use: inpainting_cnn
    fit: {train: pictures.train, epochs: 1, batch_size: 1}
  unet:
    use: unet
    with: {preset: inpainting, filters: 4}
    fit: {train: pictures.train, epochs: 1, batch_size: 4}
analyses:
  inpainting:
    use: inpainting
    from: {model: [cnn, unet], dataset: pictures.test, train: pictures.train}
    with: {correlation_length: 1.0, shown: 1}
"""


@pytest.mark.slow
def test_a_project_runs(labrun_process, write_project, tmp_path):
    outcome = labrun_process("run", write_project(PROJECT), "--workers", 1)
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs/repair/analyses/inpainting"
    assert {"errors.csv", "errors.png", "reconstructions.png"} <= {path.name for path in folder.iterdir()}
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["RMSE known, unet"] == 0 < metrics["RMSE known, cnn"]
    assert metrics["RMSE missing, kriging"] < metrics["RMSE missing, biharmonic"]
