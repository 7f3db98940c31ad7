from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.metrics import log_loss

from labrun import Examples
from labrun.kit.temperatures import read_temperature
from labrun_calibration import Calibration
from labrun_calibration.scores import probabilities_of

CLASSES = ("a", "b", "c")


class Logits:
    """A model whose logits are its input times a factor."""

    def __init__(self, name: str, factor: float) -> None:
        self.name, self.factor, self.kind = name, factor, name.partition("[seed")[0]
        self.spec = SimpleNamespace(classes=CLASSES)

    def logits(self, examples: Examples) -> np.ndarray:
        return self.factor * examples.load_x(slice(None))


def examples(name: str, seed: int, n: int = 3000, classes: tuple[str, ...] | None = CLASSES) -> Examples:
    """x are the logits of the probabilities by which y is drawn."""
    rng = np.random.default_rng(seed)
    x = (2 * rng.standard_normal((n, 3))).astype(np.float32)
    y = (probabilities_of(x).cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return Examples(lambda i: x[i], lambda i: y[i], np.arange(n), classes=classes, name=name)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Matplotlib keeps every figure until it is closed, and warns of more than 20."""
    yield
    plt.close("all")


def test_one_temperature_makes_an_overconfident_network_as_sure_as_it_is_right():
    test = examples("test", 1)
    findings = Calibration().analyse([Logits("net", 3.0)], examples("validation", 0), [test])
    metrics = findings.metrics
    assert list(metrics) == [
        "temperature",
        *(f"{n} test{s}" for n in ("ECE", "maximum error", "NLL", "Brier score") for s in ("", ", scaled")),
    ]
    assert metrics["temperature"] == pytest.approx(3.0, rel=0.1)
    assert metrics["ECE test"] > 0.1 > 0.03 > metrics["ECE test, scaled"]
    assert metrics["Brier score test"] > metrics["Brier score test, scaled"]
    truth, x = test.load_y(slice(None)), test.load_x(slice(None))
    assert metrics["NLL test"] == pytest.approx(log_loss(truth, probabilities_of(3 * x)))
    nll = metrics["NLL test, scaled"]
    assert nll.interval.low < nll < nll.interval.high < metrics["NLL test"].interval.low
    assert (nll.n, nll.units) == (3000, "members")
    assert metrics["ECE test, scaled"].interval is None
    assert 0.005 < metrics["ECE test, scaled"].ceiling < 0.03
    table = findings.tables["scores"].set_index("state")
    assert table.loc["as trained", "temperature"] == 1.0
    assert table["accuracy"].nunique() == 1
    assert table.loc["as trained", "probability"] > table.loc["as trained", "accuracy"] + 0.1
    assert table.loc["scaled", "probability"] == pytest.approx(table.loc["scaled", "accuracy"], abs=0.02)
    assert findings.tables["reliability"].groupby("state")["examples"].sum().tolist() == [3000, 3000]
    assert findings.warnings == []


def test_each_model_has_its_own_temperature():
    models = [Logits("cold", 3.0), Logits("warm", 0.5)]
    findings = Calibration().analyse(models, examples("validation", 0), [examples("test", 1), examples("far", 2)])
    scaled = findings.tables["scores"].query("state == 'scaled' and dataset == 'far'").set_index("model")
    assert scaled.loc["cold", "temperature"] == pytest.approx(6 * scaled.loc["warm", "temperature"], rel=1e-3)
    assert scaled.loc["cold", "ECE"] == pytest.approx(scaled.loc["warm", "ECE"], abs=1e-3)
    for name in ("cold", "warm"):
        assert findings.metrics[f"ECE far, scaled, {name}"] == scaled.loc[name, "ECE"]
        assert findings.metrics[f"temperature, {name}"] == read_temperature(findings, name)
        assert read_temperature(findings, name) == scaled.loc[name, "temperature"]
    titles = [axes.get_title() for axes in findings.figures["reliability"].axes if axes.get_title()]
    assert [title.split(":")[0] for title in titles] == ["test, cold", "test, warm", "far, cold", "far, warm"]


def test_networks_that_differ_in_their_seed_are_put_together():
    models = [Logits(f"net[seed={seed}]", 3.0 + seed) for seed in range(2)]
    findings = Calibration().analyse(models, examples("validation", 0), [examples("test", 1)])
    scaled = findings.tables["scores"].query("state == 'scaled'")
    assert findings.metrics["ECE test, scaled"] == pytest.approx(scaled["ECE"].mean())
    assert findings.metrics["temperature"] == pytest.approx(scaled["temperature"].mean())
    assert findings.metrics["ECE test, scaled"].baseline == findings.metrics["ECE test"]
    assert findings.tables["reliability"].query("state == 'scaled'")["examples"].sum() == 6000
    assert (
        " Each panel holds the examples of all seeds. The temperature takes the ECE from "
        in findings.captions["reliability"]
    )


def test_validation_without_errors_is_told():
    validation = examples("validation", 0)
    right = validation.take(validation.load_x(slice(None)).argmax(axis=1) == validation.load_y(slice(None)))
    findings = Calibration().analyse([Logits("net", 3.0)], right, [examples("test", 1)])
    (warning,) = findings.warnings
    assert warning.startswith(
        f"temperature of the model 'net' from 'validation': all {len(right)} examples are right, so no errors determine"
    )
    assert warning.partition(": ")[2] == findings.tables["temperatures"]["remark"][0]


@pytest.mark.parametrize("classes", [None, ("b", "a", "c")])
def test_other_classes_are_refused(classes):
    with pytest.raises(
        ValueError, match=r"net' has the classes \('a', 'b', 'c'\), but the dataset 'test' has .* same order"
    ):
        Calibration().analyse([Logits("net", 1.0)], examples("validation", 0), [examples("test", 1, classes=classes)])


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_diagram_for_each_dataset(count):
    sets = [examples(f"set {i}", i, 200) for i in range(count)]
    figure = Calibration().analyse([Logits("net", 1.0)], examples("validation", 0), sets).figures["reliability"]
    shown = [axes for axes in figure.axes if axes.axison]
    assert len(shown) == 2 * count
    titles = [axes.get_title().split(":")[0] for axes in shown if axes.get_title()]
    assert titles == [f"set {i}" for i in range(count)]
