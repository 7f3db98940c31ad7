"""Time some steps of a training: what `labrun plan` measures where a training has not run yet."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import TYPE_CHECKING, Any

from labrun.contracts.backend import keras_settings_restored, load_keras, make_deterministic
from labrun.contracts.examples import Examples
from labrun.contracts.plugin import Model
from labrun.contracts.threads import fix_threads
from labrun.files.guarded import GuardedPath
from labrun.learning.batches import Batches, as_keras
from labrun.learning.checkpoint import Checkpoint
from labrun.learning.checks import check_examples, check_network
from labrun.learning.result_files import write_result
from labrun.learning.settings import FitBlock
from labrun.learning.variables import values_of

if TYPE_CHECKING:
    import keras

__all__ = ["StepTimes", "time_steps"]

STEPS, VALIDATION_STEPS = 12, 4
"""Steps of each of the two epochs that are timed, if the training has so many."""
ENOUGH = 6.0
"""Seconds of steps after which no further step is begun."""


@dataclass(frozen=True)
class StepTimes:
    """What a training takes [s]."""

    load: float
    """To load Keras and its backend, once in a run."""
    build: float
    """To build the network."""
    compile: float
    """What the first epoch takes longer than others."""
    step: float
    validation_step: float
    between: float
    """Between the steps of an epoch and those of the next, with the checkpoint."""
    finish: float
    """To write the trained model."""

    def epoch(self, steps: int, validation_steps: int) -> float:
        """Return the time of an epoch of so many steps."""
        return self.between + steps * self.step + validation_steps * self.validation_step


def time_steps(
    plugin: Model, fit: FitBlock, examples: Examples, counts: tuple[int, int], inputs: dict[str, Any]
) -> StepTimes:
    """Build the network and train it for two short epochs.

    Args:
        examples: some examples of the dataset; they are repeated to fill a batch.
        counts: the number of examples that the training has, and of those that it validates on.
        inputs: the stages that `build` asks for, beside the examples.

    Raises:
        LabrunError: the examples do not suit the model or the augmentation, or the model is not compiled.
    """
    import numpy as np
    from threadpoolctl import threadpool_limits

    check_examples(fit, examples, None)
    fix_threads(fit.threads)
    begun = perf_counter()
    load_keras()
    load = perf_counter() - begun
    make_deterministic(0)
    some = [
        examples.take(np.resize(np.arange(len(examples)), min(count, most * fit.batch_size)))
        for count, most in zip(counts, (STEPS, VALIDATION_STEPS), strict=True)
    ]
    batches = Batches(some[0], fit.batch_size, shuffle=True, augmentation=fit.augment)
    validation = as_keras(Batches(some[1], fit.batch_size)) if len(some[1]) else None
    with keras_settings_restored(), threadpool_limits(fit.threads):
        begun = perf_counter()
        model = plugin.build(examples.spec, **inputs)
        check_network(plugin, model, examples.spec)
        build = perf_counter() - begun
        stopwatch = _stopwatch()
        plugin.fit(model, as_keras(batches), validation, range(2), [stopwatch])
    return _times(load, build, stopwatch.epochs, _time_of_checkpoint(model), _time_of_result(model, examples))


@dataclass
class _Epoch:
    """When an epoch began and ended, and when each of its steps did."""

    begun: float
    steps: list[float]
    validation_steps: list[float]
    ended: float = 0.0


def _stopwatch() -> Any:
    """Return a callback that notes the time of each step in `epochs`, and ends the training when it has seen enough."""

    class Stopwatch(load_keras().callbacks.Callback):  # type: ignore[misc]  # Keras has no types
        def __init__(self) -> None:
            super().__init__()
            self.epochs: list[_Epoch] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epochs.append(_Epoch(perf_counter(), [], []))

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            steps = self.epochs[-1].steps
            steps.append(perf_counter())
            if len(steps) > 2 and steps[-1] - self.epochs[0].steps[0] > ENOUGH:
                self.model.stop_training = True

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            self.epochs[-1].validation_steps.append(perf_counter())

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.epochs[-1].ended = perf_counter()

    return Stopwatch()


def _times(load: float, build: float, epochs: Sequence[_Epoch], checkpoint: float, finish: float) -> StepTimes:
    step = _mean_step([epoch.steps for epoch in epochs])
    validation_step = _mean_step([epoch.validation_steps for epoch in epochs])

    def rest(epoch: _Epoch) -> float:
        """Return what an epoch took beside its steps."""
        steps = len(epoch.steps) * step + len(epoch.validation_steps) * validation_step
        return max(0.0, epoch.ended - epoch.begun - steps)

    between = rest(epochs[1]) if len(epochs) > 1 else 0.0
    compiling = max(0.0, rest(epochs[0]) - between)
    return StepTimes(load, build, compiling, step, validation_step, between + checkpoint, finish)


def _mean_step(epochs: Sequence[Sequence[float]]) -> float:
    """Return the mean time from one step to the next; none to the first of an epoch, which waits for data."""
    return fmean([after - before for steps in epochs for before, after in pairwise(steps)] or [0.0])


def _time_of_checkpoint(model: keras.Model) -> float:
    begun = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        Checkpoint(values=values_of(model)).save(GuardedPath(Path(folder)) / "checkpoint.npz")
    return perf_counter() - begun


def _time_of_result(model: keras.Model, examples: Examples) -> float:
    begun = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        write_result(model, [{"epoch": 1, "loss": 0.0}], examples.spec, None, Path(folder))
    return perf_counter() - begun
