from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from labrun.kit.panels import Scale, make_panels


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_a_scale_spans_values_but_for_the_brightest():
    values = np.arange(101.0)
    assert Scale.over(values) == Scale(0, 100, "gray")
    assert Scale.over(values, "magma", beyond=0.1) == Scale(0, 90, "magma")
    assert Scale.over(np.full(3, 2.0)) == Scale(2, 3)  # of one level


def test_a_scale_of_differences_is_symmetric():
    values = np.append(np.linspace(-1, 1, 101), 50)
    assert Scale.around_zero(values) == Scale(-50, 50, "RdBu_r")
    assert Scale.around_zero(values, beyond=0.02).high == pytest.approx(1, abs=0.02)
    assert Scale.around_zero([0, 0, 0, 3], beyond=0.5).high == 3  # most are 0
    assert Scale.around_zero([0, 0]).high == 1


@pytest.mark.parametrize(
    ("values", "ends"), [([0, 1], "neither"), ([-1, 1], "min"), ([0, 2], "max"), ([-1, 2], "both")]
)
def test_ends_that_values_exceed(values, ends):
    assert Scale(0, 1).exceeded_by(values) == ends


def test_pictures_share_a_scale_with_the_first_row_at_the_top(rng):
    figure, panels = make_panels(2, 3, (4, 8), 2.0, above=0.5, margins=(1.0, 0.25))
    assert panels.shape == (2, 3)
    assert figure.get_size_inches().tolist() == [7.0, 3.25]
    picture = rng.random((4, 8))
    image = Scale(0, 2, "magma").draw(panels[0, 0], picture)
    assert image.get_clim() == (0, 2)
    assert panels[0, 0].yaxis_inverted()
    assert not panels[1, 2].get_xticks().size


def test_panels_are_neither_too_flat_nor_too_tall():
    heights = [make_panels(1, 1, shape, 1.0)[0].get_size_inches()[1] for shape in ((1, 100), (10, 20), (100, 1))]
    assert heights == pytest.approx([0.3, 0.5, 3.0])
