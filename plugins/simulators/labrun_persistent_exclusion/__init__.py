"""The persistent exclusion process: particles that move straight until they tumble, and block one another.

One visit to a particle, with tumbling rate α:

    if the site ahead is empty, it moves there;
    with probability α it draws a new orientation, uniformly from all four

The process is in `kernel`, the observables of a snapshot are in `observables`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import model_validator

from labrun import Arrays, Field, Simulator, View, hookimpl

if TYPE_CHECKING:
    import numpy as np

    from labrun_persistent_exclusion.kernel import Lattice
    from labrun_persistent_exclusion.observables import Observables

Sites = Annotated[int, Field(ge=1, le=32766)]
Unit = Literal["sweeps", "tumbles"]
COLORS = ["#000000", "#56b4e9", "#f0e442", "#d55e00", "#009e73"]  # empty, up, right, down, left: Okabe and Ito's
RESOLUTION = 2**-30  # of the tumbling rate in the kernel


class PersistentExclusion(Simulator):
    """The persistent exclusion process on a periodic square lattice: run-and-tumble particles that exclude one another.

    n = ⌊ρ × height × width⌋ particles, at most one per site, each with one of four orientations: 0 up (row − 1), 1 right
    (column + 1), 2 down, 3 left. One sweep visits every particle exactly once, in a fresh random order. A visited particle

        moves to the neighbouring site that it points at, if that is empty, and then
        draws, with probability α, a new orientation uniformly from all four (the old one included).

    Each move takes the earlier moves of its sweep into account. ρ: density; α: tumbling rate [1/sweep], also written P_t. After R. Soto
    and R. Golestanian, Phys. Rev. E 89, 012706 (2014), doi:10.1103/PhysRevE.89.012706, and N. Sepúlveda and R. Soto, Phys. Rev. Lett.
    119, 078001 (2017), doi:10.1103/PhysRevLett.119.078001. A single particle diffuses with D = (2 − α) / 4α [sites²/sweep] and moves 1/α
    sites, on average, in one direction.

    Initial sites are drawn without replacement, orientations uniformly. From there the mean cluster size comes within 5 % of its plateau
    after 58/α sweeps at ρ = 0.15, and 194/α at ρ = 0.40 (128×128, α = 1/64), so the default warm-up is 200 tumbles.

    Times are in sweeps, or in tumbles, the mean time between two tumbles of a particle, 1/α sweeps. The lattice is observed every
    `sweeps_per_look` sweeps; times in tumbles are rounded to whole looks, the warm-up up, the spacing down.

    Draws from the member's generator: the sites, the orientations, and 256 bits of state for the kernel's own random numbers
    (xoshiro256++). The tumbling rate is rounded to a multiple of 2⁻³⁰.
    """

    name: ClassVar[str] = "persistent_exclusion"
    version: ClassVar[int] = 1
    outputs: ClassVar[Mapping[str, str]] = {
        "snapshots": "(snapshots, height, width) uint8: 0 empty, 1 up, 2 right, 3 down, 4 left",
        "steps": "(snapshots,) int64: sweeps before each snapshot",
        "look_steps": "(looks,) int64: sweeps before each look; this and all below are empty unless `observe`",
        "mean_cluster_size": "(looks,) float64: Σ s² / Σ s over the sizes s of all clusters [sites]",
        "largest_cluster": "(looks,) int32: size of the largest cluster [sites]",
        "clusters": "(looks,) int32: number of clusters",
        "blocked_fraction": "(looks,) float64: fraction of the particles that point at an occupied site",
        "single_fraction": "(looks,) float64: fraction of the particles that are clusters of one",
        "winding": "(looks,) uint8: how the largest cluster winds around the plane: 0 not, 1 down, 2 across, 3 both",
    }
    colours: ClassVar[Sequence[str]] = COLORS

    density: float = Field(gt=0, le=1, description="ρ, particles per site, dimensionless")
    tumbling_rate: float = Field(
        ge=0, le=1, description="α, probability that a visited particle draws a new orientation [1/sweep]"
    )
    size: Sites | tuple[Sites, Sites] = Field(128, description="sites along each side, or [height, width]")
    sweeps_per_look: int = Field(10, ge=1, description="sweeps between two looks at the lattice")
    warm_up: float = Field(200, ge=0, description="time before the first snapshot [warm_up_unit]")
    warm_up_unit: Unit = Field("tumbles", description="unit of warm_up: sweeps, or tumbles of 1/α sweeps each")
    snapshots: int = Field(1000, ge=0, description="number of snapshots")
    spacing: float = Field(10, gt=0, description="time between two snapshots [spacing_unit]; at least one look")
    spacing_unit: Unit = Field("tumbles", description="unit of spacing: sweeps, or tumbles of 1/α sweeps each")
    observe: bool = Field(False, description="whether observables of every look are kept, from the start on")
    duration: int | None = Field(
        None,
        ge=0,
        description="total sweeps, for observables beyond the last snapshot; default: until the last snapshot",
    )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width [sites]."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    @property
    def particles(self) -> int:
        """n = ⌊ρ × height × width⌋, where 0.29 × 100 is 29."""
        height, width = self.shape
        return math.floor(round(self.density * height * width, 6))

    @property
    def steps(self) -> range:
        """Sweeps before each snapshot"""
        first = self.sweeps_per_look * math.ceil(self._looks("warm_up") - 1e-9)
        apart = self.sweeps_per_look * max(1, math.floor(self._looks("spacing") + 1e-9))
        return range(first, first + self.snapshots * apart, apart)

    @property
    def look_steps(self) -> range:
        """Sweeps before each look at which observables are kept; empty if none are"""
        last = self._last if self.duration is None else self.duration
        return range(0, last + 1 if self.observe else 0, self.sweeps_per_look)

    @property
    def _last(self) -> int:
        return self.steps[-1] if self.steps else self.steps.start

    def _looks(self, field: Literal["warm_up", "spacing"]) -> float:
        sweeps = getattr(self, field)
        if getattr(self, f"{field}_unit") == "tumbles":
            sweeps /= self.tumbling_rate
        return float(sweeps / self.sweeps_per_look)

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        faults = [*self._faults_of_contents(), *(list(self._faults_of_units()) or self._faults_of_duration())]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults_of_contents(self) -> Iterator[str]:
        if self.particles == 0:
            height, width = self.shape
            yield (
                f"density={self.density:g} makes no particle on size={height}×{width}: expected at least "
                f"{1 / (height * width):.4g}"
            )
        if 0 < self.tumbling_rate < RESOLUTION:
            yield f"tumbling_rate={self.tumbling_rate:g} is below 2⁻³⁰ = {RESOLUTION:.3g}, the least that differs from 0"
        if self.snapshots == 0 and not self.observe:
            yield "snapshots=0 without observables keeps nothing: give a number of snapshots, or set observe=true"

    def _faults_of_units(self) -> Iterator[str]:
        for field in ("warm_up", "spacing"):
            amount, unit = getattr(self, field), getattr(self, f"{field}_unit")
            if unit == "tumbles" and self.tumbling_rate == 0:
                yield f"{field}={amount:g} tumbles never end at tumbling_rate=0: give it in sweeps, {field}_unit=sweeps"
            elif unit == "sweeps" and amount % self.sweeps_per_look:
                nearest = round(amount / self.sweeps_per_look) * self.sweeps_per_look
                if field == "spacing":
                    nearest = max(nearest, self.sweeps_per_look)
                yield (
                    f"{field}={amount:.10g} sweeps is not a whole number of looks of sweeps_per_look={self.sweeps_per_look}: "
                    f"the nearest is {nearest}"
                )

    def _faults_of_duration(self) -> Iterator[str]:
        if self.duration is None:
            return
        if self.duration < self._last:
            what = "the last snapshot is due" if self.snapshots else "the warm-up ends"
            yield f"duration={self.duration} is over before {what}, after {self._last} sweeps: make it at least that"
        elif self.duration > self._last and not self.observe:
            yield (
                f"duration={self.duration} continues after the last snapshot, at {self._last} sweeps, where only observables are "
                "kept: set observe=true, or leave duration out"
            )

    def gives(self, array: str) -> bool | None:
        """Check whether there are snapshots: without any, only observables are kept."""
        return self.snapshots > 0 if array == "snapshots" else None

    def start(self, rng: np.random.Generator) -> Lattice:
        """Return the lattice before the first sweep."""
        from labrun_persistent_exclusion.kernel import Lattice  # Numba is loaded only where it runs

        return Lattice.random(self.shape, self.particles, self.tumbling_rate, rng)

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return snapshots, their steps, and the observables of every look (see `outputs`)."""
        import numpy as np

        from labrun_persistent_exclusion.observables import observe

        lattice, steps, looks = self.start(rng), self.steps, self.look_steps
        snapshots = np.empty((len(steps), *self.shape), np.uint8)
        observed: list[Observables] = []
        for step in looks or steps:  # every snapshot is taken at a look
            lattice.advance(step - lattice.step)
            if step in steps:
                snapshots[steps.index(step)] = lattice.snapshot()
            if step in looks:
                observed.append(observe(lattice.snapshot()))
        series = zip(*observed, strict=True) if observed else [()] * 6
        types = ("float64", "int32", "int32", "float64", "float64", "uint8")
        names = [name for name in self.outputs if name not in ("snapshots", "steps", "look_steps")]
        return {
            "snapshots": snapshots,
            "steps": np.array(steps, np.int64),
            "look_steps": np.array(looks, np.int64),
            **{name: np.array(values, type_) for name, values, type_ in zip(names, series, types, strict=True)},
        }

    def watch(self, rng: np.random.Generator, pictures: int) -> Iterator[View]:
        """Yield the first `pictures` looks, every `sweeps_per_look` sweeps from the start on (a single one: after the warm-up)."""
        lattice = self.start(rng)
        stops = [look * self.sweeps_per_look for look in range(pictures)] if pictures > 1 else [self.steps.start]
        for step in stops:
            lattice.advance(step - lattice.step)
            caption = f"ρ = {self.density:g}, α = {self.tumbling_rate:g}, sweep {step}\n1 ↑   2 →   3 ↓   4 ←"
            yield View(lattice.snapshot(), caption, low=-0.5, high=4.5, colormap=_register_colors())


def _register_colors() -> str:
    """Register a colour map with one colour for each number of a snapshot, and return its name."""
    import matplotlib as mpl

    if (name := PersistentExclusion.name) not in mpl.colormaps:
        mpl.colormaps.register(mpl.colors.ListedColormap(COLORS), name=name)
    return name


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the simulator."""
    return [PersistentExclusion]
