"""Make a block of cells as a network; remove sites and bonds from it, and rotate it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from labrun_mechanical_network.lattices import Lattice
from labrun_spring_networks.network import Network


def make_block(lattice: Lattice, ratio: float, columns: int, rows: int, periodic: bool) -> Network:
    """Make a network of `columns` × `rows` cells of a lattice. The sites of a cell follow one another, column by column, then row by row.

    With r = `ratio`, the sites of a cell are at 2r times their positions in the table. A periodic block is spanned by its box. With free
    boundaries, bonds that leave the block are left out, and rows of oblique cells begin some cells back, so that the block is upright.
    """
    cell, basis, bonds = np.array(lattice.cell), 2 * ratio * np.array(lattice.basis), np.array(lattice.bonds)
    slant = 0.0 if periodic else cell[0] @ cell[1] / (cell[0] @ cell[0])
    back = np.floor(slant * np.arange(rows) + 1e-9).astype(np.int64)

    row, column = np.divmod(np.arange(rows * columns)[:, None], columns)
    corners = np.concatenate([column - back[row], row], axis=1) @ cell
    sites = (corners[:, None] + basis).reshape(-1, 2)

    up, other_row = np.divmod(row + bonds[:, 3], rows)
    across, other_column = np.divmod(column - back[row] + bonds[:, 2] + back[other_row], columns)
    first = len(basis) * (row * columns + column) + bonds[:, 0]
    second = len(basis) * (other_row * columns + other_column) + bonds[:, 1]
    pairs, offsets = (np.stack(both, axis=-1).reshape(-1, 2) for both in ((first, second), (across, up)))

    kept = np.full(len(pairs), True) if periodic else ~offsets.any(axis=1)
    box = cell * [[columns], [rows]]
    return Network(sites, pairs[kept], offsets[kept].astype(np.int8), box, periodic)


def without_sites(network: Network, gone: NDArray[np.integer]) -> Network:
    """Remove some sites and all their bonds, and number the others anew, in their order."""
    stays = np.full(len(network.sites), True)
    stays[gone] = False
    whole = stays[network.bonds].all(axis=1)
    number = np.cumsum(stays) - 1
    return replace(
        network,
        sites=network.sites[stays],
        bonds=number[network.bonds[whole]],
        offsets=_offsets(network)[whole],
    )


def without_bonds(network: Network, gone: NDArray[np.integer]) -> Network:
    """Remove some bonds, but no sites."""
    return replace(
        network, bonds=np.delete(network.bonds, gone, axis=0), offsets=np.delete(_offsets(network), gone, axis=0)
    )


def rotated(network: Network, degrees: float) -> Network:
    """Rotate a network and its box anticlockwise about the origin."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    assert network.box is not None
    return replace(network, sites=network.sites @ turn, box=network.box @ turn)


def _offsets(network: Network) -> NDArray[np.integer]:
    assert network.offsets is not None  # make_block sets it
    return network.offsets
