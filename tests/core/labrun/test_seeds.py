"""Seeds: the design's formula, and independence of everything but the purpose."""

import hashlib

import numpy as np
import pytest

from labrun.seeds import generator, integer_seed


def test_the_formula_of_the_design():
    """Member 17 of the stage `train` draws from SeedSequence(project seed, spawn_key=(hash('train'), 17))."""
    word = int.from_bytes(hashlib.sha256(b"train").digest()[:8], "little")
    expected = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(word, 17)))
    np.testing.assert_array_equal(generator(3, "train", 17).random(5), expected.random(5))


@pytest.mark.parametrize(
    "other",
    [
        (4, "train", 17),
        (3, "test", 17),
        (3, "train", 18),
        (3, "train", "17"),
        (3, "train"),
        (3, "train", 17.0),
        (3, "train", True),
        (3, "train", (17,)),
        (3, "train", -17),
        (10**40, "train", 17),
    ],
)
def test_each_purpose_has_its_own(other):
    assert generator(*other).random() != generator(3, "train", 17).random()
    assert generator(*other).random() == generator(*other).random()


def test_integer_seeds_fit_into_31_bits():
    assert 0 <= integer_seed(3, "net") < 2**31
    assert integer_seed(3, "net") == integer_seed(3, "net") != integer_seed(4, "net")
