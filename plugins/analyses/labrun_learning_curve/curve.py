"""Choose, check and average rows of a table to form curves."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from labrun import Findings, did_you_mean

__all__ = ["average", "choose_dataset", "choose_table", "separate_variants", "to_points"]


def choose_table(findings: Findings, name: str) -> pd.DataFrame:
    """Return the table of that name.

    Raises:
        ValueError: there is none.
    """
    if name not in findings.tables:
        raise ValueError(f"the analysis has no table '{name}'{did_you_mean(name, findings.tables)}")
    return findings.tables[name]


def choose_dataset(table: pd.DataFrame, name: str, dataset: str | None, columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows of one dataset, or all rows if the table names at most one dataset or `dataset` is among the columns.

    Raises:
        ValueError: a column or the dataset does not exist, or there are several datasets and none is chosen.
    """
    for column in columns if dataset is None else (*columns, "dataset"):
        if column not in table:
            raise ValueError(
                f"the table '{name}' has no column '{column}'{did_you_mean(column, map(str, table.columns))}"
            )
    if "dataset" not in table or (dataset is None and "dataset" in columns):
        return table
    own = table["dataset"].astype(str)
    known = list(dict.fromkeys(own))
    if dataset is None and len(known) > 1:
        raise ValueError(
            f"the table '{name}' holds several datasets ({', '.join(known)}): choose one with 'dataset', or draw one curve each with "
            "'by: dataset'"
        )
    if dataset is not None and dataset not in known:
        raise ValueError(f"the table '{name}' holds no dataset '{dataset}'{did_you_mean(dataset, known)}")
    return table if dataset is None else table[own == dataset]


def to_points(rows: pd.DataFrame, name: str, x: str, y: str, by: str | None) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns `by`, `x`, `y` of all rows with numbers in them, and a warning about the others.

    Raises:
        ValueError: a column holds other values than numbers, or no row has both.
    """
    points = pd.DataFrame({"by": rows[by] if by else "", "x": _numbers(rows, name, x), "y": _numbers(rows, name, y)})
    whole = np.isfinite(points[["x", "y"]]).all(axis=1)
    if by:
        whole &= points["by"].notna()
    if not whole.any():
        raise ValueError(f"no row of the table '{name}' has values in both columns of the curve, '{x}' and '{y}'")
    lost = int((~whole).sum())
    missing = ", ".join(f"'{column}'" for column in (x, y, by) if column)
    warning = f"{lost} of {len(rows)} rows of '{name}' are left out, since they lack a value in {missing}{_who(rows[~whole])}."
    return points[whole], [warning] if lost else []


def _numbers(rows: pd.DataFrame, name: str, column: str) -> pd.Series:
    values = rows[column]
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = values[values.notna() & numbers.isna()]
    if len(wrong) or values.dtype == bool:
        example = wrong.iloc[0] if len(wrong) else values.iloc[0]
        numeric = ", ".join(str(c) for c in rows.select_dtypes("number").columns)
        raise ValueError(
            f"the column '{column}' of the table '{name}' holds '{example}', but an axis needs numbers; choose one of: {numeric}"
        )
    return numbers.astype(float)


def _who(rows: pd.DataFrame) -> str:
    """Name the models of some rows, if the table has them."""
    return f" ({', '.join(dict.fromkeys(map(str, rows['model'])))})" if "model" in rows else ""


def separate_variants(
    rows: pd.DataFrame, points: pd.DataFrame, x: str, by: str | None
) -> tuple[pd.DataFrame, list[str]]:
    """Give networks that differ in more than their seed curves of their own: a mean over what was varied would answer no question.

    The names of the models say what was varied: `net[width=8,seed=1]`. Return the points, with the names of the curves in the column
    `by`, and what distinguishes the curves: `by`, `model`, or keys of a matrix.
    """
    given = [by] if by else []
    if "model" not in rows:
        return points, given
    names = rows.loc[points.index, "model"].astype(str)
    varied = pd.DataFrame([_varied(name) for name in names], index=points.index)
    varied = varied.drop(columns=["seed", x, *given], errors="ignore")
    numbers = varied.fillna("").groupby([points["by"], points["x"]]).nunique().max()
    others = [str(name) for name in numbers.index[numbers > 1]]
    if not others:
        return points, given
    labels = varied[others].apply(
        lambda row: ", ".join(f"{key}={row[key]}" for key in others if pd.notna(row[key])), axis=1
    )
    return points.assign(by=points["by"].astype(str) + ", " + labels if by else labels), [*given, *others]


def _varied(name: str) -> dict[str, str]:
    """What the name of a model says: `{"model": "net", "width": "8", "seed": "1"}`."""
    base, _, suffix = name.removesuffix("]").partition("[")
    return {"model": base} | dict(re.findall(r"(\w+)=(.*?)(?:,(?=\w+=)|$)", suffix))


def average(points: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each curve and x, in order: `by`, `x`, `n` rows, their `mean` and its standard `error` (NaN for one row)."""
    grouped = points.groupby(["by", "x"], sort=True)["y"]
    return grouped.agg(n="count", mean="mean", error="sem").reset_index()
