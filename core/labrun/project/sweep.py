"""The block `sweep` of a project: how the members of a simulation are laid out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from labrun.contracts.strict import StrictModel
from labrun.project.adaptive import Adaptive
from labrun.project.ranges import MAX_MEMBERS, Interval, Range

__all__ = ["MAX_CELLS", "Random", "Sweep"]

MAX_CELLS = 100_000_000
"""Values of a table, in all columns together."""


class Random(StrictModel):
    """Members drawn at random, or spread evenly by a Latin hypercube or a Sobol sequence (`scipy.stats.qmc`)."""

    count: int = Field(ge=1, le=MAX_MEMBERS, description="how many members")
    method: Literal["uniform", "latin_hypercube", "sobol"] = Field("uniform", description="how they are spread")
    columns: dict[str, Interval] = Field(min_length=1, max_length=1000, description="an interval for each parameter")


def _as_list(value: Any) -> Any:
    return value if isinstance(value, (list, dict)) else [value]


Values = Annotated[Range | list[Any], BeforeValidator(_as_list, json_schema_input_type=Range | list[Any] | Any)]


class Sweep(StrictModel):
    """The rows of a simulation: one of `grid`, `table`, `files`, `random` and `adaptive`."""

    grid: dict[str, Values] | None = Field(None, description="the product of the values of each parameter")
    table: str | list[dict[str, Any]] | None = Field(None, description="a CSV file beside the project, or rows in line")
    files: dict[str, str] | None = Field(
        None,
        min_length=1,
        description="a pattern for each parameter that names a file, from the folder in which labrun is started: 'cubes/z{redshift}_*'",
    )
    random: Random | None = Field(None, description="members drawn at random")
    adaptive: Adaptive | None = Field(None, description="rows chosen round by round, from what was measured before")
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
        given = [kind for kind in ("grid", "table", "files", "random", "adaptive") if getattr(self, kind) is not None]
        if len(given) > 1:
            raise ValueError(
                f"give one of 'grid', 'table', 'files', 'random' and 'adaptive', not {' and '.join(given)}"
            )
        if self.table is None and (self.labels or isinstance(self.repeats, str)):
            raise ValueError("'labels' and a column of repeats go with a 'table'")
        if self.table is None and self.missing == "drop":
            raise ValueError("'missing' goes with a 'table'")
        if self.table is None and self.files is None and self.columns is not None:
            raise ValueError("'columns' go with a 'table', or with 'files'")
        if isinstance(self.repeats, int) and self.repeats < 1:
            raise ValueError(f"'repeats' must be at least 1, not {self.repeats}")
        return self
