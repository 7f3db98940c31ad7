"""The first examples of a training as the network saw them, after augmentation, as a picture for the report."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

from labrun.files.atomic import write_json
from labrun.learning.batches import Batches

if TYPE_CHECKING:
    import numpy as np

__all__ = ["LABELS", "PICTURE", "write_seen"]

PICTURE, LABELS = "seen.png", "seen.json"
COUNT = 9
SIDE, GAP = 96, 6
"""Pixels of a picture's shorter side, at least, and between two of them."""
SMALLEST = 4
"""Arrays with fewer cells along a side are not pictures."""


def write_seen(batches: Batches, folder: Path) -> None:
    """Write nine pictures side by side as `seen.png`, and the classes of the examples as `seen.json`.

    Of several channels the first is shown. Black is the least value of the nine examples, white the greatest. Examples that are not
    pictures leave nothing.
    """
    found = _first(batches)
    if found is None:
        return
    x, y = found
    (folder / PICTURE).write_bytes(_picture(x))
    classes = batches.examples.classes
    labels = [] if classes is None else [classes[int(one)] for one in y]
    write_json(folder / LABELS, {"channels": math.prod(x.shape[3:]), "labels": labels})


def _first(batches: Batches) -> tuple[np.ndarray, np.ndarray] | None:
    """The first examples of the first epoch, if they are pictures."""
    import numpy as np

    batches.epoch = 0
    xs, ys = [], []
    for number in range(min(COUNT, len(batches))):
        x, y = batches.batch(number)
        if isinstance(x, dict) or x.ndim < 3 or min(x.shape[1:3]) < SMALLEST:
            return None
        xs.append(x)
        ys.append(y)
        if sum(map(len, xs)) >= COUNT:
            break
    return np.concatenate(xs)[:COUNT], np.concatenate(ys)[:COUNT]


def _picture(x: np.ndarray) -> bytes:
    import numpy as np
    from PIL import Image

    planes = np.asarray(x, np.float64).reshape(*x.shape[:3], -1)[..., 0]
    low, high = planes.min(), planes.max()
    grey = np.round(255 * (planes - low) / (high - low if high > low else 1)).astype(np.uint8)
    factor = max(1, -(-SIDE // min(grey.shape[1:])))
    tiles = [np.kron(one, np.ones((factor, factor), np.uint8)) for one in grey]
    white = np.full((tiles[0].shape[0], GAP), 255, np.uint8)
    row = np.hstack([part for tile in tiles for part in (tile, white)][:-1])
    stream = io.BytesIO()
    Image.fromarray(row).save(stream, "PNG")
    return stream.getvalue()
