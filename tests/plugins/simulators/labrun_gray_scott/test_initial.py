"""The initial state of a Gray-Scott run: where the squares lie, and in which order the numbers are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from labrun_gray_scott import GrayScott
from labrun_gray_scott.initial import Draws, draw, initial_state, lay_squares


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def start(**options: Any) -> GrayScott:
    return GrayScott(feed=0.03, kill=0.06, **options)


def draws(
    shape: tuple[int, int], *, angle: int = 0, roll: tuple[float, float] = (0.0, 0.0), noise: float = 0.0
) -> Draws:
    return Draws((0.25, 0.75), np.full(shape, noise), np.full(shape, -noise), angle, roll)


def box(mask: Any) -> tuple[int, int, int, int]:
    """First and last row, first and last column of what is true, which must fill them."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
    return rows[0], rows[-1], columns[0], columns[-1]


def test_the_squares_lie_where_the_publication_lays_them():
    u, v = lay_squares(start(), (0.25, 0.75))  # 128 × 128: the middle is 64, the second square's is (32, 96)
    middle, second = np.zeros((128, 128), bool), np.zeros((128, 128), bool)
    middle[64 - 9 : 64 + 11, 64 - 9 : 64 + 11] = True
    second[32 - 9 : 32 + 11, 96 - 9 : 96 + 11] = True
    cut = np.roll(second, (6, 9), (0, 1))
    np.testing.assert_array_equal(u, np.where(cut, 0.99, np.where(middle | second, 0.5, 1)))
    np.testing.assert_array_equal(v, np.where(cut, 0.01, np.where(middle | second, 0.25, 0)))
    assert (u == 0.5).sum() == 400 + 400 - 14 * 11


def test_every_square_has_its_own_side_and_values_on_an_oblong_plane():
    run = start(
        size=(60, 100), square_side=5, square_u=0.1, square_v=0.2, second_side=6, second_u=0.3, second_v=0.4,
        cut_side=3, cut_u=0.5, cut_v=0.6, cut_offset=(-10, 12),
    )  # fmt: skip
    u, v = lay_squares(run, (0.75, 0.25))  # the second square around (45, 25), the third around (35, 37)
    assert box(u == 0.1) == box(v == 0.2) == (28, 32, 48, 52)
    assert box(u == 0.3) == box(v == 0.4) == (43, 48, 23, 28)
    assert box(u == 0.5) == box(v == 0.6) == (34, 36, 36, 38)
    assert ((u == 1) == (v == 0)).all()


def test_a_square_that_reaches_over_the_edge_goes_on_at_the_other():
    u, _ = lay_squares(start(size=(60, 100), cut_side=1, cut_offset=(0, 0)), (0.0, 0.99))
    assert (u == 0.5).sum() == 2 * 400 - 1
    assert u[59, 5] == u[10, 99] == 0.5


def test_the_edges_are_smoothed_at_angle_zero_and_the_inside_is_not():
    run = start()
    laid, _ = lay_squares(run, (0.25, 0.75))
    u, _ = initial_state(run, draws(run.shape))
    inside = ndimage.minimum_filter(laid, 3) == ndimage.maximum_filter(laid, 3)
    inside[[0, -1]] = inside[:, [0, -1]] = False
    np.testing.assert_allclose(u[inside], laid[inside], rtol=0, atol=1e-12)
    assert 0.5 < u[55, 64] < 1  # the first row of the square in the middle
    assert u.min() >= 0.5 - 1e-12
    assert u.max() <= 1 + 1e-12


def test_both_fields_are_turned_about_the_middle():
    run = start(size=(128, 128))
    u, v = initial_state(run, draws(run.shape, angle=30))
    flat_u, flat_v = lay_squares(run, (0.25, 0.75))
    options = {"reshape": False, "order": 3, "mode": "wrap", "prefilter": False}
    np.testing.assert_array_equal(u, ndimage.rotate(flat_u, 30, **options))
    np.testing.assert_array_equal(v, ndimage.rotate(flat_v, 30, **options))
    assert np.abs(u - flat_u).max() > 0.4


@pytest.mark.parametrize(
    ("axes", "distance"), [((), (0, 0)), ((0,), (15, 0)), ((1,), (0, 75)), ((0, 1), (15, 75)), ((1, 0), (15, 75))]
)
def test_the_start_is_rolled_along_the_axes_that_are_named(axes, distance):
    run = start(size=(60, 100), roll_axes=axes)
    unrolled = initial_state(start(size=(60, 100), roll_axes=()), draws(run.shape, angle=20))
    for got, wanted in zip(initial_state(run, draws(run.shape, angle=20, roll=(0.25, 0.75))), unrolled, strict=True):
        np.testing.assert_array_equal(got, np.roll(wanted, distance, (0, 1)))


def test_noise_is_relative():
    run = start(size=(60, 100), noise=0.1)
    quiet = initial_state(run, draws(run.shape))
    noisy = initial_state(run, draws(run.shape, noise=2.0))
    np.testing.assert_allclose(noisy[0], 1.2 * quiet[0], rtol=1e-12)
    np.testing.assert_allclose(noisy[1], 0.8 * quiet[1], rtol=1e-12)


def test_noise_has_the_amplitude_that_is_asked_for(rng):
    run = start(size=(200, 300), noise=0.05, rotation=(0, 0))
    noise = draw(run, rng)
    assert noise.noise_u.std() == pytest.approx(1, abs=0.02)
    assert np.corrcoef(noise.noise_u.ravel(), noise.noise_v.ravel())[0, 1] == pytest.approx(0, abs=0.02)
    clean, _ = initial_state(start(size=(200, 300)), noise)
    u, _ = initial_state(run, noise)
    assert 0.01 < (u / clean - 1).std() < 0.05  # the spline takes some of it away


def test_draws_keep_to_their_ranges(rng):
    run = start(size=(60, 100), second_distance=(0.1, 0.3), rotation=(10, 12))
    many = [draw(run, rng) for _ in range(400)]
    distance = np.abs(np.array([one.place for one in many]) - 0.5).max(axis=1)
    assert distance.min() >= 0.1
    assert distance.max() <= 0.3
    assert distance.min() < 0.12
    assert distance.max() > 0.28
    assert {one.angle for one in many} == {10, 11, 12}
    assert all(0 <= share < 1 for one in many for share in one.roll)


def test_every_whole_angle_from_0_to_88_occurs_by_default(rng):
    run = start(size=(20, 24))
    assert {draw(run, rng).angle for _ in range(3000)} == set(range(89))


def test_an_option_changes_only_what_it_names():
    plain, noisy = (
        draw(start(**options), np.random.default_rng(3)) for options in ({}, {"noise": 0.1, "roll_axes": (0, 1)})
    )
    assert (plain.place, plain.angle, plain.roll) == (noisy.place, noisy.angle, noisy.roll)
    np.testing.assert_array_equal(plain.noise_v, noisy.noise_v)


class LegacyStream:
    """`numpy.random.seed` and its functions, under the names that a Generator has."""

    def __init__(self, seed: int) -> None:
        self.state = np.random.RandomState(seed)

    def random(self, size: int | None = None) -> Any:
        return self.state.random_sample(size)

    def standard_normal(self, shape: tuple[int, int]) -> Any:
        return self.state.standard_normal(shape)

    def integers(self, low: int, high: int) -> int:
        return self.state.randint(low, high)


@pytest.mark.parametrize("seed", [1501, 1502, 2250, 2251])
def test_the_origins_random_stream_gives_the_origins_numbers(seed):
    stream: Any = LegacyStream(seed)
    got = draw(start(), stream)

    # the order of the notes, written out
    legacy = np.random.RandomState(seed)
    place = legacy.rand(2) * 0.8 + 0.1
    while not 0.2 <= max(abs(place - 0.5)) <= 0.4:
        place = legacy.rand(2) * 0.8 + 0.1
    noise_u, noise_v = legacy.randn(128, 128), legacy.randn(128, 128)
    angle, roll = legacy.randint(0, 89), (legacy.rand(), legacy.rand())

    assert got.place == pytest.approx(tuple(place), abs=1e-15)
    np.testing.assert_array_equal(got.noise_u, noise_u)
    np.testing.assert_array_equal(got.noise_v, noise_v)
    assert (got.angle, got.roll) == (angle, roll)
