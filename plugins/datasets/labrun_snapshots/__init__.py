"""Dataset `snapshots`: the snapshots of trajectories as examples, with a column of the sweep's table as the target."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

from labrun import Dataset, Ensemble, Examples, Field, Findings, Outline, hookimpl
from labrun.kit.targets import Missing, Scale, check_missing, known_members, make_target

if TYPE_CHECKING:
    import numpy as np

Encoding = Literal["orientation", "one_hot", "occupancy", "scrambled"]
SEEDS = 2**63


class Snapshots(Dataset):
    """Every snapshot of every member as an example: `x` is the snapshot, `y` a column of the sweep's table.

    Members are trajectories: an array of snapshots, (snapshots, height, width), with 0 at empty sites and elsewhere the orientation of the
    particle there, 1 up, 2 right, 3 down, 4 left. A network sees of each

    * `orientation`: these numbers, (height, width) uint8;
    * `one_hot`: a plane for each orientation, (height, width, 4) uint8, 1 where a particle has it;
    * `occupancy`: (height, width, 1) uint8, 1 where there is a particle, whatever its orientation;
    * `scrambled`: as `orientation`, with an orientation drawn anew for each particle, so that only places carry information.

    With `convergence`, the findings of `cluster_convergence` on the same simulation, only snapshots of the steady state are examples.

    Snapshots are read one by one when they are needed, so that memory does not depend on their number. Rolled copies are made then, too:
    copy k of n is rolled by k/(n + 1) of the width along the columns. They take no room, and since all examples of a member belong to one
    group, a split by member never separates a copy from its original. With `scale: log` a network learns log₂ of the target; estimates and
    figures show the target itself.
    """

    name: ClassVar[str] = "snapshots"
    version: ClassVar[int] = 1

    array: str = Field("snapshots", description="array of the simulation that holds the snapshots")
    encoding: Encoding = Field("orientation", description="what the network sees of a snapshot")
    target: str = Field("tumbling_rate", description="column of the sweep's table that it predicts")
    scale: Scale = Field(
        "log", description="the target as it is, as its binary logarithm, or each of its values as a class"
    )
    unit: str = Field("1/sweep", description="unit of the target, for tables and figures")
    missing: Missing = Field("refuse", description="what becomes of members without a target: refuse, or drop")
    density: bool = Field(False, description="whether the network also sees the density, as a second input")
    rolls: int = Field(0, ge=0, description="rolled copies of each snapshot beside itself")
    trajectories: int | None = Field(
        None, ge=1, description="members of each value of the target that are used, the first ones; default: all"
    )
    first: int | None = Field(
        None, ge=1, description="snapshots of each member that are used, the first ones; default: all"
    )
    time: str = Field("steps", description="array that holds the time of each snapshot, for the steady state")

    def check(self, simulation: Outline, convergence: Outline | None = None) -> Iterable[tuple[str, str]]:
        """Check that arrays and column exist, and that the column has values."""
        yield from simulation.missing_array("array", self.array)
        yield from simulation.missing_column("target", self.target)
        yield from check_missing(simulation, "target", self.target, self.missing)
        if convergence is not None:
            yield from simulation.missing_array("time", self.time)

    def examples(self, simulation: Ensemble, rng: np.random.Generator, convergence: Findings | None = None) -> Examples:
        """Make `x` as `encoding` says (with `density` a dict of `snapshot` and `density`, (1,) float32), and `y` float32 or a class, int64.

        Raises:
            ValueError: the snapshots of members differ in size, none is left, a target is missing or has no logarithm, or `convergence`
                belongs to another simulation.
        """
        import numpy as np

        from labrun_snapshots.encoding import Encoder
        from labrun_snapshots.selection import first_of_each, steady_snapshots

        known, warnings = known_members(simulation, self.target, self.missing)
        column = [simulation.columns[self.target][member] for member in known]
        chosen_of = first_of_each(column, self.trajectories)
        members = known[chosen_of]
        chosen = [np.arange(count)[: self.first] for count in self._counts(simulation, members)]
        if convergence is not None:
            chosen = steady_snapshots(simulation, members, chosen, convergence, self.time)
        target = make_target([column[i] for i in chosen_of], self.target, self.scale, self.unit)
        counts = [len(snapshots) for snapshots in chosen]
        if not sum(counts):
            raise ValueError(f"'{simulation.name}' leaves no snapshots: it has none, or none in the steady state")
        member_of, y = np.repeat(members, counts), np.repeat(target.y, counts)
        snapshot_of = np.concatenate(chosen)
        encoder = Encoder(self.encoding, self.rolls, int(rng.integers(SEEDS)))

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
            lambda indices: y[indices // (self.rolls + 1)],
            np.repeat(member_of, self.rolls + 1),
            classes=target.classes,
            quantity=target.quantity,
            periodic=True,
            warnings=warnings,
        )

    def _counts(self, simulation: Ensemble, members: np.ndarray) -> list[int]:
        """Count the snapshots of each member."""
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
