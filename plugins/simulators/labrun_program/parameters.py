"""Declared parameters of a program: their type, bounds, unit and default."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from labrun.contracts.strict import StrictModel
from labrun_program.placeholders import Value

__all__ = ["Parameter"]

_TYPES: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "text": (str,),
    "boolean": (bool,),
}
_WORDS = {"number": "a number", "integer": "a whole number", "text": "a text", "boolean": "true or false"}


class Parameter(StrictModel):
    """A parameter of a program."""

    type: Literal["number", "integer", "text", "boolean"] = Field("number", description="kind of its values")
    minimum: float | None = Field(None, description="least value, in the parameter's own unit")
    maximum: float | None = Field(None, description="largest value, in the parameter's own unit")
    choices: list[Value] = Field([], description="the values that it may have, if they are few")
    unit: str = Field("", description="unit of its values; empty if they are dimensionless")
    default: Value | None = Field(None, description="value where a project gives none")
    description: str = Field("", description="what it is")

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        if self.type in ("text", "boolean") and (self.minimum, self.maximum) != (None, None):
            raise ValueError(f"{_WORDS[self.type]} has neither minimum nor maximum")
        if self.default is not None and (problem := self.problem_with(self.default)):
            raise ValueError(f"the default: {problem}")
        return self

    def problem_with(self, value: Any) -> str:
        """Return what is wrong with a value; empty if nothing is."""
        if self.type == "integer" and isinstance(value, float) and value.is_integer():
            value = int(value)  # spreadsheets write 8.0
        fits = isinstance(value, _TYPES[self.type]) and isinstance(value, bool) == (self.type == "boolean")
        if not fits:
            return f"expected {_WORDS[self.type]}, found {value!r:.60}"
        if self.minimum is not None and value < self.minimum:
            return f"must be at least {self.minimum:g}{self._unit} (found {value:g})"
        if self.maximum is not None and value > self.maximum:
            return f"must be at most {self.maximum:g}{self._unit} (found {value:g})"
        if self.choices and value not in self.choices:
            return f"expected one of {', '.join(map(str, self.choices))}, found {value!r:.60}"
        return ""

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""

    def plain(self, value: Value) -> Value:
        """Return a value as the program gets it: 8.0 as 8 where whole numbers are expected."""
        return int(value) if self.type == "integer" else value
