"""Train a model: Keras's own fit loop, with a checkpoint after every epoch, from which an interrupted training continues.

A checkpoint holds every variable of the model and its optimizers (momenta, step counters, states of random layers), those of the best
epoch if it is to be kept, and the history so far. The order of the examples and their augmentation depend only on the seed and the
epoch. An interrupted training therefore ends with the weights of an undisturbed one, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.contracts.backend import (
    keep_freed_memory,
    keras_settings_restored,
    load_keras,
    make_deterministic,
    seed_epoch,
)
from labrun.contracts.examples import Examples
from labrun.contracts.input_ranges import InputRanges
from labrun.contracts.plugin import Model
from labrun.contracts.threads import fix_threads
from labrun.faults import LabrunError
from labrun.files.guarded import GuardedPath
from labrun.learning.batches import Batches, as_keras
from labrun.learning.checkpoint import Checkpoint
from labrun.learning.checks import check_examples, check_network
from labrun.learning.history import History
from labrun.learning.pretrained import write_card
from labrun.learning.result_files import write_result
from labrun.learning.sampling import Sampling
from labrun.learning.schedule import Schedule
from labrun.learning.seen import write_seen
from labrun.learning.settings import FitBlock
from labrun.learning.variables import assign, optimizers_of, values_of
from labrun.seeds import integer_seed

if TYPE_CHECKING:
    import keras

__all__ = ["train"]


def train(
    plugin: Model,
    fit: FitBlock,
    train_on: Examples,
    validation: Examples | None,
    inputs: dict[str, Any],
    seed: int,
    checkpoint: GuardedPath,
    folder: Path,
    progress: Callable[[int, dict[str, float]], None],
) -> None:
    """Train a model to the end, continuing from `checkpoint` if it exists, and write the result into `folder`.

    Args:
        inputs: the stages that `build` asks for, beside the examples.
        progress: called after each epoch with its number (from 1) and its losses and metrics.

    Raises:
        LabrunError: the examples do not suit the model or the augmentation, the model is not compiled, or the loss is no longer finite.
    """
    check_examples(fit, train_on, validation)
    fix_threads(fit.threads)
    make_deterministic(seed)
    with keras_settings_restored():
        model = plugin.build(train_on.spec, **inputs)
        check_network(plugin, model, train_on.spec)
        training = Training(plugin, fit, model, train_on, validation, seed, checkpoint, progress)
        training.resume()
        write_seen(training.batches, folder)
        training.run(folder)
    training.finish()
    write_result(model, training.history.rows, train_on.spec, InputRanges.of(train_on, plugin), folder)
    if training.sampling:
        training.sampling.collect(len(training.history.rows), folder)
    write_card(folder, plugin, inputs)


class Training:
    """One training, epoch by epoch: `resume`, `run` (which calls `begin_epoch` and `end_epoch`), `finish`."""

    def __init__(
        self,
        plugin: Model,
        fit: FitBlock,
        model: keras.Model,
        train_on: Examples,
        validation: Examples | None,
        seed: int,
        checkpoint: GuardedPath,
        progress: Callable[[int, dict[str, float]], None],
    ) -> None:
        self.plugin, self.fit, self.model, self.seed = plugin, fit, model, seed
        self.batches = Batches(train_on, fit.batch_size, seed, shuffle=True, augmentation=fit.augment)
        self.validation = Batches(validation, fit.batch_size) if validation else None
        self.sampling = _sampling(fit, validation, checkpoint.parent)
        self.monitor = fit.monitor or ("val_loss" if validation else "loss")
        self.checkpoint, self.progress = checkpoint, progress
        self.state = Checkpoint()
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        self.rates = [] if fit.schedule == Schedule() else [_base_rate(optimizer) for optimizer in optimizers_of(model)]

    @property
    def history(self) -> History:
        """One row for each finished epoch."""
        return self.state.history

    @property
    def is_over(self) -> bool:
        """Whether the last epoch has been reached, or the monitored number has stopped improving."""
        stopping = self.fit.early_stopping
        stalled = stopping is not None and self.history.epochs_since_best(self.monitor) >= stopping.patience
        return stalled or len(self.history.rows) >= self.fit.epochs

    def resume(self) -> None:
        """Continue from the checkpoint if it belongs to a network that was built the same way."""
        state = Checkpoint.load(self.checkpoint)
        if state is not None and state.fits(self.model):
            assign(self.model, state.values)
            self.state = state

    def run(self, folder: Path) -> None:
        """Train the epochs that remain, with BLAS and OpenMP on `fit.threads` too. Logs for TensorBoard go to `folder`.

        Raises:
            LabrunError: the loss is no longer finite, or the plugin's own `fit` did not train.
        """
        from threadpoolctl import threadpool_limits

        if not self.is_over:
            callbacks = load_keras().callbacks
            watching = [callbacks.LambdaCallback(on_epoch_begin=self.begin_epoch, on_epoch_end=self.end_epoch)]
            if self.fit.tensorboard:
                watching.append(callbacks.TensorBoard(folder / "tensorboard"))
            validation = as_keras(self.validation) if self.validation else None
            epochs = range(len(self.history.rows), self.fit.epochs)
            with threadpool_limits(self.fit.threads):
                self.plugin.fit(self.model, as_keras(self.batches), validation, epochs, watching)
        if not self.history.rows:
            raise LabrunError(
                f"'{self.plugin.name}' has not trained: its fit must pass `callbacks` and `epochs` to model.fit"
            )

    def begin_epoch(self, epoch: int, _: Any) -> None:
        """Set the random state, the order of the batches and the learning rates of an epoch (counted from 0)."""
        keep_freed_memory()
        seed_epoch(integer_seed(self.seed, "epoch", epoch))
        self.batches.epoch = epoch
        for optimizer, rate in zip(optimizers_of(self.model), self.rates, strict=False):  # no rates: a constant one
            optimizer.learning_rate = rate * self.fit.schedule.factor(epoch, self.fit.epochs)

    def end_epoch(self, epoch: int, logs: dict[str, Any]) -> None:
        """Record an epoch, take samples, write the checkpoint, and stop if the training is over."""
        numbers = {name: float(value) for name, value in logs.items()}
        self._expect_finite_losses(epoch + 1, numbers)
        self.history.rows.append({"epoch": epoch + 1, **numbers})
        is_best = self.history.best_epoch(self.monitor) == epoch + 1
        if self.sampling:
            self.sampling.take(epoch + 1, lambda x: self.plugin.predict(self.model, x))
        self.state.values = values_of(self.model)
        if self.fit.keep == "best" and is_best:
            self.state.best = self.state.values
        self.state.save(self.checkpoint)
        self.progress(epoch + 1, numbers)
        if self.is_over:
            self.model.stop_training = True

    def _expect_finite_losses(self, epoch: int, numbers: dict[str, float]) -> None:
        for name, loss, whose in (("loss", "loss", "training"), ("val_loss", "validation loss", "validation")):
            if not math.isfinite(numbers.get(name, 0.0)):
                raise LabrunError(
                    f"the {loss} of '{self.plugin.name}' became {numbers[name]} in epoch {epoch}: look for NaN, infinity and extreme "
                    f"values among the inputs and targets of the {whose} examples, or lower the learning rate"
                )

    def finish(self) -> None:
        """Give the model the weights to keep: those of the best epoch if wanted, and moving averages if its optimizer has any; and its
        optimizers the learning rates that they began with.

        Raises:
            LabrunError: no epoch can be called the best.
        """
        if self.fit.keep == "best":
            if not self.state.best:
                raise LabrunError(
                    f"{self.monitor} was NaN in every epoch, so there is no best one to keep: choose another fit.monitor, or 'keep: last'"
                )
            assign(self.model, self.state.best)
        for optimizer in optimizers_of(self.model):
            optimizer.finalize_variable_values(optimizer._trainable_variables)
        for optimizer, rate in zip(optimizers_of(self.model), self.rates, strict=False):
            optimizer.learning_rate = rate


def _sampling(fit: FitBlock, validation: Examples | None, folder: GuardedPath) -> Sampling | None:
    if fit.samples is None:
        return None
    if validation is None:
        raise LabrunError(
            "'fit.samples' are predictions for validation examples: name a dataset under 'fit.validation' too"
        )
    return Sampling(validation, fit.samples.count, fit.samples.every, folder)


def _base_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """Return the learning rate that a schedule multiplies: the one that the model was compiled with."""
    schedules = load_keras().optimizers.schedules
    if isinstance(optimizer._learning_rate, schedules.LearningRateSchedule):
        raise LabrunError(
            "the model has a learning rate schedule of its own, so 'fit.schedule' cannot be used: remove one of them"
        )
    return float(optimizer.learning_rate)
