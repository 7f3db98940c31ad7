"""Simulator `ising`: the Ising model on a periodic square lattice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from labrun import Arrays, Field, Simulator, View

if TYPE_CHECKING:
    import numpy as np

    from labrun_ising.lattice import Lattice

Side = Annotated[int, Field(ge=2, le=32767)]


class Ising(Simulator):
    """The Ising model on a periodic square lattice, in thermal equilibrium.

        E = −J Σ_⟨ij⟩ s_i s_j,    P(s) ∝ exp(−E / k_B T),    s_i = ±1

    ⟨ij⟩: pairs of neighbouring sites; J: coupling, the unit of energy; T: temperature [J/k_B]. An infinite lattice orders
    below T_c = 2 / ln(1 + √2) = 2.269 (L. Onsager, Phys. Rev. 65, 117 (1944)).

    `metropolis` visits all sites in order and flips a spin with probability min(1, exp(−ΔE/T)); a sweep visits each site
    once. `wolff` flips clusters that grow from a random site to equal neighbours, each with probability
    1 − exp(−2/T) (U. Wolff, Phys. Rev. Lett. 62, 361 (1989)), and does not slow down at T_c. A sweep then consists of N / ⟨n⟩
    clusters, rounded up, where ⟨n⟩ is their mean size during equilibration. This number must not depend on the sizes of the
    measured clusters, which would bias the measurement towards small ones.
    """

    name: ClassVar[str] = "ising"
    version: ClassVar[int] = 1
    outputs: ClassVar[dict[str, str]] = {
        "spins": "(snapshots, height, width) int8: s, −1 or 1",
        "magnetisation": "(times,) float64: m = Σ s / N at each measurement, dimensionless",
        "energy": "(times,) float64: E / N at each measurement [J]",
    }

    temperature: float = Field(gt=0, examples=[2.27], description="T, temperature [J/k_B]")
    size: Side | tuple[Side, Side] = Field(32, description="sites along each side, or [height, width]")
    algorithm: Literal["metropolis", "wolff"] = Field("wolff", description="method of flipping spins")
    start: Literal["cold", "hot"] = Field("cold", description="initial state: all spins up, or random spins")
    equilibration: int = Field(200, ge=0, description="sweeps before the first measurement")
    interval: int = Field(2, ge=1, description="sweeps from one measurement to the next")
    measurements: int = Field(
        1, ge=1, description="measurements of m and E per snapshot; the snapshot is taken at the last"
    )
    snapshots: int = Field(100, ge=1, description="number of snapshots of the spins")

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width [sites]."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    def lattice(self, rng: np.random.Generator) -> Lattice:
        """Return the lattice in its initial state."""
        from labrun_ising.lattice import Lattice  # Numba is loaded only where it runs

        return Lattice(self.shape, self.temperature, self.algorithm, self.start, rng)

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return snapshots of the spins, and series of magnetisation and energy (see `outputs`)."""
        import numpy as np

        lattice = self.lattice(rng)
        lattice.equilibrate(self.equilibration)
        spins = np.empty((self.snapshots, *self.shape), np.int8)
        magnetisation, energy = np.empty((2, self.snapshots * self.measurements))
        for k in range(len(energy)):
            lattice.advance(self.interval)
            magnetisation[k], energy[k] = lattice.magnetisation, lattice.energy
            if (k + 1) % self.measurements == 0:
                spins[k // self.measurements] = lattice.spins
        return {"spins": spins, "magnetisation": magnetisation, "energy": energy}

    def watch(self, rng: np.random.Generator, pictures: int) -> Iterator[View]:
        """Yield the initial state, and the lattice after every `interval` sweeps."""
        lattice = self.lattice(rng)
        for k in range(pictures):
            lattice.advance(self.interval if k else 0)
            caption = f"T = {self.temperature:g} J/k_B, sweep {k * self.interval}, m = {lattice.magnetisation:.2f}"
            yield View(lattice.spins.copy(), caption, low=-1, high=1, colormap="gray")
