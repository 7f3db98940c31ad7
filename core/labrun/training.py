"""Training a model stage: Keras's own fit loop, with a checkpoint after every epoch, from which the next run goes on.

A checkpoint is one file, written whole or not at all: all variables of the model and its optimizer (momenta, step
counter, states of random layers) and the history so far. Order and augmentation of the examples depend on the seed and
the epoch. So a training that was killed and went on ends with the weights of an undisturbed one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.batches import Batches, as_keras
from labrun.blocks import FitBlock
from labrun.examples import Examples
from labrun.faults import LabrunError
from labrun.files import write_atomically
from labrun.plugin import Model
from labrun.schedule import Schedule
from labrun.store import WORK
from labrun.trained import HISTORY, SPEC, WEIGHTS

if TYPE_CHECKING:
    import keras

__all__ = ["epochs_done", "train"]

CHECKPOINT = f"{WORK}/checkpoint.h5"
BEST = f"{WORK}/best.h5"


@dataclass
class _History:
    """One row an epoch."""

    rows: list[dict[str, float]] = field(default_factory=list)

    def best_epoch(self, monitor: str) -> int:
        """The epoch (from 0) in which the monitored number was best: lowest for a loss or an error, else highest."""
        if monitor not in self.rows[0]:
            raise LabrunError(
                f"fit.monitor names '{monitor}', but the training reports {', '.join(sorted(self.rows[0]))}"
            )
        sign = 1 if any(word in monitor for word in ("loss", "error", "mae", "mse")) else -1
        return min(range(len(self.rows)), key=lambda epoch: sign * self.rows[epoch][monitor])


def epochs_done(folder: Path) -> int:
    """How many epochs a checkpoint in `folder` holds; 0 if there is none, or none that is whole."""
    history = _read_history(folder / CHECKPOINT)
    return len(history.rows) if history else 0


def train(
    plugin: Model,
    fit: FitBlock,
    train_on: Examples,
    validation: Examples | None,
    inputs: dict[str, Any],
    seed: int,
    folder: Path,
    progress: Callable[[int, dict[str, float]], None],
) -> None:
    """Train to the end and write weights, history and a description of the examples into `folder`.

    Raises:
        LabrunError: the examples do not suit the model or the augmentation, or the loss is no longer a number.
    """
    import keras

    spec = train_on.spec
    _check(fit, train_on, validation)
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = plugin.build(spec, **inputs)
    if getattr(model, "optimizer", None) is None:
        raise LabrunError(f"the model '{plugin.name}' is not compiled: its build must end with model.compile(…)")
    model.optimizer.build(model.trainable_variables)
    scheduled = fit.schedule != Schedule()
    rate = _base_rate(model) if scheduled else 0.0
    history = _restore(model, folder / CHECKPOINT) or _History()
    monitor = fit.monitor or ("val_loss" if validation else "loss")
    batches = Batches(train_on, fit.batch_size, seed, shuffle=True, augmentation=fit.augment)
    watched = as_keras(Batches(validation, fit.batch_size)) if validation else None

    def begin(epoch: int, _: Any) -> None:
        batches.epoch = epoch
        if scheduled:
            model.optimizer.learning_rate = rate * fit.schedule.factor(epoch, fit.epochs)

    def end(epoch: int, logs: dict[str, Any]) -> None:
        numbers = {name: float(value) for name, value in logs.items()}
        if numbers["loss"] != numbers["loss"]:
            raise LabrunError(
                f"the loss became NaN in epoch {epoch + 1}: lower the learning rate, or look at the inputs"
            )
        history.rows.append({"epoch": epoch + 1, **numbers})
        best = history.best_epoch(monitor)
        if fit.keep == "best" and best == epoch:
            _save(model, folder / BEST, history)
        _save(model, folder / CHECKPOINT, history)
        progress(epoch + 1, numbers)
        if fit.early_stopping and epoch - best >= fit.early_stopping.patience:
            model.stop_training = True

    callbacks: list[keras.callbacks.Callback] = [keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=end)]
    if fit.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(folder / "tensorboard"))
    if not _is_over(history, fit, monitor):
        plugin.fit(model, as_keras(batches), watched, range(len(history.rows), fit.epochs), callbacks)
    if fit.keep == "best":
        _restore(model, folder / BEST)
    model.optimizer.finalize_variable_values(model.trainable_variables)  # moving averages of weights, if it keeps any
    _write_result(model, history, train_on, folder)


def _check(fit: FitBlock, train_on: Examples, validation: Examples | None) -> None:
    if isinstance(train_on.spec.x, dict):
        obstacle = "the examples have several inputs" if fit.augment != type(fit.augment)() else None
    else:
        obstacle = fit.augment.obstacle(train_on.spec.x.shape, train_on.periodic)
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


def _base_rate(model: keras.Model) -> float:
    """The learning rate that a schedule multiplies: the one that the model was compiled with."""
    import keras

    if isinstance(model.optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        raise LabrunError("'fit.schedule' and the schedule that the model brings itself exclude each other: remove one")
    return float(model.optimizer.learning_rate)


def _is_over(history: _History, fit: FitBlock, monitor: str) -> bool:
    done = len(history.rows)
    if done and fit.early_stopping and done - 1 - history.best_epoch(monitor) >= fit.early_stopping.patience:
        return True
    return done >= fit.epochs


def _variables(model: keras.Model) -> list[Any]:
    """All that training changes, once each, in a fixed order."""
    found = {id(v): v for v in [*model.variables, *model.optimizer.variables]}
    return list(found.values())


def _save(model: keras.Model, path: Path, history: _History) -> None:
    import h5py
    import numpy as np

    with write_atomically(path) as temporary, h5py.File(temporary, "w") as file:
        file["history"] = json.dumps(history.rows)
        for number, variable in enumerate(_variables(model)):
            file[f"variables/{number}"] = np.asarray(variable.numpy() if hasattr(variable, "numpy") else variable)


def _read_history(path: Path) -> _History | None:
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            return _History(json.loads(file["history"].asstr()[()]))
    except (OSError, KeyError, ValueError):
        return None


def _restore(model: keras.Model, path: Path) -> _History | None:
    """Put a checkpoint into a model that was built the same way; None if there is none that fits."""
    import h5py

    history = _read_history(path)
    if history is None:
        return None
    variables = _variables(model)
    with h5py.File(path, "r", locking=False) as file:
        stored = [file[f"variables/{number}"] for number in range(len(file["variables"]))]
        if [tuple(s.shape) for s in stored] != [tuple(v.shape) for v in variables]:
            return None
        for variable, value in zip(variables, stored, strict=True):
            variable.assign(value[()])
    return history


def _write_result(model: keras.Model, history: _History, examples: Examples, folder: Path) -> None:
    import pandas as pd

    pd.DataFrame(history.rows).to_csv(folder / HISTORY, index=False)
    model.save_weights(folder / WEIGHTS)
    model.save(folder / "model.keras")
    lines: list[str] = []
    model.summary(line_length=100, print_fn=lambda line, line_break=True: lines.append(line))
    (folder / "summary.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / SPEC).write_text(json.dumps(examples.spec.record(), indent=2) + "\n", encoding="utf-8")
