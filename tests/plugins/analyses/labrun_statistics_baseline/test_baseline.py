"""The regression: that it tells what statistics tell, from examples of every kind, and that its findings can be judged."""

from __future__ import annotations

import numpy as np
import pytest

from labrun import Examples, Quantity
from labrun_statistics_baseline import StatisticsBaseline


def crowds(rng, count=60, name="crowds", kind="codes", quantity=None):
    """Random planes; the target is their density."""
    density = rng.uniform(0.05, 0.5, count)
    codes = (rng.integers(1, 5, (count, 16, 20)) * (rng.random((count, 16, 20)) < density[:, None, None])).astype(
        np.uint8
    )
    y = (codes > 0).mean(axis=(1, 2)).astype(np.float32)
    x = (codes > 0).astype(np.uint8)[..., None] if kind == "occupancy" else codes

    def load_x(i):
        return {"snapshot": x[i], "density": y[i][:, None]} if kind == "dict" else x[i]

    y = y if quantity is None else quantity.scaled(y).astype(np.float32)
    return Examples(load_x, lambda i: y[i], np.arange(count), quantity=quantity, name=name)


@pytest.mark.parametrize("quantity", [None, Quantity("density", "1/site", "log2")])
def test_it_tells_what_a_statistic_tells(rng, quantity):
    train, test = crowds(rng, 200, "train", quantity=quantity), crowds(rng, 80, "test", quantity=quantity)
    findings = StatisticsBaseline().analyse(train, [test], rng)
    assert findings.metrics["r test"] > 0.999
    assert findings.metrics["MAE test"] < 0.01
    table = findings.tables["predictions"]
    assert list(table.columns) == ["dataset", "example", "method", "prediction"]
    truth = (test.load_x(slice(None)) > 0).mean(axis=(1, 2))
    np.testing.assert_allclose(table["prediction"], truth, atol=0.03)
    assert set(table["dataset"]) == {"test"}
    assert table["example"].tolist() == list(range(80))


def test_places_alone(rng):
    train, test = crowds(rng, 100, kind="occupancy"), crowds(rng, 30, "test", kind="occupancy")
    findings = StatisticsBaseline(sees="occupancy", kernels=50).analyse(train, [train, test], rng)
    assert findings.metrics["r test"] > 0.99
    assert set(findings.tables["predictions"]["method"]) == {"statistics of places"}
    assert findings.tables["scores"]["examples"].tolist() == [100, 30]


def test_snapshots_that_come_with_their_density(rng):
    findings = StatisticsBaseline().analyse(crowds(rng, 100, kind="dict"), [crowds(rng, 30, "test", kind="dict")], rng)
    assert findings.metrics["r test"] > 0.99


def test_it_needs_snapshots_of_codes_and_a_number(rng):
    with pytest.raises(
        ValueError,
        match=r"expects x of shape \(height, width\) for 'sees: orientation', but 'crowds' has \(16, 20, 1\)",
    ):
        StatisticsBaseline().analyse(crowds(rng, kind="occupancy"), [], rng)
    named = Examples(
        lambda i: np.zeros((len(i), 4, 4)), lambda i: i % 2, np.arange(4), classes=["a", "b"], name="named"
    )
    with pytest.raises(ValueError, match="statistics_baseline predicts numbers, but the y of 'named' is a class"):
        StatisticsBaseline().analyse(named, [], rng)
