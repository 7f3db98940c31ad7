"""Turn values of a column or an array into targets `y`, numbers or classes, and refuse or drop those that are missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import Quantity
from labrun.contracts.inputs import Outline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Missing",
    "Scale",
    "Target",
    "check_missing",
    "expect_one_kind",
    "find_missing",
    "is_missing",
    "known_members",
    "make_target",
]

Scale: TypeAlias = Literal["linear", "log", "class"]
"""The value itself, its binary logarithm, or each distinct value as a class"""

Missing: TypeAlias = Literal["refuse", "drop"]
"""Treatment of members without a value: a fault, or a warning in the report."""

SHOWN = 8
"""Members that a message lists."""


@dataclass(frozen=True)
class Target:
    """`y`, one entry a value: numbers of classes (int64) with their names, or numbers (float32) with the quantity that they measure."""

    y: np.ndarray
    classes: list[str] | None = None
    quantity: Quantity | None = None


def make_target(values: Sequence[Any] | np.ndarray, name: str, scale: Scale, unit: str = "") -> Target:
    """Make the target of the values (n, …) of the column or array `name`, given in `unit`. Classes are sorted in ascending order.

    Raises:
        ValueError: a value is missing, infinite, or has no logarithm; or there are texts where numbers are expected.
    """
    import numpy as np

    if (missing := int(np.count_nonzero(find_missing(values)))) > 0:
        raise ValueError(f"'{name}' has no value in {missing} of {len(values)} entries: a target needs all")
    if scale == "class":
        expect_one_kind(values, name)
        kinds, numbers = np.unique(np.asarray(values), return_inverse=True)
        return Target(numbers.astype(np.int64), _class_names(kinds))
    try:
        given = np.asarray(values, np.float64)
    except ValueError:
        raise ValueError(
            f"'{name}' holds texts, which are not numbers: set 'scale: class' if they name classes"
        ) from None
    if not np.isfinite(given).all():
        raise ValueError(f"'{name}' holds infinity, which no network can predict: leave it out")
    if scale == "log" and not (given > 0).all():
        raise ValueError(f"'{name}' holds {given.min():g}, which has no logarithm: set 'scale: linear'")
    quantity = Quantity(name, unit, "log2" if scale == "log" else "linear")
    return Target(quantity.scaled(given).astype(np.float32), None, quantity)


def find_missing(values: Sequence[Any] | np.ndarray) -> NDArray[np.bool_]:
    """Return a mask of missing values, (n,): None (an empty cell of a table, or `null`), NaN, and empty texts."""
    import numpy as np

    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        return np.isnan(values).reshape(len(values), -1).any(axis=1)
    return np.array([is_missing(value) for value in values], bool)


def is_missing(value: Any) -> bool:
    """Check whether one value is missing: None, NaN or an empty text."""
    return value is None or (isinstance(value, str) and not value.strip()) or bool(value != value)  # NaN


def expect_one_kind(values: Sequence[Any] | np.ndarray, name: str, remedy: str = "") -> None:
    """Refuse texts among numbers, (n,) in any unit, such as the NaN of other programs, which would make each number a class.

    Raises:
        ValueError: there are both.
    """
    texts = [value for value in values if isinstance(value, str)]
    if texts and len(texts) < len(values):
        number = next(value for value in values if not isinstance(value, str))
        raise ValueError(
            f"'{name}' holds both texts ('{texts[0]}') and numbers ({number}): correct those that are wrong{remedy}"
        )


def known_members(simulation: Ensemble, column: str, missing: Missing) -> tuple[NDArray[np.int64], list[str]]:
    """Find the members that have a value in a column: their places in the ensemble, (n,), and a warning about members that are dropped.

    Raises:
        ValueError: a value is missing and `missing` is 'refuse', or all are missing.
    """
    import numpy as np

    lacking = find_missing(simulation.columns[column])
    if not lacking.any():
        return np.arange(len(simulation)), []
    numbers = [simulation.numbers[i] for i in np.flatnonzero(lacking)]
    problem = _about_missing(simulation.name, column, numbers, len(simulation))
    if missing == "refuse" or lacking.all():
        raise ValueError(problem + REMEDY)
    return np.flatnonzero(~lacking), [f"{problem}: left out (missing: drop)"]


def check_missing(simulation: Outline, field: str, column: str, missing: Missing) -> Iterator[tuple[str, str]]:
    """Yield a fault of `field` for `Plugin.check` if a column has missing values and they are not to be dropped."""
    values = simulation.values.get(column, ())
    numbers = [number for number, value in enumerate(values) if is_missing(value)]
    if numbers and (missing == "refuse" or len(numbers) == len(values)):
        yield field, _about_missing(simulation.stage, column, numbers, len(values)) + REMEDY


REMEDY = ". Fill them in, or set 'missing: drop' to leave these members out"


def _about_missing(stage: str, column: str, numbers: Sequence[int], count: int) -> str:
    listed = ", ".join(map(str, numbers[:SHOWN])) + (", …" if len(numbers) > SHOWN else "")
    members = f"member {listed}" if len(numbers) == 1 else f"members {listed}"
    return f"the column '{column}' of '{stage}' has no value in {len(numbers)} of {count} members ({members})"


def _class_names(kinds: np.ndarray) -> list[str]:
    """Write values as people do, with as many digits as distinguish them."""
    if kinds.dtype.kind != "f":
        return [str(kind) for kind in kinds]
    names = [f"{kind:.4g}" for kind in kinds]
    return names if len(set(names)) == len(names) else [repr(float(kind)) for kind in kinds]
