"""The model as it is trained, stored and asked."""

from __future__ import annotations

import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError
from tests.plugins.shared.labrun_dot_pictures.one_batch import OneBatch

from labrun import ArraySpec, Examples, ExampleSpec
from labrun.contracts.trained import TrainedModel
from labrun.learning.checkpoint import checkpoint_in
from labrun.learning.settings import FitBlock
from labrun.learning.training import train
from labrun_pix2pix import Pix2Pix

TINY = {"filters": 4, "depth": 3, "dropout_levels": 1, "discriminator_filters": 4, "discriminator_depth": 1}
SHAPE = (16, 24)


def spec(channels=1, answers=2, shape=SHAPE):
    return ExampleSpec(ArraySpec((*shape, channels), "float32"), ArraySpec((*shape, answers), "float32"))


def pairs(rng, count=6, shape=SHAPE):
    """White pictures with a black square each, and as answer the square's rows and columns."""
    x = np.ones((count, *shape, 1), np.float32)
    y = np.ones((count, *shape, 2), np.float32)
    for i in range(count):
        row, column = rng.integers(0, shape[0] - 3), rng.integers(0, shape[1] - 3)
        x[i, row : row + 3, column : column + 3] = 0
        y[i, row : row + 3, :, 0] = 0
        y[i, :, column : column + 3, 1] = 0
    return x, y


def test_a_step_is_that_of_the_equations(rng):
    """Once more with Keras's own losses, gradients taken one network at a time, and Keras's own Adam."""
    plugin = Pix2Pix(
        **TINY, dropout=0.0, learning_rate=1e-3, l1_weight=7.0, discriminator_weight=0.3, adversarial_weight=2.0
    )
    x, y = pairs(rng)
    model, slow = plugin.build(spec()), plugin.build(spec())
    slow.set_weights(model.get_weights())
    logs = model.train_on_batch(x, y, return_dict=True)
    x, y = tf.constant(x), tf.constant(y)

    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    drawing, judging = slow.generator_variables, slow.discriminator.trainable_variables
    with tf.GradientTape() as tape:
        real = slow.discriminator([x, y], training=True)
        expected_real = entropy(tf.ones_like(real), real)
        fake = slow.discriminator([x, tf.stop_gradient(slow(x, training=True))], training=True)
        expected_fake = entropy(tf.zeros_like(fake), fake)
        loss = 0.3 * (expected_real + expected_fake)
    steps = [(tape.gradient(loss, judging), judging)]
    with tf.GradientTape() as tape:
        drawn = slow(x, training=True)
        fake = slow.discriminator([x, drawn], training=True)
        adversarial = entropy(tf.ones_like(fake), fake)
        l1 = tf.reduce_mean(tf.abs((2 * y - 1) - (2 * drawn - 1)))
        loss = 2.0 * adversarial + 7.0 * l1
    steps.append((tape.gradient(loss, drawing), drawing))
    for gradients, variables in steps:
        # the gradient of a bias before batch normalization is 0 but for rounding, of which Adam makes a whole step
        told = [(g, v) for g, v in zip(gradients, variables, strict=True) if np.abs(g).max() > 1e-6]
        assert len(told) > len(variables) / 2
        keras.optimizers.Adam(1e-3, 0.5).apply_gradients(told)
        for _, variable in told:
            ours = next(v for v in model.trainable_variables if v.path == variable.path)
            np.testing.assert_allclose(ours, variable, atol=1e-5, err_msg=variable.path)
    expected = (loss, adversarial, l1, expected_real, expected_fake)
    names = ("loss", "adversarial_loss", "l1_loss", "discriminator_real_loss", "discriminator_fake_loss")
    assert logs == pytest.approx(dict(zip(names, map(float, expected), strict=True)), rel=1e-4)


def test_both_networks_learn_and_neither_dies(rng):
    """The trap of a frozen discriminator in a composite model: it would stay as it was."""
    keras.utils.set_random_seed(1)
    x, y = pairs(rng, 12)
    model = Pix2Pix(**TINY, learning_rate=2e-3).build(spec())
    before = [v.numpy() for v in (model.generator_variables[0], model.discriminator.trainable_variables[0])]
    history = model.fit(x, y, batch_size=4, epochs=25, validation_data=(x[:5], y[:5]), verbose=0).history
    after = [v.numpy() for v in (model.generator_variables[0], model.discriminator.trainable_variables[0])]
    assert min(np.abs(a - b).max() for a, b in zip(before, after, strict=True)) > 0.005
    assert history["l1_loss"][-1] < 0.6 * history["l1_loss"][0]
    judged = np.array(history["discriminator_real_loss"]) + history["discriminator_fake_loss"]
    assert 0.05 < judged.min() < 0.9 * judged[0]
    assert np.ptp(history["adversarial_loss"]) > 0.02
    assert {f"val_{name}" for name in history if not name.startswith("val_")} < set(history)


def test_what_is_only_told_by_the_adversary_moves_the_generator(rng):
    x, y = pairs(rng)
    moved = {}
    for weight in (0.0, 1.0):
        model = Pix2Pix(**TINY, l1_weight=0.0, adversarial_weight=weight).build(spec())
        before = [v.numpy() for v in model.generator_variables]
        model.train_on_batch(x, y)
        moved[weight] = max(np.abs(v - b).max() for v, b in zip(model.generator_variables, before, strict=True))
    assert moved[0.0] == 0
    assert moved[1.0] > 1e-4


def test_both_ranges_are_one_network(rng):
    x, y = pairs(rng)
    unit, signed = (Pix2Pix(**TINY, range=one).build(spec()) for one in ("unit", "signed"))
    signed.set_weights(unit.get_weights())
    answer = unit.predict_on_batch(x)
    assert 0 <= answer.min() < answer.max() <= 1
    np.testing.assert_allclose(signed.predict_on_batch(2 * x - 1), 2 * answer - 1, atol=1e-5)
    losses = [model.test_on_batch(*data) for model, data in ((unit, (x, y)), (signed, (2 * x - 1, 2 * y - 1)))]
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_a_prediction_depends_on_its_picture_alone(rng):
    """Not on its neighbours, nor on the dropout; and it is what training mode makes of it, but for the dropout."""
    x, y = pairs(rng)
    plugin = Pix2Pix(**TINY)
    model = plugin.build(spec())
    model.fit(x, y, epochs=3, verbose=0)
    together = plugin.predict(model, x)
    alone = np.concatenate([plugin.predict(model, x[i : i + 1]) for i in range(len(x))])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_array_equal(together, plugin.predict(model, x))
    without = Pix2Pix(**TINY, dropout=0.0).build(spec())
    for layer in without.layers:
        layer.set_weights(model.get_layer(layer.name).get_weights())
    np.testing.assert_allclose(without(x[:1], training=True), alone[:1], atol=1e-5)
    assert np.abs(model(x[:1], training=True) - alone[:1]).max() > 1e-3  # the dropout

    running = Pix2Pix(**TINY, statistics="training").build(spec())
    running.set_weights(model.get_weights())
    assert np.abs(running.predict_on_batch(x) - together).max() > 1e-3


def test_pictures_of_any_size_are_continued_and_cut(rng):
    plugin = Pix2Pix(**TINY)
    model = plugin.build(spec())
    x = rng.random((2, 19, 30, 1)).astype(np.float32)
    by_hand = np.pad(x, ((0, 0), (0, 5), (0, 2), (0, 0)), mode="edge")
    answer = plugin.predict(model, x)
    assert answer.shape == (2, 19, 30, 2)
    np.testing.assert_array_equal(answer, plugin.predict(model, by_hand)[:, :19, :30])


class Killed(BaseException):
    """What ends a training in the middle."""


def run(folder: Path, until: int | None = None, plugin: Pix2Pix | None = None, **fit) -> Path:
    """Train in `folder`; with `until`, break off after that epoch's checkpoint."""
    x, y = pairs(np.random.default_rng(3), 8)
    examples = Examples(lambda i: x[i], lambda i: y[i], np.arange(8), name="pairs")
    result = folder / "result"
    result.mkdir(parents=True, exist_ok=True)

    def progress(epoch: int, _: dict[str, float]) -> None:
        if epoch == until:
            raise Killed

    block = FitBlock.model_validate({"train": "pairs", "epochs": 3, "batch_size": 3} | fit)
    train(
        plugin or Pix2Pix(**TINY),
        block,
        examples,
        examples.take([0, 5]),
        {},
        7,
        checkpoint_in(folder),
        result,
        progress,
    )
    return result


def contents(result: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(result.iterdir())}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    return run(tmp_path_factory.mktemp("undisturbed"), keep="best", schedule="cosine")


def test_a_killed_training_goes_on_bit_by_bit(undisturbed, tmp_path):
    with pytest.raises(Killed):
        run(tmp_path, until=1, keep="best", schedule="cosine")
    assert contents(run(tmp_path, keep="best", schedule="cosine")) == contents(undisturbed)


def test_a_trained_model_is_rebuilt_and_its_archive_too(undisturbed):
    x, _ = pairs(np.random.default_rng(4), 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained = TrainedModel(Pix2Pix(**TINY), undisturbed)
        predicted = trained.predict(Examples.inputs_only(lambda i: x[i], len(x)), batch_size=2)
        archive = keras.models.load_model(undisturbed / "model.keras")
    np.testing.assert_allclose(predicted, archive.predict_on_batch(x), atol=1e-6)
    assert trained.history["val_loss"].notna().all()
    for mine, theirs in zip(trained.network.discriminator.weights, archive.discriminator.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert "up2_expand" in (undisturbed / "summary.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"preset": "orign"}, "there is no preset 'orign': did you mean 'origin'"),
        ({"depth": 3}, "'dropout_levels: 3' is more than the 2 levels on the way up of a network of 'depth: 3'"),
        ({"range": "byte"}, "'unit' or 'signed'"),
    ],
)
def test_wrong_fields_are_explained(fields, message):
    with pytest.raises(ValidationError, match=message):
        Pix2Pix(**fields)


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        (spec(shape=(16, 20)), "so 8 must divide their sides; these are 16 × 20: set depth to 2 or less"),
        (spec(shape=(16, 15)), "these are 16 × 15: crop or resize them"),
        (
            ExampleSpec(ArraySpec((16, 24, 1), "float32"), ArraySpec((), "int64"), ("a", "b")),
            r"pix2pix takes pictures of one size in x and y.* x of \(16, 24, 1\), y of \(\)",
        ),
        (
            ExampleSpec({"a": ArraySpec((8, 8, 1), "float32")}, ArraySpec((8, 8, 1), "float32")),
            r"these examples have x of \['a'\]",
        ),
    ],
)
def test_wrong_examples_are_explained(examples, message):
    with pytest.raises(ValueError, match=message):
        Pix2Pix(**TINY).build(examples)


def test_other_backends_are_refused(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(
        RuntimeError, match="pix2pix runs on TensorFlow only, but Keras runs on jax: set KERAS_BACKEND=tensorflow"
    ):
        Pix2Pix(**TINY).build(spec())


PAIRS = '''
from typing import ClassVar
import numpy as np
from labrun import Dataset, Ensemble, Examples, Simulator, hookimpl

class Square(Simulator):
    """A black square on white, and its rows."""
    name: ClassVar[str] = "square"
    def simulate(self, rng):
        dots = np.ones((16, 24, 1), np.float32)
        row, column = rng.integers(0, 13), rng.integers(0, 21)
        dots[row : row + 3, column : column + 3] = 0
        return {"dots": dots, "drawing": np.broadcast_to(dots.min(axis=1, keepdims=True), dots.shape).copy()}

class Pairs(Dataset):
    """Both pictures."""
    name: ClassVar[str] = "pairs"
    def examples(self, simulation: Ensemble):
        def loader(name):
            return lambda indices: np.stack([simulation.read(i, name) for i in indices])
        return Examples(loader("dots"), loader("drawing"), np.arange(len(simulation)))

@hookimpl
def labrun_simulators():
    return [Square]

@hookimpl
def labrun_datasets():
    return [Pairs]
'''

PROJECT = """
project: squares
plugins: [pairs.py]
simulations:
  squares: {use: square, sweep: {grid: {}, repeats: 9}}
datasets:
  pairs: {use: pairs, from: squares, split: {fractions: {train: 0.7, test: 0.3}}}
models:
  net:
    use: pix2pix
    with: {preset: small, depth: 3, filters: 4, dropout_levels: 1, discriminator_filters: 4, discriminator_depth: 1}
    fit: {train: pairs.train, validation: pairs.test, epochs: 2, batch_size: 3, samples: {every: 1, count: 2}}
"""


def test_a_project_trains_it(write_project, labrun, tmp_path):
    (tmp_path / "pairs.py").write_text(PAIRS, encoding="utf-8")
    outcome = labrun(write_project(PROJECT))
    assert outcome.code == 0, outcome.err
    history = (tmp_path / "runs/squares/models/net/history.csv").read_text(encoding="utf-8").splitlines()
    assert len(history) == 3
    for name in ("loss", "adversarial_loss", "l1_loss", "discriminator_real_loss", "discriminator_fake_loss"):
        assert {name, f"val_{name}"} < set(history[0].split(","))


# -- pictures of dots ----------------------------------------------------------------------------------------------------------


def test_pictures_of_dots_are_seen_in_windows_that_it_can_halve():
    """Whatever the sides of the pictures, which need not be multiples of 2^depth."""
    plugin = Pix2Pix(**TINY, spacing=8)
    model = plugin.build(spec(answers=1, shape=(90, 130)))
    x = np.ones((2, 90, 130, 1), np.float32)
    for i, step in enumerate((12, 20)):
        x[i, 10 : 10 + 3 * step : step, 20 : 20 + 5 * step : step] = 0
    plugin.fit(model, OneBatch(x, x), OneBatch(x, x), range(1), [])
    answer = plugin.predict(model, x)
    assert answer.shape == x.shape
    assert [size % 8 for size in plugin.shown(x[:1]).shape[1:3]] == [0, 0]
    np.testing.assert_array_equal(answer[1:], plugin.predict(model, x[1:]))
    with pytest.raises(ValueError, match="x has 1, y has 2"):
        plugin.build(spec())
