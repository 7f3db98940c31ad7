"""Training a model stage: Keras's own fit loop, with a checkpoint after every epoch, from which the next run goes on.

A checkpoint holds all variables of the model and its optimizers (momenta, step counters, states of random layers), those of the best
epoch where they are wanted, and the history so far. Order and
augmentation of the examples depend on the seed and the epoch. So a training that was killed and went on ends with the
weights of an undisturbed one, bit by bit.
"""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.contracts.backend import keep_freed_memory, load_keras, make_deterministic
from labrun.contracts.examples import Examples
from labrun.contracts.plugin import Model
from labrun.contracts.trained import HISTORY, SPEC, WEIGHTS
from labrun.faults import LabrunError
from labrun.files.atomic import write_atomically
from labrun.files.disk_space import expect_space
from labrun.learning.batches import Batches, as_keras
from labrun.learning.checkpoint import Checkpoint, History, assign, optimizers_of, values_of
from labrun.learning.network_check import expect_network
from labrun.learning.pretrained import write_card
from labrun.learning.sampling import Sampling
from labrun.learning.schedule import Schedule
from labrun.learning.settings import FitBlock

if TYPE_CHECKING:
    import keras

__all__ = ["train"]

ARCHIVE = "model.keras"


def train(
    plugin: Model,
    fit: FitBlock,
    train_on: Examples,
    validation: Examples | None,
    inputs: dict[str, Any],
    seed: int,
    checkpoint: Path,
    folder: Path,
    progress: Callable[[int, dict[str, float]], None],
) -> None:
    """Train to the end, from `checkpoint` if it is there, and write weights, history and a description of the examples
    into `folder`.

    Raises:
        LabrunError: the examples do not suit the model or the augmentation, the model is not compiled, or the loss is
            no longer a number.
    """
    _check(fit, train_on, validation)
    keras = load_keras()
    make_deterministic(seed)
    model = plugin.build(train_on.spec, **inputs)
    expect_network(plugin, model, train_on.spec)
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    rates = [] if fit.schedule == Schedule() else [_base_rate(optimizer) for optimizer in optimizers_of(model)]
    state = Checkpoint.load(checkpoint)
    if state is None or not state.fits(model):
        state = Checkpoint()
    else:
        assign(model, state.values)
    history = state.history
    monitor = fit.monitor or ("val_loss" if validation else "loss")
    batches = Batches(train_on, fit.batch_size, seed, shuffle=True, augmentation=fit.augment)
    sampling = _sampling(fit, validation, checkpoint.parent)
    watched = as_keras(Batches(validation, fit.batch_size)) if validation else None

    def begin(epoch: int, _: Any) -> None:
        keep_freed_memory()
        batches.epoch = epoch
        for optimizer, rate in zip(optimizers_of(model), rates, strict=False):  # none, if the rate is constant
            optimizer.learning_rate = rate * fit.schedule.factor(epoch, fit.epochs)

    def end(epoch: int, logs: dict[str, Any]) -> None:
        numbers = {name: float(value) for name, value in logs.items()}
        if not math.isfinite(numbers["loss"]):
            raise LabrunError(
                f"the loss of '{plugin.name}' became {numbers['loss']} in epoch {epoch + 1}: lower the learning rate, or "
                "look at the inputs"
            )
        history.rows.append({"epoch": epoch + 1, **numbers})
        best = history.best_epoch(monitor)
        if sampling:
            sampling.take(epoch + 1, lambda x: plugin.predict(model, x))
        state.values = values_of(model)
        if fit.keep == "best" and best == epoch:
            state.best = state.values
        state.save(checkpoint)
        progress(epoch + 1, numbers)
        if fit.early_stopping and epoch - best >= fit.early_stopping.patience:
            model.stop_training = True

    callbacks = [keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=end)]
    if fit.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(folder / "tensorboard"))
    if not _is_over(history, fit, monitor):
        plugin.fit(model, as_keras(batches), watched, range(len(history.rows), fit.epochs), callbacks)
    if not history.rows:
        raise LabrunError(f"'{plugin.name}' has not trained: its fit must hand `callbacks` and `epochs` to model.fit")
    if fit.keep == "best":
        assign(model, state.best)
    for optimizer in optimizers_of(model):
        optimizer.finalize_variable_values(
            optimizer._trainable_variables
        )  # moving averages of weights, if it keeps any
    _write_result(model, history, train_on, folder)
    if sampling:
        sampling.collect(len(history.rows), folder)
    write_card(folder, plugin, inputs)


def _sampling(fit: FitBlock, validation: Examples | None, folder: Path) -> Sampling | None:
    """What takes samples, where they are wanted."""
    if fit.samples is None:
        return None
    if validation is None:
        raise LabrunError("'fit.samples' are taken of validation examples: name a dataset under 'fit.validation' too")
    return Sampling(validation, fit.samples.count, fit.samples.every, folder)


def _check(fit: FitBlock, train_on: Examples, validation: Examples | None) -> None:
    if isinstance(train_on.spec.x, dict):
        obstacle = None if fit.augment.is_empty else "the examples have several inputs"
    else:
        obstacle = fit.augment.obstacle(train_on.spec.x, train_on.spec.y, train_on.periodic)
    if obstacle:
        raise LabrunError(f"fit.augment cannot be applied to the dataset '{train_on.name}': {obstacle}")
    if validation is not None and validation.spec.x != train_on.spec.x:
        raise LabrunError(
            f"training and validation differ in x: '{train_on.name}' has {train_on.spec.x}, '{validation.name}' has {validation.spec.x}"
        )
    if validation is not None and validation.classes != train_on.classes:
        raise LabrunError(
            f"training and validation differ in their classes: '{train_on.name}' has {train_on.classes}, '{validation.name}' has "
            f"{validation.classes}. Give both the same 'classes'"
        )


def _base_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """The learning rate that a schedule multiplies: the one that the model was compiled with."""
    import keras

    if isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        raise LabrunError("'fit.schedule' and the schedule that the model brings itself exclude each other: remove one")
    return float(optimizer.learning_rate)


def _is_over(history: History, fit: FitBlock, monitor: str) -> bool:
    done = len(history.rows)
    if done and fit.early_stopping and done - 1 - history.best_epoch(monitor) >= fit.early_stopping.patience:
        return True
    return done >= fit.epochs


def _write_result(model: keras.Model, history: History, examples: Examples, folder: Path) -> None:
    import pandas as pd

    expect_space(folder / WEIGHTS, 3 * sum(value.nbytes for value in values_of(model)))
    pd.DataFrame(history.rows).to_csv(folder / HISTORY, index=False)
    _save_weights(model, folder / WEIGHTS)
    model.save(folder / ARCHIVE)
    _make_reproducible(folder / ARCHIVE)
    lines: list[str] = []
    model.summary(line_length=100, print_fn=lambda line, line_break=True: lines.append(line))
    (folder / "summary.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / SPEC).write_text(json.dumps(examples.spec.record(), indent=2) + "\n", encoding="utf-8")


def _save_weights(model: keras.Model, path: Path) -> None:
    """Write the weights alone: to predict, nothing of the optimizers is needed, which are twice as large."""
    import keras

    optimizers = {name: value for name, value in vars(model).items() if isinstance(value, keras.optimizers.Optimizer)}
    for name in optimizers:
        setattr(model, name, None)
    model.save_weights(path)
    for name, optimizer in optimizers.items():
        setattr(model, name, optimizer)


def _make_reproducible(archive: Path) -> None:
    """Write a `.keras` file anew without the time at which it was made and without addresses in memory, by which Keras
    names what layers share: same training, same bytes."""
    numbers: dict[str, int] = {}

    def renumbered(found: re.Match[str]) -> str:
        return f'"shared_object_id": {numbers.setdefault(found[1], len(numbers) + 1)}'

    with (
        write_atomically(archive) as temporary,
        zipfile.ZipFile(archive) as old,
        zipfile.ZipFile(temporary, "w") as new,
    ):
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name == "metadata.json":
                content = json.dumps(json.loads(content) | {"date_saved": ""}).encode()
            elif name == "config.json":
                content = re.sub(r'"shared_object_id": (\d+)', renumbered, content.decode()).encode()
            new.writestr(zipfile.ZipInfo(name), content)
