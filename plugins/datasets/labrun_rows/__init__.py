"""Dataset `rows`: many examples a member, one for each row of its arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import model_validator

from labrun import Dataset, Ensemble, Examples, Field, Outline, hookimpl
from labrun.kit.targets import Target, make_target

if TYPE_CHECKING:
    import numpy as np


class Rows(Dataset):
    """Every row of every member as an example: the network sees row i of the arrays `x` and predicts row i of the array `y`.

    The first axis of all arrays counts the rows; members may have different numbers of them. The arrays of `x` are joined:

        arrays of `x`                        x of one example
        (n,) each, k of them                 (k,) float32: a column for each
        (n, k)                               (k,) float32: the row itself
        (n, height, width) each, k of them   (height, width, k) float32: a channel for each

    `y` holds numbers of classes, (n,) (with `classes`, in the order of their numbers from 0 on), or numbers, (n,), or images,
    (n, height, width), which become (height, width, 1). Values are passed on as they are: models scale them, so that `labrun predict` works
    on raw values.

    All rows of a member form one group, which a split does not divide. If rows are independent, set `split: {by: example}`. Only a column
    `y` is held in memory; all else is read when it is needed.
    """

    name: ClassVar[str] = "rows"
    version: ClassVar[int] = 1

    x: str | list[str] = Field(description="array of the simulation that the network sees, or several to be joined")
    y: str = Field(description="array of the simulation that it predicts")
    classes: list[str] | None = Field(
        None, min_length=2, description="names of the classes, if y holds their numbers: 0 is the first"
    )

    @property
    def arrays(self) -> list[str]:
        """The names of the arrays of `x`."""
        return [self.x] if isinstance(self.x, str) else self.x

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        for field, names in (("x", self.arrays), ("classes", self.classes)):
            if names is not None and (not names or len(set(names)) < len(names)):
                raise ValueError(f"{field}=[{', '.join(names)}]: expected at least one name, and none twice")
        return self

    def check(self, simulation: Outline) -> Iterable[tuple[str, str]]:
        """Check that the arrays exist, as far as this is known before anything has run."""
        for name in self.arrays:
            yield from simulation.missing_array("x", name)
        yield from simulation.missing_array("y", self.y)

    def examples(self, simulation: Ensemble) -> Examples:
        """Make `x` float32 and `y` int64 (a class) or float32 (a number), as the docstring of the class says.

        Raises:
            ValueError: there is no row, an array or a value of `y` is missing, arrays differ in length or their rows in shape, or `classes`
                does not fit the values of `y`.
        """
        from labrun_rows.table import Table

        table = Table(simulation, (*self.arrays, self.y))
        table.expect_joinable(self.arrays)
        images = table.shapes[self.y] != ()
        if images and self.classes is not None:
            raise ValueError(
                f"'{self.y}' holds rows of shape {table.shapes[self.y]}: with 'classes', expected the number of a class in each row"
            )
        target = None if images else self._target(table.column(self.y))
        return Examples(
            lambda indices: table.load(indices, self.arrays),
            lambda indices: table.load(indices, [self.y]) if target is None else target.y[indices],
            table.member_of,
            classes=self.classes,
            quantity=target.quantity if target is not None else None,
        )

    def _target(self, column: np.ndarray) -> Target:
        """Take numbers as they are, or as numbers of classes."""
        import numpy as np

        if self.classes is None:
            return make_target(column, self.y, "linear")
        wrong = column[~np.isin(column, range(len(self.classes)))]
        if len(wrong):
            raise ValueError(
                f"'{self.y}' holds {wrong[0]:g}, which is not the number of one of the {len(self.classes)} classes "
                f"{', '.join(self.classes)}: expected 0 to {len(self.classes) - 1}"
            )
        return Target(column.astype(np.int64), self.classes)


@hookimpl
def labrun_datasets() -> list[type[Dataset]]:
    """Offer the dataset."""
    return [Rows]
