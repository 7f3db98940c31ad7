"""Pairs of picture files, one that a network sees and one that it shall predict: one pair, one member."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import model_validator

from labrun import Arrays, Field, Simulator, hookimpl
from labrun.files.digests import expect_digest, require_digest
from labrun.kit.pictures import Channels

if TYPE_CHECKING:
    import numpy as np

DIGEST = "^([0-9a-f]{64})?$"
Pixels = Annotated[int, Field(ge=1, le=4096)]


class ImagePairFiles(Simulator):
    """Pairs of pictures from files: sites alone and the same sites with their bonds, or any other two of one size.

    PNG, JPEG, TIFF, WebP, BMP, GIF or PPM, one picture a file. Colour becomes grey, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), unless
    `channels: rgb`. 16 bits become 8 (65535 becomes 255), what is transparent becomes white, and a photograph is turned upright as its EXIF
    data say. `labrun predict` reads pictures in the same way. With `size` both pictures are resampled, linearly over all pixels that a new
    one covers, so that thin lines become grey and do not break.

    Files are named together with their SHA-256 (as `sha256sum` prints it), so that results follow from their content, not from their names:

        sweep: {table: pairs.csv, columns: [dots, dots_sha256, drawing, drawing_sha256], labels: [lattice]}

    Raises FileNotFoundError if a file is missing, and ValueError if its digest differs, if it is not a picture that can be read, if it
    holds several pictures, or if the two pictures differ in size.
    """

    name: ClassVar[str] = "image_pair_files"
    version: ClassVar[int] = 1
    outputs: ClassVar[Mapping[str, str]] = {
        "dots": "(height, width) or (height, width, 3) uint8: what the network sees, 255 is white",
        "drawing": "(height, width) or (height, width, 3) uint8: what it shall predict",
    }

    dots: Path = Field(description="picture that the network sees, relative to the folder in which labrun is started")
    dots_sha256: str = Field("", pattern=DIGEST, description="SHA-256 of that file, 64 hexadecimal digits")
    drawing: Path = Field(description="picture that it shall predict, found in the same way")
    drawing_sha256: str = Field("", pattern=DIGEST, description="SHA-256 of that file")
    channels: Channels = Field("grey", description="whether pictures become grey levels or colours")
    size: Pixels | tuple[Pixels, Pixels] | None = Field(
        None, description="side, or [height, width], to which both are resampled [pixels]; default: as they are"
    )

    @model_validator(mode="after")
    def _check_digests(self) -> Self:
        """Look at a file only if its digest is missing: a result that is stored needs its files no more."""
        for field, path, digest in self._files:
            require_digest(path, digest, f"{field}_sha256")
        return self

    @property
    def _files(self) -> tuple[tuple[str, Path, str], ...]:
        return ("dots", self.dots, self.dots_sha256), ("drawing", self.drawing, self.drawing_sha256)

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return both pictures (see `outputs`). Nothing is drawn from `rng`.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: a file has changed or is not a picture, or the two differ in size.
        """
        from labrun.kit.pictures import read_picture

        pictures = {}
        for field, path, digest in self._files:
            expect_digest(path, digest)
            pictures[field] = read_picture(path, self.channels)
        sizes = [f"{height} × {width}" for height, width, *_ in (picture.shape for picture in pictures.values())]
        if sizes[0] != sizes[1]:
            raise ValueError(
                f"expected two pictures of one size; '{self.dots}' has {sizes[0]} pixels, '{self.drawing}' {sizes[1]}. Crop the larger, "
                "so that the same things are at the same places"
            )
        return {field: self._resampled(picture) for field, picture in pictures.items()}

    def _resampled(self, picture: np.ndarray) -> np.ndarray:
        import numpy as np
        from PIL import Image

        if self.size is None:
            return picture
        height, width = (self.size, self.size) if isinstance(self.size, int) else self.size
        return np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the reader."""
    return [ImagePairFiles]
