from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

from labrun import ArraySpec, ExampleSpec
from labrun_simple_cnn import SimpleCNN

TEN = tuple("0123456789")


def spec(shape=(28, 28), classes=None, y=(), dtype="uint8"):
    return ExampleSpec(ArraySpec(shape, dtype), ArraySpec(y, "float32"), classes)


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1)])
def test_it_has_the_weights_of_the_course(shape):
    assert SimpleCNN().build(spec(shape, TEN)).count_params() == 421_642


def test_sizes_are_those_of_the_docstring():
    model = SimpleCNN().build(spec((28, 28), TEN))
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert [shapes[name] for name in ("conv1", "pool1", "conv2", "pool2", "dense", "answer")] == [
        (28, 28, 32),
        (14, 14, 32),
        (14, 14, 64),
        (7, 7, 64),
        (128,),
        (10,),
    ]
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-3)


def test_its_first_step_is_a_plain_loop(rng):
    """Convolution with zeros beyond the edge, ReLU, the largest of 2×2, on an oblong picture in three colours."""
    model = SimpleCNN(filters=[3]).build(spec((4, 6, 3)))
    x = rng.integers(0, 256, (1, 4, 6, 3), dtype=np.uint8)
    kernel, bias = model.get_layer("conv1").get_weights()
    padded = np.pad(x[0] / 255, ((1, 1), (1, 1), (0, 0)))
    conv = np.array([[np.tensordot(padded[i : i + 3, j : j + 3], kernel, 3) for j in range(6)] for i in range(4)])
    relu = np.maximum(conv + bias, 0)
    pooled = np.array(
        [[relu[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(0, 1)) for j in range(3)] for i in range(2)]
    )
    found = keras.Model(model.inputs, model.get_layer("pool1").output).predict_on_batch(x)[0]
    np.testing.assert_allclose(found, pooled, atol=1e-5)


def test_the_divisor_may_be_left_out(rng):
    x = rng.random((3, 8, 12, 1), np.float32)
    keras.utils.set_random_seed(2)
    bytes_ = SimpleCNN(divisor=255).build(spec((8, 12, 1), dtype="float32"))
    keras.utils.set_random_seed(2)
    as_is = SimpleCNN(divisor=1).build(spec((8, 12, 1), dtype="float32"))
    np.testing.assert_allclose(bytes_.predict_on_batch(255 * x), as_is.predict_on_batch(x), atol=1e-5)


@pytest.mark.parametrize("classes", [("dark", "light"), None])
def test_it_learns_saves_and_loads(classes, tmp_path, rng):
    keras.utils.set_random_seed(1)
    y = rng.integers(0, 2, 60)
    x = np.clip(rng.normal(80 + 90 * y[:, None, None], 40, (60, 8, 12)), 0, 255).astype(np.uint8)
    plugin = SimpleCNN(filters=[4, 8], dense=16, learning_rate=5e-3)
    model = plugin.build(spec((8, 12), classes))
    history = model.fit(x, y if classes else y.astype(np.float32), epochs=6, batch_size=10, verbose=0).history
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    assert set(history) == {"loss", "accuracy" if classes else "mae"}
    model.save_weights(tmp_path / "w.weights.h5")
    again = plugin.build(spec((8, 12), classes))
    with warnings.catch_warnings():  # the optimizer's state in the file is not wanted
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        again.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.predict_on_batch(x), again.predict_on_batch(x))
    assert model.predict_on_batch(x).shape == (60, 2 if classes else 1)


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        (spec((28,)), r"takes x of \(height, width\) or \(height, width, channels\); these examples have \(28,\)"),
        (ExampleSpec({"a": ArraySpec((8, 8), "f4")}, ArraySpec((), "f4")), "these examples have the inputs a"),
        (spec(y=(2,)), r"classes or one number; the y of these examples has the shape \(2,\)"),
        (spec((3, 28)), "2 pools halve a picture .* at least 4 × 4 pixels, found 3 × 28. Give fewer 'filters'"),
    ],
)
def test_wrong_examples_are_explained(examples, message):
    with pytest.raises(ValueError, match=message):
        SimpleCNN().build(examples)
