from __future__ import annotations

import numpy as np
import pytest

from labrun.kit.expression import parse
from labrun_phase_map.lines import zero_set


def line(text, x_range=(0.0, 2.0), y_range=(0.0, 3.0)):
    return zero_set(parse(text, ("x", "y")), "x", x_range, "y", y_range)


def test_a_circle_is_found():
    (path,) = line("(x - 1)**2 + (y - 1)**2 - 0.25")
    np.testing.assert_allclose(np.hypot(path[:, 0] - 1, path[:, 1] - 1), 0.5, atol=1e-4)
    np.testing.assert_array_equal(path[0], path[-1])


def test_the_fold_of_gray_scott_is_at_its_known_place():
    # F = 4 (F + k)² has its tip, where both states meet, at k = F = 1/16
    (path,) = zero_set(
        parse("feed - 4*(feed + kill)**2", ("kill", "feed")), "kill", (0.02, 0.08), "feed", (0.001, 0.12)
    )
    kill, feed = path[path[:, 0].argmax()]
    assert (kill, feed) == (pytest.approx(1 / 16, abs=1e-5), pytest.approx(1 / 16, abs=2e-3))


def test_where_there_is_no_value_there_is_no_line():
    (path,) = line("sqrt(x - 1) - y")
    assert path[:, 0].min() >= 1
    assert line("log(-x) + y") == []


def test_a_line_outside_of_the_map_is_none():
    assert line("x + y + 1") == []
