"""Toy inputs for tests of plugins: small, reproducible, and learnable."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import Examples, Quantity
from labrun.contracts.plugin import Model, Simulator
from labrun.contracts.trained import TrainedModel
from labrun.engine.members import simulate_member
from labrun.learning.settings import FitBlock
from labrun.seeds import generator
from labrun.testing.packing import examples_of

__all__ = ["simulated_ensemble", "toy_ensemble", "toy_examples", "toy_trained"]


def toy_ensemble(
    shapes: Mapping[str, tuple[int, ...]],
    columns: Mapping[str, Sequence[Any]] | None = None,
    *,
    name: str = "toy",
    seed: int = 0,
) -> Ensemble:
    """Return an ensemble of noise: arrays of these `shapes` for each member, float32 between 0 and 1, dimensionless, brighter for later
    members. `columns` is the sweep's table, with a value for each member: by default six members with a `strength` and a `class`, a or b.

        toy_ensemble({"u": (8, 12)}, {"feed": [0.1, 0.2, 0.3]})
    """
    import numpy as np

    columns = columns or {"strength": [0.0, 0.2, 0.4, 0.6, 0.8, 1.0], "class": ["a", "a", "a", "b", "b", "b"]}
    count = len(next(iter(columns.values())))
    rng = generator(seed, name)
    members = [
        {array: np.asarray(0.6 * rng.random(shape) + 0.4 * i / count, np.float32) for array, shape in shapes.items()}
        for i in range(count)
    ]
    return Ensemble.from_arrays(members, columns, name)


def simulated_ensemble(
    simulator: type[Simulator],
    sweep: Mapping[str, Sequence[Any]],
    config: Mapping[str, Any] | None = None,
    labels: Mapping[str, Sequence[Any]] | None = None,
    *,
    name: str = "toy",
    seed: int = 0,
) -> Ensemble:
    """Simulate a member for each row of `sweep`, with the fixed values of `config`; `labels` are further columns of the table.

    Raises:
        pydantic.ValidationError: the simulator refuses a row.
        TypeError, FloatingPointError: it does not return arrays of finite numbers.
    """
    rows = [dict(zip(sweep, values, strict=True)) for values in zip(*sweep.values(), strict=True)]
    plugins = [simulator.configured({**(config or {}), **row}) for row in rows]
    members = [simulate_member(plugin, generator(seed, name, i)) for i, plugin in enumerate(plugins)]
    return Ensemble.from_arrays(members, {**sweep, **(labels or {})}, name)


def toy_examples(
    shape: tuple[int, ...],
    *,
    classes: Sequence[str] | None = None,
    number: bool = False,
    picture: bool = False,
    count: int = 24,
    name: str = "toy",
    seed: int = 0,
) -> Examples:
    """Return learnable examples: `x` (count, *shape) float32 between 0 and 1, dimensionless, noise that is brighter for greater `y`.

    `y` (count,) is the class (int64; `a` and `b` unless `classes` names others) or, with `number`, a float32 between 0 and 1; with
    `picture`, `y` is `x`. Each member has two examples.

    Raises:
        ValueError: more than one kind of target is requested.
    """
    import numpy as np

    if (classes is not None) + number + picture > 1:
        raise ValueError("toy_examples takes one of classes=(…), number=True and picture=True")
    rng = generator(seed, name)
    names = tuple(classes or ("a", "b"))
    members = np.arange(count) // 2
    level = members / members[-1] if number or picture else members % len(names) / max(1, len(names) - 1)
    x = 0.4 * rng.random((count, *shape)) + 0.6 * level.reshape(-1, *[1] * len(shape))
    x = x.astype(np.float32)
    y = x if picture else level.astype(np.float32) if number else members % len(names)
    import pandas as pd

    return examples_of(
        x,
        y,
        members,
        classes=None if number or picture else names,
        quantity=Quantity("level") if number else None,
        table=pd.DataFrame({"member": members}),
        name=name,
    )


def toy_trained(plugin: Model, examples: Examples, epochs: int = 2, *, name: str = "toy", **fit: Any) -> TrainedModel:
    """Train a model on `examples` as a run would; `fit` takes further values of a project's `fit`. The model's temporary folder is removed
    with the model.

    Raises:
        LabrunError: the examples do not suit the model, it is not compiled, or the loss becomes NaN.
    """
    from labrun.contracts.backend import load_keras
    from labrun.contracts.threads import start_threads
    from labrun.learning.checkpoint import checkpoint_in
    from labrun.learning.training import train

    folder = Path(tempfile.mkdtemp(prefix="labrun-toy-"))
    load_keras()
    settings = {"batch_size": 8, "threads": start_threads()} | fit  # the backend may have started already
    block = FitBlock.model_validate({"train": examples.name or "toy", "epochs": epochs} | settings)
    (folder / "model").mkdir()
    validation = examples if block.samples is not None else None
    train(plugin, block, examples, validation, {}, 0, checkpoint_in(folder), folder / "model", lambda *_: None)
    trained = TrainedModel(plugin, folder / "model", name)
    weakref.finalize(trained, shutil.rmtree, folder, ignore_errors=True)
    return trained
