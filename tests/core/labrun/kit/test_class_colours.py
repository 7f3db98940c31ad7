from __future__ import annotations

import numpy as np

from labrun.kit.class_colours import class_colours

NAMES = [f"class {i}" for i in range(23)]
LIGHT, DARK = "#ffffff", "#1c222c"


def oklab(colours) -> np.ndarray:
    """Ottosson, A perceptual color space for image processing (2020)."""
    srgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    cones = linear @ np.array(
        [
            [0.4122214708, 0.2119034982, 0.0883024619],
            [0.5363325363, 0.6806995451, 0.2817188376],
            [0.0514459929, 0.1073969566, 0.6299787005],
        ]
    )
    return np.cbrt(cones) @ np.array(
        [
            [0.2104542553, 1.9779984951, 0.0259040371],
            [0.7936177850, -2.4285922050, 0.7827717662],
            [-0.0040720468, 0.4505937099, -0.8086757660],
        ]
    )


def test_twenty_classes_can_be_told_apart_on_both_backgrounds():
    colours = class_colours(NAMES[:20])
    places = oklab([*colours, LIGHT, DARK])
    distances = np.linalg.norm(places[:, None] - places, axis=-1) + np.eye(22)
    assert distances[:20, :20].min() > 0.13
    assert distances[20:, :20].min() > 0.16


def test_more_classes_begin_again():
    colours = class_colours(NAMES)
    assert colours[:20] == class_colours(NAMES[:20])
    assert colours[20:] == colours[:3]


def test_an_order_keeps_the_colours_of_another_picture():
    first = dict(zip("abc", class_colours("abc"), strict=True))
    second = dict(zip("axc", class_colours("axc", order="abc"), strict=True))
    assert (second["a"], second["c"]) == (first["a"], first["c"])
    assert second["x"] not in first.values()
