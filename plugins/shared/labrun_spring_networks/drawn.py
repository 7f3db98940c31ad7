"""Read sites and bonds from a picture of a network: dots joined by thin lines.

Pictures are (height, width), 1 = white ground, 0 = ink; positions are (column, row) [pixels], and the centre of the first pixel is (0, 0).

**Sites.** On a line, the darkness D is curved only across it; in a dot, in all directions. So a dot is a peak of

    B = −σ² λ_max(∇∇ G_σ * D^1.5),

the smaller curvature of the darkness, smoothed by a Gaussian of width σ = 0.9 r (r: the radius of the dots, the thickest ink in the
picture). B is 0.25 for a disc, 0 for a line, and up to 0.18 where lines cross; the power suppresses lines thinner than a pixel. Each peak
moves to the centre of darkness within r until it stays there; lines leave the dot beyond r and do not pull it aside. A dot is dark all the
way to its rim, while a knot of lines has bright sectors: dots are told from knots by the mean darkness in the brightest direction, with a
threshold in its widest gap.

**Bonds.** Two sites may be joined if they are nearer than 3 spacings (median distance between nearest neighbours) and no third dot lies
between them, on the line or within a fifth of a spacing beside it: where lines are blurred, two bonds that meet at a dot with a slight
bend look like a third one that passes it. Their score is the ink across the line, at the 10th percentile along it between the rims of the
dots, relative to the darkest bonds of the picture: 0.6 to 1 for a bond, whatever the width of its line, near 0 otherwise. One gap in a
line is enough for a score near 0.

On perfect drawings of eight lattices at 128 pixels, with dots of radius 0.9 pixel and more, no site is lost, bonds are right (F1 1.000;
0.999 where twelve bonds meet), and sites are displaced by 0.05 to 0.09 pixel on average (0.16 where twelve bonds meet). Dots hardly
thicker than the lines are lost where many bonds cross.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates, maximum_filter, zoom
from scipy.spatial import cKDTree
from skimage.feature import peak_local_max

from labrun.kit.batches import batches
from labrun_spring_networks.network import Network

if TYPE_CHECKING:
    from labrun.contracts.examples import Examples
    from labrun.contracts.trained import TrainedModel

__all__ = [
    "Drawing",
    "candidate_bonds",
    "detect_sites",
    "dot_radius",
    "expected_pictures",
    "generated_pictures",
    "read_drawing",
    "score_bonds",
]

AT_ONCE = 64
"""Pictures in memory."""

FINER = 2
"""Factor by which pictures are enlarged before sites are found, since dots may have a radius below one pixel"""
LEAST_WIDTH = 0.7
"""Least width of the Gaussian [pixels]; below it, a slanting line looks like a row of blobs."""
LEAST_BLOB, LEAST_SHARE = 0.03, 0.35
"""Least B at a dot, absolute and relative to the greatest in the picture"""
RADII = (np.arange(6) + 0.5) / 6
DIRECTIONS = np.stack([one(np.arange(24) * 2 * np.pi / 24) for one in (np.sin, np.cos)])
"""Where a dot is sampled: rings [radii], and directions (row, column), (2, 24)"""
LEAST_CLEARANCE = 0.2
"""Least distance between a bond and a third site [spacings]. Every bond keeps it in the lattices of nearest neighbours, distorted by up to
0.25; with bonds to next-nearest neighbours (`triangular_next`), 99.7 % do."""
LEAST_INK = 0.1
"""Ink across a line [pixels]; a picture without bonds has less."""


class Drawing(NamedTuple):
    """Sites and candidate bonds read from one picture."""

    sites: NDArray[np.float64]
    """(n, 2): column and row [pixels]"""
    candidates: NDArray[np.int64]
    """(m, 2): pairs of sites that may be joined, the smaller first"""
    scores: NDArray[np.float64]
    """(m,): from 0 (no bond) to 1"""
    height: int
    """of the picture [pixels]"""

    def bonds(self, threshold: float) -> NDArray[np.int64]:
        """Return the candidates whose score reaches the threshold, (bonds, 2)."""
        return self.candidates[self.scores >= threshold]

    def network(self, threshold: float) -> Network:
        """Return the network in pixels, with y up from the middle of the lowest row."""
        columns, rows = self.sites.T
        return Network(np.stack([columns, self.height - 1 - rows], axis=1), self.bonds(threshold))


def read_drawing(picture: NDArray[Any]) -> Drawing:
    """Find the sites of a picture (height, width) and score all pairs that may be joined.

    Raises:
        ValueError: it is not a grey picture.
    """
    sites, radius = _find_sites(picture)
    candidates = candidate_bonds(sites, radius + 1)
    return Drawing(sites, candidates, score_bonds(picture, sites, candidates, radius), len(picture))


# --- sites ------------------------------------------------------------------------------------------------------------------


def detect_sites(picture: NDArray[Any]) -> NDArray[np.float64]:
    """Return the positions of the dots, (n, 2), from the top, with or without bonds between them.

    Raises:
        ValueError: it is not a grey picture.
    """
    return _find_sites(picture)[0]


def dot_radius(picture: NDArray[Any]) -> float:
    """Return the radius of the dots of a picture (height, width) [pixels], mostly too small by less than half a pixel; 0 for an empty one.

    Raises:
        ValueError: it is not a grey picture.
    """
    return _radius(_finer(_darkness(picture))) / FINER


def _find_sites(picture: NDArray[Any]) -> tuple[NDArray[np.float64], float]:
    """Return the positions of the dots, (n, 2), and their radius [pixels]."""
    darkness = _finer(_darkness(picture))
    radius = _radius(darkness)
    blobs = _blobs(darkness**1.5, max(LEAST_WIDTH * FINER, 0.9 * radius))
    peaks = peak_local_max(blobs, min_distance=1, threshold_abs=LEAST_BLOB, exclude_border=False)
    heights = blobs[tuple(peaks.T)]
    peaks = peaks[heights > LEAST_SHARE * heights.max(initial=0)]
    reach = max(radius, 0.6 * FINER)
    centred = _to_centres(darkness, peaks.astype(float), reach)
    filled = _filled(darkness, centred, reach)
    centred = centred[filled > _widest_gap(filled)] if len(filled) else centred
    places = (_apart(centred, reach) + 0.5) / FINER - 0.5
    return places[np.lexsort((places[:, 1], places[:, 0]))][:, ::-1], radius / FINER


def _darkness(picture: NDArray[Any]) -> NDArray[np.float64]:
    """Return how much darker each pixel is than the ground, which is the median, since ink covers little."""
    if picture.ndim != 2:
        raise ValueError(
            f"expected a grey picture, (height, width), from 0, ink, to 1; received an array of shape {picture.shape}"
        )
    return np.clip(np.median(picture) - picture.astype(float), 0, 1)


def _finer(darkness: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(zoom(darkness, FINER, order=3, mode="grid-constant", grid_mode=True), 0, 1)


def _radius(darkness: NDArray[np.float64]) -> float:
    """Return the median radius of the largest circles that fit into the ink."""
    inside = distance_transform_edt(np.pad(darkness > 0.5, 1))[1:-1, 1:-1]
    peaks = inside[(inside == maximum_filter(inside, 5)) & (inside > 0)]
    return float(np.median(peaks[peaks >= peaks.max() / 2])) - 0.5 if len(peaks) else 0.0


def _blobs(darkness: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Return B, the smaller curvature of the smoothed darkness, dimensionless, positive where it is dark."""
    rows, columns, mixed = (gaussian_filter(darkness, width, k, mode="constant") for k in ((2, 0), (0, 2), (1, 1)))
    return -(width**2) * ((rows + columns) / 2 + np.hypot((rows - columns) / 2, mixed))


def _filled(darkness: NDArray[np.float64], places: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Return the mean darkness from each position (row, column) to the rim of its dot, in the brightest direction."""
    return _sampled(darkness, places, reach).mean(axis=1).min(axis=1)


def _widest_gap(filled: NDArray[np.float64]) -> float:
    """Return the middle of the widest gap between 60 and 95 % of the greatest value."""
    low, high = 0.6 * filled.max(), 0.95 * filled.max()
    steps = np.array([low, *np.sort(filled[(filled > low) & (filled < high)]), high])
    widest = int(np.argmax(np.diff(steps)))
    return float(steps[widest] + steps[widest + 1]) / 2


def _to_centres(
    darkness: NDArray[np.float64], places: NDArray[np.float64], reach: float, steps: int = 8
) -> NDArray[np.float64]:
    """Move each position (row, column) to the centre of the darkness within `reach`, sampled on rings.

    For a disc displaced by δ that centre moves by only δ/2, so each step is doubled.
    """
    for _ in range(steps):
        sampled = _sampled(darkness, places, reach) * RADII[:, None]
        total = np.maximum(sampled.sum(axis=(1, 2)), 1e-9)[:, None]
        moment = np.einsum("nra,r,ka->nk", sampled, reach * RADII, DIRECTIONS)
        places = places + np.clip(2 * moment / total, -1, 1)
    return places


def _sampled(darkness: NDArray[np.float64], places: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Return the darkness on rings around each position (row, column), (positions, rings, directions)."""
    around = reach * RADII[:, None] * DIRECTIONS[:, None]
    return map_coordinates(darkness, places.T[:, :, None, None] + around[:, None], order=1, mode="constant")


def _apart(places: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Drop the later of any two positions within `reach` of each other; the clearest come first."""
    if not len(places):
        return places
    later = cKDTree(places).query_pairs(reach, output_type="ndarray").max(axis=1, initial=0)
    return np.delete(places, later[later > 0], axis=0)


# --- bonds ------------------------------------------------------------------------------------------------------------------


def candidate_bonds(sites: NDArray[np.float64], clearance: float, reach: float = 3.0) -> NDArray[np.int64]:
    """Return the pairs of sites nearer than `reach` spacings with no third site between them, (m, 2), the smaller first, in order.

    A third site is between two if its distance from the line that joins them is less than `clearance` [pixels], where ink may be its dot,
    or less than `LEAST_CLEARANCE`.
    """
    if len(sites) < 2:
        return np.zeros((0, 2), np.int64)
    tree = cKDTree(sites)
    spacing = np.median(tree.query(sites, k=2)[0][:, 1])
    pairs = np.sort(tree.query_pairs(reach * spacing, output_type="ndarray"), axis=1)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].astype(np.int64)
    starts, directions, lengths = _lines(sites, pairs)
    relative = sites - starts[:, None]
    along = np.einsum("mnk,mk->mn", relative, directions)
    across = np.abs(relative[..., 0] * directions[:, None, 1] - relative[..., 1] * directions[:, None, 0])
    near = across < max(clearance, LEAST_CLEARANCE * spacing)
    between = (along > 0) & (along < lengths[:, None]) & near
    between[np.arange(len(pairs))[:, None], pairs] = False
    return pairs[~between.any(axis=1)]


def score_bonds(
    picture: NDArray[Any], sites: NDArray[np.float64], candidates: NDArray[np.int64], radius: float
) -> NDArray[np.float64]:
    """Return the score of each candidate, (m,), from 0 to 1. `radius` is that of the dots [pixels].

    Raises:
        ValueError: it is not a grey picture.
    """
    if not len(candidates):
        return np.zeros(0)
    starts, directions, lengths = _lines(sites, candidates)
    rims = np.minimum(radius + 1, 0.4 * lengths)
    along = rims[:, None] + (lengths - 2 * rims)[:, None] * np.linspace(0, 1, 32)
    across = np.array([-0.5, 0.0, 0.5])
    normals = np.stack([-directions[:, 1], directions[:, 0]], axis=1)
    points = (starts[:, None] + directions[:, None] * along[..., None])[:, :, None] + (
        normals[:, None] * across[:, None]
    )[:, None]
    columns, rows = np.moveaxis(points, -1, 0)
    darkness = map_coordinates(_darkness(picture), [rows, columns], order=1, mode="constant")
    ink = np.quantile(darkness.sum(axis=2) * 0.5, 0.1, axis=1)
    return np.minimum(ink / max(np.quantile(ink, 0.95), LEAST_INK), 1.0)


def _lines(sites: NDArray[np.float64], pairs: NDArray[np.int64]) -> tuple[NDArray, NDArray, NDArray]:
    """Return the start of the line of each pair, its direction (unit vector), and its length [pixels]."""
    starts, vectors = sites[pairs[:, 0]], sites[pairs[:, 1]] - sites[pairs[:, 0]]
    lengths = np.linalg.norm(vectors, axis=1)
    return starts, vectors / np.maximum(lengths, 1e-9)[:, None], lengths


# --- pictures of examples ---------------------------------------------------------------------------------------------------


def expected_pictures(examples: Examples) -> Iterator[NDArray[np.float64]]:
    """Yield the expected drawing of each example, (height, width), from 0, ink, to 1, also where the dataset goes from −1 to 1.

    Raises:
        ValueError: y is not a finite picture.
    """
    for part in _parts(examples):
        yield from _in_grey(part.load_y(slice(None)), examples, "the y")


def generated_pictures(model: TrainedModel, examples: Examples) -> Iterator[NDArray[np.float64]]:
    """Yield the drawing that the model predicts for each example, (height, width), as `expected_pictures`.

    Raises:
        ValueError: it does not predict finite pictures.
    """
    for part in _parts(examples):
        yield from _in_grey(model.predict(part), examples, f"the prediction of the model '{model.name}'")


def _parts(examples: Examples) -> Iterator[Examples]:
    return (examples.take(places) for places in batches(len(examples), AT_ONCE))


def _in_grey(pictures: NDArray[Any], examples: Examples, what: str) -> NDArray[np.float64]:
    """Return the mean of the colours, (n, height, width), from 0 to 1. Pictures from −1 to 1 are recognized by their dots."""
    if pictures.ndim != 4 or pictures.shape[3] not in (1, 3):
        raise ValueError(
            f"expected pictures of shape (height, width, 1 or 3), but {what} for '{examples.name}' has shape {pictures.shape[1:]}"
        )
    if not np.isfinite(pictures).all():
        raise ValueError(f"{what} for '{examples.name}' holds NaN or infinity")
    grey = pictures.mean(axis=3, dtype=float)
    return (grey + 1) / 2 if examples.load_x([0]).min() < -0.5 else grey
