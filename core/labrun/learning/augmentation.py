"""Augment batches of images in ways that leave their class or number unchanged; targets that are images move along with their inputs.

Images are `(batch, height, width, …)`; all further axes (frames, channels) move together. Periodic images wrap around their edges; for
others, the edge is repeated outwards.

`flip`, `quarter_turn` and `shift` move cells and change no value. `rotate` (any angle) and `zoom` interpolate
bilinearly, in one pass.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from labrun.contracts.examples import ArraySpec

__all__ = ["Augmentation"]

BARE_WORDS: dict[str, Any] = {
    "flip": "both",
    "quarter_turn": True,
    "shift": True,
    "rotate": 180.0,
    "zoom": 0.2,
    "brightness": 0.05,
    "offset": 0.1,
}
"""The setting that a bare word in `augment: [flip, zoom]` stands for."""


DULL, TRIES = 0.4, 8
"""A crop is drawn again, at most `TRIES` times, if its standard deviation is below the share `DULL` of that of its image."""


class Augmentation(BaseModel):
    """Random changes, drawn anew for each example in each epoch: `[flip, quarter_turn, shift, {zoom: 0.1}]`, or a mapping."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    crop: int | None = Field(None, ge=1, description="train on squares of this many cells, cut out at random places")
    flip: Literal["none", "horizontal", "vertical", "both"] = Field(
        "none", description="mirror, with probability 1/2 for each axis"
    )
    quarter_turn: bool = Field(False, description="rotate by 0, 90, 180 or 270 degrees (square images)")
    shift: bool = Field(False, description="roll by any number of cells along both axes (periodic images)")
    rotate: float = Field(0.0, ge=0, le=180, description="rotate by an angle drawn from ± this [degrees]")
    zoom: float = Field(0.0, ge=0, lt=1, description="stretch height and width, each by a factor drawn from 1 ± this")
    on_grid: float = Field(0.0, ge=0, le=1, description="share of examples that are neither rotated nor zoomed")
    brightness: float = Field(0.0, ge=0, lt=1, description="multiply all values by a factor drawn from 1 ± this")
    offset: float = Field(0.0, ge=0, description="add a number drawn from ± this to all values")

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        settings: dict[str, Any] = {}
        for item in value:
            if isinstance(item, dict):
                settings |= item
            elif isinstance(item, str) and item in BARE_WORDS:
                settings[item] = BARE_WORDS[item]
            else:
                raise ValueError(f"there is no augmentation {item!r} (known: {', '.join(BARE_WORDS)})")
        return settings

    @property
    def is_empty(self) -> bool:
        """Check whether nothing is changed."""
        return self == Augmentation()

    def obstacle(self, x: ArraySpec, y: ArraySpec, periodic: bool) -> str | None:
        """Explain why examples of these shapes cannot be augmented in this way; None if they can."""
        if self.is_empty:
            return None
        shape = x.shape
        if len(shape) < 2:
            return f"augmentation needs images; x has the shape {shape}"
        if _is_image(y.shape) and y.shape[:2] != shape[:2]:
            return f"x and y are images of different sizes, {shape[:2]} and {y.shape[:2]}, so they cannot be moved together"
        if self.shift and not periodic:
            return "'shift' rolls images over their edges, but these examples are not periodic"
        if self.quarter_turn and not self.crop and shape[0] != shape[1]:
            return f"'quarter_turn' needs square images; x has the shape {shape}"
        if self.crop and self.crop > min(shape[:2]):
            return f"'crop: {self.crop}' is larger than the images; x has the shape {shape}"
        if (self.rotate or self.zoom or self.brightness or self.offset) and x.dtype not in ("float32", "float64"):
            return f"'rotate', 'zoom', 'brightness' and 'offset' need x to be float32 or float64; it is {x.dtype}"
        return None

    def apply(self, batch: np.ndarray, periodic: bool, rng: np.random.Generator) -> np.ndarray:
        """Return a changed copy of `batch`, (batch, height, width, …), of the same type and, unless cropped, the same shape; `batch` itself
        if there is nothing to change."""
        if self.is_empty:
            return batch
        changed = self._moved(batch, periodic, rng)
        self._shade(changed, rng)
        return changed

    def apply_to_both(
        self, x: np.ndarray, y: np.ndarray, periodic: bool, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Augment a batch of examples. Targets that are images, (batch, height, width, …), move as their inputs do, but keep their values:
        undoing `brightness` and `offset` is the network's task."""
        if self.is_empty or not _is_image(y.shape[1:]):
            return self.apply(x, periodic, rng), y
        import numpy as np

        flat = [array.reshape(*array.shape[:3], -1) for array in (x, y)]
        both = self._moved(np.concatenate(flat, axis=-1), periodic, rng)
        channels = flat[0].shape[-1]
        moved_x, moved_y = (
            part.astype(array.dtype).reshape(*part.shape[:3], *array.shape[3:])
            for part, array in ((both[..., :channels], x), (both[..., channels:], y))
        )
        self._shade(moved_x, rng)
        return moved_x, moved_y

    def _moved(self, batch: np.ndarray, periodic: bool, rng: np.random.Generator) -> np.ndarray:
        """Return a moved copy; crops that show nearly nothing are drawn again."""
        moved = self._move(batch, periodic, rng)
        if self.crop:
            self._draw_again_where_dull(moved, batch, periodic, rng)
        return moved

    def _shade(self, images: np.ndarray, rng: np.random.Generator) -> None:
        """Scale and offset the values in place."""
        count, others = len(images), [1] * (images.ndim - 1)
        if self.brightness:
            factors = rng.uniform(1 - self.brightness, 1 + self.brightness, count)
            images *= factors.astype(images.dtype).reshape(-1, *others)
        if self.offset:
            images += rng.uniform(-self.offset, self.offset, count).astype(images.dtype).reshape(-1, *others)

    def _move(self, batch: np.ndarray, periodic: bool, rng: np.random.Generator) -> np.ndarray:
        """Apply everything that moves values: crop, shift, rotation, zoom, mirrors, quarter turns."""
        import numpy as np

        count, (height, width) = len(batch), batch.shape[1:3]
        down, right = self._places(batch.shape, periodic, rng)
        out_shape = (count, self.crop or height, self.crop or width, *batch.shape[3:])
        if self.rotate or self.zoom:
            angles = np.deg2rad(rng.uniform(-self.rotate, self.rotate, count))
            stretch = rng.uniform(1 - self.zoom, 1 + self.zoom, (count, 2))
            if self.on_grid:
                exact = rng.random(count) < self.on_grid
                angles[exact], stretch[exact] = 0.0, 1.0
            planes = np.empty((*out_shape[:3], batch[0, 0, 0].size), batch.dtype)
            source = np.ascontiguousarray(batch).reshape(count, height, width, -1)
            _resample()(source, planes, down, right, np.cos(angles), np.sin(angles), stretch, periodic)
            moved = planes.reshape(out_shape)
        else:
            moved = np.empty(out_shape, batch.dtype)
            for i in range(count):
                rolled = np.roll(batch[i], (-down[i], -right[i]), (0, 1))
                moved[i] = rolled[: out_shape[1], : out_shape[2]]
        for axis, mirrored in ((0, self.flip in ("vertical", "both")), (1, self.flip in ("horizontal", "both"))):
            if mirrored:
                for i in np.flatnonzero(rng.random(count) < 0.5).tolist():
                    moved[i] = np.flip(moved[i], axis)
        if self.quarter_turn:
            for i, turns in enumerate(rng.integers(0, 4, count).tolist()):
                moved[i] = np.rot90(moved[i], turns)
        return moved

    def _draw_again_where_dull(
        self, crops: np.ndarray, batch: np.ndarray, periodic: bool, rng: np.random.Generator
    ) -> None:
        """Redraw crops that show too little of their image's structure, since they would teach a wrong answer."""
        import numpy as np

        def spread(images: np.ndarray) -> np.ndarray:  # every second cell suffices
            return images[:, ::2, ::2].std(axis=(1, 2)).reshape(len(images), -1).max(axis=1)

        wanted = DULL * spread(batch)
        for _ in range(TRIES):
            dull = np.flatnonzero(spread(crops) < wanted)
            if not len(dull):
                return
            crops[dull] = self._move(batch[dull], periodic, rng)

    def _places(
        self, shape: tuple[int, ...], periodic: bool, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw the cell of each image that becomes the upper left one: rows and columns, `(batch,)` each."""
        import numpy as np

        count, height, width = shape[:3]
        if self.shift or (self.crop and periodic):
            return rng.integers(0, height, count), rng.integers(0, width, count)
        if self.crop:
            return rng.integers(0, height - self.crop + 1, count), rng.integers(0, width - self.crop + 1, count)
        return np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)


def _is_image(shape: tuple[int, ...]) -> bool:
    """Check whether a target of this shape (without the batch axis) is an image."""
    return len(shape) >= 2


@cache
def _resample() -> Callable[..., None]:
    """Compile the kernel of rotation and zoom: `out[b, i, j]` is `source[b]`, interpolated bilinearly where (i, j) comes from."""
    import numba
    import numpy as np

    @numba.njit(cache=True, nogil=True)
    def resample(source, out, down, right, cosine, sine, stretch, periodic):  # type: ignore[no-untyped-def]
        batch, height, width, channels = source.shape
        middle_i, middle_j = (out.shape[1] - 1) / 2, (out.shape[2] - 1) / 2
        for b in range(batch):
            for i in range(out.shape[1]):
                for j in range(out.shape[2]):
                    y, x = i - middle_i, j - middle_j
                    from_i = (cosine[b] * y + sine[b] * x) / stretch[b, 0] + middle_i + down[b]
                    from_j = (cosine[b] * x - sine[b] * y) / stretch[b, 1] + middle_j + right[b]
                    i0, j0 = int(np.floor(from_i)), int(np.floor(from_j))
                    a, c = from_i - i0, from_j - j0
                    if periodic:
                        top, bottom, west, east = i0 % height, (i0 + 1) % height, j0 % width, (j0 + 1) % width
                    else:
                        top, bottom = min(max(i0, 0), height - 1), min(max(i0 + 1, 0), height - 1)
                        west, east = min(max(j0, 0), width - 1), min(max(j0 + 1, 0), width - 1)
                    for k in range(channels):
                        upper = (1 - c) * source[b, top, west, k] + c * source[b, top, east, k]
                        lower = (1 - c) * source[b, bottom, west, k] + c * source[b, bottom, east, k]
                        out[b, i, j, k] = (1 - a) * upper + a * lower

    return resample
