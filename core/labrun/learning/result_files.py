"""Write a trained model: weights, history, summary, the shapes of its examples, and a `.keras` archive of reproducible bytes."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from labrun.contracts.backend import load_keras
from labrun.contracts.trained import HISTORY, SPEC, WEIGHTS
from labrun.files.atomic import write_atomically, write_json
from labrun.files.disk_space import expect_space
from labrun.learning.network_record import network_record
from labrun.learning.variables import values_of

if TYPE_CHECKING:
    import keras

    from labrun.contracts.examples import ExampleSpec
    from labrun.contracts.input_ranges import InputRanges

__all__ = ["write_result"]

ARCHIVE = "model.keras"
SUMMARY = "summary.txt"
NETWORK = "network.json"


def write_result(
    model: keras.Model, history: list[dict[str, float]], spec: ExampleSpec, ranges: InputRanges | None, folder: Path
) -> None:
    """Write everything that a training leaves. The same training writes the same bytes."""
    import pandas as pd

    expect_space(folder / WEIGHTS, 3 * sum(value.nbytes for value in values_of(model)))
    pd.DataFrame(history).to_csv(folder / HISTORY, index=False)
    _save_weights(model, folder / WEIGHTS)
    model.save(folder / ARCHIVE)
    _make_reproducible(folder / ARCHIVE)
    (folder / SUMMARY).write_text(_summary(model), encoding="utf-8")
    write_json(folder / NETWORK, network_record(model, spec))
    record = spec.record() | ({"ranges": ranges.record()} if ranges else {})
    (folder / SPEC).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _save_weights(model: keras.Model, path: Path) -> None:
    """Write the weights without the optimizers, which are twice as large and not needed to predict."""
    kind = load_keras().optimizers.Optimizer
    optimizers = {name: value for name, value in vars(model).items() if isinstance(value, kind)}
    for name in optimizers:
        setattr(model, name, None)
    model.save_weights(path)
    for name, optimizer in optimizers.items():
        setattr(model, name, optimizer)


def _make_reproducible(archive: Path) -> None:
    """Rewrite a `.keras` file without the time of writing and without the memory addresses by which Keras numbers shared objects."""
    numbers: dict[str, int] = {}

    def renumber(found: re.Match[str]) -> str:
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
                content = re.sub(r'"shared_object_id": (\d+)', renumber, content.decode()).encode()
            new.writestr(zipfile.ZipInfo(name), content)


def _summary(model: keras.Model) -> str:
    """Return the table of layers that Keras prints."""
    lines: list[str] = []
    model.summary(line_length=100, print_fn=lambda line, line_break=True: lines.append(line))
    return "\n".join(lines) + "\n"
