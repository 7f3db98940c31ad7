"""64 hand-made features of a pattern."""

from __future__ import annotations

import numpy as np

RINGS = 28
BINS = 16


def features(u: np.ndarray) -> np.ndarray:
    """Return `(n, 64)` float64 for patterns `(n, size, size, frames)`, dimensionless.

    28 are the radial power spectrum of the last frame (log10 of the mean over rings one wavenumber wide, 1 to 27, and all above), 16 its
    histogram between 0.1 and 1, 10 its moments, and 10 the changes between the first, a middle and the last frame.
    """
    u = np.asarray(u, dtype=np.float64)
    last = u[..., -1]
    return np.concatenate([radial_spectrum(last), histogram(last), moments(last), changes(u)], axis=1)


def radial_spectrum(field: np.ndarray) -> np.ndarray:
    """Return log10 of the mean power on rings of the wavenumber, `(n, RINGS)`; `field` is periodic, `(n, size, size)`."""
    count, size = field.shape[:2]
    wavenumber = np.fft.fftfreq(size) * size
    ring = np.minimum(np.hypot(wavenumber[:, None], wavenumber[None, :]).round().astype(int), RINGS).ravel()
    power = np.abs(np.fft.fft2(field - field.mean(axis=(1, 2), keepdims=True))).reshape(count, -1) ** 2
    sums = np.stack([np.bincount(ring, weights=row, minlength=RINGS + 1) for row in power])
    members = np.maximum(np.bincount(ring, minlength=RINGS + 1), 1)
    return np.log10((sums / members)[:, 1:] / size**2 + 1e-8)


def histogram(field: np.ndarray) -> np.ndarray:
    """Return the shares of cells in `BINS` equal bins from 0.1 to 1, `(n, BINS)`; values outside count in the outer bins."""
    edges = np.linspace(0.1, 1.0 + 1e-9, BINS + 1)
    cells = field.shape[1] * field.shape[2]
    return np.stack([np.histogram(np.clip(one, 0.1, 1.0), edges)[0] for one in field]) / cells


def moments(field: np.ndarray) -> np.ndarray:
    """Return `(n, 10)`: mean, spread, skewness, kurtosis, least, greatest, median; mean and spread of the slope; spread of curvature."""
    count = len(field)
    flat = field.reshape(count, -1)
    mean, spread = flat.mean(axis=1), flat.std(axis=1)
    deviation = (flat - mean[:, None]) / (spread[:, None] + 1e-4)
    slope = np.hypot(np.roll(field, -1, 1) - field, np.roll(field, -1, 2) - field).reshape(count, -1)
    curvature = sum(np.roll(field, step, axis) for step in (1, -1) for axis in (1, 2)) - 4 * field
    columns = [
        mean,
        spread,
        (deviation**3).mean(axis=1),
        (deviation**4).mean(axis=1),
        flat.min(axis=1),
        flat.max(axis=1),
        np.median(flat, axis=1),
        slope.mean(axis=1),
        slope.std(axis=1),
        curvature.reshape(count, -1).std(axis=1),
    ]
    return np.stack(columns, axis=1)


def changes(u: np.ndarray) -> np.ndarray:
    """Return `(n, 10)`: spread, maximum and mean of the changes between three frames, and the share of cells that changed at the end."""
    count, middle = len(u), (u.shape[-1] - 1) // 2
    columns = []
    for before, after in ((0, middle), (middle, -1), (0, -1)):
        change = (u[..., after] - u[..., before]).reshape(count, -1)
        columns += [
            np.log10(change.std(axis=1) + 1e-8),
            np.log10(np.abs(change).max(axis=1) + 1e-8),
            change.mean(axis=1),
        ]
    columns.append((np.abs(u[..., -1] - u[..., middle]).reshape(count, -1) > 0.01).mean(axis=1))
    return np.stack(columns, axis=1)
