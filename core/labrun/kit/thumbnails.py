"""Thumbnails of all members of an ensemble, on a few sheets."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labrun.contracts.ensemble import Ensemble

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

__all__ = ["Sprites"]

SIDE = 64
PER_ROW = 16
QUALITY = 80
BLOCK = 8
"""JPEG compresses squares of this side; a thumbnail that fills whole squares does not bleed into its neighbours."""


@dataclass(frozen=True)
class Sprites:
    """Thumbnails of members: `thumbnails`, (members, height, width) uint8, holds indices into `colours`, (256, 3) uint8 RGB.

    Equal ensembles give equal bytes, so a report holds the sheets of several analyses once.
    """

    thumbnails: np.ndarray
    colours: np.ndarray

    @classmethod
    def draw(cls, simulation: Ensemble, array: str, frame: int, colormap: str) -> Sprites:
        """Draw all members on one scale, from the least value in all thumbnails to the greatest.

        A thumbnail is at most 64 pixels wide and high; each pixel is the mean of the cells that it covers.

        Raises:
            ValueError: the array does not have two or three dimensions, or is not finite; or Matplotlib has no such colour map.
        """
        import matplotlib as mpl
        import numpy as np

        if colormap not in mpl.colormaps:
            raise ValueError(f"Matplotlib has no colour map '{colormap}'; try viridis, magma or gray")
        height, width = simulation.shape(0, array)[:2] if len(simulation.shape(0, array)) in (2, 3) else (1, 1)
        scale = min(1.0, SIDE / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        values = np.stack([_shrink(_picture(simulation, i, array, frame), size) for i in range(len(simulation))])
        if odd := [i for i, picture in enumerate(values) if not np.isfinite(picture).all()]:
            raise ValueError(
                f"'{array}' of member {simulation.numbers[odd[0]]} of '{simulation.name}' holds NaN or infinity, which has no colour. Name "
                "another array, or leave out that member"
            )
        low, high = float(values.min()), float(values.max())
        values -= low
        values *= 255 / (high - low) if high > low else 0.0
        colours = (mpl.colormaps[colormap](np.arange(256))[:, :3] * 255).round().astype(np.uint8)
        return cls(values.round().astype(np.uint8), colours)

    @property
    def _pitch(self) -> tuple[int, int]:
        """Rows and columns of pixels from one thumbnail of a sheet to the next"""
        _, height, width = self.thumbnails.shape
        return -(-height // BLOCK) * BLOCK, -(-width // BLOCK) * BLOCK

    def layout(self) -> dict[str, int]:
        """Return what the page needs to find a thumbnail on the sheets [pixels]."""
        _, height, width = self.thumbnails.shape
        row, column = self._pitch
        return {"width": width, "height": height, "columnPitch": column, "rowPitch": row, "perRow": PER_ROW}

    def files(self) -> dict[str, bytes]:
        """Return the sheets `sprites_0.jpg`, … of 16 × 16 thumbnails, in the order of the members."""
        import numpy as np

        per_sheet = PER_ROW * PER_ROW
        (row, column), (_, height, width) = self._pitch, self.thumbnails.shape
        sheets = {}
        for number, first in enumerate(range(0, len(self.thumbnails), per_sheet)):
            found = self.thumbnails[first : first + per_sheet]
            found = np.pad(found, ((0, 0), (0, row - height), (0, column - width)), mode="edge")
            sheet = self._tile(found, min(PER_ROW, len(self.thumbnails)))
            sheets[f"sprites_{number}.jpg"] = _save(
                sheet.convert("RGB"), "JPEG", quality=QUALITY, subsampling=0, optimize=True
            )
        return sheets

    def picture(self, members: Sequence[int] | np.ndarray, per_row: int, gap: int = 2) -> bytes:
        """Return the thumbnails of the members with these indices, (n,), side by side, as a lossless PNG."""
        import numpy as np

        found = np.pad(self.thumbnails[np.asarray(members, int)], ((0, 0), (0, gap), (0, gap)))
        return _save(self._tile(found, per_row), "PNG", optimize=False)

    def _tile(self, thumbnails: np.ndarray, per_row: int) -> Image:
        """Return an image with a palette; gaps have the first colour."""
        import numpy as np
        from PIL import Image

        count, height, width = thumbnails.shape
        rows = -(-count // per_row)
        filled = np.zeros((rows * per_row, height, width), np.uint8)
        filled[:count] = thumbnails
        sheet = filled.reshape(rows, per_row, height, width).swapaxes(1, 2).reshape(rows * height, per_row * width)
        image = Image.fromarray(np.ascontiguousarray(sheet)).convert("L")
        image.putpalette(self.colours.tobytes())
        return image


def _picture(simulation: Ensemble, i: int, array: str, frame: int) -> np.ndarray:
    dimensions = len(simulation.shape(i, array))
    if dimensions not in (2, 3):
        raise ValueError(f"'{array}' has {dimensions} dimensions; expected two, or three with frames last")
    selection: Any = (..., frame) if dimensions == 3 else ()
    return simulation.read(i, array, selection)


def _shrink(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    import numpy as np
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(picture, np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BOX))


def _save(image: Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()
