"""The block `sweep` of a project: how the members of a simulation are laid out."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = ["MAX_CELLS", "MAX_MEMBERS", "Interval", "Random", "Range", "Sweep"]

MAX_MEMBERS = 20_000_000
MAX_CELLS = 100_000_000
"""Values of a table, in all columns together."""


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


class Range(_Block):
    """Evenly spaced values: `from` to `to` (which is included where a step lands on it) by `step`, or `count` of them."""

    from_: float = Field(alias="from", description="first value")
    to: float = Field(description="last value")
    step: float | None = Field(None, gt=0, description="distance of two values")
    count: int | None = Field(None, ge=2, le=MAX_MEMBERS, description="how many values")
    scale: Literal["linear", "log"] = Field("linear", description="spacing of the values")

    @model_validator(mode="after")
    def _check(self) -> Range:
        if (self.step is None) == (self.count is None):
            raise ValueError("give either 'step' or 'count'")
        if self.to < self.from_:
            raise ValueError(f"'to' ({self.to}) is below 'from' ({self.from_})")
        if self.scale == "log" and (self.step is not None or self.from_ <= 0):
            raise ValueError("a log range needs 'count' and positive ends")
        if self.step is not None and self._steps() >= MAX_MEMBERS:
            raise ValueError(f"the range has more than {MAX_MEMBERS:,} values")
        _check_distance(self.from_, self.to)
        return self

    def _steps(self) -> int:
        """Count the steps that fit, in decimal arithmetic: 0.3 is three steps of 0.1, which it is not in binary."""
        return int((Decimal(repr(self.to)) - Decimal(repr(self.from_))) / Decimal(repr(self.step)))

    def values(self) -> list[float]:
        """Return the values; steps are added in decimal arithmetic, so that 0.03 + 3 × 0.01 is 0.06."""
        if self.step is not None:
            start, step = Decimal(repr(self.from_)), Decimal(repr(self.step))
            return [float(start + i * step) for i in range(self._steps() + 1)]
        import numpy as np

        spaced = np.geomspace if self.scale == "log" else np.linspace
        return spaced(self.from_, self.to, self.count or 2).tolist()


class Interval(_Block):
    """An interval to draw from."""

    from_: float = Field(alias="from", description="lower end")
    to: float = Field(description="upper end")
    scale: Literal["linear", "log"] = Field("linear", description="uniform in the value or in its logarithm")
    whole: bool = Field(False, description="whole numbers only, both ends included")

    @model_validator(mode="after")
    def _check(self) -> Interval:
        if self.to <= self.from_:
            raise ValueError(f"'to' ({self.to}) must be above 'from' ({self.from_})")
        if self.scale == "log" and self.from_ <= 0:
            raise ValueError("a log scale needs positive ends")
        if self.whole and not (self.from_.is_integer() and self.to.is_integer()):
            raise ValueError("with 'whole', both ends must be whole numbers")
        _check_distance(self.from_, self.to)
        return self

    def spread(self, unit: Any) -> list[float] | list[int]:
        """Map numbers in [0, 1) into the interval; whole numbers get equal shares of it (of its logarithm)."""
        import numpy as np

        low, high = self.from_, self.to + 1 if self.whole else self.to
        log = self.scale == "log"
        first, last = (np.log(low), np.log(high)) if log else (low, high)
        values = first + (last - first) * unit
        values = np.exp(values) if log else values
        values = np.clip(np.floor(values) if self.whole else values, self.from_, self.to)  # rounding may step outside
        return [int(value) for value in values] if self.whole else values.tolist()


def _check_distance(low: float, high: float) -> None:
    if not math.isfinite(high - low):
        raise ValueError(f"'from' ({low}) and 'to' ({high}) lie too far apart")


class Random(_Block):
    """Members drawn at random, or spread evenly by a Latin hypercube or a Sobol sequence (`scipy.stats.qmc`)."""

    count: int = Field(ge=1, le=MAX_MEMBERS, description="how many members")
    method: Literal["uniform", "latin_hypercube", "sobol"] = Field("uniform", description="how they are spread")
    columns: dict[str, Interval] = Field(min_length=1, max_length=1000, description="an interval for each parameter")


def _as_list(value: Any) -> Any:
    return value if isinstance(value, (list, dict)) else [value]


Values = Annotated[Range | list[Any], BeforeValidator(_as_list, json_schema_input_type=Range | list[Any] | Any)]


class Sweep(_Block):
    """The rows of a simulation: one of `grid`, `table`, `files` and `random`."""

    grid: dict[str, Values] | None = Field(None, description="the product of the values of each parameter")
    table: str | list[dict[str, Any]] | None = Field(None, description="a CSV file beside the project, or rows in line")
    files: dict[str, str] | None = Field(
        None,
        min_length=1,
        description="a pattern for each parameter that names a file, from the folder in which labrun is started: 'cubes/z{redshift}_*'",
    )
    random: Random | None = Field(None, description="members drawn at random")
    columns: list[str] | None = Field(
        None,
        description="columns of the table that are parameters (default: all but labels; of files, those that name them)",
    )
    labels: list[str] = Field(default=[], description="columns of the table that are kept, not simulated with")
    repeats: int | str = Field(
        1, description="members for each row: a number, or the column of the table that holds it"
    )
    missing: Literal["refuse", "drop"] = Field(
        "refuse", description="rows of the table in which a value is missing: a fault, or left out"
    )
    seed_by: list[str] | None = Field(
        None, description="members that agree in these columns draw the same random numbers"
    )

    @model_validator(mode="after")
    def _check(self) -> Sweep:
        given = [kind for kind in ("grid", "table", "files", "random") if getattr(self, kind) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of 'grid', 'table', 'files' and 'random', not {' and '.join(given)}")
        if self.table is None and (self.labels or isinstance(self.repeats, str)):
            raise ValueError("'labels' and a column of repeats go with a 'table'")
        if self.table is None and self.missing == "drop":
            raise ValueError("'missing' goes with a 'table'")
        if self.table is None and self.files is None and self.columns is not None:
            raise ValueError("'columns' go with a 'table', or with 'files'")
        if isinstance(self.repeats, int) and self.repeats < 1:
            raise ValueError(f"'repeats' must be at least 1, not {self.repeats}")
        return self
