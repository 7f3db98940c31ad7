from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import matplotlib.style
import numpy as np
import pytest
from PIL import Image

from labrun.contracts.figure_files import DARK, png_of, save_figure, svg_of


def drawn():
    """Lines on the page, and a picture with a black word."""
    with mpl.style.context("labrun.kit.figures"):
        figure, (left, right) = plt.subplots(1, 2, figsize=(4, 2), layout="constrained")
        left.plot([0, 1], [0, 1])
        left.set(xlabel="α [1/sweep]", ylabel="answer")
        left.grid(True)
        right.imshow(np.eye(3))
        right.text(1, 1, "word", color="black")
    return figure


@pytest.fixture
def figure():
    yield (found := drawn())
    plt.close(found)


def colours_in(svg: str) -> set[str]:
    return set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", svg.partition("</defs>")[2]))


def test_every_colour_of_the_page_turns_where_it_is_dark(figure):
    svg = svg_of(figure, "name").decode()
    rules = re.search(r"@media \(prefers-color-scheme: dark\)\{(.*?)\}</style>", svg).group(1)
    used = colours_in(svg) & set(DARK)
    assert len(used) >= 3
    for light in used:
        assert f'[style*="fill: {light}"]{{fill:{DARK[light]}!important}}' in rules
    assert "#0072b2" in colours_in(svg)
    assert "#0072b2" not in rules
    ElementTree.fromstring(svg)


def test_nothing_is_drawn_behind_a_figure(figure):
    assert "#ffffff" not in colours_in(svg_of(figure, "name").decode())


def test_the_png_is_on_white_paper(figure):
    picture = Image.open(io.BytesIO(png_of(figure, 80)))
    assert np.asarray(picture.convert("RGBA"))[0, 0].tolist() == [255] * 4


def test_a_figure_with_its_own_paper_keeps_it():
    figure, axes = plt.subplots(figsize=(2, 2), facecolor="#ffeedd")
    axes.plot([0, 1])
    assert "prefers-color-scheme" not in svg_of(figure, "name").decode()
    assert np.asarray(Image.open(io.BytesIO(png_of(figure, 50))).convert("RGB"))[0, 0].tolist() == [0xFF, 0xEE, 0xDD]
    plt.close(figure)


def test_equal_figures_give_equal_files(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        save_figure(figure := drawn(), tmp_path / folder / "name")
    for end in ("svg", "png"):
        assert (tmp_path / "a" / f"name.{end}").read_bytes() == (tmp_path / "b" / f"name.{end}").read_bytes()
    assert not plt.fignum_exists(figure.number)
