from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from labrun import Ensemble, Findings
from labrun.kit.classification import Classification
from labrun.kit.patterns import PatternAnalysis, Patterns


@pytest.fixture
def simulation() -> Ensemble:
    """Members 0, 1 and 2."""
    return Ensemble.from_arrays([{"u": np.zeros((4, 6))}] * 3, {"kill": [1.0, 2.0, 3.0]}, "scan")


def make_classes(members, probabilities) -> Findings:
    parameters = pd.DataFrame({"kill": 0.0}, index=pd.Index(members, name="member"))
    return Classification(parameters, ("a", "b"), np.asarray(probabilities, float)).findings()


def test_rows_are_joined_by_the_number_of_the_member(simulation):
    classes = make_classes([2, 0], [[0.2, 0.8], [0.9, 0.1]])
    novelty = Findings(
        tables={"members": pd.DataFrame({"member": [1, 2, 0], "score": [5.0, 6.0, 7.0], "novel": [0, 1, 0]})}
    )
    patterns = Patterns.gather(simulation, classes, novelty)
    assert patterns.members == [0, 2]
    assert patterns.positions.tolist() == [0, 2]
    assert patterns.predicted.tolist() == [0, 1]
    assert patterns.probability.tolist() == [0.9, 0.8]
    assert patterns.parameters["kill"].tolist() == [1.0, 3.0]
    assert patterns.score.tolist() == [7.0, 6.0]
    assert patterns.novel.tolist() == [False, True]
    assert patterns.warnings == ["1 members have no class and are left out."]


def test_several_answers_for_a_member_are_averaged(simulation):
    patterns = Patterns.gather(simulation, make_classes([1, 1, 0], [[1, 0], [0, 1], [0, 1]]), None)
    assert patterns.probabilities.tolist() == [[0, 1], [0.5, 0.5]]
    assert patterns.score is patterns.novel is None


def test_findings_of_another_simulation_are_refused(simulation):
    with pytest.raises(
        ValueError, match=r"the classification has members that 'scan' does not have \(7\); join stages"
    ):
        Patterns.gather(simulation, make_classes([0, 7], np.eye(2)), None)
    novelty = Findings(tables={"members": pd.DataFrame({"member": [0], "score": [5.0], "novel": [False]})})
    with pytest.raises(ValueError, match=r"the novelty of some classified members is missing \(1\)"):
        Patterns.gather(simulation, make_classes([0, 1], np.eye(2)), novelty)
    with pytest.raises(ValueError, match="'novelty' expects findings with a table 'members'"):
        Patterns.gather(simulation, make_classes([0], [[1, 0]]), Findings())


def test_the_array_is_the_first_that_can_be_drawn_unless_one_is_named():
    arrays = [{"a": np.zeros(3), "b": np.eye(2, 3), "c": np.zeros((5, 6, 2))}]
    simulation = Ensemble.from_arrays(arrays, {"kill": [1.0]}, "scan")
    assert PatternAnalysis().draw_sprites(simulation).thumbnails.shape == (1, 2, 3)
    assert PatternAnalysis(array="c").draw_sprites(simulation).thumbnails.shape == (1, 5, 6)
    with pytest.raises(ValueError, match="'flat' has no array of two or three dimensions to draw; it has a"):
        PatternAnalysis().draw_sprites(Ensemble.from_arrays([{"a": np.zeros(3)}], {"kill": [1.0]}, "flat"))
