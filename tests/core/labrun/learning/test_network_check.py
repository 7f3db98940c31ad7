"""A network is looked at before it is trained; one that means what it does is left alone."""

from typing import ClassVar

import pytest

from labrun import ArraySpec, ExampleSpec, Model
from labrun.faults import LabrunError
from labrun.learning.network_check import expect_network

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
def test_what_suits(network, spec, units):
    expect_network(Net(), network(units), spec)


@pytest.mark.parametrize(
    ("spec", "units", "message"),
    [
        (CLASSES, 3, r"whose output is \(None, 3\), but the examples have 2 classes: \(None, 2\) is wanted"),
        (CLASSES, 1, r"whose output is \(None, 1\), but the examples have 2 classes: \(None, 2\) is wanted"),
        (NUMBER, 2, r"whose output is \(None, 2\), but the examples have one number an example: \(None, 1\) is wanted"),
    ],
)
def test_what_does_not(network, spec, units, message):
    with pytest.raises(LabrunError, match=message):
        expect_network(Net(), network(units), spec)


def test_an_own_loss_step_or_training_may_want_another_shape(network):
    """A mean and a variance for each number, say."""
    keras = pytest.importorskip("keras")

    class OwnStep(keras.Model):
        def compute_loss(self, *_, **__):
            raise NotImplementedError

    expect_network(Net(), network(2, loss=lambda y, found: found[:, 0]), NUMBER)
    expect_network(Net(), network(2, kind=OwnStep), NUMBER)
    expect_network(OwnTraining(), network(2), NUMBER)
    expect_network(Net(), network([1, 1]), NUMBER)


def test_a_network_that_is_no_graph():
    keras = pytest.importorskip("keras")

    model = keras.Sequential([keras.layers.Dense(2)])
    model.compile(loss="mse")
    expect_network(Net(), model, NUMBER)
