"""Inputs that are unlike those of a training are recognised by a few numbers."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from labrun import Examples, Model
from labrun.contracts.input_ranges import InputRanges, describe


class Plain(Model):
    """Shows its network what it is given."""

    name: ClassVar[str] = "plain"


class Doubling(Model):
    """Shows its network twice of it."""

    name: ClassVar[str] = "doubling"

    def shown(self, x):
        return 2 * x


def wave(rows: int, columns: int, wavelength: float) -> np.ndarray:
    return np.broadcast_to(np.cos(2 * np.pi * np.arange(columns) / wavelength), (rows, columns)).astype(np.float32)


@pytest.mark.parametrize("wavelength", [4, 8, 16])
def test_the_wavelength_of_a_wave_is_its_own(wavelength):
    found = describe(3 + 2 * wave(12, 32, wavelength))
    assert found["wavelength"] == pytest.approx(wavelength, rel=1e-5)
    assert found["mean"] == pytest.approx(3)
    assert found["standard deviation"] == pytest.approx(2 / np.sqrt(2))


def test_an_enlarged_picture_has_a_longer_wavelength(rng):
    picture = rng.normal(size=(16, 24, 3))
    double = picture.repeat(4, axis=0).repeat(4, axis=1)
    assert describe(double)["wavelength"] > 2 * describe(picture)["wavelength"]


def test_a_uniform_picture_has_none():
    assert describe(np.full((5, 7), 2.5))["wavelength"] == 0


@pytest.fixture
def examples(rng) -> Examples:
    x = np.stack([wave(12, 48, 6 + i % 5) for i in range(600)])
    return Examples(lambda i: x[i], lambda i: np.zeros(len(x[i]), np.float32), np.arange(600))


def test_what_lies_outside_of_the_training_is_said(examples):
    ranges = InputRanges.of(examples, Plain())
    assert ranges is not None
    assert ranges.unlike(wave(12, 48, 8)) == ""
    assert ranges.unlike(wave(12, 48, 24)) == "wavelength 24 (training: 5.66 to 9.79)"
    assert "mean 5 (training:" in ranges.unlike(5 + wave(12, 48, 8))
    assert InputRanges.from_record(ranges.record()) == ranges


def test_all_examples_of_the_training_are_like_it(examples):
    ranges = InputRanges.of(examples, Plain())
    assert ranges is not None
    assert not any(ranges.unlike(examples.load_x([i])[0]) for i in range(0, 600, 7))


def test_inputs_are_looked_at_as_the_network_is_shown_them(examples):
    plain, doubled = InputRanges.of(examples, Plain()), InputRanges.of(examples, Doubling())
    assert plain is not None
    assert doubled is not None
    for one, two in zip(plain.ranges["standard deviation"], doubled.ranges["standard deviation"], strict=True):
        assert two == pytest.approx(2 * one)


def test_each_number_of_a_short_list(rng):
    x = rng.uniform([0, 10], [1, 20], (200, 2)).astype(np.float32)
    examples = Examples(lambda i: x[i], lambda i: np.zeros(len(x[i]), np.float32), np.arange(200))
    ranges = InputRanges.of(examples, Plain())
    assert ranges is not None
    assert ranges.unlike(np.array([0.5, 15])) == ""
    assert ranges.unlike(np.array([15, 0.5])).startswith("input 0 15 (training: -0.0")
    assert ranges.unlike(np.array([15, 0.5])).endswith(" and 1 more")


def test_few_examples_say_little():
    examples = Examples(lambda i: np.ones((len(i), 3)), lambda i: np.zeros(len(i)), np.arange(19))
    assert InputRanges.of(examples, Plain()) is None


def test_several_inputs_are_not_described():
    x = np.zeros((30, 4), np.float32)
    examples = Examples(lambda i: {"a": x[i], "b": x[i]}, lambda i: x[i, 0], np.arange(30))
    assert InputRanges.of(examples, Plain()) is None
