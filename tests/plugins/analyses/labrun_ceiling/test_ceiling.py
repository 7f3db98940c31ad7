from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest

from labrun import Examples, TrainedModel
from labrun_ceiling import Ceiling
from labrun_ceiling.identical import find_identical
from labrun_slice_cnn import SliceCNN

CLASSES = ["5.0", "5.5", "6.0"]


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def skies(rng, empty=(6, 4, 1), full=(2, 4, 7), dtype=np.float32):
    """Oblong slices of three classes, of which some are empty."""
    y = np.repeat([0, 1, 2, 0, 1, 2], [*empty, *full])
    x = rng.integers(1, 1000, (len(y), 4, 6, 1)).astype(dtype)
    x[: sum(empty)] = 0
    order = rng.permutation(len(y))
    x, y = x[order], y[order]
    return Examples(lambda i: x[i], lambda i: y[i], np.arange(len(y)), classes=CLASSES, name="skies")


def test_the_best_guess_on_empty_slices_is_their_most_frequent_class(rng):
    """Of 24 slices 11 are empty; who calls those 5.0 errs on 5."""
    findings = Ceiling().analyse(skies(rng))
    assert findings.metrics == {"ceiling": pytest.approx(19 / 24), "identical examples": 11, "empty examples": 11}
    table = findings.tables["classes"]
    assert table["class"].tolist() == CLASSES
    assert table["examples"].tolist() == [8, 8, 8]
    assert table["empty"].tolist() == table["identical"].tolist() == [6, 4, 1]
    assert "scores" not in findings.tables
    assert "The best accuracy that these leave is 0.7917" in findings.captions["ceiling"]


def test_the_ceiling_of_the_notes(rng):
    """12 escape fractions: at z = 5.0 all cubes are empty, and at 5.5 those of 11 of them. For the redshift the best is 193 of 204."""
    redshift = np.repeat(np.arange(17), 12)
    x = rng.random((204, 4, 4, 1)).astype(np.float32)
    x[:12] = x[13:24] = 0
    names = [f"{5 + i / 2:g}" for i in range(17)]
    examples = Examples(lambda i: x[i], lambda i: redshift[i], redshift, classes=names, name="grid")
    assert Ceiling().analyse(examples).metrics["ceiling"] == pytest.approx(193 / 204)


def test_it_is_what_comparing_all_pairs_gives(rng):
    """Of few grey levels in few pixels, so that much is the same by chance."""
    x = rng.integers(-1, 2, (200, 1, 3, 1)) * np.float32(1)
    x[rng.random(x.shape) < 0.2] *= -1  # some zeros are negative, and as good as others
    y = rng.integers(0, 3, 200)
    found = find_identical(Examples(lambda i: x[i], lambda i: y[i], np.arange(200), classes=CLASSES))
    same = (x[:, None] == x[None]).all(axis=(2, 3, 4))
    np.testing.assert_array_equal(found.shared, (same & (y[:, None] != y)).any(axis=1))
    best = sum(np.bincount(y[row]).max() / row.sum() for row in same) / 200
    assert found.ceiling == pytest.approx(best)
    np.testing.assert_array_equal(found.empty, [np.unique(one).size == 1 for one in x])


def test_several_inputs_are_the_same_only_if_all_are():
    a, b = np.zeros((4, 2)), np.array([[0.0], [1], [0], [1]])
    y = np.array([0, 1, 1, 1])
    examples = Examples(lambda i: {"a": a[i], "b": b[i]}, lambda i: y[i], np.arange(4), classes=CLASSES)
    found = find_identical(examples)
    assert found.shared.tolist() == [True, False, True, False]
    assert found.ceiling == pytest.approx(3 / 4)


def test_noise_leaves_no_limit(rng):
    findings = Ceiling().analyse(skies(rng, empty=(0, 0, 0)))
    assert findings.metrics["ceiling"] == 1
    assert "No two classes have an example in common" in findings.captions["ceiling"]


def test_models_stand_beside_it(write_model, rng):
    examples = skies(rng)
    plugin = SliceCNN(layers=["mean"])
    model = TrainedModel(plugin, write_model(plugin, examples.spec), "net")
    findings = Ceiling().analyse(examples, [model])
    accuracy = (model.predict(examples).argmax(axis=1) == examples.load_y(slice(None))).mean()
    assert findings.metrics["accuracy net"] == pytest.approx(accuracy)
    assert findings.metrics["share of the ceiling, net"] == pytest.approx(accuracy * 24 / 19)
    scores = findings.tables["scores"].set_index("classifier")["accuracy"]
    assert scores.to_dict() == {"the best possible": pytest.approx(19 / 24), "net": pytest.approx(accuracy)}


def test_what_it_cannot_judge_is_explained(write_model, rng):
    x = np.zeros((3, 2, 2, 1), np.float32)
    numbers = Examples(lambda i: x[i], lambda i: i * 1.0, np.arange(3), name="numbers")
    with pytest.raises(ValueError, match="ceiling needs classes, but the y of 'numbers' is not a class"):
        Ceiling().analyse(numbers)
    plugin = SliceCNN(layers=["mean"])
    model = TrainedModel(plugin, write_model(plugin, numbers.spec), "net")
    with pytest.raises(ValueError, match=r"'net' learned the classes \(none\), but those of 'skies' are 5.0, 5.5, 6.0"):
        Ceiling().analyse(skies(rng), [model])
