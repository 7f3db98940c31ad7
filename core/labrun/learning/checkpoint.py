"""The state of a training after an epoch, in one file that is written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.files.digests import append_digest, ends_with_digest
from labrun.files.guarded import GuardedPath
from labrun.files.integrity import CHANGED, Damage
from labrun.files.limits import DAMAGE, expect_archive
from labrun.learning.history import History
from labrun.learning.sampling import sample_file
from labrun.learning.variables import shapes_of

if TYPE_CHECKING:
    import keras
    import numpy as np

__all__ = ["Checkpoint", "checkpoint_in", "damage_of_checkpoint", "epochs_done"]


@dataclass
class Checkpoint:
    """The state of a training after an epoch: `values` and `best` are in the order of `labrun.learning.variables`."""

    history: History = field(default_factory=History)
    values: list[np.ndarray] = field(default_factory=list)
    best: list[np.ndarray] = field(default_factory=list)
    """The values of the best epoch, if that is the one to keep."""

    def save(self, path: GuardedPath) -> None:
        """Write the state; the file ends with its digest."""
        import numpy as np

        rows = np.array(json.dumps(self.history.rows))
        values = {f"{name}/{i}": v for name in ("values", "best") for i, v in enumerate(getattr(self, name))}
        with path.written() as stream:
            np.savez(stream, history=rows, **values)
            append_digest(stream)

    @classmethod
    def load(cls, path: GuardedPath) -> Checkpoint | None:
        """Read what `save` wrote; None if there is no such file, or if it is damaged."""
        try:
            with _opened(path) as file:
                count = sum(name.startswith("values/") for name in file)
                best = [file[f"best/{i}"] for i in range(count) if f"best/{i}" in file]
                rows = json.loads(str(file["history"]))
                return cls(History(rows), [file[f"values/{i}"] for i in range(count)], best)
        except DAMAGE:
            return None

    def fits(self, model: keras.Model) -> bool:
        """Check whether the state has the shapes of this model's variables."""
        return [value.shape for value in self.values] == shapes_of(model)


def checkpoint_in(folder: Path | GuardedPath) -> GuardedPath:
    """Return the path of the checkpoint in a folder."""
    return GuardedPath.of(folder) / "checkpoint.npz"


def damage_of_checkpoint(checkpoint: GuardedPath, sampled_every: int | None) -> list[Damage]:
    """List what is damaged of a checkpoint and of the samples beside it, one every `sampled_every` epochs: a lost sample cannot be taken
    again."""
    if not checkpoint.is_there():
        return []
    if not ends_with_digest(checkpoint):
        return [Damage(checkpoint.name, CHANGED)]
    epochs = range(sampled_every, epochs_done(checkpoint) + 1, sampled_every) if sampled_every else ()
    samples = [sample_file(checkpoint.parent, epoch) for epoch in epochs]
    return [
        Damage(path.name, CHANGED if path.is_there() else "is missing")
        for path in samples
        if not ends_with_digest(path)
    ]


def epochs_done(checkpoint: GuardedPath) -> int:
    """Count the epochs that a checkpoint holds; 0 if there is no such file, or if it is damaged."""
    try:
        with _opened(checkpoint) as file:
            return len(json.loads(str(file["history"])))
    except DAMAGE:
        return 0


@contextmanager
def _opened(path: GuardedPath) -> Iterator[Any]:
    """Open the arrays of a checkpoint; each is read when it is used.

    Raises:
        labrun.files.limits.DAMAGE: there is no such file, or it is damaged.
    """
    if not ends_with_digest(path):
        raise ValueError(f"'{path}' does not end with the digest of its content")
    import numpy as np  # only for a checkpoint that is there

    expect_archive(path)
    with path.opened() as stream, np.load(stream, allow_pickle=False) as file:
        yield file
