import numpy as np
import pandas as pd
import pytest

from labrun import Findings
from labrun.kit.classification import Classification


@pytest.fixture
def classification(rng):
    parameters = pd.DataFrame({"kill": [0.05, 0.06, 0.07]}, index=pd.Index([0, 2, 5], name="member"))
    probabilities = np.array([[0.2, 0.8], [1.0, 0.0], [0.5, 0.5]])
    return Classification(parameters, ("alpha", "pi"), probabilities)


def test_sure_members_have_no_entropy_and_a_guess_has_the_logarithm_of_the_classes(classification):
    np.testing.assert_allclose(classification.entropy[1:], [0.0, np.log(2)])
    guess = Classification(pd.DataFrame(index=[0]), tuple("abcdefghijklmno"), np.full((1, 15), 1 / 15))
    np.testing.assert_allclose(guess.entropy, np.log(15))


def test_the_table_names_the_most_probable_class(classification):
    table = classification.table()
    assert list(table.columns) == ["kill", "class", "probability", "entropy", "p_alpha", "p_pi"]
    assert list(table["class"]) == ["pi", "alpha", "alpha"]
    assert list(table["probability"]) == [0.8, 1.0, 0.5]


def test_findings_that_were_saved_give_the_same_classification(classification, tmp_path):
    classification.findings().save(tmp_path)
    again = Classification.read(Findings.load(tmp_path))
    pd.testing.assert_frame_equal(again.parameters, classification.parameters)
    assert again.classes == classification.classes
    np.testing.assert_array_equal(again.probabilities, classification.probabilities)


def test_other_findings_are_refused_with_what_is_wanted():
    with pytest.raises(ValueError, match="expected a classification"):
        Classification.read(Findings(tables={"scores": pd.DataFrame()}))


def test_a_label_of_the_sweep_stands_beside_the_class_that_is_predicted(classification):
    labels = ["pi", "pi", "alpha"]
    labelled = Classification(
        classification.parameters.assign(**{"class": labels}), classification.classes, classification.probabilities
    )
    table = labelled.table()
    assert list(table["given_class"]) == labels
    assert list(table["class"]) == ["pi", "alpha", "alpha"]
    assert list(Classification.from_table(table).parameters.columns) == ["kill", "given_class"]
