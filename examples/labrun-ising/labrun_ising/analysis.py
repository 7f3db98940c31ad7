"""Analysis `ising_observables`: magnetisation, energy, fluctuations and Binder cumulant, compared with exact solutions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FEW = 10
"""Minimum number of blocks for a useful bootstrap."""


class IsingObservables(Analysis):
    """Magnetisation, energy, susceptibility, specific heat and Binder cumulant against temperature, with the exact solutions.

        ⟨|m|⟩,   ⟨e⟩,   χ = N (⟨m²⟩ − ⟨|m|⟩²) / T,   c = N (⟨e²⟩ − ⟨e⟩²) / T²,   U₄ = 1 − ⟨m⁴⟩ / 3⟨m²⟩²

    m, e: magnetisation and energy per site; N: sites; ⟨⟩: mean over the measurements of all members of one size and one
    temperature. U₄ tends to 2/3 below T_c and to 0 above, and agrees for two sizes at T_c, up to corrections (K. Binder,
    Z. Phys. B 43, 119 (1981)). The black curves are those of the infinite lattice: Yang's |m|, Onsager's e and c. The table
    also contains Kaufman's e of the finite lattice.

    Errors are one standard error: half the central 68.3 % of a bootstrap that resamples `blocks` contiguous blocks of each
    member, so correlated snapshots do not count as independent.
    """

    name: ClassVar[str] = "ising_observables"
    version: ClassVar[int] = 1

    blocks: int = Field(50, ge=1, description="contiguous blocks of a member that the bootstrap treats as independent")
    resamples: int = Field(200, ge=10, description="number of bootstrap resamples")

    def check(self, simulation: Outline) -> Iterable[tuple[str, str]]:
        """Check that the simulation has the arrays of `ising`."""
        for array in ("magnetisation", "energy", "spins"):
            yield from simulation.missing_array("blocks", array)

    def analyse(self, simulation: Ensemble, rng: np.random.Generator) -> Findings:
        """Return the tables `points`, with a row for each size and temperature, and `crossings` of neighbouring sizes [J/k_B].

        Metrics: `crossing <size> and <size>`, `exact critical temperature` [J/k_B], and `energy, root mean square
        deviation` from Kaufman's [standard errors], about 1 for a correct simulation. Figures: `observables`,
        `spins`.

        Raises:
            ValueError: the table has no temperature, or an array holds NaN.
        """
        from labrun_ising.crossing import find_crossings
        from labrun_ising.drawing import draw_observables, draw_spins
        from labrun_ising.exact import T_C
        from labrun_ising.observables import measure

        table = measure(simulation, self.blocks, self.resamples, rng)
        crossings = find_crossings(table)
        tables = {"points": table} | ({"crossings": crossings} if len(crossings) else {})
        return Findings(
            metrics=_metrics(table, crossings) | {"exact critical temperature": T_C},
            tables=tables,
            figures={"observables": draw_observables(table), "spins": draw_spins(simulation)},
            captions={
                "observables": "Dots: simulation, with one standard error. Black: infinite lattice (Onsager, Yang). "
                "Dotted: its critical temperature.",
                "spins": "Last snapshots of the largest lattice, from cold to hot [J/k_B].",
            }
            | {name: _CAPTIONS[name] for name in tables},
            warnings=_warnings(table, self.blocks),
        )


_CAPTIONS = {
    "points": "Means over the measurements of all members with one size and temperature [J/k_B], and standard errors: ⟨|m|⟩ "
    "(dimensionless), ⟨e⟩ [J], χ [1/J], c [k_B], U₄ (dimensionless). 'independent' is the number of blocks.",
    "crossings": "Temperature [J/k_B] at which the cumulants of two sizes agree, and its standard error.",
}


def _metrics(table: pd.DataFrame, crossings: pd.DataFrame) -> dict[str, float]:
    """Return the crossings, and the deviation of the energies from the exact ones in standard errors."""
    found = {f"crossing {row.small} and {row.large}": float(row.temperature) for row in crossings.itertuples()}
    known = table[table["energy error"] > 0]
    if len(known):
        deviation = (known["energy"] - known["exact energy"]) / known["energy error"]
        found["energy, root mean square deviation"] = float((deviation**2).mean() ** 0.5)
    return found


def _warnings(table: pd.DataFrame, blocks: int) -> list[str]:
    """Warn if the errors are based on too few blocks."""
    few = int((table["independent"] < FEW).sum())
    if not few:
        return []
    return [
        f"{few} of {len(table)} points have fewer than {FEW} blocks, so their errors are too small: "
        + ("increase `blocks`" if blocks < FEW else "increase `measurements` of the simulation")
    ]
