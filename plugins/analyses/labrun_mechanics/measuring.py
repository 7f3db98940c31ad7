"""Measure a network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from labrun_mechanics.modes import Modes, normal_modes
from labrun_mechanics.moduli import Moduli, elastic_moduli, rim_sites
from labrun_spring_networks.network import Network

__all__ = ["KEPT", "TRUE", "Measured", "measure"]

TRUE = "true"
"""Name in tables of the networks of the simulation, beside names of models"""
KEPT = 6
"""Soft modes whose displacements are kept in memory, as many as the figure can show"""


@dataclass(frozen=True)
class Measured:
    """A network with its modes and moduli."""

    member: int
    """Its number in the simulation"""
    group: str
    """Its class; empty without `by`"""
    source: str
    """`TRUE`, or the name of the model that generated it"""
    network: Network
    modes: Modes
    moduli: Moduli
    inner_coordination: float
    """Mean number of bonds of the sites off the rim; NaN if there are none"""

    def row(self) -> dict[str, int | float]:
        """Return the measured columns of the table `networks`."""
        sites, modes = len(self.network.sites), self.modes
        stretching = modes.frequencies[modes.zero_modes :]
        return {
            "sites": sites,
            "bonds": modes.bonds,
            "coordination": 2 * modes.bonds / sites if sites else np.nan,
            "inner coordination": self.inner_coordination,
            "Maxwell count": modes.maxwell_count,
            "rank": modes.rank,
            "zero modes": modes.zero_modes,
            "mechanisms": modes.mechanisms,
            "self stresses": modes.self_stresses,
            "lowest frequency": stretching[0] if len(stretching) else np.nan,
            "bulk modulus": self.moduli.bulk,
            "shear modulus": self.moduli.shear,
            "softest shear modulus": self.moduli.softest_shear,
        }


def measure(network: Network, rim: float, tolerance: float, member: int, group: str, source: str) -> Measured:
    """Measure a network.

    Raises:
        ValueError: a bond has zero length.
    """
    modes = normal_modes(network, tolerance)
    inner = network.coordination()[~rim_sites(network, rim)]
    return Measured(
        member,
        group,
        source,
        network,
        replace(modes, displacements=modes.displacements[:, : modes.rigid + KEPT].copy()),
        elastic_moduli(network, rim, tolerance),
        float(inner.mean()) if len(inner) else np.nan,
    )
