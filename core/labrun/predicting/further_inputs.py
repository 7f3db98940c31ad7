"""Further inputs of a model, beside its main one: a number for each example, such as the density of a snapshot."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from labrun.contracts.examples import ArraySpec
from labrun.contracts.trained import TrainedModel
from labrun.faults import LabrunError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["further_specs", "further_values", "main_spec"]


def main_spec(model: TrainedModel) -> ArraySpec:
    """Return the shape and type of the main input, as the model was trained on it."""
    x = model.spec.x
    return x[str(model.main_input)] if isinstance(x, dict) else x


def further_specs(model: TrainedModel, given: Mapping[str, float | str]) -> dict[str, ArraySpec]:
    """Return the shapes and types of all inputs but the main one.

    Raises:
        LabrunError: one of them is not a single number, or `given` names something else.
    """
    x = model.spec.x
    specs = {name: spec for name, spec in x.items() if name != model.main_input} if isinstance(x, dict) else {}
    if arrays := [name for name, spec in specs.items() if math.prod(spec.shape) != 1]:
        several = ", ".join([str(model.main_input), *arrays])
        raise LabrunError(f"the model '{model.name}' takes several arrays as inputs ({several}): use it in a project")
    for name in given:
        if name not in specs:
            raise LabrunError(f"the model '{model.name}' has no further input '{name}'{did_you_mean(name, specs)}")
    return specs


def further_values(
    specs: Mapping[str, ArraySpec], given: Mapping[str, float | str], table: pd.DataFrame, path: Path
) -> dict[str, np.ndarray]:
    """Return the values of all further inputs, (examples, …) each: the number that is given, or a column of the table.

    Raises:
        LabrunError: there is no such column, or it does not hold a finite number for each example.
    """
    return {name: _values(name, spec, given.get(name, name), table, path) for name, spec in specs.items()}


def _values(name: str, spec: ArraySpec, source: float | str, table: pd.DataFrame, path: Path) -> np.ndarray:
    import numpy as np

    if isinstance(source, str) and source not in table:
        known = [str(column) for column in table.columns if table[column].dtype.kind in "biuf"]
        raise LabrunError(
            f"the model also takes '{name}': give a number for all examples by --input {name}=NUMBER, or a column by "
            f"--input {name}=COLUMN; '{path}' has no column '{source}'{did_you_mean(source, known)}"
        )
    column = table[source] if isinstance(source, str) else np.full(len(table), source)
    if column.dtype.kind not in "biuf" or not np.isfinite(column).all():
        raise LabrunError(
            f"the input '{name}' must be a finite number for each example, which '{source}' of '{path}' is not"
        )
    return np.asarray(column).astype(spec.dtype).reshape(len(table), *spec.shape)
