"""Indexable examples `(x, y)`, loaded when they are used, and splits that keep members together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from labrun.contracts.card import HasCard
from labrun.faults import LabrunError

if TYPE_CHECKING:
    import keras
    import numpy as np
    import pandas as pd
    import tensorflow as tf
    import torch

__all__ = ["ArraySpec", "ExampleSpec", "Examples", "Origin", "Quantity"]

Loader: TypeAlias = "Callable[[np.ndarray], Any]"
"""Takes indices of examples; returns an array with one row for each (or, for `x`, a dict of such arrays)."""


@dataclass(frozen=True)
class ArraySpec:
    """The shape (without the batch axis) and type of an array."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Quantity:
    """The quantity that a number `y` measures: its name and unit, and whether `y` is its value or its binary logarithm."""

    name: str
    unit: str = ""
    scale: Literal["linear", "log2"] = "linear"

    def __str__(self) -> str:
        return f"{self.name} [{self.unit}]" if self.unit else self.name

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Convert values in the unit of the quantity to `y`, float64 of the same shape. A logarithm needs positive values."""
        import numpy as np

        values = np.asarray(values, np.float64)
        return np.log2(values) if self.scale == "log2" else values

    def value(self, y: np.ndarray) -> np.ndarray:
        """Convert `y` to values in the unit of the quantity, float64 of the same shape: the inverse of `scaled`."""
        import numpy as np

        y = np.asarray(y, np.float64)
        return np.exp2(y) if self.scale == "log2" else y


@dataclass(frozen=True)
class ExampleSpec:
    """The description of examples for a model: the shapes and types of `x` and `y`, the classes if `y` is a class, and the quantity if
    `y` is a number and the dataset declares it."""

    x: ArraySpec | dict[str, ArraySpec]
    y: ArraySpec
    classes: tuple[str, ...] | None = None
    periodic: bool = False
    quantity: Quantity | None = None

    def record(self) -> dict[str, Any]:
        """Return the specification as JSON holds it; `from_record` reads it back."""
        x = {name: vars(s) for name, s in self.x.items()} if isinstance(self.x, dict) else vars(self.x)
        return {
            "x": x,
            "y": vars(self.y),
            "classes": list(self.classes) if self.classes is not None else None,
            "periodic": self.periodic,
            "quantity": vars(self.quantity) if self.quantity is not None else None,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ExampleSpec:
        """Read what `record` wrote."""

        def spec(fields: Mapping[str, Any]) -> ArraySpec:
            return ArraySpec(tuple(fields["shape"]), str(fields["dtype"]))

        x = record["x"]
        classes, quantity = record["classes"], record.get("quantity")  # missing in older records
        return cls(
            spec(x) if "dtype" in x else {name: spec(fields) for name, fields in x.items()},
            spec(record["y"]),
            tuple(classes) if classes is not None else None,
            bool(record["periodic"]),
            Quantity(**quantity) if quantity is not None else None,
        )


@dataclass(frozen=True)
class Origin:
    """The members that examples were made of: their sweep's table, one row a member, the row of each example, (examples,) int64, and the
    labels of columns, as `Ensemble.labels` has them."""

    parameters: pd.DataFrame
    rows: np.ndarray
    labels: Mapping[str, str] = field(default_factory=dict)
    simulation: str = ""
    """The key of the simulation, if it is known"""


class Examples(HasCard):
    """Examples of a dataset.

    Args:
        load_x: loads inputs, `(n, …)` for `n` indices, or a dict of such arrays for models with several inputs.
        load_y: loads targets, `(n, …)`; class numbers (int64) if `classes` is given.
        groups: the member that each example comes from, `(len,)` int64. A split by member keeps a group together.
        classes: the names of the classes, in the order of their numbers.
        periodic: whether the first two axes of `x` wrap around, so that augmentation may shift and rotate over the edge.
        quantity: what `y` measures, if it is a number.
        table: further columns with one row per example, such as its position in its member.
        warnings: sentences for the report, such as how many members were left out.

    Everything that the loaders return is checked: it must be a NumPy array of numbers with one row per index, and class numbers must have
    a name.

    Raises:
        ValueError: `groups` is not a one-dimensional array of integers, or `table` has another number of rows.
    """

    def __init__(
        self,
        load_x: Loader,
        load_y: Loader,
        groups: np.ndarray,
        *,
        classes: Sequence[str] | None = None,
        periodic: bool = False,
        quantity: Quantity | None = None,
        table: pd.DataFrame | None = None,
        name: str = "",
        warnings: Sequence[str] = (),
    ) -> None:
        groups = _checked_groups(groups)
        if table is not None and len(table) != len(groups):
            raise ValueError(f"the table must have one row for each of the {len(groups)} examples; it has {len(table)}")
        self._load_x, self._load_y = load_x, load_y
        self.groups = groups
        self.classes = tuple(classes) if classes is not None else None
        self.periodic = periodic
        self.quantity = quantity
        self.table = table
        self.name = name
        self.warnings = list(warnings)
        self.origin: Origin | None = None
        """The origin of the examples, if it is known. labrun sets it for datasets that are made of one simulation."""

    @classmethod
    def inputs_only(cls, load_x: Loader, count: int, name: str = "", table: pd.DataFrame | None = None) -> Examples:
        """Make examples without targets, for prediction: `y` is empty, (n, 0)."""
        import numpy as np

        return cls(
            load_x, lambda indices: np.zeros((len(indices), 0), np.float32), np.arange(count), name=name, table=table
        )

    def __len__(self) -> int:
        return len(self.groups)

    def __repr__(self) -> str:
        return f"<Examples {self.name}: {len(self)} examples>"

    def load(self, indices: Any) -> tuple[Any, np.ndarray]:
        """Load inputs and targets of some examples: `x`, (n, …) or a dict of such arrays, and `y`, (n, …), in the units of the dataset."""
        return self.load_x(indices), self.load_y(indices)

    def load_x(self, indices: Any) -> Any:
        """Load only inputs, (n, …) or a dict of such arrays."""
        wanted = self._checked(indices)
        x = self._load_x(wanted)
        for array in x.values() if isinstance(x, dict) else [x]:
            self._expect_rows("x", array, len(wanted))
        return x

    def load_y(self, indices: Any) -> np.ndarray:
        """Load only targets, (n, …), in the unit of the dataset; this is cheap if `y` is a class or a number."""
        wanted = self._checked(indices)
        y = self._load_y(wanted)
        self._expect_rows("y", y, len(wanted))
        if self.classes is not None:
            self._expect_classes(y, len(self.classes))
        return y

    def _expect_rows(self, what: str, array: Any, count: int) -> None:
        import numpy as np

        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufc":
            found = f"an array of {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
            raise LabrunError(f"{self._called} must load {what} as a NumPy array of numbers, not {found}")
        if array.shape[:1] != (count,):
            problem = f"{what} of shape {array.shape} for {count} indices: the first axis must have one entry per index"
            raise LabrunError(f"{self._called} loaded {problem}")

    def _expect_classes(self, y: np.ndarray, count: int) -> None:
        if y.dtype.kind not in "iu":
            raise LabrunError(f"{self._called} has classes, so y must hold class numbers (int64), not {y.dtype}")
        if y.size and not 0 <= y.min() <= y.max() < count:
            found = f"y from {y.min()} to {y.max()}"
            raise LabrunError(
                f"{self._called} loaded {found}; the numbers of {count} classes range from 0 to {count - 1}"
            )

    @property
    def _called(self) -> str:
        return f"the dataset '{self.name}'" if self.name else "the dataset"

    def _checked(self, indices: Any) -> np.ndarray:
        import numpy as np

        if isinstance(indices, slice):
            return np.arange(len(self))[indices]
        given = np.asarray(indices)
        return np.flatnonzero(given) if given.dtype == bool else given.astype(np.int64)

    @cached_property
    def spec(self) -> ExampleSpec:
        """Shapes and types, read from the first example.

        Raises:
            ValueError: there are no examples.
            LabrunError: the first example holds nothing, or complex numbers.
        """
        if not len(self):
            raise ValueError(f"the dataset '{self.name}' has no examples")
        x, y = self.load([0])

        def spec(what: str, array: np.ndarray) -> ArraySpec:
            if array.dtype.kind == "c":
                problem = f"{what} of {array.dtype}, and networks take real numbers: give real and imaginary parts as two channels"
                raise LabrunError(f"{self._called} loaded {problem}")
            return ArraySpec(tuple(array.shape[1:]), str(array.dtype))

        inputs = {name: spec("x", array) for name, array in x.items()} if isinstance(x, dict) else spec("x", x)
        for array in x.values() if isinstance(x, dict) else [x]:
            if 0 in array.shape:
                problem = f"x of shape {array.shape[1:]}, which holds nothing: let the simulation give at least one value along each axis"
                raise LabrunError(f"{self._called} loaded {problem}")
        return ExampleSpec(inputs, spec("y", y), self.classes, self.periodic, self.quantity)

    def to_keras(self, batch_size: int = 32, seed: int | None = None) -> keras.utils.PyDataset:
        """Return batches `(x, y)` for a `model.fit` of your own, in a new order in each epoch that follows from `seed`, or in the order of
        the dataset without one. Pass `shuffle=False` to `fit`, which would shuffle the batches once more."""
        from labrun.contracts.training_loops import as_keras_dataset

        return as_keras_dataset(self, batch_size, seed)

    def to_torch(self) -> torch.utils.data.Dataset:
        """Return a map-style dataset of tensors `(x, y)` for `torch.utils.data.DataLoader`, which chooses the order and the batches. Each
        batch is read at once. Images have their channels last, as in Keras.

        Raises:
            ImportError: PyTorch is not installed.
        """
        from labrun.contracts.training_loops import as_torch_dataset

        return as_torch_dataset(self)

    def to_tf(self, batch_size: int = 32, seed: int | None = None) -> tf.data.Dataset:
        """Return a `tf.data.Dataset` of batches `(x, y)`, whose order is that of `to_keras`.

        Raises:
            ImportError: TensorFlow is not installed.
        """
        from labrun.contracts.training_loops import as_tf_dataset

        return as_tf_dataset(self, batch_size, seed)

    def take(self, indices: Any, name: str = "") -> Examples:
        """Return the examples at these indices, in this order."""
        chosen = self._checked(indices)
        taken = Examples(
            lambda i: self._load_x(chosen[i]),
            lambda i: self._load_y(chosen[i]),
            self.groups[chosen],
            classes=self.classes,
            periodic=self.periodic,
            quantity=self.quantity,
            table=self.table.iloc[chosen].reset_index(drop=True) if self.table is not None else None,
            name=name or self.name,
        )
        if self.origin is not None:
            taken.origin = replace(self.origin, rows=self.origin.rows[chosen])
        return taken

    def split(
        self, fractions: Mapping[str, float], rng: np.random.Generator, by: str = "member"
    ) -> dict[str, Examples]:
        """Split the examples at random, by `member`, so that no member lies in two parts, or by `example`.

        Sizes are rounded so that they add up. If `y` is a class, each class is split by the same fractions, where a member counts by the
        class of its first example.

        Raises:
            ValueError: a part would be empty.
        """
        import numpy as np

        units = self.groups if by == "member" else np.arange(len(self))
        names, first = np.unique(units, return_index=True)
        strata = self.load_y(first) if self.classes is not None and not self.spec.y.shape else np.zeros(len(names))
        side_of = np.empty(len(names), dtype=np.int64)
        edges = np.cumsum([0.0, *fractions.values()])
        for stratum in np.unique(strata):
            inside = rng.permutation(np.flatnonzero(strata == stratum))
            cuts = np.round(edges * len(inside)).astype(int)
            for side in range(len(fractions)):
                side_of[inside[cuts[side] : cuts[side + 1]]] = side
            side_of[inside[cuts[-1] :]] = -1
        side_of_example = side_of[np.searchsorted(names, units)]
        parts = {
            part: self.take(np.flatnonzero(side_of_example == side), f"{self.name}.{part}")
            for side, part in enumerate(fractions)
        }
        for part, examples in parts.items():
            if not len(examples):
                raise ValueError(
                    f"the part '{part}' of the dataset '{self.name}' is empty: {len(names)} {by}s are too few to split"
                )
        return parts


def _checked_groups(groups: Any) -> np.ndarray:
    import numpy as np

    found = np.asarray(groups)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        problem = f"they are {found.dtype} of shape {found.shape}"
        raise ValueError(f"groups must be integers of shape (examples,), the member of each example; {problem}")
    return found.astype(np.int64, copy=False)
