"""Encode snapshots as a network sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from labrun_snapshots import Encoding

ORIENTATIONS = 4


@dataclass(frozen=True)
class Encoder:
    """Makes `x` of a snapshot; the orientations of a scrambled one follow from `seed`."""

    encoding: Encoding
    rolls: int
    seed: int

    def __call__(self, plane: NDArray[np.uint8], number: int, copy: int) -> NDArray[np.uint8]:
        """Encode the snapshot `plane`, (height, width), number `number` of the dataset, in its `copy`-th copy (0: not rolled)."""
        match self.encoding:
            case "orientation":
                x = plane
            case "one_hot":
                x = (plane[..., None] == np.arange(1, ORIENTATIONS + 1)).astype(np.uint8)
            case "occupancy":
                x = (plane[..., None] != 0).astype(np.uint8)
            case "scrambled":
                drawn = np.random.default_rng([self.seed, number]).integers(1, ORIENTATIONS + 1, plane.shape, np.uint8)
                x = np.where(plane != 0, drawn, np.uint8(0))
        shift = round(copy * plane.shape[1] / (self.rolls + 1))
        return np.roll(x, shift, axis=1) if shift else x
