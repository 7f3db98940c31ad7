"""The state of a training after an epoch, in one file that is there whole or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.faults import LabrunError
from labrun.files.atomic import write_atomically
from labrun.files.digests import append_digest, ends_with_digest
from labrun.files.integrity import CHANGED, Damage
from labrun.files.limits import DAMAGE, expect_archive
from labrun.learning.sampling import sample_file

if TYPE_CHECKING:
    import keras
    import numpy as np

__all__ = [
    "Checkpoint",
    "History",
    "assign",
    "checkpoint_in",
    "damage_of_checkpoint",
    "epochs_done",
    "optimizers_of",
    "values_of",
]


@dataclass
class History:
    """One row an epoch."""

    rows: list[dict[str, float]] = field(default_factory=list)

    def best_epoch(self, monitor: str) -> int:
        """The epoch (from 0) in which the monitored number was best: lowest for a loss or an error, else highest."""
        if monitor not in self.rows[0]:
            raise LabrunError(
                f"fit.monitor names '{monitor}', but the training reports {', '.join(sorted(self.rows[0]))}"
            )
        sign = 1 if any(word in monitor for word in ("loss", "error", "mae", "mse")) else -1
        values = [sign * row[monitor] for row in self.rows]
        return min(range(len(values)), key=lambda epoch: math.inf if math.isnan(values[epoch]) else values[epoch])


@dataclass
class Checkpoint:
    """The state of a training after an epoch."""

    history: History = field(default_factory=History)
    values: list[np.ndarray] = field(default_factory=list)
    best: list[np.ndarray] = field(default_factory=list)
    """The values of the best epoch, if that is the one to keep."""

    def save(self, path: Path) -> None:
        import numpy as np

        rows = np.array(json.dumps(self.history.rows))
        values = {f"{name}/{i}": v for name in ("values", "best") for i, v in enumerate(getattr(self, name))}
        with write_atomically(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, history=rows, **values)
            stream.flush()
            append_digest(temporary)

    @classmethod
    def load(cls, path: Path) -> Checkpoint | None:
        """Read what `save` wrote; None if there is none, or none that is whole."""
        try:
            with _opened(path) as file:
                count = sum(name.startswith("values/") for name in file)
                best = [file[f"best/{i}"] for i in range(count) if f"best/{i}" in file]
                rows = json.loads(str(file["history"]))
                return cls(History(rows), [file[f"values/{i}"] for i in range(count)], best)
        except DAMAGE:
            return None

    def fits(self, model: keras.Model) -> bool:
        """Whether the model was built the same way."""
        return [value.shape for value in self.values] == [tuple(v.shape) for v in _variables_of(model)]


def checkpoint_in(folder: Path) -> Path:
    """The checkpoint in a folder."""
    return folder / "checkpoint.npz"


def damage_of_checkpoint(checkpoint: Path, sampled_every: int | None) -> list[Damage]:
    """What is wrong with a checkpoint and the samples beside it, one every so many epochs. A sample cannot be taken again later."""
    if not checkpoint.exists():
        return []
    if not ends_with_digest(checkpoint):
        return [Damage(checkpoint.name, CHANGED)]
    epochs = range(sampled_every, epochs_done(checkpoint) + 1, sampled_every) if sampled_every else ()
    samples = [sample_file(checkpoint.parent, epoch) for epoch in epochs]
    return [
        Damage(path.name, CHANGED if path.exists() else "is missing") for path in samples if not ends_with_digest(path)
    ]


def epochs_done(checkpoint: Path) -> int:
    """How many epochs a checkpoint holds; 0 if there is none, or none that is whole."""
    try:
        with _opened(checkpoint) as file:
            return len(json.loads(str(file["history"])))
    except DAMAGE:
        return 0


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The arrays in the file of a checkpoint; one is read when it is asked for.

    Raises:
        labrun.files.limits.DAMAGE: there is none, or none that is whole.
    """
    import numpy as np

    if not ends_with_digest(path):
        raise ValueError(f"'{path}' is not what was written")
    expect_archive(path)
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        yield file


def optimizers_of(model: keras.Model) -> list[keras.optimizers.Optimizer]:
    """The optimizer that the model was compiled with, and those that it has beside: a network and its adversary have two."""
    import keras

    beside = [value for _, value in sorted(vars(model).items()) if isinstance(value, keras.optimizers.Optimizer)]
    return [model.optimizer, *(optimizer for optimizer in beside if optimizer is not model.optimizer)]


def _variables_of(model: keras.Model) -> list[Any]:
    """All that training changes, once each, in a fixed order."""
    found = {id(v): v for v in [*model.variables, *(v for o in optimizers_of(model) for v in o.variables)]}
    return list(found.values())


def values_of(model: keras.Model) -> list[np.ndarray]:
    """All that training changes, as arrays; `assign` puts them back."""
    import keras
    import numpy as np

    return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in _variables_of(model)]


def assign(model: keras.Model, values: list[np.ndarray]) -> None:
    """Give a model, built the same way, the values that `values_of` took."""
    for variable, value in zip(_variables_of(model), values, strict=True):
        variable.assign(value)
