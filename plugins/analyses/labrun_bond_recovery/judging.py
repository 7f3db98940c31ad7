"""Judge one picture that a network has drawn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from skimage.metrics import structural_similarity

from labrun_bond_recovery.truth import Truth
from labrun_spring_networks.drawn import Drawing, read_drawing
from labrun_spring_networks.recovery import Recovery

__all__ = ["Judged", "judge", "match_sites", "pixels_at_256"]


class Judged(NamedTuple):
    """Sites and bonds of one picture, right and wrong. Lengths are in pixels of a picture of 256."""

    recovery: Recovery
    drawing: Drawing
    site: NDArray[np.int64]
    """(found,): the true site of each found site, −1 where there is none"""
    lost_sites: NDArray[np.int64]
    """True sites that are not found"""
    displacements: NDArray[np.float64]
    """Distance of each found site from the true one"""
    l1: float
    """Mean absolute difference from the expected picture, from 0 to 1"""
    ssim: float
    """Structural similarity (Z. Wang et al., IEEE Trans. Image Process. 13, 600 (2004))"""

    @property
    def spurious(self) -> int:
        """Number of found sites that are not true ones."""
        return int(np.sum(self.site < 0))


def judge(picture: NDArray[np.float64], expected: NDArray[np.float64], truth: Truth, tolerance: float) -> Judged:
    """Read a picture and compare it with the truth; a site may be displaced by up to `tolerance` [pixels at 256].

    A pair of found sites is a true bond if both are true sites that a bond joins. So bonds of lost sites are missing, and bonds of spurious
    sites are wrong.
    """
    drawing, scale = read_drawing(picture), pixels_at_256(picture)
    site = match_sites(drawing.sites, truth.places, tolerance / scale)
    pairs = np.sort(site[drawing.candidates], axis=1).reshape(-1, 2)
    bonds = {(int(i), int(j)) for i, j in truth.bonds}
    is_bond = np.array([(int(i), int(j)) in bonds for i, j in pairs], bool)
    found = site >= 0
    off = np.linalg.norm(drawing.sites[found] - truth.places[site[found]], axis=1)
    return Judged(
        Recovery(drawing.scores, is_bond, len(truth.bonds)),
        drawing,
        site,
        np.setdiff1d(np.arange(len(truth.places)), site),
        off * scale,
        float(np.mean(np.abs(picture - expected))),
        float(structural_similarity(picture, expected, data_range=1.0)),
    )


def match_sites(found: NDArray[np.float64], true: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """Return the true site of each found site, (found,), or −1. Both are nearest to each other, and nearer than `tolerance`."""
    if not len(found) or not len(true):
        return np.full(len(found), -1)
    distance, nearest = cKDTree(true).query(found)
    back = cKDTree(found).query(true)[1]
    mutual = back[nearest] == np.arange(len(found))
    return np.where(mutual & (distance < tolerance), nearest, -1)


def pixels_at_256(picture: NDArray[np.float64]) -> float:
    """Return the size of one pixel in pixels of a picture of 256."""
    return 256 / min(picture.shape)
