from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d
from skimage import filters

from labrun_image_filters.filter import Filter
from labrun_image_filters.filtering import apply_filter, laid_kernels


@pytest.fixture
def picture(rng):
    return rng.uniform(0, 255, (17, 29))


def filtered(picture, filter_, operation="convolution", edge="reflect"):
    return apply_filter(picture, laid_kernels(filter_, operation), filter_.repeat, operation, edge)


def word(name, **more):
    return Filter(name=name, kernel=name, **more)


def sums_by_hand(picture, kernel, sign):
    """Σ k_mn f_{i ± m, j ± n}, on a picture that is periodic."""
    (height, width), (rows, columns) = picture.shape, kernel.shape
    result = np.zeros(picture.shape)
    for i in range(height):
        for j in range(width):
            for m in range(rows):
                for n in range(columns):
                    at = (i + sign * (m - rows // 2)) % height, (j + sign * (n - columns // 2)) % width
                    result[i, j] += kernel[m, n] * picture[at]
    return result


@pytest.mark.parametrize(("operation", "sign"), [("convolution", -1), ("correlation", 1)])
def test_it_is_the_sum_of_its_definition(picture, rng, operation, sign):
    kernel = rng.normal(size=(3, 5))
    found = filtered(picture, Filter(name="own", kernel=kernel.tolist()), operation, "wrap")
    np.testing.assert_allclose(found, sums_by_hand(picture, kernel, sign))


@pytest.mark.parametrize("operation", ["convolution", "correlation"])
def test_a_ramp_has_its_slope_whatever_the_operation(operation):
    rows, columns = np.mgrid[:9, :13].astype(float)
    picture = 3 * columns - 5 * rows + columns**2
    inside = np.s_[1:-1, 1:-1]
    np.testing.assert_allclose(filtered(picture, word("sobel_x"), operation)[inside], (8 * (3 + 2 * columns))[inside])
    np.testing.assert_allclose(filtered(picture, word("sobel_y"), operation)[inside], -40)
    np.testing.assert_allclose(filtered(picture, word("laplacian"), operation)[inside], 2)
    np.testing.assert_allclose(filtered(columns, word("sobel"), operation)[inside], 8)
    np.testing.assert_allclose(filtered(3 * rows + 4 * columns, word("sobel"), operation)[inside], 40)


def test_classical_filters_are_those_of_scikit_image(picture):
    """Its slopes are those of one pixel, its magnitude their root mean square, its Laplacian has the other sign."""
    np.testing.assert_allclose(filtered(picture, word("sobel_x")), 4 * filters.sobel_v(picture))
    np.testing.assert_allclose(filtered(picture, word("sobel_y")), 4 * filters.sobel_h(picture))
    np.testing.assert_allclose(filtered(picture, word("sobel")), 4 * np.sqrt(2) * filters.sobel(picture))
    np.testing.assert_allclose(filtered(picture, word("laplacian")), -filters.laplace(picture), atol=1e-9)


def test_a_gaussian_repeated_is_nearly_that_of_its_width(picture):
    """Its variance is n/2; once it is the outer product of 1 2 1 with itself."""
    np.testing.assert_allclose(
        filtered(picture, word("gaussian"))[1:-1, 1:-1],
        convolve2d(picture, np.outer([1, 2, 1], [1, 2, 1]) / 16, mode="valid"),
    )
    smooth = filtered(picture, word("gaussian", repeat=18))
    np.testing.assert_allclose(smooth, gaussian_filter(picture, 3.0), atol=0.4)
    assert np.ptp(smooth) > 20  # that is little of it


def test_a_normalized_kernel_keeps_a_flat_picture_and_repeats(picture):
    blur = Filter(name="blur", kernel=[[1, 2, 3]], normalize=True, repeat=2)
    np.testing.assert_allclose(laid_kernels(blur, "convolution")[0], [[1 / 6, 1 / 3, 1 / 2]])
    np.testing.assert_allclose(filtered(np.full((4, 6), 7.0), blur), 7)
    once = Filter(name="blur", kernel=[[1, 2, 3]], normalize=True)
    np.testing.assert_allclose(filtered(picture, blur), filtered(filtered(picture, once), once))


@pytest.mark.parametrize(
    ("edge", "left"), [("reflect", 10), ("mirror", 20), ("nearest", 10), ("wrap", 30), ("constant", 0)]
)
def test_what_lies_beyond_the_edge(edge, left):
    shift = Filter(name="shift", kernel=[[1, 0, 0]])
    found = filtered(np.array([[10.0, 20.0, 30.0]]), shift, "correlation", edge)
    assert found.tolist() == [[left, 10, 20]]
