"""Synthetic microscopy on oblong images: the noise against its histogram, the blur against its kernel written out, the covariance
against both, and the exercise's own recipe."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter

import labrun_microscopy
from labrun.engine.members import simulate_member
from labrun_microscopy import Microscopy
from labrun_microscopy.field import blur_matrix, blurred, level_probabilities, noise

OBLONG = (20, 34)


def drawn(seed=2, **options):
    return simulate_member(Microscopy(**{"size": OBLONG, **options}), np.random.default_rng(seed))


def kernel(length):
    """The weights of the blur, as the docstring has them."""
    radius = int(4 * length + 0.5)
    weights = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * length**2))
    return weights / weights.sum()


def mirrored(place, side):
    """The pixel of the image that stands for one outside of it: d c b a | a b c d | d c b a."""
    place %= 2 * side
    return place if place < side else 2 * side - 1 - place


def blur_matrix_written_out(side, length):
    weights = kernel(length)
    matrix = np.zeros((side, side))
    for row in range(side):
        for offset, weight in zip(range(-(len(weights) // 2), len(weights) // 2 + 1), weights, strict=True):
            matrix[row, mirrored(row + offset, side)] += weight
    return matrix


# --- shapes and what is missing ---------------------------------------------------------------------------------------------


def test_the_defaults_are_those_of_the_course():
    arrays = simulate_member(Microscopy(), np.random.default_rng(0))
    assert {name: (array.shape, array.dtype) for name, array in arrays.items()} == dict.fromkeys(
        ("truth", "observed", "mask"), ((1, 50, 50), np.uint8)
    )
    assert (arrays["observed"] == 0).sum() == 500


@pytest.mark.parametrize(("fraction", "missing"), [(0, 0), (0.2, 136), (0.29, 197), (0.9999, 679)])
def test_so_many_pixels_of_each_image_are_missing_and_no_others(fraction, missing):
    arrays = drawn(images=3, missing_fraction=fraction)
    np.testing.assert_array_equal((arrays["mask"] == 0).sum(axis=(1, 2)), missing)
    np.testing.assert_array_equal(arrays["observed"], np.where(arrays["mask"] == 1, arrays["truth"], 0))
    assert set(np.unique(arrays["mask"])) <= {0, 1}
    assert arrays["truth"].min() >= 1


def test_a_fraction_of_a_round_number_is_one():
    assert Microscopy(size=10, missing_fraction=0.29).missing == 29  # 0.29 × 100 is 28.999999999999996


def test_every_pixel_is_missing_equally_often():
    mask = drawn(images=600, size=(5, 8), missing_fraction=0.25)["mask"]
    np.testing.assert_allclose((mask == 0).mean(axis=0), 0.25, atol=5 * np.sqrt(0.25 * 0.75 / 600))


# --- the noise --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize(("mean", "deviation"), [(128, 50), (20, 30), (250.5, 4), (128, 400)])
def test_grey_levels_of_the_noise_are_as_likely_as_told(rng, wrap, mean, deviation):
    count = 400_000
    found = np.bincount(noise((400, 1000), mean, deviation, wrap, rng).ravel(), minlength=256)
    expected = level_probabilities(mean, deviation, wrap) * count
    assert expected.sum() == pytest.approx(count)
    assert (np.abs(found - expected) < 5 * np.sqrt(expected) + 3).all()


def test_wrapped_noise_is_that_of_the_exercise():
    ours = noise((60, 90), 128, 50, True, np.random.default_rng(7))
    drawn_again = np.random.default_rng(7).normal(128, 50, size=(60, 90))
    outside = (drawn_again < -1) | (drawn_again >= 256)
    assert outside.sum() > 20
    np.testing.assert_array_equal(ours[~outside], np.trunc(drawn_again[~outside]))
    np.testing.assert_array_equal(
        ours[outside], np.trunc(drawn_again[outside]) + np.where(drawn_again < 0, 256, -256)[outside]
    )


def test_clipped_noise_is_rounded():
    clipped = noise((60, 90), 10, 5, False, np.random.default_rng(7))
    drawn_again = np.random.default_rng(7).normal(10, 5, size=(60, 90))
    np.testing.assert_array_equal(clipped, np.maximum(np.round(drawn_again), 0))


@pytest.mark.parametrize("wrap", [False, True])
def test_moments_of_the_noise(rng, wrap):
    mean, variance = Microscopy(mean=90, wrap=wrap).noise_moments()
    levels = noise((1000, 1000), 90, 50, wrap, rng).astype(float)
    assert levels.mean() == pytest.approx(mean, abs=0.25)
    assert levels.var() == pytest.approx(variance, rel=0.01)


def test_moments_in_the_docstring():
    mean, variance = Microscopy().noise_moments()
    assert (round(mean, 2), round(variance)) == (127.99, 2451)
    assert variance * (kernel(1) ** 2).sum() ** 2 == pytest.approx(195, abs=0.5)


# --- the blur and the covariance --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0.6, 1, 2.3, 7])
def test_the_matrix_of_the_blur_is_the_kernel_mirrored_at_the_edges(length):
    np.testing.assert_allclose(blur_matrix(13, length), blur_matrix_written_out(13, length), atol=1e-14)


def test_the_blurred_image_is_that_matrix_along_both_axes(rng):
    levels = noise(OBLONG, 128, 50, False, rng)
    exact = blur_matrix_written_out(20, 1.5) @ levels @ blur_matrix_written_out(34, 1.5).T
    np.testing.assert_array_equal(blurred(levels, 1.5), np.round(exact))


def test_without_a_correlation_length_nothing_is_blurred(rng):
    levels = noise(OBLONG, 128, 90, False, rng)
    np.testing.assert_array_equal(blurred(levels, 0), levels.clip(1, 255))
    rows, columns = Microscopy(size=OBLONG, correlation_length=0).covariance()
    np.testing.assert_allclose(columns, np.eye(34))
    np.testing.assert_allclose(rows, Microscopy().noise_moments()[1] * np.eye(20))


def test_the_variance_inside_is_the_noise_times_the_kernels_sum_of_squares():
    truth = drawn(images=300, size=(30, 50), correlation_length=1.5)["truth"][:, 7:-7, 7:-7]
    expected = Microscopy().noise_moments()[1] * (kernel(1.5) ** 2).sum() ** 2 + 1 / 12
    assert truth.var() == pytest.approx(expected, rel=0.02)


def test_covariance_of_many_images_is_the_one_told():
    microscopy = Microscopy(images=8000, size=(4, 6), correlation_length=0.8)
    pixels = microscopy.simulate(np.random.default_rng(3))["truth"].reshape(8000, -1).astype(float)
    expected = np.kron(*microscopy.covariance()) + np.eye(24) / 12
    spread = np.sqrt((expected**2 + np.outer(np.diag(expected), np.diag(expected))) / 8000)
    assert (np.abs(np.cov(pixels.T) - expected) < 4.5 * spread).all()


def test_correlation_falls_as_a_gaussian_of_twice_the_square():
    columns = Microscopy(size=60, correlation_length=2).covariance()[1]
    distance = np.arange(8)
    np.testing.assert_allclose(
        columns[30, 30 + distance] / columns[30, 30], np.exp(-(distance**2) / (4 * 2**2)), atol=2e-3
    )


def test_images_of_the_exercise_are_one_level_darker_at_most():
    """Its recipe, but for the generator: bytes that wrap round, blurred as bytes."""
    ours = Microscopy(wrap=True, size=OBLONG).simulate(np.random.default_rng(11))["truth"][0].astype(int)
    raw = np.random.default_rng(11).normal(128, 50, OBLONG).astype(np.int64).astype(np.uint8)
    theirs = np.clip(gaussian_filter(raw, sigma=1), 1, 255).astype(int)
    assert set(np.unique(ours - theirs)) <= {0, 1, 2}
    assert (ours - theirs).mean() == pytest.approx(1, abs=0.1)


# --- seeds, refusals, pictures ----------------------------------------------------------------------------------------------


def test_images_follow_from_the_seed_and_from_each_other():
    few, many, other = drawn(images=2), drawn(images=4), drawn(images=2, seed=9)
    for name in few:
        np.testing.assert_array_equal(few[name], many[name][:2])
    assert (few["truth"][0] != few["truth"][1]).mean() > 0.9
    assert (few["truth"] != other["truth"]).mean() > 0.9


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"missing_fraction": 1}, "less than 1"),
        ({"deviation": 0}, "greater than 0"),
        ({"mean": 256}, "less than or equal to 255"),
        ({"size": [50, 0]}, "greater than or equal to 1"),
        ({"images": 0}, "greater than or equal to 1"),
    ],
)
def test_what_is_no_image_is_refused(options, told):
    with pytest.raises(ValidationError, match=told):
        Microscopy.configured(options)


def test_watch_shows_one_image_after_the_other_as_observed():
    microscopy = Microscopy(size=OBLONG, images=3)
    views = list(microscopy.watch(np.random.default_rng(1), 3))
    observed = microscopy.simulate(np.random.default_rng(1))["observed"]
    np.testing.assert_array_equal([view.image for view in views], observed)
    assert views[0].caption == "20 × 34 pixels, ξ = 1\n136 missing (orange)"
    colours = mpl.colormaps[views[0].colormap]
    normalized = (np.array([0, 1, 255]) - views[0].low) / (views[0].high - views[0].low)
    assert [mpl.colors.to_hex(colour) for colour in colours(normalized)] == ["#d55e00", "#000000", "#ffffff"]


def test_it_is_watched_and_saved_from_the_command_line(labrun_process, tmp_path):
    call = ("simulate", "microscopy", "size=[20, 34]", "--save")
    for words in ((*call, "film.gif", "--pictures", 3), (*call, "m.npz")):
        outcome = labrun_process(*words)
        assert outcome.code == 0, outcome.err
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 3
    with np.load(tmp_path / "m.npz") as arrays:
        assert arrays["truth"].shape == (1, 20, 34)


def test_the_hook_offers_it():
    assert labrun_microscopy.labrun_simulators() == [Microscopy]
    assert all(field.description for field in Microscopy.model_fields.values())
