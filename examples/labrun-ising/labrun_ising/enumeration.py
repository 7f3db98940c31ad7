"""Averages over all states of a small lattice: slow, simple, exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Averages", "enumerate_states"]


@dataclass(frozen=True)
class Averages:
    """Averages per site: ⟨e⟩ [J], ⟨|m|⟩, ⟨m²⟩, ⟨m⁴⟩, ⟨e²⟩ − ⟨e⟩²."""

    energy: float
    magnetisation: float
    second: float
    fourth: float
    energy_variance: float


def enumerate_states(shape: tuple[int, int], temperature: float) -> Averages:
    """Average over the 2^N states of a periodic lattice."""
    sites = shape[0] * shape[1]
    bits = np.arange(2**sites)[:, None] >> np.arange(sites) & 1
    s = (2 * bits - 1).reshape(-1, *shape)
    energy = -(s * (np.roll(s, 1, 1) + np.roll(s, 1, 2))).sum(axis=(1, 2)) / sites
    m = s.mean(axis=(1, 2))
    p = np.exp(-sites * (energy - energy.min()) / temperature)
    p /= p.sum()
    mean = p @ energy
    return Averages(mean, p @ np.abs(m), p @ m**2, p @ m**4, p @ energy**2 - mean**2)
