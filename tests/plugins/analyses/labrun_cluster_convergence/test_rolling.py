from __future__ import annotations

import numpy as np
import pytest

from labrun_cluster_convergence.rolling import roll


@pytest.mark.parametrize("window", [1, 2, 5, 30, 200])
def test_windows_are_symmetric_from_the_beginning_and_cut_at_the_end(rng, window):
    series = 1e6 + rng.standard_normal(60)
    mean, spread = roll(series, window)
    for i in range(60):
        half = min(i, window // 2)
        around = series[i - half : i + half + 1]
        assert mean[i] == pytest.approx(around.mean(), rel=1e-12)
        assert spread[i] == pytest.approx(around.std(), abs=1e-6)


def test_a_straight_line_is_left(rng):
    line = np.linspace(3, 9, 50)
    np.testing.assert_allclose(roll(line, 11)[0][:45], line[:45])
