"""Pairs of picture files, what a network shall see and what it shall answer: one pair, one member."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import model_validator

from labrun import Arrays, Field, Simulator, hookimpl
from labrun.files.digests import expect_digest, require_digest

if TYPE_CHECKING:
    import numpy as np

DIGEST = "^([0-9a-f]{64})?$"
Pixels = Annotated[int, Field(ge=1, le=4096)]


class ImagePairFiles(Simulator):
    """Pairs of pictures from files: sites alone and the same with their bonds, or any other two of one size.

    PNG, JPEG, TIFF, WebP, BMP, GIF or PPM. Colour becomes grey, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), unless `channels: rgb`; 16
    bits become 8 (65535 is 255), what is transparent becomes white, and a photograph is turned upright as its EXIF data say. With `size`
    both pictures are resampled, linearly over all pixels that a new one covers, so that thin lines become grey and do not break.

    Files are named together with their SHA-256 (as `sha256sum` prints it), so that results follow from what they hold, not from their
    names:

        sweep: {table: pairs.csv, columns: [dots, dots_sha256, drawing, drawing_sha256], labels: [lattice]}

    Raises FileNotFoundError without a file, and ValueError when it is another one than the digest tells, or no picture that can be
    read, or when the two pictures differ in size.
    """

    name: ClassVar[str] = "image_pair_files"
    version: ClassVar[int] = 1
    outputs: ClassVar[Mapping[str, str]] = {
        "dots": "(height, width) or (height, width, 3) uint8: what a network shall see, 255 is white",
        "drawing": "(height, width) or (height, width, 3) uint8: what it shall answer",
    }

    dots: Path = Field(
        description="picture that a network shall see, relative to the folder in which labrun is started"
    )
    dots_sha256: str = Field("", pattern=DIGEST, description="SHA-256 of that file, 64 hexadecimal digits")
    drawing: Path = Field(description="picture that it shall answer, found in the same way")
    drawing_sha256: str = Field("", pattern=DIGEST, description="SHA-256 of that file")
    channels: Literal["grey", "rgb"] = Field("grey", description="whether pictures become grey levels or colours")
    size: Pixels | tuple[Pixels, Pixels] | None = Field(
        None, description="side, or [height, width], to which both are resampled [pixels]; left out: as they are"
    )

    @model_validator(mode="after")
    def _check_digests(self) -> Self:
        """Only a missing digest makes it look at a file: what was read once needs its files no more."""
        for field, path, digest in self._files:
            try:
                require_digest(path, digest)
            except ValueError as error:
                raise ValueError(f"{field}: {error}") from None
        return self

    @property
    def _files(self) -> tuple[tuple[str, Path, str], ...]:
        return ("dots", self.dots, self.dots_sha256), ("drawing", self.drawing, self.drawing_sha256)

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return both pictures (see `outputs`). Nothing is drawn from `rng`.

        Raises:
            FileNotFoundError: a file is not there.
            ValueError: it is another file or no picture, or the two differ in size.
        """
        from labrun_image_pair_files.pictures import read_picture

        shape = (self.size, self.size) if isinstance(self.size, int) else self.size
        pictures, sizes = {}, []
        for field, path, digest in self._files:
            expect_digest(path, digest)
            pictures[field], size = read_picture(path, self.channels, shape)
            sizes.append(size)
        if sizes[0] != sizes[1]:
            raise ValueError(
                f"expected two pictures of one size; '{self.dots}' has {sizes[0]} pixels, '{self.drawing}' {sizes[1]}: crop the larger "
                "one, so that the same things stand at the same places"
            )
        return pictures


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the reader."""
    return [ImagePairFiles]
