from __future__ import annotations

import re

import numpy as np
import pytest

from labrun import ArraySpec, Ensemble, ExampleSpec, Findings, Outline
from labrun.kit.classification import Classification
from labrun.kit.temperatures import temperature_table
from labrun_classification import ClassifyMembers


class Fixed:
    """Stands for a trained model: the probability of the second class is the mean of x, scaled."""

    def __init__(self, scale, classes=("low", "high"), name="cnn"):
        self.scale, self.name = scale, name
        self.kind = name.partition("[seed")[0]
        self.spec = ExampleSpec(ArraySpec((4,), "float64"), ArraySpec((), "int64"), classes)

    def probabilities(self, examples):
        high = self.scale * examples.load_x(np.arange(len(examples))).mean(axis=1)
        return np.stack([1 - high, high], axis=1)

    def logits(self, examples):
        return np.log(self.probabilities(examples))


@pytest.fixture
def simulation():
    arrays = [{"u": np.full(4, value)} for value in (0.1, 0.6, 0.9)]
    return Ensemble.from_arrays(arrays, {"kill": [1.0, 2.0, 3.0]}, "scan")


def test_every_member_gets_its_class_and_keeps_its_parameters(simulation):
    findings = ClassifyMembers(array="u").analyse([Fixed(1.0)], simulation)
    found = Classification.read(findings)
    assert list(found.parameters["kill"]) == [1.0, 2.0, 3.0]
    assert [found.classes[i] for i in found.predicted] == ["low", "high", "high"]
    counts = findings.tables["classes"].set_index("class")["members"]
    assert dict(counts) == {"low": 1, "high": 2}


def test_probabilities_of_several_networks_are_averaged(simulation):
    found = Classification.read(ClassifyMembers(array="u").analyse([Fixed(1.0), Fixed(0.5)], simulation))
    np.testing.assert_allclose(found.probabilities[:, 1], 0.75 * np.array([0.1, 0.6, 0.9]))


def test_networks_that_differ_in_more_than_their_seed_are_not_averaged(simulation):
    ClassifyMembers(array="u").analyse([Fixed(1.0, name="cnn[seed=0]"), Fixed(0.5, name="cnn[seed=1]")], simulation)
    with pytest.raises(ValueError, match=r"'cnn\[rate=1\]' and 'cnn\[rate=2\]' differ in more than their seed"):
        ClassifyMembers(array="u").analyse([Fixed(1.0, name="cnn[rate=1]"), Fixed(0.5, name="cnn[rate=2]")], simulation)


def test_a_calibration_makes_probabilities_surer(simulation):
    """With T = 1/2, p becomes p² / (p² + (1 − p)²)."""
    calibration = Findings(tables={"temperatures": temperature_table({"cnn": 0.5})})
    calibration.name = "calibration"
    findings = ClassifyMembers(array="u").analyse([Fixed(1.0)], simulation, calibration)
    p = np.array([0.1, 0.6, 0.9])
    np.testing.assert_allclose(Classification.read(findings).probabilities[:, 1], p**2 / (p**2 + (1 - p) ** 2))
    assert findings.captions["classes"].endswith("Probabilities are calibrated by 'calibration'.")
    plain = ClassifyMembers(array="u").analyse([Fixed(1.0)], simulation)
    assert plain.captions["members"].endswith("not calibrated.")


@pytest.mark.parametrize(
    ("tables", "known"),
    [
        ({}, "it has no table 'temperatures'"),
        ({"temperatures": temperature_table({"other": 1.0})}, "it has those of other. Name"),
    ],
)
def test_a_calibration_of_other_networks_is_refused(simulation, tables, known):
    with pytest.raises(ValueError, match=f"no temperature of the model 'cnn'; {re.escape(known)}"):
        ClassifyMembers(array="u").analyse([Fixed(1.0)], simulation, Findings(tables=tables))


def test_networks_of_other_classes_are_refused(simulation):
    with pytest.raises(ValueError, match="'cnn' and 'other' have different classes"):
        ClassifyMembers(array="u").analyse([Fixed(1.0), Fixed(1.0, ("high", "low"), "other")], simulation)


def test_a_class_that_nobody_belongs_to_is_counted_too(simulation):
    findings = ClassifyMembers(array="u").analyse([Fixed(0.1)], simulation)
    assert dict(findings.tables["classes"].set_index("class")["members"]) == {"low": 3, "high": 0}


def test_an_array_that_the_simulator_does_not_give_is_a_fault():
    plugin = ClassifyMembers(array="v")
    outline = Outline("scan", plugin, ("kill",), {"u": "(4,)"})
    assert list(plugin.check(simulation=outline, model=[])) == [("array", "'scan' gives no array 'v' (known: u)")]
