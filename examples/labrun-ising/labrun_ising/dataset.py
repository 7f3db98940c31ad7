"""Dataset `ising_snapshots`: spins as examples, with the temperature or the phase as the answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

from labrun import Dataset, Ensemble, Examples, Field, Outline, Quantity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class IsingSnapshots(Dataset):
    """Every snapshot of every member as an example: its spins as x, the temperature or the phase as y.

    Both orientations of the ordered phase are equally likely, but a member keeps one of them for a long time. So the sign of
    each example is random, s → ±s: the network must learn the phase, not the sign.
    """

    name: ClassVar[str] = "ising_snapshots"
    version: ClassVar[int] = 1

    array: str = Field("spins", description="array of the simulation that holds the spins")
    target: Literal["temperature", "phase"] = Field(
        "phase", description="y: T, or whether it is below T_c (ordered) or above (disordered)"
    )

    def check(self, simulation: Outline) -> Iterable[tuple[str, str]]:
        """Check that the simulation has the spins, and the sweep's table their temperature."""
        yield from simulation.missing_array("array", self.array)
        yield from simulation.missing_column("target", "temperature")

    def examples(self, simulation: Ensemble, rng: np.random.Generator) -> Examples:
        """Return examples with `x` (height, width, 1) int8, ±1, and `y` float32 [J/k_B] or int64 (0 ordered, 1 disordered).

        Raises:
            ValueError: the array holds no snapshots, or lattices differ in size.
        """
        import numpy as np

        from labrun_ising.exact import T_C

        member, snapshot = self._places(simulation)
        sign = rng.choice(np.array([-1, 1], np.int8), len(member))
        temperature = np.array(simulation.columns["temperature"], np.float32)
        is_phase = self.target == "phase"
        y = (temperature > T_C).astype(np.int64) if is_phase else temperature

        def load_x(indices: NDArray[np.int64]) -> NDArray[np.int8]:
            spins = [simulation.read(int(member[i]), self.array, int(snapshot[i])) * sign[i] for i in indices]
            return np.stack(spins)[..., None]

        return Examples(
            load_x,
            lambda indices: y[member[indices]],
            groups=member,
            classes=["ordered", "disordered"] if is_phase else None,
            quantity=None if is_phase else Quantity("temperature", "J/k_B"),
            periodic=True,
        )

    def _places(self, simulation: Ensemble) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the member of each example, and the number of the snapshot in this member."""
        import numpy as np

        shapes = [simulation.shape_of_planes(i, self.array) for i in range(len(simulation))]
        if sizes := sorted({shape[1:] for shape in shapes[1:] if shape[1:] != shapes[0][1:]}):
            raise ValueError(
                f"'{simulation.name}' holds lattices of {shapes[0][1:]} and {sizes[0]} sites: a network takes pictures "
                "of one size. Sweep only over temperatures"
            )
        counts = [shape[0] for shape in shapes]
        member = np.repeat(np.arange(len(shapes)), counts)
        return member, np.concatenate([np.arange(count) for count in counts])
