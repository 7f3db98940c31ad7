"""The times of some steps, of a training whose steps take a known time."""

from __future__ import annotations

import time
from typing import ClassVar

import numpy as np
import pytest

from labrun import Examples, Model
from labrun.learning import steps
from labrun.learning.settings import FitBlock
from labrun.learning.steps import StepTimes, _Epoch, _mean_step, _times, time_steps

STEP, VALIDATION = 0.05, 0.02


class Slow(Model):
    """One dense layer, each of whose steps waits."""

    name: ClassVar[str] = "slow"

    def build(self, examples):
        import keras

        class Waiting(keras.Model):
            def train_step(self, data):
                time.sleep(STEP)
                return super().train_step(data)

            def test_step(self, data):
                time.sleep(VALIDATION)
                return super().test_step(data)

        x = keras.Input(examples.x.shape, name="x")
        model = Waiting(x, keras.layers.Dense(1, name="y")(x))
        model.compile("sgd", "mse", run_eagerly=True)
        return model


def examples(count):
    return Examples(lambda i: np.ones((len(i), 3), np.float32), lambda i: i.astype(np.float32), np.arange(count))


def test_steps_take_what_they_wait():
    fit = FitBlock(train="t", epochs=100, batch_size=4)
    times = time_steps(Slow(), fit, examples(3), (40, 12), {})  # 10 and 3 steps, of 3 examples that are repeated
    assert times.step >= STEP
    assert VALIDATION <= times.validation_step < times.step
    assert min(times.build, times.finish, times.between) > 0
    assert times.epoch(10, 3) == pytest.approx(times.between + 10 * times.step + 3 * times.validation_step)


def test_training_is_ended_when_enough_was_seen(monkeypatch):
    monkeypatch.setattr(steps, "ENOUGH", 0.0)
    seen = []
    monkeypatch.setattr(steps, "_times", lambda load, build, epochs, *more: seen.extend(epochs))
    time_steps(Slow(), FitBlock(train="t", epochs=9, batch_size=1), examples(30), (30, 0), {})
    (epoch,) = seen
    assert len(epoch.steps) == 3
    assert epoch.validation_steps == []


def test_times_of_made_up_epochs():
    """The first epoch compiles for 7 s; both take 1 s beside 3 steps of 2 s and 2 validation steps of 0.5 s."""
    first = _Epoch(0.0, [9.5, 11.5, 13.5], [14.0, 14.5], 15.0)
    second = _Epoch(15.0, [17.5, 19.5, 21.5], [22.0, 22.5], 23.0)
    found = _times(1.0, 2.0, [first, second], 0.25, 0.75)
    assert found == StepTimes(1.0, 2.0, 7.0, 2.0, 0.5, 1.25, 0.75)
    assert found.epoch(100, 10) == 1.25 + 200 + 5


def test_one_step_is_counted_as_the_rest_of_its_epoch():
    assert _mean_step([[1.0], [5.0]]) == 0.0
    found = _times(0.0, 0.0, [_Epoch(0.0, [3.0], [], 3.5), _Epoch(3.5, [4.5], [], 5.0)], 0.0, 0.0)
    assert (found.step, found.between, found.compile) == (0.0, 1.5, 2.0)
