"""Boundaries of models whose boundary is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labrun import Examples
from labrun_decision_boundary import DecisionBoundary
from labrun_decision_boundary.plane import column_distances

PHASES = ("solid", "liquid")


class Tells:
    """A model whose logits are a function of its two inputs: of the second class, or of all."""

    name = "net"

    def __init__(self, z: Callable, classes=PHASES) -> None:
        self.z, self.spec = z, SimpleNamespace(classes=classes)

    def logits(self, examples: Examples, batch_size: int = 32) -> np.ndarray:
        z = np.asarray(self.z(*examples.load_x(slice(None)).astype(float).T))
        return np.stack([np.zeros_like(z), z], axis=1) if z.ndim == 1 else z.T


def melting(t):
    return 100 + 9 * t


def examples(n=400, classes=PHASES, boundary=melting) -> Examples:
    """Temperature [0, 100] × pressure [0, 1000]; liquid below the line."""
    x = np.random.default_rng(1).uniform([0, 0], [100, 1000], (n, 2)).astype(np.float32)
    y = (x[:, 1] < boundary(x[:, 0])).astype(np.int64)
    return Examples(lambda i: x[i], lambda i: y[i], np.arange(n), classes=classes, name="test")


def plugin(**fields):
    return DecisionBoundary(**{"x": "temperature", "y": "pressure", "x_range": (0, 100), "y_range": (0, 1000)} | fields)


TRUTH = "pressure - 100 - 9*temperature"


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_a_straight_boundary_is_found_where_it_is(rng):
    found = plugin().analyse(Tells(lambda t, p: (150 + 8 * t - p) / 40), examples(), rng)
    line = found.tables["boundary"]
    assert [*line.columns] == ["line", "temperature", "pressure"]
    np.testing.assert_allclose(line["pressure"], 150 + 8 * line["temperature"], atol=0.01)
    assert line["temperature"].min() == pytest.approx(0, abs=1e-6)
    assert line["temperature"].max() == pytest.approx(100, abs=1e-6)
    assert set(line["line"]) == {1}


def test_accuracy_and_errors_are_those_of_the_examples(rng):
    data = examples()
    x, y = data.load(slice(None))
    wrong = ((x[:, 1] < 150 + 8 * x[:, 0]) != y).sum()
    metrics = plugin().analyse(Tells(lambda t, p: 150 + 8 * t - p), data, rng).metrics
    assert wrong > 5
    assert metrics == {"accuracy": pytest.approx(1 - wrong / 400), "errors": wrong}


@pytest.mark.parametrize("truth", [TRUTH, "9*temperature + 100 - pressure"])
def test_distances_are_those_of_two_lines(truth, rng):
    """|50 − t| of 1000 atm, whichever side is positive in `truth`."""
    found = plugin(truth=truth).analyse(Tells(lambda t, p: 150 + 8 * t - p), examples(), rng)
    table = found.tables["distances"]
    np.testing.assert_allclose(table["distance"], np.abs(50 - table["temperature"]) / 1000, atol=1e-6)
    assert found.metrics["greatest distance"] == pytest.approx(0.05, abs=1e-6)
    assert found.metrics["mean distance"] == pytest.approx(0.025, rel=1e-2)


def test_a_boundary_outside_of_the_picture_counts_up_to_its_edge(rng):
    found = plugin(truth=TRUTH).analyse(Tells(lambda t, p: np.ones_like(t)), examples(), rng)
    table = found.tables["distances"]
    np.testing.assert_allclose(table["distance"], 1 - melting(table["temperature"]) / 1000, atol=1e-6)
    assert found.metrics["greatest distance"] == pytest.approx(0.9)
    assert found.tables["boundary"].empty
    assert found.warnings == ["The model 'net' predicts 'liquid' everywhere: no boundary in the picture."]


def test_a_model_that_is_always_wrong_is_not_taken_for_one_that_is_right(rng):
    found = plugin(truth=TRUTH).analyse(Tells(lambda t, p: p - melting(t)), examples(), rng)
    assert found.metrics["mean distance"] == pytest.approx(1)


def test_an_island_counts(rng):
    """A disc of a tenth of each range, named solid within the liquid: at its middle a fifth of the column is wrong."""
    disc = lambda t, p: np.minimum(melting(t) - p, 300 * (((t - 80) / 10) ** 2 + ((p - 300) / 100) ** 2 - 1))  # noqa: E731
    found = plugin(truth=TRUTH).analyse(Tells(disc), examples(), rng)
    assert found.metrics["greatest distance"] == pytest.approx(0.2, abs=2e-3)
    assert found.metrics["mean distance"] == pytest.approx(np.pi * 0.01, rel=0.02)
    assert set(found.tables["boundary"]["line"]) == {1, 2}


def test_distances_of_columns_are_those_of_a_fine_count(rng):
    """Two piecewise linear functions, compared on points 2000 times as dense."""
    a, b = rng.normal(size=(2, 12, 9))
    fine = np.linspace(0, 11, 22001)

    def signs(f):
        return np.stack([np.interp(fine, np.arange(12), column) > 0 for column in f.T])

    np.testing.assert_allclose(column_distances(a, b), (signs(a) != signs(b)).mean(axis=1), atol=2e-3)


def test_three_classes_have_three_boundaries(rng):
    """Logits 0, t − 50 and p − 500: the boundaries meet in the middle."""
    classes = ("solid", "liquid", "gas")
    model = Tells(lambda t, p: np.stack([np.zeros_like(t), (t - 50) / 5, (p - 500) / 50]), classes)
    found = plugin().analyse(model, examples(classes=classes), rng)
    line = found.tables["boundary"].query("line == 1")
    assert np.hypot((line["temperature"] - 50) / 100, (line["pressure"] - 500) / 1000).min() < 0.01
    assert found.tables["boundary"]["line"].nunique() == 3
    with pytest.raises(ValueError, match="'truth' separates two classes; the model has 3: solid, liquid, gas"):
        plugin(truth=TRUTH).analyse(model, examples(classes=classes), rng)


def test_the_figure_names_its_axes_and_shows_both_lines_and_points(rng):
    fields = {"x_unit": "°C", "y_unit": "atm", "truth": TRUTH, "points": 50}
    found = plugin(**fields).analyse(Tells(lambda t, p: 150 + 8 * t - p), examples(), rng)
    figure = found.figures["decision_boundary"]
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("temperature [°C]", "pressure [atm]")
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 100), (0, 1000))
    assert sum(len(mark.get_offsets()) for mark in axes.collections) == 50
    learned, true = (line.get_xydata() for line in axes.lines)
    np.testing.assert_allclose(learned[:, 1], 150 + 8 * learned[:, 0], atol=0.01)
    np.testing.assert_allclose(true[:, 1], melting(true[:, 0]), atol=0.01)
    assert [t.get_text() for t in figure.legends[0].get_texts()] == [*PHASES, "learned boundary", "true boundary"]
    # solid at the top left, in its own colour (blue), liquid at the bottom right, in another (orange)
    assert axes.images[0].origin == "lower"
    picture = axes.images[0].get_array()
    assert picture[-1, 0, 2] > picture[-1, 0, 0]
    assert picture[0, -1, 0] > picture[0, -1, 2]
    assert found.captions["decision_boundary"].endswith(
        "Points: 50 examples of 'test', misclassified ones with a dark edge."
    )


def test_the_picture_is_that_of_the_examples_unless_it_is_told(rng):
    data = examples()
    x = data.load_x(slice(None))
    figure = (
        DecisionBoundary(points=0).analyse(Tells(lambda t, p: melting(t) - p), data, rng).figures["decision_boundary"]
    )
    assert figure.axes[0].get_xlim() == pytest.approx((x[:, 0].min(), x[:, 0].max()))
    assert figure.axes[0].get_xlabel() == "x1"
    assert sum(len(mark.get_offsets()) for mark in figure.axes[0].collections) == 0


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"y": "temperature"}, "y", "x and y are both 'temperature'; give the two inputs different names"),
        ({"truth": "presure - 1"}, "truth", "'presure' is not an axis: did you mean 'pressure'?"),
        ({"truth": "__import__('os')"}, "truth", "is not allowed; an expression may contain numbers"),
        ({"truth": "3 - 2"}, "truth", "holds none of temperature, pressure"),
    ],
)
def test_faults_show_before_a_run(fields, field, message):
    faults = dict(plugin(**fields).check())
    assert message in faults[field]
    assert not [*plugin(truth=TRUTH).check()]


def test_what_cannot_be_drawn_is_explained(rng):
    model = Tells(lambda t, p: melting(t) - p)
    three = Examples(lambda i: np.zeros((len(i), 3)), lambda i: i % 2, np.arange(5), classes=PHASES, name="test")
    with pytest.raises(ValueError, match=r"two inputs, x of shape \(2,\); 'test' has the shape \(3,\)"):
        plugin().analyse(model, three, rng)
    with pytest.raises(
        ValueError, match=r"net' has the classes \('solid', 'liquid'\), the dataset 'test' has \('a', 'b'\)"
    ):
        plugin().analyse(model, examples(classes=("a", "b")), rng)
    with pytest.raises(ValueError, match=r"'truth' .* is not finite everywhere in the picture: narrow x_range"):
        plugin(truth="pressure - log(temperature)").analyse(model, examples(), rng)
    with pytest.raises(ValueError, match=r"'temperature' is .* in all examples, so the picture has no extent"):
        plugin(x_range=None).analyse(model, examples(1), rng)
    with pytest.raises(ValueError, match=r"with low below high; found \[5, 5\]"):
        plugin(x_range=(5, 5))


# --- in a project -----------------------------------------------------------------------------------------------------------


PROJECT = """\
project: phases
seed: 2
simulations:
  material: {use: two_phase_material, with: {samples: 2000}}
datasets:
  material:
    use: rows
    from: material
    with: {x: [temperature, pressure], y: phase, classes: [solid, liquid]}
models:
  mlp:
    use: mlp
    with: {ranges: &ranges [[0, 40], [0, 1000]], learning_rate: 0.05}
    fit: {train: material, epochs: 20, batch_size: 64, schedule: {shape: cosine}}
  guess:
    use: perceptron
    with: {weights: [1, -1], trainable: false, ranges: *ranges}
    fit: {train: material, epochs: 1, batch_size: 500}
analyses:
  phases:
    use: decision_boundary
    from: {model: mlp, dataset: material}
    with: &plane
      {x: temperature, x_unit: °C, x_range: [0, 40], y: pressure, y_unit: atm, y_range: [0, 1000],
       truth: pressure - 1 - 34*(temperature - 5.53)}
  guess: {use: decision_boundary, from: {model: guess, dataset: material}, with: *plane}
"""


@pytest.mark.slow
def test_the_phase_boundary_is_learned_to_two_per_cent_everywhere_in_the_picture(labrun, write_project, tmp_path):
    outcome = labrun("run", write_project(PROJECT), "--workers", 1)
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "phases" / "analyses"
    metrics = json.loads((folder / "phases" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["greatest distance"] < 0.02
    line = pd.read_csv(folder / "guess" / "boundary.csv")  # the diagonal of the picture, as it was given
    np.testing.assert_allclose(line["pressure"], 25 * line["temperature"], atol=0.1)
    assert (folder / "phases" / "decision_boundary.svg").is_file()


def test_the_check_of_a_project_tells_what_is_wrong(labrun, write_project):
    outcome = labrun("check", write_project(PROJECT.replace("truth: pressure", "truth: presure")))
    assert outcome.code == 2
    assert "analyses.phases.with.truth: 'presure' is not an axis: did you mean 'pressure'?" in outcome.err
