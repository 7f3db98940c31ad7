"""Dataset `labelled`: what was simulated, with a column of the sweep's table as the answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

from labrun import Dataset, Ensemble, Examples, Field, Outline, Quantity, did_you_mean, hookimpl

if TYPE_CHECKING:
    import numpy as np


class Labelled(Dataset):
    """Members of an ensemble as examples: an array of each as `x`, a column of the sweep's table as `y`.

    A column of texts makes classes, numbered in the order in which the table names them first (or in the order of
    `classes`); a column of numbers is a number to predict, unless `classes` says otherwise. `x` is read from disk when
    it is asked for.
    """

    name: ClassVar[str] = "labelled"
    version: ClassVar[int] = 1

    x: str = Field(description="array of the simulation that the network sees")
    y: str = Field(description="column of the sweep's table that it is to name")
    classes: list[str] | None = Field(
        None, description="names of the classes in their order; rows of other classes are a fault"
    )
    leave_out: list[str] = Field(
        [], description="classes whose members are left out, so that the network never sees them"
    )
    kind: Literal["auto", "class", "number"] = Field(
        "auto", description="what y is; auto: a class if its column holds texts"
    )
    periodic: bool = Field(True, description="whether the arrays wrap around at their edges")

    def check(self, simulation: Outline) -> Iterable[tuple[str, str]]:
        """The array and the column must be there, as far as it is known before anything has run."""
        yield from simulation.missing_array("x", self.x)
        yield from simulation.missing_column("y", self.y)

    def examples(self, simulation: Ensemble) -> Examples:
        """One example a member: `x` as the simulator gave it, `y` int64 (a class) or float32 (a number).

        Raises:
            ValueError: a member has a class that `classes` does not name, `leave_out` names one that there is not or
                leaves none, or a number is wanted where a text stands.
        """
        import numpy as np

        members = self._members(simulation)
        column = [simulation.columns[self.y][member] for member in members]
        classes = self._classes(column)
        if classes is None:
            y = np.asarray(column, dtype=np.float32)
        else:
            number_of = {name: number for number, name in enumerate(classes)}
            unknown = sorted({str(value) for value in column} - set(number_of))
            if unknown:
                raise ValueError(f"the column '{self.y}' holds {', '.join(unknown)}, which 'classes' does not name")
            y = np.array([number_of[str(value)] for value in column], dtype=np.int64)

        def load_x(indices: np.ndarray) -> np.ndarray:
            return simulation.stack(members[indices], self.x)

        quantity = Quantity(self.y) if classes is None else None
        return Examples(load_x, lambda i: y[i], members, classes=classes, periodic=self.periodic, quantity=quantity)

    def _members(self, simulation: Ensemble) -> np.ndarray:
        """The numbers of the members that are not left out."""
        import numpy as np

        values = [str(value) for value in simulation.columns[self.y]]
        for name in self.leave_out:
            if name not in values:
                raise ValueError(
                    f"'leave_out' names '{name}', which the column '{self.y}' does not hold{did_you_mean(name, values)}"
                )
        members = np.array([i for i, value in enumerate(values) if value not in self.leave_out], dtype=np.int64)
        if not len(members):
            raise ValueError(f"'leave_out' names every class of the column '{self.y}': no example is left")
        return members

    def _classes(self, column: list[object]) -> list[str] | None:
        texts = any(isinstance(value, str) for value in column)
        if self.kind == "number" and texts:
            raise ValueError(f"the column '{self.y}' holds texts; 'kind: number' needs numbers")
        if self.kind == "number" or (self.kind == "auto" and not texts and self.classes is None):
            return None
        return self.classes or list(dict.fromkeys(str(value) for value in column))


@hookimpl
def labrun_datasets() -> list[type[Dataset]]:
    return [Labelled]
