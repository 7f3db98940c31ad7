"""Temperatures of classifiers, by which logits are divided to calibrate probabilities: one analysis finds them, others use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from labrun.contracts.findings import Findings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from labrun.contracts.examples import Examples
    from labrun.contracts.trained import TrainedModel

__all__ = ["TABLE", "calibrated_probabilities", "read_temperature", "remarks_of", "temperature_table"]

TABLE = "temperatures"
"""The table of the findings that holds them"""


def temperature_table(temperatures: Mapping[str, float], remarks: Sequence[str] = ()) -> pd.DataFrame:
    """Return the table of the temperature of each model, by its name, which `read_temperature` reads; `remarks`, one a model, say what is
    special about it."""
    import pandas as pd

    table = pd.DataFrame({"model": list(temperatures), "temperature": list(temperatures.values())})
    return table.assign(remark=list(remarks)) if any(remarks) else table


def remarks_of(calibration: Findings, model: str) -> list[str]:
    """Return what is special about the temperature of a model; nothing in most cases."""
    table = calibration.tables.get(TABLE)
    if table is None or "remark" not in table:
        return []
    return [one for one in table.loc[table["model"] == model, "remark"] if isinstance(one, str) and one]


def read_temperature(calibration: Findings, model: str) -> float:
    """Read the temperature of a model from the findings of a calibration.

    Raises:
        ValueError: they have none for this model.
    """
    table = calibration.tables.get(TABLE)
    rows = table.loc[table["model"] == model, "temperature"].tolist() if table is not None else []
    if not rows:
        known = f"has those of {', '.join(table['model'])}" if table is not None else f"has no table '{TABLE}'"
        raise ValueError(
            f"the calibration given has no temperature of the model '{model}'; it {known}. Name an analysis 'calibration' of that model, "
            "or leave it out"
        )
    return float(rows[0])


def calibrated_probabilities(model: TrainedModel, examples: Examples, calibration: Findings | None) -> np.ndarray:
    """Return softmax(z / T) of a model's logits z, (n, classes) float64, with its temperature T; with T = 1 without a calibration.

    Raises:
        ValueError: the calibration has no temperature of this model, or as `TrainedModel.logits`.
    """
    from scipy.special import softmax

    if calibration is None:
        return model.probabilities(examples)
    return softmax(model.logits(examples).astype(float) / read_temperature(calibration, model.name), axis=-1)
