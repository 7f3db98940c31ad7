"""Checks of a network before it is trained; one that departs from the rule on purpose is accepted."""

from typing import ClassVar

import pytest

from labrun import ArraySpec, ExampleSpec, Model
from labrun.faults import LabrunError
from labrun.learning.checks import check_network

CLASSES = ExampleSpec(ArraySpec((3,), "float32"), ArraySpec((), "int64"), ("a", "b"))
NUMBER = ExampleSpec(ArraySpec((3,), "float32"), ArraySpec((), "float32"))
PICTURE = ExampleSpec(ArraySpec((3,), "float32"), ArraySpec((4,), "float32"))


class Net(Model):
    name: ClassVar[str] = "net"


class OwnTraining(Net):
    def fit(self, *_):
        raise NotImplementedError


@pytest.fixture(scope="module")
def network():
    keras = pytest.importorskip("keras")

    def network(units, loss="mse", kind=keras.Model):
        inputs = keras.Input((3,))
        outputs = [keras.layers.Dense(n)(inputs) for n in (units if isinstance(units, list) else [units])]
        model = kind(inputs, outputs if isinstance(units, list) else outputs[0])
        model.compile(loss=loss)
        return model

    return network


@pytest.mark.parametrize(("spec", "units"), [(CLASSES, 2), (NUMBER, 1), (PICTURE, 4), (PICTURE, 9)])
def test_output_that_matches_the_targets(network, spec, units):
    check_network(Net(), network(units), spec)


@pytest.mark.parametrize(
    ("spec", "units", "message"),
    [
        (
            CLASSES,
            3,
            r"with the output shape \(None, 3\), but the examples have 2 classes: expected \(None, 2\)\. Take the shape",
        ),
        (
            CLASSES,
            1,
            r"with the output shape \(None, 1\), but the examples have 2 classes: expected \(None, 2\)\. Take the shape",
        ),
        (
            NUMBER,
            2,
            r"with the output shape \(None, 2\), but the examples have one number each: expected \(None, 1\)\. Take the shape",
        ),
    ],
)
def test_output_that_does_not(network, spec, units, message):
    with pytest.raises(LabrunError, match=message):
        check_network(Net(), network(units), spec)


def test_a_loss_step_or_fit_of_its_own_may_expect_another_shape(network):
    """A mean and a variance for each number, say."""
    keras = pytest.importorskip("keras")

    class OwnStep(keras.Model):
        def compute_loss(self, *_, **__):
            raise NotImplementedError

    check_network(Net(), network(2, loss=lambda y, found: found[:, 0]), NUMBER)
    check_network(Net(), network(2, kind=OwnStep), NUMBER)
    check_network(OwnTraining(), network(2), NUMBER)
    check_network(Net(), network([1, 1]), NUMBER)


def test_a_sequential_network():
    keras = pytest.importorskip("keras")

    model = keras.Sequential([keras.layers.Dense(2)])
    model.compile(loss="mse")
    check_network(Net(), model, NUMBER)
