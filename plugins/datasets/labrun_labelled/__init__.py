"""Dataset `labelled`: arrays of members, with a column of the sweep's table as the target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from labrun import Dataset, Ensemble, Examples, Field, Outline, did_you_mean, hookimpl
from labrun.kit.targets import (
    Missing,
    Target,
    check_missing,
    expect_one_kind,
    is_missing,
    known_members,
    make_target,
)

if TYPE_CHECKING:
    import numpy as np


class Labelled(Dataset):
    """Members of an ensemble as examples: an array of each as `x`, a column of the sweep's table as `y`.

    A column of texts makes classes, numbered in the order in which they first appear (or in the order of `classes`). A column of numbers
    is a number to predict, unless `classes` or `kind` says otherwise. A column of both is refused, and so are missing values. `x` is read
    from disk when it is needed.
    """

    name: ClassVar[str] = "labelled"
    version: ClassVar[int] = 1

    x: str = Field(description="array of the simulation that the network sees")
    y: str = Field(description="column of the sweep's table that it predicts")
    classes: list[str] | None = Field(
        None, description="names of the classes in their order; rows of other classes are refused"
    )
    leave_out: list[str] = Field(
        [], description="classes whose members are left out, so that the network never sees them"
    )
    kind: Literal["auto", "class", "number"] = Field(
        "auto", description="what y is; auto: a class if its column holds texts"
    )
    missing: Missing = Field("refuse", description="what becomes of members without a value of y: refuse, or drop")
    periodic: bool = Field(True, description="whether the arrays wrap around at their edges")

    def check(self, simulation: Outline) -> Iterable[tuple[str, str]]:
        """Check that array and column exist and that the values suit, as far as they are known before anything has run."""
        yield from simulation.missing_array("x", self.x)
        yield from simulation.missing_column("y", self.y)
        yield from check_missing(simulation, "y", self.y, self.missing)
        known = [value for value in simulation.values.get(self.y, ()) if not is_missing(value)]
        if not known:
            return
        try:
            left = [known[i] for i in self._places_left(known)]
        except ValueError as error:
            yield "leave_out", str(error)
            return
        try:
            if self._classes(left) is None:
                make_target(left, self.y, "linear")
        except ValueError as error:
            yield "y" if self.classes is None else "classes", str(error)

    def examples(self, simulation: Ensemble) -> Examples:
        """Make one example a member: `x` as the simulator gave it, `y` int64 (a class) or float32 (a number).

        Raises:
            ValueError: a value is missing, `classes` does not name a member's class, `leave_out` names an unknown class or leaves none, or
                there is a text where a number is expected.
        """
        members, warnings = known_members(simulation, self.y, self.missing)
        column = simulation.columns[self.y]
        members = members[self._places_left([column[member] for member in members])]
        target = self._target([column[member] for member in members])

        def load_x(indices: np.ndarray) -> np.ndarray:
            return simulation.stack(members[indices], self.x)

        return Examples(
            load_x,
            lambda indices: target.y[indices],
            members,
            classes=target.classes,
            periodic=self.periodic,
            quantity=target.quantity,
            warnings=warnings,
        )

    def _places_left(self, values: Sequence[Any]) -> list[int]:
        """Find the values that are not left out."""
        names = [str(value) for value in values]
        for name in self.leave_out:
            if name not in names:
                raise ValueError(
                    f"'leave_out' names '{name}', which the column '{self.y}' does not hold{did_you_mean(name, names)}"
                )
        left = [place for place, name in enumerate(names) if name not in self.leave_out]
        if not left:
            raise ValueError(f"'leave_out' names every class of the column '{self.y}': no example is left")
        return left

    def _target(self, values: Sequence[Any]) -> Target:
        import numpy as np

        classes = self._classes(values)
        if classes is None:
            return make_target(values, self.y, "linear")
        number_of = {name: number for number, name in enumerate(classes)}
        return Target(np.array([number_of[str(value)] for value in values], np.int64), classes)

    def _classes(self, values: Sequence[Any]) -> list[str] | None:
        """Name the classes in their order; None for numbers to predict."""
        if not self._is_class(values):
            return None
        found = list(dict.fromkeys(map(str, values)))
        classes = self.classes or found
        if unknown := sorted(set(found) - set(classes)):
            raise ValueError(f"the column '{self.y}' holds {', '.join(unknown)}, which 'classes' does not name")
        return classes

    def _is_class(self, values: Sequence[Any]) -> bool:
        texts = any(isinstance(value, str) for value in values)
        if self.kind == "number" and texts:
            raise ValueError(f"the column '{self.y}' holds texts; 'kind: number' needs numbers")
        if self.kind != "auto" or self.classes is not None:
            return self.kind != "number"
        expect_one_kind(values, self.y, ", or set 'kind: class' if each value names a class")
        return texts


@hookimpl
def labrun_datasets() -> list[type[Dataset]]:
    """Offer the dataset."""
    return [Labelled]
