"""The networks that come with the plugin, on patterns that are simulated here and now."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from labrun.contracts.examples import Examples
from labrun.learning.pretrained import load_trained
from labrun.registry.registry import Registry
from labrun_gray_scott import GrayScott

TABLES = Path(__file__).parents[4] / "projects" / "gray_scott"
EASY = ("gamma", "delta", "iota", "kappa", "lambda", "mu", "l", "h")
"""Classes that no start of a run makes look like another."""


@pytest.fixture(scope="module")
def patterns() -> dict[str, np.ndarray]:
    with (TABLES / "train.csv").open(newline="", encoding="utf-8") as stream:
        points = {row["class"]: (float(row["kill"]), float(row["feed"])) for row in csv.DictReader(stream)}
    rng = np.random.default_rng(20261124)
    return {name: GrayScott(kill=points[name][0], feed=points[name][1]).simulate(rng)["u"] for name in EASY}


@pytest.mark.parametrize(("shipped", "classes"), [("gray_scott_first_pass", 15), ("gray_scott_second_pass", 16)])
def test_shipped_networks_name_new_patterns(shipped, classes, patterns):
    offer = Registry.installed().find("models", "pattern_cnn")
    folder = offer.plugin.pretrained[shipped]
    model = load_trained(folder, offer)
    x = np.stack(list(patterns.values()))
    probabilities = model.probabilities(Examples.inputs_only(lambda i: x[i], len(x)))
    assert probabilities.shape == (len(EASY), classes)
    assert [model.spec.classes[i] for i in probabilities.argmax(axis=1)] == list(EASY)
    assert sum(file.stat().st_size for file in folder.iterdir()) < 2e6
