from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from labrun import Ensemble
from labrun.kit.member_pictures import draw_members


def ensemble(count, outputs=None, **arrays) -> Ensemble:
    columns = {"rate": [0.1 * i for i in range(count)], "kind": ["a"] * count, "repeat": [0] * count}
    made = Ensemble.from_arrays([{n: make(i) for n, make in arrays.items()} for i in range(count)], columns, "scan")
    made.outputs = outputs or {}
    made.labels = {"rate": "α [1/sweep]"}
    return made


def panels(figure):
    return [axes for axes in figure.axes if axes.axison and axes.get_title()]


def pictures(figure):
    return [np.asarray(axes.images[0].get_array()) for axes in panels(figure)]


def test_at_most_six_members_evenly_spaced_with_the_parameters_that_vary():
    figure = draw_members(ensemble(11, u=lambda i: np.full((16, 24), float(i))))
    assert [axes.get_title() for axes in panels(figure)] == [f"α = {0.1 * i:.3g}" for i in (0, 2, 4, 6, 8, 10)]
    assert [one[0, 0] for one in pictures(figure)] == [0, 2, 4, 6, 8, 10]
    assert {(axes.images[0].norm.vmin, axes.images[0].norm.vmax) for axes in panels(figure)} == {(0, 10)}
    assert figure.get_suptitle() == "u, 6 of 11 members"


@pytest.mark.parametrize(
    ("shape", "described", "drawn"),
    [
        ((16, 24, 3), "", np.s_[..., -1]),
        ((5, 16, 24), "", np.s_[-1]),
        ((16, 16, 16), "(cells, cells, cells) float32", np.s_[..., 8]),
        ((16, 16, 16), "(images, height, width) uint8", np.s_[-1]),
        ((24, 16, 16), "(images, height, width) uint8", np.s_[-1]),
        ((2, 16, 24, 3), "", np.s_[0, ..., -1]),
    ],
)
def test_frames_and_planes_are_found(rng, shape, described, drawn):
    u = rng.random(shape)
    figure = draw_members(ensemble(1, {"u": described}, u=lambda _: u))
    np.testing.assert_array_equal(pictures(figure)[0], u[drawn])


def test_the_first_picture_is_drawn_or_what_the_simulator_names():
    arrays = {
        "sites": lambda i: np.random.default_rng(i).random((30, 2)),
        "first": lambda i: np.zeros((16, 16)),
        "last": lambda i: np.ones((16, 16)),
    }
    made = ensemble(2, dict.fromkeys(arrays, "") | {"last": "(16, 16) float64: temperature [mK]"}, **arrays)
    assert pictures(draw_members(made))[0].max() == 0
    figure = draw_members(made, "last")
    assert pictures(figure)[0].min() == 1
    assert figure.get_suptitle() == "last [mK]"


def test_whole_numbers_are_codes_and_bytes_are_grey():
    codes = draw_members(ensemble(2, u=lambda i: np.arange(256).reshape(16, 16) % 3))
    image = panels(codes)[0].images[0]
    assert [to_hex(image.to_rgba(code), keep_alpha=True) for code in (0, 1)] == ["#00000000", "#0072b2ff"]
    grey = draw_members(ensemble(2, u=lambda i: np.arange(256, dtype=np.uint8).reshape(16, 16)))
    assert panels(grey)[0].images[0].get_cmap().name == "gray"
    own = draw_members(ensemble(2, u=lambda i: np.eye(16, dtype=np.uint8)), colours=["#000000", "#56b4e9"])
    assert to_hex(panels(own)[0].images[0].to_rgba(1)) == "#56b4e9"


def test_points_and_series_are_drawn_where_there_is_no_picture(rng):
    points = draw_members(ensemble(2, x=lambda i: rng.random((40, 2)), y=lambda i: rng.random(40)))
    assert len(panels(points)[0].lines[0].get_xdata()) == 40
    made = ensemble(2, steps=lambda i: np.arange(50), y=lambda i: np.arange(50.0) + 100 * i)
    series = draw_members(made, colours=["#000000", "#56b4e9"])
    assert panels(series)[1].lines[0].get_ydata()[0] == 100
    assert panels(series)[0].get_ylim() == pytest.approx((-7.45, 156.45))


@pytest.mark.parametrize(
    "make", [lambda i: np.float64(i), lambda i: np.full((16, 16), np.nan), lambda i: np.zeros((0, 2))]
)
def test_what_cannot_be_drawn_is_left_out(make):
    assert draw_members(ensemble(3, u=make)) is None
