"""Analysis `class_changes`: members on which two classifications disagree, and where they lie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Field, Findings, did_you_mean, hookimpl
from labrun.kit.classification import Classification

if TYPE_CHECKING:
    import pandas as pd


class ClassChanges(Analysis):
    """On which members of a simulation do two classifications disagree, and where do these lie?

    Both classify the same members (see the analysis `classification`). Their classes may differ, since the second network may have learned
    more of them. Classes are compared by name.
    """

    name: ClassVar[str] = "class_changes"
    version: ClassVar[int] = 1

    x: str = Field(description="swept parameter along the horizontal axis of the map")
    y: str = Field(description="swept parameter along the vertical axis")

    def check(self, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that the map has two different axes."""
        if self.x == self.y:
            yield "y", f"x and y are both '{self.x}'; a map needs two parameters"

    def analyse(self, before: Findings, after: Findings) -> Findings:
        """Return the metrics `members`, `changed`, `share changed`; the tables `changes` (from, to, members) and `cells` (each member that
        changed); the figures `map` and `matrix`.

        Raises:
            ValueError: the findings are not classifications of the same members, or `x` or `y` is not one of their parameters or not
                finite.
        """
        from labrun_class_changes.comparison import compare
        from labrun_class_changes.drawing import draw_map, draw_matrix

        comparison = compare(Classification.read(before), Classification.read(after))
        for name in (self.x, self.y):
            _check_column(comparison.before.parameters, name)
        changed = int(comparison.changed.sum())
        members = len(comparison.changed)
        return Findings(
            metrics={"members": members, "changed": changed, "share changed": changed / members},
            tables={"changes": comparison.changes(), "cells": comparison.cells()},
            figures={"map": draw_map(comparison, self.x, self.y), "matrix": draw_matrix(comparison.matrix())},
            captions={
                "map": "Members whose class changed, in the colour of the new class. Grey members are as before; white was not simulated.",
                "matrix": "Number of members by their class before and after. Grey numbers count members that are as before.",
                "changes": "Number of members for each change of class, the most frequent first.",
                "cells": "Every member that changed, with the probabilities of its classes before and after.",
            },
        )


def _check_column(parameters: pd.DataFrame, name: str) -> None:
    import numpy as np
    import pandas as pd

    if name not in parameters:
        raise ValueError(f"the classification has no parameter '{name}'{did_you_mean(name, map(str, parameters))}")
    column = parameters[name]
    if not pd.api.types.is_numeric_dtype(column) or not np.isfinite(column.to_numpy(float)).all():
        raise ValueError(f"'{name}' cannot be an axis of a map: not all of its values are finite numbers")


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [ClassChanges]
