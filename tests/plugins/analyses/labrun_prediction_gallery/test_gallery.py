from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from labrun import Examples
from labrun_prediction_gallery import PredictionGallery
from labrun_prediction_gallery.drawing import _short
from labrun_prediction_gallery.pictures import as_pictures

CLASSES = ("a", "b", "c")


class Knows:
    """A model that is told what to answer: the first pixel is the number of the class, with the probability 0.8."""

    name = "net"
    spec = SimpleNamespace(classes=CLASSES)

    def probabilities(self, examples: Examples) -> np.ndarray:
        x = examples.load_x(slice(None))
        return 0.1 + 0.7 * np.eye(3)[x.reshape(len(x), -1)[:, 0].astype(int)]


def examples(n=40, shape=(4, 6), classes=CLASSES) -> Examples:
    """Each third answer of `Knows` is wrong."""
    y = np.arange(n) % 3
    x = np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)
    x.reshape(n, -1)[:, 0] = np.where(np.arange(n) % 9 < 3, (y + 1) % 3, y)
    return Examples(lambda i: x[i], lambda i: y[i], np.arange(n), classes=classes, name="test")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_the_table_tells_what_each_is_taken_for(rng):
    table = PredictionGallery(count=15).analyse(Knows(), examples(), rng).tables["predictions"]
    assert len(set(table["example"])) == 15
    assert [*table["true"]] == [CLASSES[i % 3] for i in table["example"]]
    assert [*table["right"]] == [i % 9 >= 3 for i in table["example"]]
    assert ((table["true"] == table["predicted"]) == table["right"]).all()
    np.testing.assert_allclose(table["probability"], 0.8)


def test_the_figure_marks_wrong_ones(rng):
    found = PredictionGallery(count=7).analyse(Knows(), examples(), rng)
    panels = [axes for axes in found.figures["gallery"].axes if axes.axison]
    assert len(panels) == 7
    x = examples().load_x(found.tables["predictions"]["example"].to_numpy())
    for axes, picture, row in zip(panels, x, found.tables["predictions"].itertuples(), strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), picture)
        assert axes.get_title() == f"{row.predicted}\n80%" + ("" if row.right else f"\n({row.true})")
        assert (to_hex(axes.title.get_color()) == "#d55e00") != row.right
        assert (to_hex(axes.spines["top"].get_edgecolor()) == "#d55e00") != row.right
    assert found.captions["gallery"].startswith("7 of 40 examples of 'test', drawn at random")


def test_the_seed_of_the_stage_chooses():
    chosen = [
        [
            *PredictionGallery(count=5)
            .analyse(Knows(), examples(), np.random.default_rng(s))
            .tables["predictions"]["example"]
        ]
        for s in (1, 1, 2)
    ]
    assert chosen[0] == chosen[1] != chosen[2]


@pytest.mark.parametrize(("count", "grid"), [(1, (1, 1)), (3, (1, 3)), (6, (2, 3)), (12, (3, 4)), (40, (5, 8))])
def test_panels_fill_their_rows(count, grid, rng):
    figure = PredictionGallery(count=count).analyse(Knows(), examples(), rng).figures["gallery"]
    assert figure.axes[0].get_gridspec().get_geometry() == grid


def test_there_may_be_fewer_examples_than_wanted(rng):
    assert len(PredictionGallery(count=50).analyse(Knows(), examples(4), rng).tables["predictions"]) == 4


def test_pictures_are_grey_or_coloured(rng):
    grey = rng.integers(0, 256, (2, 4, 6, 1), dtype=np.uint8)
    np.testing.assert_array_equal(as_pictures(grey, "test"), grey[..., 0])
    colours = rng.integers(0, 256, (2, 4, 6, 3), dtype=np.uint8)
    np.testing.assert_allclose(as_pictures(colours, "test") * 255, colours)
    np.testing.assert_array_equal(as_pictures(colours / 255, "test"), colours / 255)
    figure = PredictionGallery(count=2).analyse(Knows(), examples(9, (4, 6, 3)), rng).figures["gallery"]
    assert figure.axes[0].images[0].get_array().shape == (4, 6, 3)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (
            np.zeros((2, 4, 6, 2)),
            r"\(height, width, 1\) or \(height, width, 3\); x of 'test' has the shape \(4, 6, 2\)",
        ),
        (np.zeros((2, 4)), r"x of 'test' has the shape \(4,\)"),
        ({"a": np.zeros((2, 4, 6))}, "x of 'test' has several arrays"),
        (
            np.full((2, 4, 6, 3), 200.0),
            "colours must be bytes, or numbers from 0 to 1; x of 'test' is float64, from 200 to 200",
        ),
    ],
)
def test_what_is_no_picture_is_explained(x, message):
    with pytest.raises(ValueError, match=message):
        as_pictures(x, "test")


@pytest.mark.parametrize("classes", [None, ("b", "a", "c")])
def test_other_classes_are_refused(classes, rng):
    with pytest.raises(
        ValueError, match=r"net' has the classes \('a', 'b', 'c'\), the dataset 'test' has .* same order"
    ):
        PredictionGallery().analyse(Knows(), examples(classes=classes), rng)


def test_a_name_that_is_too_long_for_a_panel_is_cut():
    assert _short("spots") == "spots"
    assert _short("spotty " * 40) == "spotty spotty spotty …"
