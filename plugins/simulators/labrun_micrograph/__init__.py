"""A micrograph: grains with voids that are drawn at random, or a picture from a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import model_validator

from labrun import Arrays, Field, Simulator, View, hookimpl
from labrun.files.digests import expect_digest, require_digest

if TYPE_CHECKING:
    import numpy as np

    from labrun_micrograph.grains import Microstructure

Pixels = Annotated[int, Field(ge=1, le=4096)]
ABOUT_FILES = ("file", "file_sha256")


class Micrograph(Simulator):
    """A grey picture of a material: polished grains with voids, or any picture file.

    **Grains** are the Voronoi cells of `grains` points, uniform on a periodic plane: a pixel belongs to the nearest point. Grains that all
    start to grow at once, at one rate, end in this shape; `watch` shows it.

        level = 150 + contrast ζ(grain)                              ζ ~ N(0, 1): how a grain's lattice lies to the light
        level = 60 + (level − 60) (1 − exp(−2 (d / boundary_width)²))   d: distance to the boundary [pixels], etched dark
        level = 25 within a void, a disc of radius void_radius × U(1/2, 3/2) about a uniform point
        image = level + noise ξ, rounded, clipped to [0, 255]        ξ ~ N(0, 1), of the sensor, in each pixel

    All of it but the noise is periodic. Edges of voids are smoothed over a pixel.

    **A file** (PNG, JPEG, TIFF, WebP, BMP, GIF or PPM, one picture) is read instead: colour becomes grey, 0.299 R + 0.587 G + 0.114 B
    (ITU-R BT.601), 16 bits become 8 (65535 becomes 255), what is transparent becomes white, and a photograph is turned upright as its EXIF
    data say. The file is named together with its SHA-256 (as `sha256sum` prints it), so that results follow from its content, not from its
    name.

    Raises FileNotFoundError if the file is missing, and ValueError if its digest differs, if it is not a picture that can be read, or if it
    holds several pictures.

    Draws from the member's generator: points, ζ, places and radii of voids, noise. For a file nothing is drawn.
    """

    name: ClassVar[str] = "micrograph"
    version: ClassVar[int] = 2
    outputs: ClassVar[Mapping[str, str]] = {
        "image": "(height, width) uint8: grey levels, 0 to 255",
        "grains": "(height, width) int32: number of each pixel's grain from 1 on, 0 in a void; none for a file",
    }

    size: Pixels | tuple[Pixels, Pixels] = Field(256, description="pixels along each side, or [height, width]")
    grains: int = Field(60, ge=1, description="number of grains")
    voids: int = Field(12, ge=0, description="number of voids")
    void_radius: float = Field(6.0, gt=0, description="mean radius of a void [pixels]")
    boundary_width: float = Field(2.0, gt=0, description="width of the grain boundaries [pixels]")
    contrast: float = Field(20.0, ge=0, description="standard deviation of the grains' brightness [grey levels]")
    noise: float = Field(6.0, ge=0, description="standard deviation of the sensor's noise [grey levels]")
    file: Path | None = Field(
        None, description="picture to read instead, relative to the folder in which labrun is started"
    )
    file_sha256: str = Field("", pattern="^([0-9a-f]{64})?$", description="SHA-256 of the file, 64 hexadecimal digits")

    @model_validator(mode="after")
    def _check_file(self) -> Self:
        """Look at the file only if its digest is missing: a result that is stored needs its file no more."""
        if self.file is None:
            if self.file_sha256:
                raise ValueError(
                    "file_sha256 without a file: name the file too, or leave file_sha256 out to draw grains"
                )
            return self
        idle = [field for field in type(self).model_fields if field in self.model_fields_set - {*ABOUT_FILES}]
        if idle:
            raise ValueError(
                f"{' and '.join(idle)}: a file is read as it is; leave out all fields but file and file_sha256"
            )
        require_digest(self.file, self.file_sha256, "file_sha256")
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of a generated micrograph [pixels]."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    def gives(self, array: str) -> bool | None:
        """Check whether there are grains: not in a file."""
        return False if array == "grains" and self.file is not None else None

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return the picture and the grains (see `outputs`).

        Raises:
            FileNotFoundError: the file is missing.
            ValueError: it has changed, or cannot be read.
        """
        if self.file is not None:
            return {"image": self._read(self.file)}
        image, grains = self._drawn(rng).picture(self.boundary_width, self.noise, rng)
        return {"image": image, "grains": grains}

    def watch(self, rng: np.random.Generator, pictures: int) -> Iterator[View]:
        """Yield the grains as they grow from their points until they touch (of one picture, the end); of a file, only its picture."""
        import numpy as np

        if self.file is not None:
            yield View(self._read(self.file), self.file.name, low=0, high=255, colormap="gray")
            return
        microstructure = self._drawn(rng)
        image, _ = microstructure.picture(self.boundary_width, self.noise, rng)
        distance = microstructure.distances()
        for number in range(1, pictures + 1):
            radius = distance.max() * number / pictures
            caption = f"{self.grains} grains\ngrown by {radius:.1f} pixels where there is room"
            yield View(np.where(distance <= radius, image, 0), caption, low=0, high=255, colormap="gray")

    def _drawn(self, rng: np.random.Generator) -> Microstructure:
        from labrun_micrograph.grains import Microstructure

        return Microstructure.random(self.shape, self.grains, self.contrast, self.voids, self.void_radius, rng)

    def _read(self, path: Path) -> np.ndarray:
        from labrun.kit.pictures import read_picture

        expect_digest(path, self.file_sha256)
        return read_picture(path)


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the simulator."""
    return [Micrograph]
