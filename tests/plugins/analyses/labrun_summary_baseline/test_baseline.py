from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labrun import Examples, Quantity
from labrun_summary_baseline import SummaryBaseline

CLASSES = ["few", "some", "many"]


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def bubbles(rng, count=60, name="test", answer="class", groups=4):
    """Slices with a share of empty pixels, which is what is to be told; the groups are mixed."""
    kind = np.arange(count) % 3
    share = 0.2 + 0.25 * kind + rng.uniform(-0.03, 0.03, count)
    x = (rng.uniform(1, 2, (count, 10, 14, 1)) * (rng.random((count, 10, 14, 1)) > share[:, None, None, None])).astype(
        np.float32
    )
    group = np.arange(count) // 3 % groups
    if answer == "class":
        return Examples(lambda i: x[i], lambda i: kind[i], group, classes=CLASSES, name=name)
    quantity = Quantity("share", "", answer)
    y = quantity.scaled(share).astype(np.float32)
    return Examples(lambda i: x[i], lambda i: y[i], group, quantity=quantity, name=name)


def test_classes(rng):
    findings = SummaryBaseline(trees=30).analyse(bubbles(rng, 150, "train"), [bubbles(rng)], rng)
    assert findings.metrics["accuracy test"] > 0.95
    predictions = findings.tables["predictions"]
    assert list(predictions.columns) == ["dataset", "example", "method", "prediction"]
    assert (predictions["prediction"] == np.resize(CLASSES, 60)).mean() == pytest.approx(
        findings.metrics["accuracy test"]
    )
    assert findings.tables["importances"]["importance"].sum() == pytest.approx(1)
    assert set(findings.figures) == {"importances", "groups"}


def test_the_spread_is_that_of_the_groups(rng):
    """Nothing to see in the slices of the last group: one class in three is guessed there."""
    judged = bubbles(rng, 120)
    blind = Examples(
        lambda i: judged.load_x(i) * (judged.groups[i] != 3)[:, None, None, None],
        judged.load_y, judged.groups, classes=CLASSES, name="blind",
    )  # fmt: skip
    findings = SummaryBaseline(trees=30, cell_size=1.5).analyse(bubbles(rng, 150, "train"), [blind], rng)
    each = findings.tables["groups"]["accuracy"]
    assert each.min() == pytest.approx(1 / 3)
    assert (each[:3] > 0.9).all()
    assert findings.metrics["spread of accuracy blind"] == pytest.approx(np.std(each, ddof=1))
    assert findings.metrics["accuracy blind"] == pytest.approx(each.mean())  # the groups are equally large
    assert findings.tables["importances"]["feature"].iloc[-1].endswith("1/Mpc")


@pytest.mark.parametrize("scale", ["linear", "log2"])
def test_numbers_are_told_in_their_unit(scale, rng):
    train, test = bubbles(rng, 200, "train", scale), bubbles(rng, 60, "test", scale)
    findings = SummaryBaseline(trees=50).analyse(train, [test], rng)
    assert findings.metrics["R² test"] > 0.9
    truth = test.quantity.value(test.load_y(slice(None)))
    error = findings.tables["predictions"]["prediction"] - truth
    assert findings.metrics["RMSE test"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-4)
    assert findings.metrics["RMSE test"] < 0.06
    assert findings.metrics["spread of RMSE test"] < 0.03


def test_one_group_has_no_spread(rng):
    findings = SummaryBaseline(trees=5).analyse(bubbles(rng, 60, "train"), [bubbles(rng, groups=1)], rng)
    assert set(findings.metrics) == {"accuracy test"}
    assert "groups" not in findings.figures


def test_what_it_cannot_judge_is_explained(rng):
    flat = Examples(lambda i: np.zeros((len(i), 4, 4)), lambda i: i % 3, np.arange(6), classes=CLASSES, name="flat")
    with pytest.raises(
        ValueError, match=r"expects slices, x of shape \(height, width, channels\), but 'flat' has x of shape \(4, 4\)"
    ):
        SummaryBaseline().analyse(flat, [], rng)
    images = Examples(
        lambda i: np.zeros((len(i), 4, 4, 1)), lambda i: np.zeros((len(i), 4, 4, 1)), np.arange(6), name="images"
    )
    with pytest.raises(ValueError, match=r"the y of 'images' has shape \(4, 4, 1\): give the dataset such a y"):
        SummaryBaseline().analyse(images, [], rng)
    with pytest.raises(ValueError, match="the y of 'test' differs from that of 'train', which the trees learn"):
        SummaryBaseline().analyse(bubbles(rng, name="train"), [bubbles(rng, answer="linear")], rng)


PROJECT = """\
project: baselines
plugins: [skies.py]
simulations:
  train: {use: skies, sweep: {grid: {filling: [0.2, 0.6]}, repeats: 12}}
  test: {use: skies, sweep: {grid: {filling: [0.2, 0.6]}, repeats: 4}}
datasets:
  train: {use: skies_of, from: train}
  test: {use: skies_of, from: test}
  codes: {use: pictures_of, from: train}
models:
  coder: {use: autoencoder, with: {filters: [4, 2]}, fit: {train: codes, epochs: 2}}
analyses:
  summary: {use: summary_baseline, from: {train: train, dataset: test}, with: {trees: 20}}
  components: {use: pca, from: {train: train, dataset: test}, with: {components: 3}}
  ceiling: {use: ceiling, from: test}
  again: {use: reconstruction, from: {model: coder, dataset: codes, train: codes}, with: {unit: mK, scale: 70}}
"""
PLUGINS = """\
import numpy as np
from labrun import Dataset, Ensemble, Examples, Field, Simulator, hookimpl
class Skies(Simulator):
    name = "skies"
    filling: float = Field(description="share of empty pixels")
    def simulate(self, rng):
        return {"x": rng.uniform(1, 2, (8, 12, 1)).astype(np.float32) * (rng.random((8, 12, 1)) > self.filling)}
class SkiesOf(Dataset):
    name = "skies_of"
    def examples(self, simulation: Ensemble) -> Examples:
        y = (simulation.parameters["filling"] > 0.4).to_numpy().astype(int)
        load = lambda i: np.stack([simulation.read(m, "x") for m in i]).astype(np.float32)
        return Examples(load, lambda i: y[i], np.arange(len(y)), classes=["few", "many"])
class PicturesOf(Dataset):
    name = "pictures_of"
    def examples(self, simulation: Ensemble) -> Examples:
        load = lambda i: np.stack([simulation.read(m, "x") for m in i]).astype(np.float32)
        return Examples(load, load, np.arange(len(simulation)))
@hookimpl
def labrun_simulators():
    return [Skies]
@hookimpl
def labrun_datasets():
    return [SkiesOf, PicturesOf]
"""


def test_as_a_user_runs_them(labrun, write_project, tmp_path):
    """What is judged without a network, and an autoencoder, in one project."""
    (tmp_path / "skies.py").write_text(PLUGINS, encoding="utf-8")
    outcome = labrun("run", write_project(PROJECT), "--workers", 1)
    assert outcome.code == 0, outcome.err
    run = tmp_path / "runs" / "baselines" / "analyses"
    assert pd.read_csv(run / "summary" / "scores.csv")["accuracy"].item() == 1
    assert (run / "components" / "plane.png").is_file()
    assert pd.read_csv(run / "ceiling" / "classes.csv")["examples"].tolist() == [4, 4]
    assert pd.read_csv(run / "again" / "errors.csv")["method"].tolist() == ["coder", "PCA (12)"]
