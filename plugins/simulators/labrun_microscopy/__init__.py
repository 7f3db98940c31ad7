"""Synthetic microscopy: maps of a property that varies over some pixels, with missing measurements."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from labrun import Arrays, Field, Simulator, View, hookimpl

if TYPE_CHECKING:
    import numpy as np

Pixels = Annotated[int, Field(ge=1, le=4096)]
MISSING_COLOUR = "#d55e00"
"""Colour of missing pixels, from Okabe and Ito's palette: not a grey, which would look like a dark pixel"""


class Microscopy(Simulator):
    """Images of Gaussian-correlated noise, without and with missing pixels: pairs for inpainting.

        g ~ N(mean, deviation²), independent in each pixel, to grey levels 0 to 255: n
        truth = n * kernel, rounded, clipped to [1, 255]
        observed = truth, 0 in ⌊missing_fraction × pixels⌋ pixels drawn without replacement from each image

    Grey levels are rounded and clipped. With `wrap`, as in the exercise from which this is taken, they are truncated, and values outside 0
    to 255 are taken modulo 256 (`normal(128, 50).astype(np.uint8)`): with the defaults, about 1 % of the pixels are then bright instead of
    dark, or dark instead of bright.

    **The kernel** is that of `scipy.ndimage.gaussian_filter` in its default mode, along one axis after the other: weights
    exp(−i² / 2ξ²) at i = −r … r, normalised to a sum of 1, with r = ⌊4ξ + 1/2⌋; ξ: `correlation_length` [pixels]. At the edges the image is
    mirrored, including the pixel at the edge (mode "reflect": d c b a | a b c d | d c b a). With ξ = 0 nothing is blurred.

    **The covariance** follows exactly, apart from rounding and clipping. Let A be the matrix that blurs one axis, (side, side). Then

        Cov[truth(i, k), truth(j, l)] = Var(n) R(i, j) C(k, l),        R = A Aᵀ for rows, C = A Aᵀ for columns

    (`covariance` returns the two factors, `noise_moments` mean and variance of n: 127.99 and 2451 with the defaults, less than 50² because
    of clipping). Away from the edges, Var(truth) = Var(n) (Σ weights²)², 195 at ξ = 1, and the correlation of two pixels at distance d
    is close to exp(−d² / 4ξ²). Rounding adds 1/12 to the variance of each pixel; blurred pixels are hardly ever clipped if ξ ≥ 1.

    We blur in floating point. The exercise blurs bytes, which truncates after each axis: its images are one level darker.

    Draws from the member's generator, image by image: the normal numbers, then the missing pixels.
    """

    name: ClassVar[str] = "microscopy"
    version: ClassVar[int] = 1
    outputs: ClassVar[Mapping[str, str]] = {
        "truth": "(images, height, width) uint8: grey levels, 1 to 255",
        "observed": "(images, height, width) uint8: the same, 0 at missing pixels",
        "mask": "(images, height, width) uint8: 1 at known pixels, 0 at missing ones",
    }

    images: int = Field(1, ge=1, description="number of images")
    size: Pixels | tuple[Pixels, Pixels] = Field(50, description="pixels along each side, or [height, width]")
    mean: float = Field(128.0, ge=0, le=255, description="mean of the noise before blurring [grey levels]")
    deviation: float = Field(50.0, gt=0, description="standard deviation of that noise [grey levels]")
    wrap: bool = Field(False, description="whether noise outside 0 to 255 wraps around instead of being clipped")
    correlation_length: float = Field(
        1.0, ge=0, le=1000, description="ξ, standard deviation of the Gaussian blur [pixels]"
    )
    missing_fraction: float = Field(0.2, ge=0, lt=1, description="fraction of the pixels that are missing")

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width [pixels]."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    @property
    def missing(self) -> int:
        """Number of missing pixels of an image, ⌊missing_fraction × pixels⌋, where 0.29 × 100 is 29"""
        height, width = self.shape
        return math.floor(round(self.missing_fraction * height * width, 6))

    def noise_moments(self) -> tuple[float, float]:
        """Return mean [grey levels] and variance [grey levels²] of the noise before blurring."""
        import numpy as np

        from labrun_microscopy.field import level_probabilities

        levels, probabilities = np.arange(256), level_probabilities(self.mean, self.deviation, self.wrap)
        mean = float(levels @ probabilities)
        return mean, float((levels - mean) ** 2 @ probabilities)

    def covariance(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the covariance of the pixels of `truth` before rounding: factors for rows, (height, height), and columns, (width, width).

        Cov[(i, k), (j, l)] = rows[i, j] columns[k, l]; the rows' factor contains the variance of the noise [grey levels²]. The full matrix,
        with pixels in the order of `truth[0].ravel()`, is `np.kron(rows, columns)`.
        """
        from labrun_microscopy.field import blur_matrix

        down, across = (blur_matrix(side, self.correlation_length) for side in self.shape)
        return self.noise_moments()[1] * down @ down.T, across @ across.T

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return the images, the observed ones, and the masks (see `outputs`)."""
        import numpy as np

        truth, mask = (np.empty((self.images, *self.shape), np.uint8) for _ in range(2))
        for place in range(self.images):
            truth[place], mask[place] = self._draw(rng)
        return {"truth": truth, "observed": truth * mask, "mask": mask}

    def watch(self, rng: np.random.Generator, pictures: int) -> Iterator[View]:
        """Yield observed images; missing pixels are orange."""
        height, width = self.shape
        caption = f"{height} × {width} pixels, ξ = {self.correlation_length:g}\n{self.missing} missing (orange)"
        for _ in range(pictures):
            truth, mask = self._draw(rng)
            yield View(truth * mask, caption, low=1, high=255, colormap=_register_colours())

    def _draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw one image and its mask."""
        from labrun_microscopy.field import blurred, known_pixels, noise

        levels = noise(self.shape, self.mean, self.deviation, self.wrap, rng)
        return blurred(levels, self.correlation_length), known_pixels(self.shape, self.missing, rng)


def _register_colours() -> str:
    """Register a colour map of greys with a colour for missing pixels, and return its name."""
    import matplotlib as mpl

    if (name := Microscopy.name) not in mpl.colormaps:
        mpl.colormaps.register(mpl.colormaps["gray"].with_extremes(under=MISSING_COLOUR), name=name)
    return name


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the simulator."""
    return [Microscopy]
