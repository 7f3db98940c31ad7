"""Reionization: regions that the first galaxies have ionized, and their brightness in the 21-cm line.

Cosmology is in `cosmology`; the initial field and its displacements in `initial`; the evolved density in `perturbation`; its collapsed
fraction in `mass_functions`; ionizing photons in `sources`; the excursion set in `ionization`; recombinations in `recombination`; the
line's brightness in `brightness`. `members` caches the common results of members of one sky.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import model_validator

from labrun import Arrays, Field, Simulator, View, hookimpl
from labrun.kit.presets import fill_from_preset
from labrun_reionization.presets import PRESETS

if TYPE_CHECKING:
    import numpy as np

    from labrun_reionization.cosmology import Cosmology
    from labrun_reionization.sources import Sources

OF_SOURCE = {
    "constant": ("ionizing_efficiency", "minimum_mass", "minimum_virial_temperature"),
    "mass_dependent": (
        "escape_fraction",
        "escape_slope",
        "star_fraction",
        "star_slope",
        "turnover_mass",
        "photons_per_baryon",
        "conditional",
    ),
}
"""Fields of one kind of source only"""
LEAST_MASS = 10**8.7
"""Default least mass of halos that ionize [M☉]"""
BELOW_TURNOVER = 50
"""Mass-dependent sources are counted from the turnover mass divided by this"""


class Reionization(Simulator):
    """A periodic cube of the universe during reionization: density, neutral fraction and brightness of the 21-cm line at one redshift.

    1. A Gaussian field of the linear power spectrum (D. J. Eisenstein and W. Hu, ApJ 511, 5 (1999); σ₈) is drawn on a finer grid.
    2. Second-order Lagrangian perturbation theory moves it to the redshift (R. Scoccimarro, MNRAS 299, 1097 (1998)): `density`, δ.
    3. A cell is ionized if any sphere about it, from `largest_radius` down to the cell, has more ionizing photons than baryons,
       ζ f(δ_R, R) > 1 + n_rec; other cells are partly ionized by their own sources, x_HI = 1 − ζ f: `neutral_fraction` (S. R.
       Furlanetto et al., ApJ 613, 1 (2004); A. Mesinger et al., MNRAS 411, 955 (2011)).
    4. δT_b = C(z) x_HI (1 + δ) / (1 + dv/dr/H): `brightness_temperature`.

    f is the share of mass in halos that form stars. With **constant** sources all halos above `minimum_mass` have the same ζ,
    `ionizing_efficiency`. With **mass_dependent** ones (J. Park et al., MNRAS 484, 933 (2019)) ζ = N_γ f_* f_esc, with f_* ∝ M^α_* and
    f_esc ∝ M^α_esc, neither above 1, and halos below `turnover_mass` are suppressed. Halos follow R. K. Sheth and G. Tormen, MNRAS 308,
    119 (1999).

    On the same density it agrees with 21cmFAST 4.1.1 in all but a few of 100,000 cells, and its density agrees to 6 digits. **Trust it**
    for the shapes and sizes of ionized regions above some Mpc, and for their change with redshift and sources. **Do not trust it** before
    X-rays heat the gas (δT_b is saturated, T_spin ≫ T_CMB; this fails at z ≳ 10, depending on the model), within single cells, or for
    absolute timing: mean x_HI depends on the mass function (by 0.2) and on the size of cells (by 0.05).

    One state of the generator is one sky: with `seed_by` (such as `seed_by: [realization]`) members differ only in redshift or sources.
    The initial conditions are then computed once; with `recombinations`, falling redshifts in the sweep continue from one another.

    Draws from the member's generator: (cells × fine)³ normal numbers.
    """

    name: ClassVar[str] = "reionization"
    version: ClassVar[int] = 1
    outputs: ClassVar[Mapping[str, str]] = {
        "density": "(cells, cells, cells) float32: density contrast δ, dimensionless; the line of sight is the last axis",
        "neutral_fraction": "(cells, cells, cells) float32: x_HI, share of hydrogen that is neutral, 0 to 1",
        "brightness_temperature": "(cells, cells, cells) float32: δT_b of the 21-cm line, saturated [mK]",
        "cell_size": "() float64: side of a cell [Mpc]",
    }
    shown: ClassVar[str] = "brightness_temperature"
    colours: ClassVar[str] = "inferno"

    preset: Literal["origin"] | None = Field(
        None, description="a named set of the values below: origin (200³ cells, 300 Mpc, with recombinations)"
    )
    redshift: float = Field(ge=2, le=40, description="z, dimensionless")
    cells: int = Field(64, ge=8, le=512, multiple_of=2, description="N, cells along each side")
    box: float = Field(96.0, gt=0, le=3000, description="L, side of the cube [Mpc, comoving]")
    fine: int = Field(2, ge=1, le=4, description="cells of the initial field along the side of a cell")
    dynamics: Literal["linear", "zeldovich", "2lpt"] = Field(
        "2lpt", description="growth of density: linear, or by displacements of first or second order"
    )

    source: Literal["constant", "mass_dependent"] = Field(
        "constant", description="dependence of ionizing photons on a halo's mass"
    )
    ionizing_efficiency: float = Field(
        30.0, ge=0, description="ζ, ionizing photons per collapsed baryon (constant sources), dimensionless"
    )
    minimum_mass: float | None = Field(
        None,
        ge=1e6,
        le=1e13,
        description="least mass of a halo that ionizes [M☉] (constant sources); default: 10^8.7",
    )
    minimum_virial_temperature: float | None = Field(
        None, ge=100, le=1e7, description="least virial temperature, instead of the mass [K] (constant sources)"
    )
    escape_fraction: float = Field(
        0.1, gt=0, le=1, description="f_esc, share of photons that escape a halo of 10¹⁰ M☉ (mass_dependent)"
    )
    escape_slope: float = Field(-0.5, ge=-3, le=3, description="α_esc, power of the halo's mass in f_esc")
    star_fraction: float = Field(
        0.05, gt=0, le=1, description="f_*, share of baryons in stars in a halo of 10¹⁰ M☉ (mass_dependent)"
    )
    star_slope: float = Field(0.5, ge=-3, le=3, description="α_*, power of the halo's mass in f_*")
    turnover_mass: float = Field(
        5e8, ge=1e7, le=1e12, description="M_turn, mass below which halos are suppressed [M☉] (mass_dependent)"
    )
    photons_per_baryon: float = Field(
        5000.0, gt=0, description="N_γ, ionizing photons per baryon in stars, dimensionless"
    )
    conditional: Literal["sheth_tormen", "press_schechter"] = Field(
        "sheth_tormen",
        description="mass function within a region (mass_dependent): that of Sheth and Tormen 2002, as in 21cmFAST 4.1.1, or extended "
        "Press-Schechter, as in the earlier C code",
    )

    filter: Literal["sharp_k", "top_hat", "gaussian"] = Field("sharp_k", description="filter that smooths the density")
    largest_radius: float = Field(15.0, gt=0, description="R_max, radius of the largest spheres [Mpc]")
    recombinations: list[float] | None = Field(
        None,
        description="falling redshifts (dimensionless) at which recombinations are computed, as far as they are above `redshift`; default: "
        "recombinations are not counted",
    )
    star_time: float = Field(0.5, gt=0, le=1, description="t_*, time in which stars form [1/H]; with recombinations")
    redshift_space: bool = Field(
        True, description="whether velocities along the line of sight, the last axis, affect the brightness"
    )

    hubble: float = Field(0.6766, gt=0.3, lt=1.2, description="h, Hubble's constant [100 km/s/Mpc]")
    matter: float = Field(0.30964144, gt=0.05, lt=1, description="Ω_m, dimensionless; the rest of a flat universe is Λ")
    baryons: float = Field(0.04897468, gt=0.005, lt=0.5, description="Ω_b, a part of Ω_m, dimensionless")
    sigma8: float = Field(
        0.8102, gt=0, le=2, description="σ₈, deviation of linear density in spheres of 8/h Mpc today, dimensionless"
    )
    spectral_index: float = Field(
        0.9665, ge=0.5, le=1.5, description="n_s, slope of the primordial spectrum, dimensionless"
    )
    critical_overdensity: float = Field(
        1.686, gt=1, lt=2, description="δ_c, linear contrast at which halos collapse, dimensionless"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:
        return fill_from_preset(values, PRESETS)

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        faults = [*self._faults_of_sources(), *self._faults_of_recombinations()]
        if self.baryons >= self.matter:
            faults.append(f"baryons={self.baryons:g} are a part of matter={self.matter:g}: expected fewer")
        faults += [] if faults else self._faults_of_cells()
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults_of_sources(self) -> Iterator[str]:
        (other,) = OF_SOURCE.keys() - {self.source}
        fields = type(self).model_fields
        idle = [name for name in OF_SOURCE[other] if getattr(self, name) != fields[name].default]
        if idle:
            yield (f"{', '.join(idle)}: of no effect with source={self.source}; leave it out, or choose source={other}")
        if self.minimum_mass is not None and self.minimum_virial_temperature is not None:
            yield "minimum_mass and minimum_virial_temperature both say which halos ionize: give one of them"

    def _faults_of_recombinations(self) -> Iterator[str]:
        redshifts = self.recombinations
        if redshifts is None:
            if self.star_time != type(self).model_fields["star_time"].default:
                yield "star_time is of no effect without recombinations: leave it out, or list their redshifts"
        elif any(later >= earlier for earlier, later in itertools.pairwise(redshifts)):
            yield f"recombinations={redshifts}: expected falling redshifts, such as [13, 12.5, 12]"
        elif redshifts and not 2 <= redshifts[-1] <= redshifts[0] <= 40:
            yield f"recombinations={redshifts}: expected redshifts from 2 to 40"

    def _faults_of_cells(self) -> Iterator[str]:
        from labrun_reionization.radii import smallest_radius

        smallest = smallest_radius(self.cells, self.box)
        held, needed = self.cosmology().mass_within(smallest), self.least_mass()
        if held <= needed:
            side = self.box / self.cells * (needed / held) ** (1 / 3)
            yield (
                f"the smallest sphere, of {smallest:.3g} Mpc, holds {held:.3g} M☉, less than the least "
                f"halo that ionizes, {needed:.3g} M☉: expected cells (box / cells) of more than {side:.3g} Mpc, or smaller halos"
            )

    def cosmology(self) -> Cosmology:
        """Make the universe of this configuration."""
        from labrun_reionization.cosmology import Cosmology

        names = ("hubble", "matter", "baryons", "sigma8", "spectral_index", "critical_overdensity")
        return Cosmology(**{name: getattr(self, name) for name in names})

    def sources(self) -> Sources:
        """Make the sources of ionizing photons at the redshift."""
        from labrun_reionization.sources import ConstantSources, MassDependentSources

        if self.source == "constant":
            return ConstantSources(self.cosmology(), self.redshift, self.ionizing_efficiency, self.least_mass())
        values = {name: getattr(self, name) for name in OF_SOURCE["mass_dependent"]}
        return MassDependentSources(self.cosmology(), self.redshift, **values, least_mass=self.least_mass())

    def least_mass(self) -> float:
        """Return the mass below which halos are not counted [M☉]."""
        if self.source == "mass_dependent":
            return self.turnover_mass / BELOW_TURNOVER
        if self.minimum_virial_temperature is not None:
            return self.cosmology().virial_mass(self.minimum_virial_temperature, self.redshift)
        return LEAST_MASS if self.minimum_mass is None else self.minimum_mass

    def __hash__(self) -> int:
        return hash(self.model_dump_json())  # a list has no hash of its own

    def at(self, redshift: float) -> Self:
        """Return the same sky and sources at another redshift."""
        return self.model_copy(update={"redshift": redshift})

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return the arrays of `outputs`."""
        import numpy as np

        from labrun_reionization.brightness import brightness_temperature
        from labrun_reionization.members import Draws, density_of, ionize_member

        draws = Draws(rng)
        neutral = ionize_member(draws, self).neutral_fraction
        density = density_of(draws, self)
        return {
            "density": density.copy(),  # the original is cached for the next member
            "neutral_fraction": neutral,
            "brightness_temperature": brightness_temperature(
                neutral, density, self.cosmology(), self.redshift, self.redshift_space
            ),
            "cell_size": np.array(self.box / self.cells),
        }

    def watch(self, rng: np.random.Generator, pictures: int) -> Iterator[View]:
        """Yield `pictures` slices of δT_b through the cube, evenly spaced along the first axis; the line of sight goes to the right."""
        cube = self.simulate(rng)["brightness_temperature"]
        for i in range(pictures):
            place = (2 * i + 1) * self.cells // (2 * pictures)
            depth = place * self.box / self.cells
            caption = f"21 cm [mK], z = {self.redshift:g}, {depth:.0f} of {self.box:g} Mpc deep"
            yield View(
                image=cube[place], caption=caption, low=0.0, high=max(float(cube.max()), 1.0), colormap=self.colours
            )


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the simulator."""
    return [Reionization]
