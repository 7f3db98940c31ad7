"""The networks of the seed of the 21-cm domain have the weights that it printed."""

from __future__ import annotations

import keras
import pytest

from labrun import ArraySpec, ExampleSpec
from labrun_autoencoder import Autoencoder
from labrun_mlp import MLP
from labrun_slice_cnn import SliceCNN

REDSHIFTS = tuple(f"{5 + i / 2:.1f}" for i in range(17))


def spec(shape):
    return ExampleSpec(ArraySpec(shape, "float32"), ArraySpec((), "int64"), REDSHIFTS)


def test_the_fully_connected_one_on_tiles():
    model = MLP(hidden=[350], activation="sigmoid", optimizer="sgd", learning_rate=0.01).build(spec((50, 50, 1)))
    assert model.count_params() == 881_317
    assert isinstance(model.optimizer, keras.optimizers.SGD)


def test_the_one_on_codes_of_whole_slices():
    slices = ArraySpec((200, 200, 1), "float32")
    code = Autoencoder(preset="origin").build(ExampleSpec(slices, slices)).get_layer("code").output.shape[3]
    model = SliceCNN(preset="encoded_cnn").build(spec((25, 25, code)))
    assert model.count_params() == 4_521
    assert model.get_layer("flatten1").output.shape == (None, 128)
    assert model.optimizer.amsgrad
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-3)


def test_the_one_without_the_encoder():
    """The same layers: 16 kernels 3×3, 8 kernels 3×3×16, and one number of each of (((200 − 2) / 2 − 2) // 2)² × 8 for each class."""
    model = SliceCNN(preset="direct").build(spec((200, 200, 1)))
    assert model.count_params() == 16 * 10 + 8 * (9 * 16 + 1) + 17 * (48 * 48 * 8 + 1)
