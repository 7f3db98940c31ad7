"""Dataset `slices`: planes of cubes as pictures, whole or in tiles, with a property of their cube as the target."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import model_validator

from labrun import Dataset, Ensemble, Examples, Field, Outline, did_you_mean, hookimpl
from labrun.kit.targets import Missing, Scale, check_missing, known_members

if TYPE_CHECKING:
    import numpy as np

Axis = Literal[0, 1, 2]
Value = float | str | bool
Constant = Annotated[float, Field(gt=0)]
SEEDS = 2**63


class Slices(Dataset):
    """Slices of cubes as examples: `x` is a plane of one or several arrays, `y` what a network predicts from it.

    The arrays of `x` are cubes of one shape, (N, N, N) or (N, N, planes), line of sight last. A slice at position p is `cube[p, :, :]`
    across axis 0, `cube[:, p, :]` across axis 1, `cube[:, :, p]` across axis 2: (height, width, channels) float32, one channel an array.
    Every `stride`-th plane from the first on is used, across each of the `axes`. With `block: 50` cubes are first cut into blocks of 50³,
    and these into slices of 50 × 50: 200³ cells are 64 blocks, and `stride` counts from the first plane of each.

    `y` may be

    * none: the slice itself, as `x` has it, for autoencoders;
    * a column of the sweep's table, or an array () of each member, such as `redshift`: each of its values a class (`scale: class`), a
      number as it is (`linear`), or its binary logarithm (`log`; estimates and figures show the value itself);
    * an array (planes,) along the last axis, such as the `redshifts` of a light cone: that of the slice's plane, with `axes: [2]`;
    * another cube: its slice at the same place, (height, width, 1) float32, to translate one into the other.

    **An instrument in two numbers**: `resolution` smooths a plane by a Gaussian beam (across the edges if the box is periodic, and before
    it is cut into tiles). Then `noise` adds white noise of that rms to each cell, drawn from the stage's generator, the same for a slice
    whenever it is read. Neither changes a `y` that is another cube. The wedge and the baselines of a real telescope are not modelled.

    **Scale**: values are divided by `divide_by`. With `standardize`, each channel of `x` then has its mean over all examples subtracted and
    is divided by their standard deviation. Mean and deviation are those of the dataset `statistics`, if it is given as an input (slices of
    training skies, not standardized themselves). Otherwise they are those of this dataset, and so contain its test examples too.

    Neighbouring slices are nearly the same picture, and all members of one random seed share one density. So the slices of all members that
    share their random numbers (`seed_by` of the sweep), or that agree in the column `group`, form one group, which a split does not divide.
    `split: {by: example}` divides it, and then measures how well slices are recognised that are nearly known.

    A slice is read when it is needed; `empty: drop` and `standardize` read all cubes once and keep what they find in the stage's folder.
    The table of the examples holds `member` (its place in the ensemble), `axis` and `position` [cells] of each, with blocks also `block`
    and the corner of its tile, `row` and `column` [cells].
    """

    name: ClassVar[str] = "slices"
    version: ClassVar[int] = 1

    x: str | list[str] = Field(
        "brightness_temperature", description="cube that the network sees, or several, a channel each"
    )
    y: str | None = Field(
        None, description="column or array that it predicts; none: the slice itself, for autoencoders"
    )
    scale: Scale = Field(
        "class", description="a number y as a class for each value, as it is, or as its binary logarithm"
    )
    unit: str = Field("", description="unit of a number y, for tables and figures")
    missing: Missing = Field(
        "refuse", description="what becomes of members without a value in the column y: refuse, or drop"
    )
    axes: list[Axis] = Field(default=[0, 1, 2], min_length=1, description="axes that slices are cut across")
    stride: int = Field(1, ge=1, description="distance between the planes that are used [cells]")
    block: int | None = Field(None, ge=2, description="side of the blocks that cubes are cut into first [cells]")
    divide_by: Constant | dict[str, Constant] = Field(
        1.0, description="constant that all values are divided by, or one for each array by name"
    )
    standardize: bool = Field(False, description="whether each channel of x has mean 0 and standard deviation 1")
    resolution: float = Field(0.0, ge=0, description="full width at half maximum of a Gaussian beam [Mpc], 0: none")
    noise: float = Field(0.0, ge=0, description="rms of white noise in each cell, in the unit of x [mK]")
    empty: Literal["keep", "drop"] = Field("keep", description="what becomes of slices whose x is 0 everywhere")
    only: dict[str, Value | list[Value]] = Field(
        default={}, description="use only members whose columns hold this value, or one of these"
    )
    group: str | None = Field(
        None,
        description="column whose equal values a split keeps together; by default it keeps members of one random seed together",
    )

    @property
    def arrays(self) -> list[str]:
        """Names of the arrays of `x`."""
        return [self.x] if isinstance(self.x, str) else self.x

    @model_validator(mode="after")
    def _check_fields(self) -> Self:
        for field, names in (("x", self.arrays), ("axes", self.axes)):
            if not names or len(set(names)) < len(names):
                raise ValueError(f"{field}={list(names)}: expected at least one, and none twice")
        if self.y is None and (idle := {"scale", "unit"} & self.model_fields_set):
            raise ValueError(f"{' and '.join(sorted(idle))} without y: name what the network predicts")
        if len(self.arrays) > 1 and (self.resolution or self.noise):
            raise ValueError(f"an instrument (resolution, noise) observes one array, not {' and '.join(self.arrays)}")
        known = [*self.arrays, *([self.y] if self.y is not None else [])]
        for name in self.divide_by if isinstance(self.divide_by, dict) else ():
            if name not in known:
                raise ValueError(f"divide_by: '{name}' is neither in x nor y{did_you_mean(name, known)}")
        return self

    def check(self, simulation: Outline, statistics: Outline | None = None) -> Iterable[tuple[str, str]]:
        """Check that arrays and columns exist and have values, and that statistics are those of the same raw values."""
        for name in self.arrays:
            yield from simulation.missing_array("x", name)
        if self.y is not None and self.y not in simulation.columns:
            known = [*simulation.columns, *(simulation.outputs or {})]
            for field, _ in simulation.missing_array("y", self.y):
                yield field, f"'{simulation.stage}' has no column and no array '{self.y}'{did_you_mean(self.y, known)}"
        if self.y is not None and not self.only:
            yield from check_missing(simulation, "y", self.y, self.missing)
        for field, name in [("only", column) for column in self.only] + ([("group", self.group)] if self.group else []):
            yield from simulation.missing_column(field, name)
        if self.resolution:
            yield from simulation.missing_array("resolution", "cell_size")
        if statistics is not None:
            yield from self._check_statistics(statistics)

    def _check_statistics(self, statistics: Outline) -> Iterable[tuple[str, str]]:
        if not self.standardize:
            yield "standardize", f"only 'standardize: true' uses statistics, and '{statistics.stage}' is given as such"
        elif isinstance(other := statistics.plugin, Slices):
            differ = [
                name
                for name in ("x", "divide_by", "resolution", "noise")
                if getattr(other, name) != getattr(self, name)
            ]
            if other.standardize or differ:
                problem = f"with the same {', '.join(differ)}" if differ else "with 'standardize: false'"
                yield (
                    "standardize",
                    f"statistics must be those of the raw values: make '{statistics.stage}' {problem}",
                )

    def examples(
        self, simulation: Ensemble, rng: np.random.Generator, folder: Path, statistics: Examples | None = None
    ) -> Examples:
        """Make `x` (height, width, channels) float32, and `y` as the docstring of the class says: int64, float32 or an image.

        Raises:
            ValueError: an array is missing or of another shape, slices differ in size, tiles do not fit, all slices are empty, or `y` has
                no values that can be predicted.
        """
        import numpy as np

        from labrun_slices.filled import filled_places
        from labrun_slices.places import find_places, shapes_of
        from labrun_slices.planes import Instrument, Slicer
        from labrun_slices.statistics import Standard
        from labrun_slices.targets import find_target

        members = np.flatnonzero(simulation.where(self.only))
        warnings: list[str] = []
        simulation = simulation.take(members) if self.only else simulation
        if self.y in simulation.columns:
            known, warnings = known_members(simulation, self.y, self.missing)
            if warnings:
                members, simulation = members[known], simulation.take(known)
        places = find_places(shapes_of(simulation, self.arrays), self.axes, self.stride, self.block)
        if self.empty == "drop":
            places = places.take(filled_places(simulation, self.arrays, places, folder))
        instrument = Instrument(self.resolution, self.noise, int(rng.integers(SEEDS)))
        slicer = Slicer(simulation, self.arrays, [self._constant(name) for name in self.arrays], places, instrument)
        standard = Standard.of(statistics, slicer, folder) if self.standardize else None

        def load_x(indices: np.ndarray) -> np.ndarray:
            x = slicer(indices)
            return x if standard is None else standard(x)

        target = find_target(simulation, self.y, self.scale, self.unit, places)
        if self.y is None:
            load_y = load_x
        elif target is not None:
            load_y = target.y.__getitem__  # type: ignore[assignment]
        else:
            self._expect_no_scale()
            load_y = Slicer(simulation, [self.y], [self._constant(self.y)], places, Instrument())
        return Examples(
            load_x,
            load_y,
            self._groups(simulation)[places.member].astype(np.int64),
            classes=target.classes if target is not None else None,
            quantity=target.quantity if target is not None else None,
            periodic=self.block is None and all(slicer.wraps(axis) == ("wrap", "wrap") for axis in self.axes),
            table=places.table().assign(member=lambda table: members[table["member"]]),
            warnings=warnings,
        )

    def _expect_no_scale(self) -> None:
        if idle := {"scale", "unit"} & self.model_fields_set:
            raise ValueError(
                f"{' and '.join(sorted(idle))}: '{self.y}' is a cube, and its slices are predicted as pictures; leave it out"
            )

    def _constant(self, array: str) -> float:
        return self.divide_by.get(array, 1.0) if isinstance(self.divide_by, dict) else self.divide_by

    def _groups(self, simulation: Ensemble) -> np.ndarray:
        """Number the groups of members in the order in which they appear."""
        import numpy as np

        if self.group is None:
            return simulation.groups
        values = simulation.columns[self.group]
        number_of = {value: number for number, value in enumerate(dict.fromkeys(values))}
        return np.array([number_of[value] for value in values])


@hookimpl
def labrun_datasets() -> list[type[Dataset]]:
    """Offer the dataset."""
    return [Slices]
