"""Batches: every example once an epoch, in an order that the seed and the epoch give."""

from __future__ import annotations

import numpy as np
import pytest

from labrun import Examples
from labrun.learning.augmentation import Augmentation
from labrun.learning.batches import Batches


def make_examples(count: int) -> tuple[Examples, list[np.ndarray]]:
    """Examples whose values say their number, and what was loaded of them."""
    loaded = []

    def load_x(indices):
        loaded.append(np.array(indices))
        return np.broadcast_to(indices.astype(np.float32)[:, None, None], (len(indices), 4, 6)).copy()

    return Examples(load_x, lambda i: i * 10, np.arange(count), periodic=True), loaded


def epoch_of(batches: Batches, epoch: int) -> list[int]:
    batches.epoch = epoch
    seen = []
    for number in range(len(batches)):
        x, y = batches.batch(number)
        np.testing.assert_array_equal(x[:, 0, 0] * 10, y)
        seen += (y // 10).tolist()
    return seen


def test_every_example_once_an_epoch_and_a_new_order_each_time():
    batches = Batches(make_examples(23)[0], 5, seed=4, shuffle=True)
    first, second = epoch_of(batches, 0), epoch_of(batches, 1)
    assert len(batches) == 5
    assert sorted(first) == sorted(second) == list(range(23))
    assert first != second


def test_order_depends_on_seed_and_epoch_alone():
    """So a resumed training, which begins with epoch 3, sees what an undisturbed one sees in epoch 3."""
    undisturbed = Batches(make_examples(23)[0], 5, seed=4, shuffle=True)
    orders = [epoch_of(undisturbed, epoch) for epoch in range(4)]
    assert epoch_of(Batches(make_examples(23)[0], 5, seed=4, shuffle=True), 3) == orders[3]
    assert epoch_of(Batches(make_examples(23)[0], 5, seed=5, shuffle=True), 3) != orders[3]


def test_without_shuffling_the_order_is_that_of_the_examples():
    assert epoch_of(Batches(make_examples(7)[0], 3), 5) == list(range(7))


def test_files_are_read_from_front_to_back():
    examples, loaded = make_examples(50)
    Batches(examples, 10, seed=1, shuffle=True).batch(2)
    assert all((np.diff(indices) > 0).all() for indices in loaded)


def test_augmentation_depends_on_seed_epoch_and_batch():
    def batch(seed: int, epoch: int, number: int) -> np.ndarray:
        x = np.random.default_rng(1).normal(size=(8, 4, 6)).astype(np.float32)
        examples = Examples(lambda i: x[i], lambda i: i, np.arange(8), periodic=True)
        batches = Batches(examples, 4, seed, augmentation=Augmentation(shift=True), epoch=epoch)
        return batches.batch(number)[0]

    np.testing.assert_array_equal(batch(1, 2, 1), batch(1, 2, 1))
    assert (batch(1, 2, 1) != batch(2, 2, 1)).any()
    assert (batch(1, 2, 1) != batch(1, 3, 1)).any()


def test_several_inputs_stay_in_step():
    examples = Examples(lambda i: {"a": i * 1.0, "b": i * 2.0}, lambda i: i, np.arange(9))
    x, y = Batches(examples, 4, seed=3, shuffle=True).batch(1)
    np.testing.assert_array_equal(x["a"], y)
    np.testing.assert_array_equal(x["b"], 2 * y)


@pytest.mark.parametrize(("count", "size", "batches"), [(1, 5, 1), (5, 5, 1), (6, 5, 2)])
def test_number_of_batches(count, size, batches):
    assert len(Batches(make_examples(count)[0], size)) == batches
