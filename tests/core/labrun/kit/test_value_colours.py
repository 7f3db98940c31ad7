"""Colours of the values of a column, and their legend."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from labrun.kit.value_colours import explain_shades, shades_of


def test_values_go_from_dark_to_light_in_their_order():
    shades = shades_of([13, 5, 7.5])
    assert list(shades) == [13, 5, 7.5]
    brightness = [np.sum(colour[:3]) for colour in shades.values()]
    assert brightness == sorted(brightness)
    assert len({tuple(colour) for colour in shades.values()}) == 3


def test_the_legend_names_every_value_in_columns_that_fit():
    figure = plt.figure(layout="constrained")
    explain_shades(figure, "redshift", shades_of(np.arange(20) / 3), mark=4)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()][:3] == ["0", "0.333", "0.667"]
    assert (legend.get_title().get_text(), legend._ncols) == ("redshift", 2)
    assert {handle.get_markersize() for handle in legend.legend_handles} == {4}
    plt.close(figure)
