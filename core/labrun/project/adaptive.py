"""The block `adaptive` of a sweep: how rows are chosen round by round, from what was measured of the rows before."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from labrun.contracts.strict import StrictModel
from labrun.project.ranges import Interval, Range

__all__ = ["LABELS", "Adaptive", "Axis", "Chosen", "Measured", "Start", "Until"]

LABELS = ("round", "score", "measured")
"""The columns that an adaptive sweep adds to its table: the round that asked a row, the sampler's score, and what was measured of it."""

ROWS_AT_MOST = 100_000


def _tag(value: Any) -> str:
    if isinstance(value, (Range, list)):
        return "grid" if isinstance(value, Range) else "list"
    return "grid" if isinstance(value, dict) and {"step", "count"} & value.keys() else "interval"


Axis: TypeAlias = Annotated[
    Annotated[Interval, Tag("interval")]
    | Annotated[Range, Tag("grid")]
    | Annotated[list[str | bool | int | float], Field(min_length=1), Tag("list")],
    Discriminator(_tag),
]
"""The values that a column may take: an interval, evenly spaced values, or a list of numbers or of categories."""


class Start(StrictModel):
    """The first round: rows spread over all columns."""

    count: int = Field(ge=2, le=ROWS_AT_MOST, description="rows of the first round")
    method: Literal["sobol", "latin_hypercube", "uniform"] = Field("sobol", description="how they are spread")


class Chosen(StrictModel):
    """The sampler, and its configuration."""

    use: str = Field(description="name of the sampler, or distribution:name")
    with_: dict[str, Any] = Field(default={}, alias="with", description="configuration of the sampler")


class Measured(StrictModel):
    """What is measured of a row: one of `class_of` and `number`."""

    class_of: str | None = Field(
        None, description="array that is classified by the model under 'from', or by the mean of several models"
    )
    number: str | None = Field(
        None,
        description="expression in arrays and swept parameters that gives one number a member: numbers, + - * / **, abs, cos, exp, log, "
        "sin, sqrt, and mean, std, min, max over an array",
    )

    @model_validator(mode="after")
    def _check(self) -> Measured:
        if (self.class_of is None) == (self.number is None):
            raise ValueError("give either 'class_of' (an array that a model classifies) or 'number' (an expression)")
        return self

    @property
    def kind(self) -> Literal["classes", "numbers"]:
        return "numbers" if self.class_of is None else "classes"


class Until(StrictModel):
    """Reasons to stop before `count` rows are asked."""

    change: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="stop when a further round would change less than this: the share of places whose expected class changes, or the root "
        "mean square change of the expected number in units of its spread",
    )
    minutes: float | None = Field(
        None,
        gt=0,
        description="begin no further round after this time of the run [minutes]; how many rounds that are depends on the machine",
    )


def _named(value: Any) -> Any:
    return {"use": value} if isinstance(value, str) else value


class Adaptive(StrictModel):
    """Rows that are chosen round by round."""

    columns: dict[str, Axis] = Field(
        min_length=1, max_length=100, description="an interval, evenly spaced values or a list for each parameter"
    )
    start: Start = Field(description="the first round")
    batch: int = Field(50, ge=1, le=10_000, description="rows of each further round")
    count: int = Field(ge=2, le=ROWS_AT_MOST, description="rows in all, at most; each with its repeats")
    in_flight: int = Field(
        2,
        ge=1,
        le=100,
        description="rounds that are simulated at once. With 1, workers wait for the slowest member of each round; with more, they go on, "
        "and a round is chosen before the last ones ahead of it are complete",
    )
    sampler: Annotated[Chosen, BeforeValidator(_named, json_schema_input_type=str | Chosen)] = Field(
        description="the plugin that chooses the rows of a round"
    )
    measure: Measured = Field(description="what is learned of each row")
    until: Until = Field(Until(), description="reasons to stop earlier")

    @field_validator("columns")
    @classmethod
    def _not_reserved(cls, columns: dict[str, Any]) -> dict[str, Any]:
        for name in LABELS:
            if name in columns:
                raise ValueError(f"a column cannot be called '{name}': the sweep records each row's {name} under it")
        return columns

    @model_validator(mode="after")
    def _check(self) -> Adaptive:
        if self.start.count > self.count:
            raise ValueError(f"'start' has {self.start.count} rows, more than 'count' allows ({self.count})")
        return self

    @property
    def rounds(self) -> int:
        """The number of rounds after the first until `count` rows are asked."""
        return -(-(self.count - self.start.count) // self.batch)

    def rows_of(self, number: int) -> int:
        """Return how many rows round `number` asks: 0 is the first, and none after the last."""
        if number == 0:
            return self.start.count
        return max(0, min(self.batch, self.count - self.start.count - (number - 1) * self.batch))

    def known_to(self, number: int) -> int:
        """Return the number of rounds whose results round `number` is chosen from."""
        return 0 if number == 0 else max(1, number + 1 - self.in_flight)
