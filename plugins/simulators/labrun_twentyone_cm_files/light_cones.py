"""Light cones of 21cmFAST that are unfinished, or padded with planes that its own reader drops.

With `lightcone_filename` 21cmFAST fills a file of zeros from the highest redshift down, one redshift node after the other, so that a run
that stopped leaves planes that look ionized. It notes the last node: version 3 as `current_redshift`, version 4 as `last_completed_node`,
a place in `InputParameters/node_redshifts`; a light cone that was saved in one go has none, or −1. Version 4 also pads the light cone for
redshift-space distortions, by `lowz_buffer_pixels` and `highz_buffer_pixels`.
(`LightCone.make_checkpoint` and `LightCone.from_file` of py21cmfast 3.4 and 4.1.)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

__all__ = ["expect_finished", "planes_inside"]

LAST_STEP = 0.99
"""21cmFAST lets planes lie 1 % in z below the last node."""


def planes_inside(file: h5py.File, planes: int) -> slice:
    """Return the planes of a light cone without its buffers, as 21cmFAST reads it."""
    low, high = (int(file.attrs.get(f"{end}_buffer_pixels", 0)) for end in ("lowz", "highz"))
    return slice(low, planes - high)


def expect_finished(
    path: Path, file: h5py.File, cubes: Mapping[str, NDArray[np.float32]], redshifts: NDArray[np.float64]
) -> None:
    """Refuse a light cone with planes that 21cmFAST has not reached. Planes are in ascending order of redshift.

    Raises:
        ValueError: the last node lies above the first planes, planes have the density 0 everywhere, or all planes are 0.
    """
    last, count = _last_redshift(file), len(redshifts)
    if last is not None and redshifts[0] < LAST_STEP * last:
        raise _unfinished(path, np.flatnonzero(redshifts < last), count, f"it stopped at z = {last:.3f}")
    if "density" in cubes:
        empty = np.flatnonzero([not cubes["density"][..., plane].any() for plane in range(count)])
        if len(empty):
            raise _unfinished(path, empty, count, "their density is 0 everywhere")
    elif not any(cube.any() for cube in cubes.values()):
        raise _unfinished(path, np.arange(count), count, "all of it is 0")


def _last_redshift(file: h5py.File) -> float | None:
    """Return the redshift of the last node that was added to the file, if it is noted."""
    if (redshift := file.attrs.get("current_redshift")) is not None:
        return float(redshift)
    node = int(file.attrs.get("last_completed_node", -1))
    nodes = file.get("InputParameters/node_redshifts")
    return float(nodes[node]) if node >= 0 and nodes is not None else None


def _unfinished(path: Path, planes: NDArray[np.int64], count: int, reason: str) -> ValueError:
    which = f"plane {planes[0]}" if len(planes) == 1 else f"planes {planes[0]} to {planes[-1]}"
    return ValueError(
        f"the light cone '{path}' is unfinished: 21cmFAST has not reached {which} of {count} ({reason}), and 0 would mean ionized. Let "
        "21cmFAST finish it"
    )
