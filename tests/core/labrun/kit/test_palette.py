from __future__ import annotations

import re
from importlib import resources
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import matplotlib.style
import numpy as np
import pytest

from labrun.contracts.figure_files import DARK
from labrun.kit.palette import NETWORKS, PALETTE, network_colours

LIGHT, DARK_PAGE = "#ffffff", "#1c222c"
VISIONS = {  # Machado, Oliveira and Fernandes, IEEE Trans. Vis. Comput. Graph. 15, 1291 (2009), severity 1.0
    "normal": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
}  # fmt: skip


def oklab(colours, vision="normal") -> np.ndarray:
    """Ottosson, A perceptual color space for image processing (2020)."""
    srgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ VISIONS[vision].T, 0, 1)
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


def nearest(colours, vision="normal") -> float:
    places = oklab(colours, vision)
    return float((np.linalg.norm(places[:, None] - places, axis=-1) + np.eye(len(colours))).min())


def test_twenty_colours_can_be_told_apart_by_everybody():
    assert nearest(PALETTE) > 0.13
    assert nearest(PALETTE, "protanopia") > 0.067
    assert nearest(PALETTE, "deuteranopia") > 0.067


@pytest.mark.parametrize("page", [LIGHT, DARK_PAGE])
def test_colours_stand_out_from_light_and_dark_pages(page):
    assert np.linalg.norm(oklab(PALETTE) - oklab([page]), axis=1).min() > 0.17


def test_the_palette_before_would_not_do():
    """The check sees what a person with deuteranopia sees: green and orange of the palette before."""
    assert nearest(["#2ca25f", "#f28e2b", "#d62f3b", "#9f7800"], "deuteranopia") < 0.067


def test_networks_of_one_kind_share_a_colour():
    models = [SimpleNamespace(name=name, place=place) for name, place in (("a[seed=0]", 0), ("a[seed=1]", 0), ("b", 1))]
    colours = network_colours(models)
    assert colours["a[seed=0]"] == colours["a[seed=1]"] != colours["b"]


def test_the_style_sheet_has_the_colours_of_the_palette():
    with mpl.style.context("labrun.kit.figures"):
        cycle = [one["color"] for one in plt.rcParams["axes.prop_cycle"]]
        assert [f"#{colour.lstrip('#')}" for colour in cycle] == list(NETWORKS[: len(cycle)])
    text = (resources.files("labrun.kit") / "figures.mplstyle").read_text()
    used = {f"#{colour}" for colour in re.findall(r": ([0-9a-f]{6})$", text, re.MULTILINE)}
    assert used == set(DARK)
