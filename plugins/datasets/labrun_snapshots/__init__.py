"""Dataset `snapshots`: the snapshots of trajectories as examples, with a column of the sweep's table as the answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

from labrun import Dataset, Ensemble, Examples, Field, Findings, Outline, hookimpl
from labrun.kit.targets import Scale, make_target

if TYPE_CHECKING:
    import numpy as np

Encoding = Literal["orientation", "one_hot", "occupancy", "scrambled"]
SEEDS = 2**63


class Snapshots(Dataset):
    """Every snapshot of every member as an example: `x` is the snapshot, `y` a column of the sweep's table.

    The members are trajectories: an array of snapshots, (snapshots, height, width), 0 where a site is empty and elsewhere a number for
    what stands there, 1 up, 2 right, 3 down, 4 left. A network sees of each

    * `orientation`: these numbers, (height, width) uint8;
    * `one_hot`: a plane for each orientation, (height, width, 4) uint8, 1 where a particle has it;
    * `occupancy`: (height, width, 1) uint8, 1 where a particle is, whatever its orientation;
    * `scrambled`: as `orientation`, with an orientation drawn anew for each particle, so that places tell all that there is to know.

    With `convergence`, the findings of `cluster_convergence` on the same simulation, only snapshots of the steady state are examples.

    Snapshots are read one by one when they are asked for, so that memory does not depend on their number. Rolled copies are made then
    too: copy k of n is rolled by k/(n + 1) of the width along the columns. They take no room; and since all examples of a member
    belong to one group, no split by member parts a copy from its original. `scale: log` lets a network learn log₂ of the target;
    estimates and figures tell the target itself.
    """

    name: ClassVar[str] = "snapshots"
    version: ClassVar[int] = 1

    array: str = Field("snapshots", description="array of the simulation that holds the snapshots")
    encoding: Encoding = Field("orientation", description="what of a snapshot the network sees")
    target: str = Field("tumbling_rate", description="column of the sweep's table that it is to tell")
    scale: Scale = Field(
        "log", description="the target as it is, as its binary logarithm, or each of its values as a class"
    )
    unit: str = Field("1/sweep", description="unit of the target, for tables and figures")
    density: bool = Field(False, description="whether the network is told the density too, as a second input")
    rolls: int = Field(0, ge=0, description="rolled copies of each snapshot beside itself")
    trajectories: int | None = Field(
        None, ge=1, description="take only so many members of each value of the target, the first ones"
    )
    first: int | None = Field(None, ge=1, description="take only the first so many snapshots of each member")
    time: str = Field("steps", description="array that tells the time of each snapshot, for the steady state")

    def check(self, simulation: Outline, convergence: Outline | None = None) -> Iterable[tuple[str, str]]:
        """The arrays and the column must be there."""
        yield from simulation.missing_array("array", self.array)
        yield from simulation.missing_column("target", self.target)
        if convergence is not None:
            yield from simulation.missing_array("time", self.time)

    def examples(self, simulation: Ensemble, rng: np.random.Generator, convergence: Findings | None = None) -> Examples:
        """`x` as `encoding` says (with `density` a dict of `snapshot` and `density`, (1,) float32), `y` float32 or a class, int64.

        Raises:
            ValueError: the snapshots of members differ in size, none is left, a logarithm is wanted of what is not positive, or
                `convergence` tells of another simulation.
        """
        import numpy as np

        from labrun_snapshots.encoding import Encoder
        from labrun_snapshots.selection import first_of_each, steady_snapshots

        column = simulation.columns[self.target]
        members = first_of_each(column, self.trajectories)
        chosen = [np.arange(count)[: self.first] for count in self._counts(simulation, members)]
        if convergence is not None:
            chosen = steady_snapshots(simulation, members, chosen, convergence, self.time)
        member_of = np.repeat(members, [len(snapshots) for snapshots in chosen])
        snapshot_of = np.concatenate(chosen)
        if not len(member_of):
            raise ValueError(f"'{simulation.name}' leaves no snapshots: it has none, or none in the steady state")
        encoder = Encoder(self.encoding, self.rolls, int(rng.integers(SEEDS)))
        target = make_target(column, self.target, self.scale, self.unit)

        def load_x(indices: np.ndarray) -> np.ndarray | dict[str, np.ndarray]:
            originals, copies = np.divmod(indices, self.rolls + 1)
            planes = [
                simulation.read(int(member), self.array, int(snapshot))
                for member, snapshot in zip(member_of[originals], snapshot_of[originals], strict=True)
            ]
            x = np.stack([encoder(*one) for one in zip(planes, originals, copies, strict=True)])
            if not self.density:
                return x
            density = np.array([[np.count_nonzero(plane) / plane.size] for plane in planes], np.float32)
            return {"snapshot": x, "density": density}

        return Examples(
            load_x,
            lambda indices: target.y[member_of[indices // (self.rolls + 1)]],
            np.repeat(member_of, self.rolls + 1),
            classes=target.classes,
            quantity=target.quantity,
            periodic=True,
        )

    def _counts(self, simulation: Ensemble, members: np.ndarray) -> list[int]:
        """How many snapshots each member has."""
        shapes = [simulation.shape(int(member), self.array) for member in members]
        for member, shape in zip(members, shapes, strict=True):
            if len(shape) != 3 or shape[1:] != shapes[0][1:]:
                expected = "(snapshots, height, width), of one size in all members"
                raise ValueError(
                    f"'{self.array}' of '{simulation.name}': expected {expected}; member {simulation.numbers[member]} has {shape}, "
                    f"member {simulation.numbers[members[0]]} {shapes[0]}"
                )
        return [shape[0] for shape in shapes]


@hookimpl
def labrun_datasets() -> list[type[Dataset]]:
    """Offer the dataset."""
    return [Snapshots]
