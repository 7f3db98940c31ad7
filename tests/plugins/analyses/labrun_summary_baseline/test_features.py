"""The 17 features against numbers that are known, and against scipy and a slow power spectrum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import skew

from labrun_summary_baseline.features import BINS, FLOOR, feature_names, features


def test_they_are_what_their_names_say(rng):
    x = np.maximum(rng.normal(size=(5, 12, 20, 1)), 0).astype(np.float32)
    found = dict(zip(feature_names((12, 20), 1, 1.5), features(x, 1.5).T, strict=True))
    flat = x.reshape(5, -1).astype(float)
    np.testing.assert_allclose(found["mean"], flat.mean(axis=1))
    np.testing.assert_allclose(found["standard deviation"], flat.std(axis=1))
    np.testing.assert_allclose(found["share of zeros"], (flat == 0).mean(axis=1))
    np.testing.assert_allclose(found["skewness"], skew(flat, axis=1))
    for percent in (5, 25, 50, 75, 95):
        np.testing.assert_allclose(found[f"quantile {percent}%"], np.percentile(flat, percent, axis=1))
    assert len(found) == 17


def test_power_is_that_of_full_transforms(rng):
    """An oblong slice: the wave numbers of both axes, mode by mode."""
    height, width, cell = 12, 20, 1.5
    x = rng.normal(size=(2, height, width, 1))
    down, right = (2 * np.pi * np.fft.fftfreq(n, cell) for n in (height, width))
    k = np.hypot(down[:, None], right)
    edges = np.geomspace(0.999 * 2 * np.pi / (width * cell), np.pi / cell, BINS + 1)
    edges[-1] *= 1 + 1e-9  # the last bin holds its upper edge too
    waves = np.abs(np.fft.fft2(x[..., 0]) / (height * width)) ** 2 * (height * width * cell**2)
    for b in range(BINS):
        inside = (k >= edges[b]) & (k < edges[b + 1])
        if inside.any():
            np.testing.assert_allclose(features(x, cell)[:, 9 + b], np.log10(waves[:, inside].mean(axis=1)), rtol=1e-6)


def test_a_wave_has_its_power_in_its_bin():
    across = np.cos(2 * np.pi * 3 * np.arange(20) / 20) * np.ones((12, 1))
    power = features(across[None, ..., None], 2.0)[0, 9:]
    edges = np.geomspace(0.999 * 2 * np.pi / 40, np.pi / 2, BINS + 1)
    assert np.argmax(power) == np.searchsorted(edges, 2 * np.pi * 3 / 40) - 1
    assert np.sort(power)[-2] < -10


def test_an_empty_slice_and_a_small_one_have_features(rng):
    empty = features(np.zeros((1, 8, 8, 1), np.float32), 1.0)[0]
    np.testing.assert_allclose(empty, [0, 0, 1, 0, *[0] * 5, *[np.log10(FLOOR)] * BINS])
    assert np.isfinite(features(rng.normal(size=(2, 2, 3, 1)), 1.0)).all()


def test_channels_have_features_of_their_own(rng):
    x = rng.normal(size=(3, 8, 10, 2))
    found = features(x, 1.0)
    np.testing.assert_allclose(found[:, 17:], features(x[..., 1:], 1.0))
    names = feature_names((8, 10), 2, None)
    assert names[0] == "mean, channel 0"
    assert names[-1].startswith("power at ")
    assert names[-1].endswith("1/pixel, channel 1")
    assert len(set(names)) == 34


@pytest.mark.parametrize(
    "turn", [lambda x: x[:, ::-1], lambda x: np.roll(x, (3, 5), (1, 2)), lambda x: np.rot90(x, 1, (1, 2))]
)
def test_where_something_lies_does_not_count(turn, rng):
    x = rng.normal(size=(2, 10, 10, 1))
    np.testing.assert_allclose(features(turn(x), 1.0), features(x, 1.0), atol=1e-9)
