from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import mean_absolute_error, r2_score

from labrun import Examples, Findings, Model, Quantity, TrainedModel
from labrun.contracts.examples import Origin
from labrun_regression import NOTHING, Regression

RATE = Quantity("tumbling rate", "1/sweep", "log2")
RATES = np.logspace(-6, -1, 5, base=2)
QUICK = Regression()


class Net:
    """A model whose estimate is x times a factor, plus an offset."""

    place = 0

    def __init__(self, name: str, factor=1.0, offset=0.0, quantity: Quantity | None = RATE, **variant) -> None:
        self.name, self.variant, self.factor, self.offset = name, variant, factor, offset
        self.spec = SimpleNamespace(quantity=quantity)
        self.kind = TrainedModel(None, Path(), name, variant=variant).kind

    def estimates(self, examples: Examples) -> np.ndarray:
        return self.factor * examples.load_x(slice(None)) + self.offset


def rates(name="test", seed=1, n=400, per_member=10, quantity: Quantity | None = RATE) -> Examples:
    """x is a good guess of the rate; examples of one member share most of its error."""
    rng = np.random.default_rng(seed)
    members = np.arange(n) // per_member
    rate = RATES[members % 5]
    x = rate * 2 ** (rng.normal(0, 0.3, members.max() + 1)[members] + rng.normal(0, 0.05, n))
    y = quantity.scaled(rate) if quantity else rate
    return Examples(lambda i: x[i], lambda i: y[i], members, quantity=quantity, name=name)


def predictions(examples: Examples, method="ridge", factor=1.0) -> pd.DataFrame:
    n = len(examples)
    given = {"dataset": examples.name, "example": np.arange(n), "method": method}
    return pd.DataFrame(given | {"prediction": factor * examples.load_x(slice(None))})


def baseline(*tables: pd.DataFrame) -> Findings:
    return Findings(tables={"predictions": pd.concat(tables)})


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_scores_are_in_the_unit_of_the_quantity(rng):
    """y is the logarithm of the rate; everything else is a rate."""
    test = rates()
    findings = Regression().analyse([test], [Net("net")])
    truth, p = 2 ** test.load_y(slice(None)), test.load_x(slice(None))
    metrics = findings.metrics
    assert [*metrics] == [f"{s} test" for s in ("r", "MAE", "R²", "RMSE", "mean spread", "mean overlap")]
    assert metrics["r test"] == pytest.approx(pearsonr(p, truth).statistic)
    assert metrics["MAE test"] == pytest.approx(mean_absolute_error(truth, p))
    assert metrics["R² test"] == pytest.approx(r2_score(truth, p))
    (row,) = findings.tables["scores"].to_dict("records")
    for score in ("r", "mae", "r2", "rmse"):
        assert row[f"{score}_low"] < row[score] < row[f"{score}_high"]
    values = findings.tables["values"]
    np.testing.assert_allclose(values["truth"], RATES)
    assert values["examples"].tolist() == [80] * 5
    assert metrics["mean spread test"] == pytest.approx(values["spread"].mean())
    assert metrics["mean overlap test"] == pytest.approx(values["overlap"].mean())
    assert findings.warnings == []


def test_every_prediction_is_kept_to_seven_digits(rng):
    test = rates()
    table = QUICK.analyse([test], [Net("net")]).tables["predictions"]
    assert [*table.columns] == ["model", "dataset", "example", "group", "truth", "prediction"]
    assert table["example"].tolist() == [*range(400)]
    assert table["group"].tolist() == test.groups.tolist()
    np.testing.assert_allclose(table["prediction"], test.load_x(slice(None)), rtol=5e-7)
    assert all(len(re.sub(r"e.*|\.", "", repr(p)).lstrip("0")) <= 7 for p in table["prediction"])


def test_examples_of_few_members_leave_a_score_less_sure(rng):
    """The same 400 numbers, said to be of 400 members and of 40."""
    test = rates()
    alone = Examples(test.load_x, test.load_y, np.arange(400), quantity=RATE, name="alone")
    table = Regression().analyse([test, alone], [Net("net")]).tables["scores"].set_index("dataset")
    assert table.loc["test", "mae"] == table.loc["alone", "mae"]
    width = table["mae_high"] - table["mae_low"]
    assert width["test"] > 1.5 * width["alone"]


def test_a_score_is_a_measure_beside_its_best_baseline():
    test = rates()
    given = baseline(predictions(test, "trees", 2.0), predictions(test, factor=1.5))
    metrics = QUICK.analyse([test], [Net("net")], [given]).metrics
    mae, r = metrics["MAE test"], metrics["r test"]
    assert (mae.name, mae.unit, mae.model, mae.dataset, mae.better) == ("MAE", "1/sweep", "net", "test", "lower")
    assert mae.baseline == metrics["MAE test, ridge"] < metrics["MAE test, trees"]
    assert mae.baseline.model == "ridge"
    assert mae.interval.low < mae < mae.interval.high
    assert (mae.n, mae.units, mae.key) == (40, "members", True)
    assert (r.ceiling, r.better, r.unit) == (1.0, "higher", "")
    assert not metrics["MAE test, ridge"].key
    assert "40 members" in str(mae)


def test_parameter_sets_are_the_units_where_members_share_them():
    """Errors of the same rate agree: over five rates the score is less sure than over forty members."""
    test = rates()
    test.origin = Origin(pd.DataFrame({"rate": RATES[np.arange(40) % 5], "repeat": np.arange(40) // 5}), test.groups)
    net = Net("net")
    net.estimates = lambda examples: examples.load_x(slice(None)) * np.linspace(0.8, 1.4, 5)[test.groups % 5]
    sets, members = (Regression(by=by).analyse([test], [net]) for by in (None, "member"))
    assert (sets.metrics["MAE test"].n, sets.metrics["MAE test"].units) == (5, "parameter sets")
    assert sets.tables["scores"]["units"].tolist() == [5]
    widths = [
        found.metrics["MAE test"].interval.high - found.metrics["MAE test"].interval.low for found in (sets, members)
    ]
    assert widths[0] > 2 * widths[1]
    assert "'units': parameter sets ('test')" in sets.captions["scores"]


def test_a_perfect_prediction_has_no_interval():
    test = rates(quantity=None)
    exact = Net("net", quantity=None)
    exact.estimates = lambda examples: examples.load_y(slice(None)).astype(float)
    metrics = QUICK.analyse([test], [exact]).metrics
    assert [metrics[f"{name} test"].interval for name in ("MAE", "R²", "RMSE")] == [None] * 3


def test_the_interval_of_a_mean_over_seeds_holds_their_spread():
    nets = [Net(f"net[seed={s}]", 1 + 0.1 * s, seed=s) for s in range(3)]
    mean = QUICK.analyse([rates()], nets).metrics["MAE test"].interval
    alone = QUICK.analyse([rates()], nets[1:2]).metrics["MAE test"].interval
    assert mean.high - mean.low > 1.2 * (alone.high - alone.low)
    assert mean.method == "jackknife, 3 seeds"


def test_an_interval_asks_for_its_confidence(rng):
    sure, unsure = (
        Regression(confidence=c).analyse([rates()], [Net("net")]).tables["scores"].iloc[0] for c in (0.95, 0.5)
    )
    assert unsure["mae_high"] - unsure["mae_low"] < 0.6 * (sure["mae_high"] - sure["mae_low"])


def test_few_members_are_told(rng):
    assert QUICK.analyse([rates(n=50)], [Net("net")]).warnings == []
    warnings = QUICK.analyse([rates(n=40)], [Net("net")]).warnings
    assert warnings == [
        "the 40 examples of 'test' come from 4 members: intervals from fewer than 5 are unreliable",
    ]


def test_a_dead_network(rng):
    dead = Net("dead", 0.0, 0.11)
    findings = QUICK.analyse([rates()], [dead])
    assert findings.metrics["r test"] == 0.0
    assert findings.metrics["R² test"] < 0
    assert findings.metrics["mean spread test"] == 0.0
    assert findings.warnings == ["'dead' is dead: it predicts 0.11 for every example of 'test'"]
    assert findings.tables["scores"][["r_low", "r_high"]].isna().to_numpy().all()
    assert findings.metrics["r test"].interval is None
    assert "dead" in findings.figures["predicted_test"].axes[0].get_title()


def test_seeds_are_averaged_and_kinds_are_not(rng):
    nets = [Net(f"net[width=8,seed={s}]", 1 + 0.1 * s, width=8, seed=s) for s in range(3)]
    alone = QUICK.analyse([rates()], nets)
    scores = alone.tables["scores"]
    assert scores["seed"].tolist() == [0, 1, 2]
    assert [*scores.columns[:5]] == ["model", "width", "seed", "dataset", "examples"]
    assert alone.metrics["MAE test"] == pytest.approx(scores["mae"].mean())
    assert alone.metrics["spread of MAE test"] == pytest.approx(np.std(scores["mae"], ddof=1))
    assert "'net[width=8,seed=0]' is the first of 3 networks" in alone.captions["predicted_test"]
    assert len(alone.figures["predicted_test"].axes) == 1
    other = Net("net[width=16,seed=0]", 0.5, width=16, seed=0)
    both = QUICK.analyse([rates()], [*nets, other])
    assert both.metrics["MAE test, net[width=8]"] == pytest.approx(scores["mae"].mean())
    assert both.metrics["MAE test, net[width=16]"] == pytest.approx(both.tables["scores"]["mae"].iloc[3])
    assert "spread of MAE test, net[width=16]" not in both.metrics


def test_an_axis_of_a_matrix_that_is_called_as_a_column_is_told_apart(rng):
    nets = [Net(f"net[model={m}]", model=m) for m in ("a", "b")]
    scores = QUICK.analyse([rates()], nets).tables["scores"]
    assert scores["model"].tolist() == ["net[model=a]", "net[model=b]"]
    assert scores["model varied"].tolist() == ["a", "b"]


def test_a_baseline_is_judged_on_the_same_examples(rng, tmp_path):
    test = rates()
    given = baseline(predictions(rates("other")), predictions(test, factor=1.1).sample(frac=1, random_state=0))
    given.save(tmp_path)
    findings = QUICK.analyse([test], [Net("net"), Net("better", 1.05)], [Findings.load(tmp_path)])
    scores = findings.tables["scores"].set_index("model")
    truth, p = RATE.value(test.load_y(slice(None))), 1.1 * test.load_x(slice(None))
    assert scores.loc["ridge", "mae"] == pytest.approx(mean_absolute_error(truth, p))
    assert scores.loc["ridge", "r_low"] == pytest.approx(scores.loc["net", "r_low"])  # r knows no factor
    assert findings.metrics["MAE test, ridge"] == scores.loc["ridge", "mae"]
    assert [a.get_title().split("\n")[0] for a in findings.figures["errors_test"].axes] == ["net", "better", "ridge"]


def test_the_network_and_its_baselines_are_compared_on_the_same_members():
    """The network errs as `like` does but for its factor; `far` errs much more."""
    test = rates()
    given = baseline(predictions(test, "like", 1.001), predictions(test, "far", 1.6))
    findings = QUICK.analyse([test], [Net("net", 1.0)], [given])
    mae = findings.metrics["MAE test"]
    assert mae.baseline.model == "like"
    assert mae.comparison.low < mae.comparison.difference < mae.comparison.high
    assert mae.comparison.among == 2
    table = findings.tables["comparison"].query("score == 'MAE'").set_index("method")
    assert table.loc["far", "standing"] == "worse"
    assert sum(table["standing"] == "best") == 1
    assert list(findings.tables["comparison"]["score"].unique()) == ["r", "MAE"]


def test_a_baseline_alone(rng):
    test = rates()
    findings = QUICK.analyse([test], baseline=[baseline(predictions(test), predictions(test, "trees", 1.1))])
    assert findings.tables["scores"]["model"].tolist() == ["ridge", "trees"]
    assert findings.metrics["r test, trees"] == pytest.approx(findings.metrics["r test, ridge"])


def test_one_place_of_four_is_kept_for_a_baseline(rng):
    test = rates()
    findings = QUICK.analyse([test], [Net(f"net {i}") for i in range(6)], [baseline(predictions(test))])
    titles = [a.get_title().split("\n")[0] for a in findings.figures["predicted_test"].axes]
    assert titles == ["net 0", "net 1", "net 2", "ridge"]
    assert findings.captions["predicted_test"].endswith(" Not drawn: net 3, net 4, net 5.")


def test_without_anything_to_judge(rng):
    with pytest.raises(ValueError, match=re.escape(NOTHING)):
        Regression().analyse([rates()])
    assert list(Regression().check(dataset=[])) == [("model", NOTHING)]
    assert list(Regression().check(dataset=[], baseline=[object()])) == []


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({"x": [1]}), "the table 'predictions' of a baseline has no column 'dataset' (known: x)"),
        (
            predictions(rates()).rename(columns={"method": "methods"}),
            "has no column 'method': did you mean 'methods'?",
        ),
        (predictions(rates("train")), "'ridge' has no predictions on 'test', but on 'train'"),
        (
            predictions(rates()).iloc[1:],
            "must predict each of the 400 examples of 'test' once, numbered from 0; its table has 399 rows for 399 examples",
        ),
        (pd.concat([predictions(rates())] * 2), "its table has 800 rows for 400 examples"),
        (
            predictions(rates(), factor=np.inf),
            "the method 'ridge' predicts NaN or infinity for 400 of the 400 examples",
        ),
        (predictions(rates(), method="net"), "2 methods are called 'net'"),
    ],
)
def test_a_baseline_that_cannot_be_judged(rng, table, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        QUICK.analyse([rates()], [Net("net")], [baseline(table)])


def test_a_baseline_without_predictions(rng):
    message = "must hold a table 'predictions' with the columns dataset, example, method, prediction; .* tables scores"
    with pytest.raises(ValueError, match=message):
        QUICK.analyse([rates()], baseline=[Findings(tables={"scores": pd.DataFrame()})])


def test_a_network_that_diverged(rng):
    with pytest.raises(
        ValueError, match="the model 'net' predicts NaN or infinity for 400 of the 400 examples of 'test'"
    ):
        QUICK.analyse([rates()], [Net("net", np.nan)])


@pytest.mark.parametrize(
    ("learned", "asked", "fits"),
    [
        (Quantity("tumbling rate", "1/sweep"), RATE, True),  # the number itself, and its logarithm
        (None, Quantity("tumbling rate"), True),
        (None, RATE, False),
        (RATE, None, False),
        (Quantity("density"), Quantity("tumbling rate"), False),
        (Quantity("tumbling rate", "1/s"), Quantity("tumbling rate", "1/sweep"), False),
    ],
)
def test_a_model_is_judged_on_what_it_learned(rng, learned, asked, fits):
    test, net = rates(quantity=asked), Net("net", quantity=learned)
    if fits:
        assert QUICK.analyse([test], [net]).metrics["r test"] > 0.9
        return
    with pytest.raises(ValueError, match=r"the model 'net' learned .*: judge it on the quantity that it learned"):
        QUICK.analyse([test], [net])


@pytest.mark.parametrize(
    ("y", "classes", "message"),
    [
        (np.zeros(4, int), ("a", "b"), "the y of 'bad' is a class"),
        (np.zeros((4, 3)), None, r"the y of 'bad' is an array of shape \(3,\)"),
        (np.array([1, 2, np.nan, 4]), None, "the y of 'bad' is not finite for 1 of its examples"),
    ],
)
def test_y_must_be_a_number(rng, y, classes, message):
    bad = Examples(lambda i: np.ones(len(i)), lambda i: y[i], np.arange(4), classes=classes, name="bad")
    with pytest.raises(ValueError, match=message):
        QUICK.analyse([bad], [Net("net", quantity=None)])


class Total(Model):
    """w · (the sum over sites + the density) + b, of two inputs, with w = 1 and b = 0: known without training."""

    name: ClassVar[str] = "total"

    def build(self, examples):
        import keras

        inputs = {name: keras.Input(spec.shape, name=name) for name, spec in examples.x.items()}
        joined = keras.layers.Concatenate(name="joined")(list(inputs.values()))
        outputs = keras.layers.Dense(1, kernel_initializer="ones", name="total")(joined)
        return keras.Model(inputs, outputs)


def test_a_network_with_two_inputs_that_learned_a_logarithm(rng, write_model):
    sites = rng.normal(0, 1, (60, 5)).astype(np.float32)
    density = rng.normal(0, 1, (60, 1)).astype(np.float32)
    y = (sites.sum(axis=1) + density[:, 0] + rng.normal(0, 0.1, 60)).astype(np.float32)[:, None]
    test = Examples(
        lambda i: {"sites": sites[i], "density": density[i]}, lambda i: y[i], np.arange(60), quantity=RATE, name="test"
    )
    model = TrainedModel(Total(), write_model(Total(), test.spec), "net")
    findings = QUICK.analyse([test], [model])
    truth, p = 2.0 ** y[:, 0], 2.0 ** (sites.sum(axis=1) + density[:, 0])
    assert findings.metrics["r test"] == pytest.approx(pearsonr(p, truth).statistic, rel=1e-5)
    assert findings.metrics["MAE test"] == pytest.approx(mean_absolute_error(truth, p), rel=1e-4)
    assert "values" not in findings.tables
    assert "mean spread test" not in findings.metrics
    assert "spread" not in findings.tables["scores"]


def test_axes_are_those_of_the_quantity(rng):
    findings = QUICK.analyse([rates()], [Net("net")])
    predicted, errors = (findings.figures[name].axes[0] for name in ("predicted_test", "errors_test"))
    assert (predicted.get_xscale(), predicted.get_yscale()) == ("log", "log")
    assert predicted.get_xlabel() == "true tumbling rate [1/sweep]"
    assert predicted.get_ylabel() == "predicted tumbling rate [1/sweep]"
    assert predicted.get_xlim() == predicted.get_ylim()
    assert errors.get_ylabel() == "error of tumbling rate [1/sweep]"
    assert errors.get_xlabel().endswith("\n80 examples each")
    assert [t.get_text() for t in errors.get_xticklabels()] == [f"{r:.3g}" for r in RATES]
    linear = QUICK.analyse([rates(quantity=None)], [Net("net", quantity=None)]).figures["predicted_test"].axes[0]
    assert (linear.get_xscale(), linear.get_xlabel()) == ("linear", "true y")


def test_medians_stand_at_the_true_values(rng):
    test = rates()
    axes = QUICK.analyse([test], [Net("net", 1.2)]).figures["predicted_test"].axes[0]
    truth = RATE.value(test.load_y(slice(None)))
    marks = [line.get_xydata()[0] for line in axes.lines if line.get_marker() == "o"]
    expected = [(r, np.median(1.2 * test.load_x(np.isclose(truth, r)))) for r in RATES]
    np.testing.assert_allclose(marks, expected)


@pytest.mark.parametrize("scale", ["linear", "log2"])
@pytest.mark.parametrize("n", [1, 7, 4000])
def test_any_number_of_examples_is_drawn(rng, scale, n):
    quantity = Quantity("density", scale=scale)
    truth = rng.uniform(0.1, 0.9, n)
    test = Examples(lambda i: truth[i], lambda i: quantity.scaled(truth)[i], np.arange(n), quantity=quantity, name="t")
    nets = [Net("net", 1.1, quantity=quantity), Net("negative", -1, quantity=quantity), Net("dead", 0, 0.5, quantity)]
    findings = QUICK.analyse([test], nets)
    assert {*findings.figures} == {"predicted_t", "errors_t"}
    for figure in findings.figures.values():
        figure.canvas.draw()
    if scale == "log2":  # negative predictions have no place there
        found = re.search(r" (\d+) predictions beyond ", findings.captions["predicted_t"])
        assert found
        assert int(found[1]) >= n


def test_datasets_of_a_matrix_have_figures_of_their_own(rng):
    names = ["rates[size=8+4].test", "rates[size=8,4].test", "rates[size=8 4].test"]
    findings = QUICK.analyse([rates(name) for name in names], [Net("net")])
    assert [*findings.figures][::2] == [f"predicted_{name}" for name in names]
    assert f"r {names[2]}" in findings.metrics


PROJECT = """\
project: amplitudes
plugins: [lab.py]
simulations:
  waves: {use: wave, with: {points: 6}, sweep: {grid: {amplitude: {from: 0.5, to: 9.5, step: 0.25}}}}
datasets:
  lines: {use: lines, from: waves, with: {y: amplitude}, split: {fractions: {train: 0.5, test: 0.5}}}
models:
  net:
    use: line
    with: {learning_rate: 0.001}
    fit: {train: lines.train, epochs: 1, batch_size: 4}
    matrix: {fit.epochs: [1, 4], fit.seed: [0, 1]}
analyses:
  scores: {use: regression, from: {model: net, dataset: lines.test}}
  curve: {use: learning_curve, from: scores, with: {x: epochs, y: mae}}
"""


def test_a_project_from_waves_to_a_learning_curve(write_project, labrun):
    done = labrun("run", write_project(PROJECT), "--workers", 1)
    assert done.code == 0, done.err
    folder = Path("runs/amplitudes/analyses")
    scores = pd.read_csv(folder / "scores/scores.csv")
    assert scores[["epochs", "seed"]].to_numpy().tolist() == [[1, 0], [1, 1], [4, 0], [4, 1]]
    metrics = json.loads((folder / "scores/metrics.json").read_text())
    assert metrics["MAE lines.test, net[epochs=4]"] == pytest.approx(scores["mae"][2:].mean())
    assert metrics["r lines.test, net[epochs=4]"] > 0.99  # amplitude is linear in the wave
    for name in ("scores/predicted_lines.test", "scores/errors_lines.test", "curve/learning_curve"):
        assert (folder / f"{name}.png").exists()
    curve = pd.read_csv(folder / "curve/curve.csv")
    assert curve["x"].tolist() == [1, 4]
    assert curve["mean"].tolist() == pytest.approx([scores["mae"][:2].mean(), scores["mae"][2:].mean()])
    assert curve["error"][0] == pytest.approx(abs(scores["mae"][0] - scores["mae"][1]) / 2)
    assert curve["mean"][0] > curve["mean"][1]


def test_a_project_that_names_nothing_to_judge(write_project, labrun):
    outcome = labrun(
        "check", write_project(PROJECT.replace("{model: net, dataset: lines.test}", "{dataset: lines.test}"))
    )
    assert outcome.code == 2
    assert NOTHING in outcome.err
