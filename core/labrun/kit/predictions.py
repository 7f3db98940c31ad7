"""Predictions of numbers or classes: what networks and baselines predict for the examples of datasets, as a table that others judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labrun.contracts.findings import Findings
from labrun.faults import did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from labrun.contracts.examples import Examples
    from labrun.contracts.trained import TrainedModel

__all__ = ["Predictions", "expect_finite", "predict_pictures", "rounded", "true_values"]

TABLE = "predictions"
COLUMNS = ("dataset", "example", "method", "prediction")


@dataclass(frozen=True)
class Predictions:
    """Predictions of several methods, on several datasets, one row each.

    Columns of `table`: `dataset`, its name; `example`, the position in the dataset; `method`, the name of what predicts; `prediction`, a
    number in the unit of the quantity, or the name of a class.
    """

    table: pd.DataFrame

    @classmethod
    def gather(cls, found: Iterable[tuple[Examples, str, np.ndarray]]) -> Predictions:
        """Join what methods predict: a dataset, the name of a method, and its predictions, (examples,), in the unit of the quantity or as
        numbers of classes."""
        import pandas as pd

        tables = []
        for examples, method, values in found:
            shown = rounded(values) if examples.classes is None else [examples.classes[number] for number in values]
            columns = (examples.name, range(len(examples)), method, shown)
            tables.append(pd.DataFrame(dict(zip(COLUMNS, columns, strict=True))))
        return cls(pd.concat(tables, ignore_index=True))

    @classmethod
    def read(cls, findings: Findings) -> Predictions:
        """Read the predictions that another analysis has found.

        Raises:
            ValueError: it has no such table, or the table lacks a column.
        """
        table = findings.tables.get(TABLE)
        if table is None:
            raise ValueError(
                f"a baseline must hold a table '{TABLE}' with the columns {', '.join(COLUMNS)}; the analysis given has the tables "
                f"{', '.join(findings.tables) or '(none)'}"
            )
        for column in COLUMNS:
            if column not in table:
                hint = did_you_mean(column, map(str, table.columns))
                raise ValueError(f"the table '{TABLE}' of a baseline has no column '{column}'{hint}")
        return cls(table)

    @property
    def methods(self) -> list[str]:
        """The names of the methods, in the order of the table."""
        return [str(name) for name in dict.fromkeys(self.table["method"])]

    def of(self, method: str, examples: Examples) -> np.ndarray:
        """Return what a method predicts for each example of a dataset, (examples,) float64, in the unit of the quantity.

        Raises:
            ValueError: it does not predict each of these examples once, or a prediction is not finite.
        """
        import numpy as np

        rows = self.table[self.table["method"].astype(str) == method]
        own = rows[rows["dataset"].astype(str) == examples.name].sort_values("example")
        if own.empty:
            known = ", ".join(f"'{dataset}'" for dataset in rows["dataset"].unique())
            raise ValueError(
                f"the method '{method}' has no predictions on '{examples.name}', but on {known}: run its analysis on the same datasets"
            )
        if not np.array_equal(own["example"], np.arange(len(examples))):
            raise ValueError(
                f"the method '{method}' must predict each of the {len(examples)} examples of '{examples.name}' once, numbered from 0; "
                f"its table has {len(own)} rows for {own['example'].nunique()} examples"
            )
        return expect_finite(own["prediction"].to_numpy(float), f"the method '{method}'", examples.name)


def rounded(values: Iterable[float]) -> list[float]:
    """Round to 7 significant digits: of a network's number, single precision, the others differ between machines."""
    return [float(f"{value:.7g}") for value in values]


def true_values(examples: Examples) -> np.ndarray:
    """Return the true answers, (examples, …): numbers of classes, or values in the unit of the quantity."""
    y = examples.load_y(slice(None))
    return y if examples.quantity is None else examples.quantity.value(y)


def expect_finite(predicted: np.ndarray, who: str, dataset: str) -> np.ndarray:
    """Return predictions, (examples, …) in any unit, after a check that all are finite.

    Raises:
        ValueError: some are not.
    """
    import numpy as np

    lost = int(np.sum(~np.isfinite(predicted).reshape(len(predicted), -1).all(axis=1)))
    if lost:
        raise ValueError(
            f"{who} predicts NaN or infinity for {lost} of the {len(predicted)} examples of '{dataset}': its training diverged, or its "
            "input is not finite. Leave it out, or train it with a lower learning rate"
        )
    return predicted


def predict_pictures(model: TrainedModel, examples: Examples, shape: tuple[int, ...]) -> np.ndarray:
    """Return what a network makes of examples, (examples, *shape) float64, in the unit of y.

    Raises:
        ValueError: its answers have another shape, or are not finite.
    """
    import numpy as np

    found: Any = np.asarray(model.predict(examples), np.float64)
    if found.shape[1:] != shape:
        raise ValueError(
            f"the model '{model.name}' predicts arrays of shape {found.shape[1:]} for the examples of '{examples.name}'; expected pictures "
            f"of shape {shape}"
        )
    return expect_finite(found, f"the model '{model.name}'", examples.name)
