"""Training: streamed, resumed after every epoch, and repeated bit by bit."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from labrun import Examples, Model
from labrun.contracts.keras_settings import keras_settings
from labrun.contracts.trained import TrainedModel
from labrun.faults import LabrunError
from labrun.learning.batches import Batches
from labrun.learning.checkpoint import checkpoint_in, epochs_done
from labrun.learning.settings import FitBlock
from labrun.learning.training import train


class Net(Model):
    """A small network with everything that has a state: batch normalisation, dropout, momenta."""

    name: ClassVar[str] = "net"

    def build(self, examples):
        import keras

        x = keras.Input(examples.x.shape, name="x")
        h = keras.layers.Conv2D(3, 3, activation="relu", name="conv")(x)
        h = keras.layers.BatchNormalization(name="norm")(h)
        h = keras.layers.Dropout(0.3, name="drop")(h)
        h = keras.layers.GlobalMaxPooling2D(name="pool")(h)
        model = keras.Model(x, keras.layers.Dense(2, name="logits")(h))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
        return model


def make_examples(count: int = 60, seed: int = 0) -> Examples:
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 2
    x = (np.sin(np.arange(8)[None, :, None] * (1 + y[:, None, None])) + rng.normal(size=(count, 8, 10))).astype(
        np.float32
    )
    return Examples(
        lambda i: x[i][..., None], lambda i: y[i], np.arange(count), classes=["a", "b"], periodic=True, name="waves"
    )


class Killed(BaseException):
    """What ends a training in the middle."""


def run(
    folder: Path, *, until: int | None = None, plugin: Model | None = None, train_on: Examples | None = None, **fit: Any
) -> Path:
    """Train in `folder`; with `until`, break off after that epoch's checkpoint."""
    settings = {"train": "waves", "epochs": 5, "batch_size": 16, "augment": ["flip", "shift", {"rotate": 20}]} | fit
    result = folder / "result"
    result.mkdir(parents=True, exist_ok=True)

    def progress(epoch: int, _: dict[str, float]) -> None:
        if epoch == until:
            raise Killed

    examples = train_on or make_examples()
    validation = make_examples(20, 1)
    checkpoint = checkpoint_in(folder)
    train(plugin or Net(), FitBlock.model_validate(settings), examples, validation, {}, 7, checkpoint, result, progress)
    return result


def contents(result: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(result.iterdir())}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    return run(tmp_path_factory.mktemp("undisturbed"))


def test_what_a_training_leaves(undisturbed):
    assert sorted(contents(undisturbed)) == [
        "examples.json",
        "history.csv",
        "model.json",
        "model.keras",
        "model.weights.h5",
        "network.json",
        "seen.json",
        "seen.png",
        "summary.txt",
    ]
    history = TrainedModel(Net(), undisturbed).history
    assert list(history["epoch"]) == [1, 2, 3, 4, 5]
    assert list(history.columns) == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]


def test_same_training_makes_the_same_bytes(undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr("time.localtime", lambda *_: (2001, 2, 3, 4, 5, 6, 0, 1, 0))
    assert contents(run(tmp_path)) == contents(undisturbed)


def test_killed_after_every_epoch_ends_with_the_same_bytes(undisturbed, tmp_path):
    for epoch in (1, 2, 4, 5):
        with pytest.raises(Killed):
            run(tmp_path, until=epoch)
        assert epochs_done(checkpoint_in(tmp_path)) == epoch
    assert contents(run(tmp_path)) == contents(undisturbed)


def test_best_weights_are_kept_whatever_was_killed(tmp_path):
    """With a rate so high that the last epoch is not the best."""
    settings = {"keep": "best", "monitor": "val_accuracy", "epochs": 6}
    whole = run(tmp_path / "whole", **settings)
    for epoch in (2, 5):
        with pytest.raises(Killed):
            run(tmp_path / "killed", until=epoch, **settings)
    assert contents(run(tmp_path / "killed", **settings)) == contents(whole)
    trained = TrainedModel(Net(), whole)
    best = int(trained.history["val_accuracy"].idxmax())
    validation = make_examples(20, 1)
    accuracy = (trained.predict(validation).argmax(1) == validation.load_y(slice(None))).mean()
    assert accuracy == pytest.approx(trained.history["val_accuracy"][best])


def test_early_stopping_stops_again_when_resumed(tmp_path):
    settings = {"epochs": 50, "monitor": "val_accuracy", "early_stopping": {"patience": 2}}
    whole = run(tmp_path / "whole", **settings)
    epochs = len(TrainedModel(Net(), whole).history)
    assert epochs < 50
    with pytest.raises(Killed):
        run(tmp_path / "killed", until=epochs, **settings)
    assert contents(run(tmp_path / "killed", **settings)) == contents(whole)


@pytest.mark.parametrize("damage", ["truncated", "changed", "empty", "other network"])
def test_checkpoint_that_is_not_whole_is_not_used(undisturbed, tmp_path, damage):
    with pytest.raises(Killed):
        run(tmp_path, until=1)
    checkpoint = checkpoint_in(tmp_path).path
    content = bytearray(checkpoint.read_bytes())
    match damage:
        case "truncated":
            checkpoint.write_bytes(content[: len(content) // 2])
        case "changed":
            content[len(content) // 2] ^= 255
            checkpoint.write_bytes(content)
        case "empty":
            checkpoint.write_bytes(b"")
        case "other network":
            np.savez(checkpoint, **{"history": np.array("[]"), "values/0": np.zeros(3)})
    assert contents(run(tmp_path)) == contents(undisturbed)


def test_rebuilt_model_predicts_what_the_archive_predicts(undisturbed):
    import keras

    examples = make_examples(10, 3)
    predicted = TrainedModel(Net(), undisturbed).predict(examples, batch_size=4)
    assert predicted.shape == (10, 2)
    whole = keras.models.load_model(undisturbed / "model.keras")
    np.testing.assert_allclose(predicted, whole.predict_on_batch(examples.load_x(slice(None))), atol=1e-6)


def test_predict_refuses_examples_of_another_shape(undisturbed):
    other = Examples(lambda i: np.zeros((len(i), 3)), lambda i: i, np.arange(2), name="other")
    with pytest.raises(ValueError, match=r"takes x of shape .*, but .other. has shape"):
        TrainedModel(Net(), undisturbed, "net").predict(other)


def test_batches_come_in_the_order_of_their_epoch(tmp_path):
    """Keras takes the batches as they come: in the order that the seed and the number of the epoch give."""
    examples = make_examples()
    rows: list[list[int]] = []

    def load_x(indices):
        rows.append(sorted(indices.tolist()))
        return examples.load_x(indices)

    seen = Examples(load_x, examples.load_y, examples.groups, classes=["a", "b"], periodic=True)
    run(tmp_path, train_on=seen, epochs=3, batch_size=25, augment=[])
    batches = Batches(examples, 25, 7, shuffle=True)
    expected = [
        sorted(batches.order(epoch)[start : start + 25].tolist()) for epoch in range(3) for start in (0, 25, 50)
    ]
    assert [row for row in rows if len(row) > 1][-len(expected) :] == expected


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (
            {"monitor": "val_f1"},
            "fit.monitor names 'val_f1', but the training reports accuracy, epoch, loss, val_accuracy, val_loss",
        ),
        (
            {"augment": ["quarter_turn"]},
            "fit.augment cannot be applied to the dataset 'waves': 'quarter_turn' needs square images",
        ),
    ],
)
def test_unsuitable_settings_are_refused(tmp_path, fit, message):
    with pytest.raises(LabrunError, match=message):
        run(tmp_path, **fit)


def test_training_and_validation_must_agree(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 9, 10, 1)).astype(np.float32)
    other = Examples(lambda i: x[i], lambda i: i % 2, np.arange(20), classes=["a", "b"], periodic=True, name="tall")
    with pytest.raises(LabrunError, match=r"training and validation differ in x: 'tall' has .*, 'waves' has"):
        run(tmp_path, train_on=other)
    renamed = make_examples()
    renamed.classes = ("b", "a")
    with pytest.raises(
        LabrunError, match=r"differ in their classes: 'waves' has \('b', 'a'\), 'waves' has \('a', 'b'\)"
    ):
        run(tmp_path, train_on=renamed)


class Line(Model):
    """A number from three others."""

    name: ClassVar[str] = "line"

    def build(self, examples):
        import keras

        x = keras.Input(examples.x.shape)
        model = keras.Model(x, keras.layers.Dense(1, name="y")(x))
        model.compile("sgd", "mse")
        return model


def run_line(folder: Path, bad: str, plugin: Model | None = None, **settings: Any) -> Path:
    """Train `Line` with a target that is NaN among the training or the validation examples, or in `neither`."""

    def numbers(name: str) -> Examples:
        x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
        y = x.sum(1)
        if name == bad:
            y[7] = np.nan
        return Examples(lambda i: x[i], lambda i: y[i], np.arange(20), name=name)

    result = folder / "result"
    result.mkdir()
    fit = FitBlock.model_validate({"train": "train", "validation": "validation", "epochs": 3} | settings)
    train(
        plugin or Line(),
        fit,
        numbers("train"),
        numbers("validation"),
        {},
        7,
        checkpoint_in(folder),
        result,
        lambda *_: None,
    )
    return result


@pytest.mark.parametrize(("bad", "loss"), [("train", "loss"), ("validation", "validation loss")])
def test_a_loss_that_is_not_a_number_ends_the_training(tmp_path, bad, loss):
    message = (
        f"the {loss} of 'line' became nan in epoch 1: look for NaN, infinity and extreme values among the inputs and targets of the "
        f"{'training' if bad == 'train' else 'validation'} examples, or lower the learning rate"
    )
    with pytest.raises(LabrunError, match=f"^{re.escape(message)}$"):
        run_line(tmp_path, bad, keep="best")
    assert not checkpoint_in(tmp_path).is_there()


class Careless(Line):
    """Changes the settings of the whole process to build its own network."""

    def build(self, examples):
        import keras

        keras.config.set_dtype_policy("mixed_bfloat16")
        keras.config.set_epsilon(1e-3)
        return super().build(examples)


def test_a_plugin_changes_the_settings_of_keras_for_its_own_network_only(tmp_path):
    before = keras_settings()
    folder = run_line(tmp_path, "neither", plugin=Careless())
    assert keras_settings() == before
    network = TrainedModel(Careless(), folder).network
    assert network.get_layer("y").compute_dtype == "bfloat16"
    assert keras_settings() == before


def test_a_training_keeps_the_precision_that_the_process_has_set(tmp_path):
    import keras

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        run_line(tmp_path, "neither")
        assert keras_settings()["dtype_policy"] == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert '"mixed_bfloat16"' in zipfile.ZipFile(tmp_path / "result" / "model.keras").read("config.json").decode()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
def test_memory_is_bounded_whatever_the_size_of_the_dataset(tmp_path, undisturbed):
    """200 MB of examples on disk, batches of 2 MB."""
    import h5py

    with h5py.File(tmp_path / "x.h5", "w") as file:
        stored = file.create_dataset("x", (800, 250, 250, 1), np.float32)
        for i in range(800):
            stored[i] = np.full((250, 250, 1), i % 2)
    with h5py.File(tmp_path / "x.h5") as file:
        stored = file["x"]
        examples = Examples(lambda i: stored[i], lambda i: i % 2, np.arange(800), classes=["a", "b"], periodic=True)
        highest, before = [0], resident()

        class Pooled(Net):
            def build(self, examples):
                import keras

                x = keras.Input(examples.x.shape, name="x")
                model = keras.Model(x, keras.layers.Dense(2, name="y")(keras.layers.GlobalMaxPooling2D(name="pool")(x)))
                model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
                return model

            def fit(self, model, train, validation, epochs, callbacks):
                import keras

                watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_, **__: highest.append(resident()))
                super().fit(model, train, None, epochs, [*callbacks, watch])

        settings = FitBlock.model_validate({"train": "x", "epochs": 2, "batch_size": 8})
        result = tmp_path / "result"
        result.mkdir()
        train(Pooled(), settings, examples, None, {}, 1, checkpoint_in(tmp_path), result, lambda *_: None)
    assert max(highest) - before < 80e6


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_train_and_resume(tmp_path, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    script = tmp_path / "script.py"
    script.write_text(
        "import importlib.util, sys, pathlib\n"
        f"spec = importlib.util.spec_from_file_location('training_test', {__file__!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules['training_test'] = module\n"
        "spec.loader.exec_module(module)\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "whole = module.contents(module.run(folder / 'whole'))\n"
        "try:\n"
        "    module.run(folder / 'killed', until=3)\n"
        "except module.Killed:\n"
        "    pass\n"
        "assert module.contents(module.run(folder / 'killed')) == whole\n"
        "import keras\n"
        "print(keras.backend.backend(), 'tensorflow' in sys.modules)\n"
    )
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run(
        [sys.executable, script, tmp_path], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == (f"{backend} False\n", "", 0)


class Copier(Model):
    """An image from an image, by a network and a second one with an optimizer of its own, as adversaries have."""

    name: ClassVar[str] = "copier"

    def build(self, examples):
        import keras
        import tensorflow as tf

        class Two(keras.Model):
            def train_step(self, data):
                x, y = data
                for part, optimizer in ((self.get_layer("one"), self.optimizer), (self.get_layer("two"), self.other)):
                    with tf.GradientTape() as tape:
                        loss = keras.ops.mean((self(x) - y) ** 2)
                    optimizer.apply(tape.gradient(loss, part.trainable_variables), part.trainable_variables)
                return {"loss": loss}

            def test_step(self, data):
                return {"loss": keras.ops.mean((self(data[0]) - data[1]) ** 2)}

        x = keras.Input(examples.x.shape)
        h = keras.layers.Conv2D(4, 3, padding="same", name="one")(x)
        model = Two(x, keras.layers.Conv2D(1, 3, padding="same", name="two")(h))
        model.other = keras.optimizers.Adam(0.02)
        model.compile(keras.optimizers.Adam(0.01))
        for part, optimizer in (("one", model.optimizer), ("two", model.other)):
            optimizer.build(model.get_layer(part).trainable_variables)
        return model


def copies(count: int, seed: int) -> Examples:
    x = np.random.default_rng(seed).normal(size=(count, 6, 8, 1)).astype(np.float32)
    return Examples(lambda i: x[i], lambda i: 2 * x[i], np.arange(count), name="copies")


def run_copier(folder: Path, until: int | None = None, **settings: Any) -> Path:
    result = folder / "result"
    result.mkdir(parents=True, exist_ok=True)
    fit = {
        "train": "c",
        "validation": "v",
        "epochs": 5,
        "samples": {"every": 2, "count": 3},
        "schedule": "cosine",
    } | settings

    def progress(epoch: int, _: dict[str, float]) -> None:
        if epoch == until:
            raise Killed

    validation = copies(8, 1) if fit["validation"] else None
    train(
        Copier(),
        FitBlock.model_validate(fit),
        copies(40, 0),
        validation,
        {},
        7,
        checkpoint_in(folder),
        result,
        progress,
    )
    return result


def test_a_second_optimizer_and_samples_outlive_a_kill(tmp_path):
    whole = run_copier(tmp_path / "whole")
    for epoch in (2, 3):
        with pytest.raises(Killed):
            run_copier(tmp_path / "killed", until=epoch)
    assert contents(run_copier(tmp_path / "killed")) == contents(whole)
    trained = TrainedModel(Copier(), whole)
    samples, validation = trained.samples, copies(8, 1)
    assert samples is not None
    assert samples.epochs == [2, 4]
    assert samples.pictures.shape == (2, 3, 6, 8, 1)
    np.testing.assert_array_equal(samples.x, validation.load_x(range(3)))
    np.testing.assert_array_equal(samples.y, validation.load_y(range(3)))
    errors = np.abs(samples.pictures - samples.y).mean(axis=(1, 2, 3, 4))
    assert errors[1] < errors[0] < np.abs(samples.y).mean()


def test_samples_need_validation_examples(tmp_path, undisturbed):
    with pytest.raises(
        LabrunError,
        match=r"'fit\.samples' are predictions for validation examples: name a dataset under 'fit\.validation'",
    ):
        run_copier(tmp_path, validation=None)
    assert TrainedModel(Net(), undisturbed).samples is None


def test_the_record_of_the_network_has_the_learning_rate_that_the_training_began_with(tmp_path):
    """Though a schedule has lowered it since."""
    run(tmp_path, epochs=3, schedule="cosine")
    (optimizer,) = json.loads((tmp_path / "result" / "network.json").read_text())["optimizers"]
    assert optimizer["settings"]["learning_rate"] == 0.01
