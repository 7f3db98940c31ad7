"""Check whether the models of a project can be trained in this process, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable

from labrun.contracts.keras_settings import keras_backend, keras_obstacles
from labrun.contracts.threads import fix_threads
from labrun.faults import Fault, ProjectFaults
from labrun.project.stage import FittedModelStage, ModelStage, Stage

__all__ = ["expect_trainable", "prepare_trainings"]


def expect_trainable(stages: Iterable[Stage]) -> None:
    """Check the settings of Keras if there are models among the stages.

    Raises:
        ProjectFaults: Keras's settings do not suit, its backend is not installed, or trainings ask for different numbers of threads, which
            only PyTorch can change within a process.
    """
    models = [stage for stage in stages if isinstance(stage, ModelStage)]
    faults = list(keras_obstacles()) if models else []
    threads = _threads_of(models)
    if len(threads) > 1 and keras_backend() != "torch":
        asked = ", ".join(f"{count} ({identifier})" for count, identifier in sorted(threads.items()))
        faults.append(
            f"with {keras_backend()}, fit.threads must be the same for all models of a project: found {asked}"
        )
    if faults:
        raise ProjectFaults(Fault(message) for message in faults)


def prepare_trainings(stages: Iterable[Stage]) -> None:
    """Check the settings of Keras, and fix the number of threads for the trainings among the stages.

    Raises:
        ProjectFaults: as `expect_trainable`.
        LabrunError: the backend has started already, with another number of threads.
    """
    stages = list(stages)
    expect_trainable(stages)
    if threads := _threads_of(stages):
        fix_threads(max(threads))


def _threads_of(stages: Iterable[Stage]) -> dict[int, str]:
    """Return the numbers of threads that trainings ask for, each with a stage that asks for it."""
    return {stage.fit.threads: stage.id for stage in stages if isinstance(stage, FittedModelStage)}
