from __future__ import annotations

import numpy as np
import pytest

from labrun import Examples
from labrun_shallow_baseline import ShallowBaseline
from labrun_shallow_baseline.features import features, histogram, radial_spectrum


def wave(number: int, size: int = 64) -> np.ndarray:
    return 0.5 + 0.2 * np.cos(2 * np.pi * number * np.arange(size) / size)[:, None] * np.ones(size)


def test_sixty_four_finite_numbers_also_for_a_flat_pattern():
    patterns = np.stack([np.ones((64, 64, 3)), np.zeros((64, 64, 3)), np.repeat(wave(5)[..., None], 3, axis=-1)])
    found = features(patterns)
    assert found.shape == (3, 64)
    assert np.isfinite(found).all()


def test_the_power_of_a_wave_lies_on_its_ring():
    spectrum = radial_spectrum(wave(5)[None])[0]
    assert spectrum.argmax() == 4  # rings count from wavenumber 1
    # both modes ±5 have power (0.1 · size²)², on a ring of so many modes
    modes = np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(64) * 64])).round() == 5
    assert 10 ** spectrum[4] == pytest.approx(2 * (0.1 * 64**2) ** 2 / modes.sum() / 64**2, rel=1e-6)


def test_the_histogram_is_one_in_all():
    assert histogram(np.random.default_rng(0).random((2, 32, 32))).sum(axis=1) == pytest.approx(1.0)


def test_features_do_not_change_when_a_pattern_is_rolled_or_turned():
    pattern = np.random.default_rng(0).random((1, 64, 64, 3))
    rolled = np.roll(pattern, (7, 13), axis=(1, 2))
    np.testing.assert_allclose(features(pattern), features(rolled), rtol=1e-6, atol=1e-8)


def examples_of(periods: list[int], per_class: int, seed: int, name: str) -> Examples:
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(periods)), per_class)
    x = np.stack([np.repeat(np.roll(wave(periods[c]), rng.integers(64), 0)[..., None], 3, -1) for c in y])
    return Examples(
        lambda i: x[i], lambda i: y[i], np.arange(len(y)), classes=("long", "short"), periodic=True, name=name
    )


def test_tells_waves_apart():
    analysis = ShallowBaseline(trees=20, forests=2)
    train, test = examples_of([3, 9], 10, 0, "train"), examples_of([3, 9], 5, 1, "test")
    findings = analysis.analyse(train, [test], np.random.default_rng(0))
    assert findings.metrics == {"accuracy test": 1.0}
    assert len(findings.tables["scores"]) == 2


def test_what_is_no_pattern_is_refused():
    oblong = Examples(
        lambda i: np.zeros((len(i), 8, 16, 3)),
        lambda i: np.zeros(len(i), int),
        np.arange(2),
        classes=("a",),
        name="oblong",
    )
    with pytest.raises(ValueError, match=r"expects x of shape \(size, size, frames\).*'oblong'"):
        ShallowBaseline().analyse(oblong, [], np.random.default_rng(0))
