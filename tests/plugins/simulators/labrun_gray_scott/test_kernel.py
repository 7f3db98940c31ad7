"""The Gray-Scott kernel against what is known without it: exact modes, fixed points, symmetries, the oracle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from labrun_gray_scott import kernel, reference

SHAPES = [
    (128, 128),
    (24, 40),
    (37, 51),
    (9, 300),
    (64, 17),
]  # even and overlapping strips, one block of columns and several
NUMERICS = {"diffusion_u": 0.2, "diffusion_v": 0.1, "time_step": 0.25}
BETA = {"feed": 0.025, "kill": 0.05}


@pytest.fixture
def rng():
    return np.random.default_rng(20220101)


@pytest.fixture(autouse=True)
def _float_faults_raise():
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        yield


def run(u: Any, v: Any, steps: int, **parameters: float) -> tuple[Any, Any]:
    """The fields after `steps` steps."""
    *_, result = kernel.integrate(u, v, [steps], **{**NUMERICS, **BETA, **parameters})
    return result


def mode(shape: tuple[int, int], waves_down: int, waves_across: int) -> tuple[Any, float]:
    """A cosine of some periods along each axis, and the eigenvalue of the nine-point Laplacian on it."""
    p, q = 2 * np.pi * waves_down / shape[0], 2 * np.pi * waves_across / shape[1]
    rows, columns = np.indices(shape)
    return np.cos(p * rows + q * columns), (2 + 2 * math.cos(p)) * (2 + 2 * math.cos(q)) / 4 - 4


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("waves_down", "waves_across"), [(0, 0), (1, 0), (0, 1), (2, 3), (4, 8)])
def test_laplacian_of_a_fourier_mode_has_the_discrete_eigenvalue(shape, waves_down, waves_across):
    wave, eigenvalue = mode(shape, waves_down, waves_across)
    np.testing.assert_allclose(reference.laplacian(wave), eigenvalue * wave, rtol=0, atol=1e-12)

    still = np.zeros(shape)
    stepped, _ = run(wave, still, 1, feed=0, kill=0, diffusion_u=1, time_step=0.5)
    np.testing.assert_allclose((stepped - wave) / 0.5, eigenvalue * wave, rtol=0, atol=1e-12)

    _, stepped = run(still, wave, 1, feed=0, kill=0, diffusion_v=1, time_step=0.5)  # u = 0: nothing reacts
    np.testing.assert_allclose((stepped - wave) / 0.5, eigenvalue * wave, rtol=0, atol=1e-12)


def test_the_chessboard_has_the_eigenvalue_minus_four_which_bounds_the_time_step():
    wave, eigenvalue = mode((24, 40), 12, 0)
    assert eigenvalue == pytest.approx(-4, abs=1e-14)
    still = np.zeros_like(wave)
    stays, _ = run(
        wave, still, 1000, feed=0, kill=0, diffusion_u=1, time_step=0.5
    )  # D Δt = 1/2: neither grows nor decays
    np.testing.assert_allclose(stays, wave, rtol=0, atol=1e-11)
    grows, _ = run(wave, still, 1000, feed=0, kill=0, diffusion_u=1, time_step=0.505)
    assert np.abs(grows).max() == pytest.approx(1.02**1000, rel=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mode_decays_at_the_rate_of_euler(shape):
    wave, eigenvalue = mode(shape, 1, 2)
    steps, feed = 333, 0.03
    u, v = run(1 + 0.1 * wave, np.zeros(shape), steps, feed=feed, kill=0.06)
    np.testing.assert_allclose(u - 1, 0.1 * wave * (1 + 0.25 * (0.2 * eigenvalue - feed)) ** steps, rtol=0, atol=1e-13)
    assert not v.any()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("steps", [1, 2, 301])
def test_double_precision_agrees_with_the_oracle(shape, steps, rng):
    u, v = rng.random(shape), 0.4 * rng.random(shape)
    expected = reference.integrate(u, v, steps, **BETA, **NUMERICS)
    for got, wanted in zip(run(u, v, steps), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("feed", "kill", "shape"), [(0.025, 0.05, (128, 128)), (0.03, 0.0565, (60, 44)), (0.005, 0.05, (44, 61))]
)
def test_double_precision_agrees_with_the_oracle_over_2000_steps(feed, kill, shape):
    u, v = np.ones(shape), np.zeros(shape)
    u[10:30, 15:35], v[10:30, 15:35] = 0.5, 0.25
    expected = reference.integrate(u, v, 2000, feed=feed, kill=kill, **NUMERICS)
    for got, wanted in zip(run(u, v, 2000, feed=feed, kill=kill), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-10)
    assert np.ptp(expected[0]) > 0.005  # there is something to agree on


@pytest.mark.parametrize("shape", SHAPES)
def test_single_precision_follows_double(shape, rng):
    u, v = rng.random(shape), 0.4 * rng.random(shape)
    single = run(u.astype(np.float32), v.astype(np.float32), 400)
    for got, wanted in zip(single, run(u, v, 400), strict=True):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, wanted, rtol=0, atol=2e-4)


@pytest.mark.parametrize("sign", [+1, -1])
def test_homogeneous_steady_states_are_fixed_points(sign):
    feed, kill = 0.03, 0.05
    assert feed > 4 * (feed + kill) ** 2
    u = (1 + sign * math.sqrt(1 - 4 * (feed + kill) ** 2 / feed)) / 2
    v = (feed + kill) / u
    later = run(np.full((24, 40), u), np.full((24, 40), v), 20, feed=feed, kill=kill)
    np.testing.assert_allclose(later[0], u, rtol=0, atol=1e-13)
    np.testing.assert_allclose(later[1], v, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("feed", [0.0, 0.004, 0.02531, 0.06])
@pytest.mark.parametrize("diffusion_u", [0.2, 0.77, 1.3])
def test_the_state_of_rest_stays_to_the_last_bit(dtype, feed, diffusion_u):
    rest, none = np.ones((24, 40), dtype), np.zeros((24, 40), dtype)
    u, v = run(rest, none, 500, feed=feed, diffusion_u=diffusion_u)
    assert (u == 1).all()
    assert (v == 0).all()


def test_what_reacts_is_conserved_where_nothing_is_fed_or_removed(rng):
    u, v = rng.random((37, 51)), rng.random((37, 51))
    later = run(u, v, 500, feed=0, kill=0)
    assert later[0].sum() + later[1].sum() == pytest.approx(u.sum() + v.sum(), rel=1e-12)
    assert later[0].sum() < 0.9 * u.sum()


@pytest.mark.parametrize("shift", [(1, 0), (0, 1), (5, 7), (-13, 20)])
@pytest.mark.parametrize("shape", [(24, 40), (37, 51)])
def test_a_shifted_start_gives_a_shifted_result(shape, shift, rng):
    u, v = rng.random(shape), 0.4 * rng.random(shape)
    here = run(u, v, 200)
    there = run(np.roll(u, shift, (0, 1)), np.roll(v, shift, (0, 1)), 200)
    for a, b in zip(here, there, strict=True):
        np.testing.assert_allclose(np.roll(a, shift, (0, 1)), b, rtol=0, atol=1e-13)


@pytest.mark.parametrize("turn", [np.transpose, np.flipud, np.fliplr])
def test_a_turned_start_gives_a_turned_result(turn, rng):
    u, v = rng.random((37, 51)), 0.4 * rng.random((37, 51))
    for a, b in zip(run(u, v, 200), run(turn(u), turn(v), 200), strict=True):
        np.testing.assert_allclose(turn(a), b, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(24, 40), (37, 51)])
def test_strips_hold_the_plane(shape, dtype, rng):
    field = rng.random(shape).astype(dtype)
    strips = kernel.Strips(shape[0], shape[1], np.dtype(dtype))
    packed = strips.pack(field)
    assert packed.ctypes.data % 64 == 0
    assert packed.shape == (strips.rows + 2, shape[1] + 2, 32 // np.dtype(dtype).itemsize)
    np.testing.assert_array_equal(strips.unpack(packed), field)


def test_stops_are_kept_and_each_result_is_a_copy(rng):
    u, v = rng.random((24, 40)), 0.4 * rng.random((24, 40))
    results = list(kernel.integrate(u, v, [0, 3, 3, 4, 2 * kernel.WINDOW + 5], **NUMERICS, **BETA))
    np.testing.assert_array_equal(results[0][0], u)
    np.testing.assert_array_equal(results[1][0], results[2][0])
    for (got, _), steps in zip(results[1:], [3, 3, 4], strict=False):
        np.testing.assert_array_equal(got, run(u, v, steps)[0])
    np.testing.assert_array_equal(results[-1][1], run(u, v, 2 * kernel.WINDOW + 5)[1])
    assert len({result[0].ctypes.data for result in results}) == len(results)


@pytest.mark.parametrize(("dtype", "tiny"), [(np.float32, 1e-30), (np.float64, 1e-290)])
def test_v_is_flushed_to_zero_before_it_turns_denormal(dtype, tiny):
    start = np.full((24, 40), 1e3 * tiny, dtype)
    start[:, ::2] *= -1
    _, v = run(np.ones_like(start), start.copy(), 30, feed=0.5, kill=0.5, diffusion_v=0)
    # each step multiplies v by 1 − Δt (F + k) = 0.75: 24 steps later it would be 1e3 × 0.001 of the limit
    assert not v.any()
    _, v = run(np.ones_like(start), start.copy(), 20, feed=0.5, kill=0.5, diffusion_v=0)
    np.testing.assert_allclose(v, start * dtype(0.75**20), rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_denormal_number_is_left_in_a_state_that_dies(dtype):
    u, v = np.ones((64, 48), dtype), np.zeros((64, 48), dtype)
    u[20:40, 10:30], v[20:40, 10:30] = 0.5, 0.25
    for _, later in kernel.integrate(u, v, range(0, 8000, 200), feed=0.03, kill=0.07, **NUMERICS):
        assert not ((later != 0) & (np.abs(later) < np.finfo(dtype).tiny)).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("field", ["u", "v"])
@pytest.mark.parametrize("place", [(0, 0), (36, 50), (18, 3)])
def test_a_field_that_is_not_finite_is_found(dtype, bad, field, place):
    fields = {"u": np.ones((37, 51), dtype), "v": np.zeros((37, 51), dtype)}
    fields[field][place] = bad
    with pytest.raises(FloatingPointError, match=r"no longer finite between steps 0 and 1 \(t = 0 … 0\.25\)"):
        run(fields["u"], fields["v"], 1)


def test_a_run_that_blows_up_says_when_and_with_what():
    u, v = np.ones((24, 40), np.float32), np.full((24, 40), 3.0, np.float32)
    with pytest.raises(FloatingPointError) as error:
        run(u, v, 3 * kernel.WINDOW, feed=0.02, kill=0.05, time_step=2)
    assert str(error.value) == (
        "Gray-Scott: a concentration is no longer finite between steps 0 and 2000 (t = 0 … 4000) with feed=0.02, kill=0.05, "
        "diffusion_u=0.2, diffusion_v=0.1, time_step=2: choose a shorter time_step or milder parameters"
    )


def test_a_plane_lower_than_a_vector_is_refused():
    with pytest.raises(ValueError, match="a plane of 7 × 40 cells: expected at least 8 rows"):
        run(np.ones((7, 40), np.float32), np.zeros((7, 40), np.float32), 1)
