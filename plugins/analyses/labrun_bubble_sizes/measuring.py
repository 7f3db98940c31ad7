"""Measure the ionized regions of one box."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from labrun_bubble_sizes.rays import trace_rays

__all__ = ["measure_bubbles", "ray_lengths", "region_volumes", "size_edges"]


def measure_bubbles(
    ionized: np.ndarray, cell_size: float, rays: int, per_decade: int, rng: np.random.Generator
) -> tuple[dict[str, float], pd.DataFrame]:
    """Return a summary of a box (nx, ny, nz), and its size distributions, an empty table if nothing is ionized."""
    summary = {"ionized fraction": float(ionized.mean())}
    if not ionized.any():
        return summary | {"regions": 0}, pd.DataFrame()
    longest = max(ionized.shape) * cell_size
    edges = size_edges(cell_size, longest, per_decade)
    lengths = cell_size * ray_lengths(ionized, rays, rng)
    volumes = region_volumes(ionized)
    radii = cell_size * np.cbrt(3 * volumes / (4 * math.pi))
    over = lengths >= longest
    found = {
        "mean free path": _distribution(lengths[~over], edges, np.full((~over).sum(), 1 / rays)),
        "regions": _distribution(radii, edges, volumes / volumes.sum()),
    }
    summary |= {
        "regions": len(volumes),
        "largest region": float(volumes.max() / volumes.sum()),
        "mean free path": float(lengths.mean()),
        "mean free path, peak": _peak(found["mean free path"]),
        "longer than the box": float(over.mean()),
    }
    return summary, pd.concat([table.assign(method=method) for method, table in found.items()])


def size_edges(cell_size: float, longest: float, per_decade: int) -> np.ndarray:
    """Return logarithmic bin edges [Mpc], from half a cell to at least the longest side."""
    bins = math.ceil(per_decade * math.log10(2 * longest / cell_size))
    return cell_size / 2 * 10 ** (np.arange(bins + 1) / per_decade)


def _distribution(sizes: np.ndarray, edges: np.ndarray, weights: np.ndarray) -> pd.DataFrame:
    """Return dP/dlnR. Sizes outside the edges count in its normalization, but not in any bin."""
    shares = np.histogram(sizes, edges, weights=weights)[0]
    return pd.DataFrame({"R": np.sqrt(edges[:-1] * edges[1:]), "dP/dlnR": shares / np.diff(np.log(edges))})


def _peak(table: pd.DataFrame) -> float:
    return float(table["R"][table["dP/dlnR"].idxmax()]) if table["dP/dlnR"].any() else math.nan


def ray_lengths(ionized: np.ndarray, rays: int, rng: np.random.Generator) -> np.ndarray:
    """Return the lengths of rays, (rays,) [cells], from random places in ionized cells to the first cell that is not ionized.

    A ray is cut at the longest side of the box, since beyond it the periodic box repeats.
    """
    cells = rng.choice(np.flatnonzero(ionized), rays)
    starts = np.stack(np.unravel_index(cells, ionized.shape), axis=1) + rng.random((rays, 3))
    directions = rng.normal(size=(rays, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = np.empty(rays)
    trace_rays(np.ascontiguousarray(ionized), starts, directions, float(max(ionized.shape)), lengths)
    return lengths


def region_volumes(ionized: np.ndarray) -> np.ndarray:
    """Return the volume [cells] of each region of ionized cells connected through faces, also across the periodic boundaries."""
    labels, count = ndimage.label(ionized)
    seams = [(labels.take(0, axis).ravel(), labels.take(-1, axis).ravel()) for axis in range(3)]
    first, last = np.concatenate(seams, axis=1)
    met = (first > 0) & (last > 0)
    graph = coo_array((np.ones(met.sum(), np.int8), (first[met] - 1, last[met] - 1)), shape=(count, count))
    _, region = connected_components(graph, directed=False)
    return np.bincount(region, weights=np.bincount(labels.ravel(), minlength=count + 1)[1:])
