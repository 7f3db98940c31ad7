from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labrun import Ensemble, Outline
from labrun_slice_gallery import SliceGallery

SKIES = """\
from typing import ClassVar

import numpy as np

from labrun import Field, Simulator, hookimpl


class Noise(Simulator):
    \"\"\"White noise.\"\"\"

    name: ClassVar[str] = "noise"
    outputs: ClassVar = {"brightness_temperature": "", "density": "", "cell_size": ""}

    redshift: float = Field(8.0)

    def simulate(self, rng):
        field = rng.normal(self.redshift, 1.0, (12, 10, 8)).astype(np.float32)
        return {"brightness_temperature": abs(field), "density": field - 8, "cell_size": np.float64(1.5)}


@hookimpl
def labrun_simulators():
    return [Noise]
"""

PROJECT = """\
project: skies
plugins: [skies.py]
simulations:
  skies: {use: noise, sweep: {grid: {redshift: [7, 9.5]}, repeats: 2}}
analyses:
  gallery: {use: slice_gallery, from: skies, with: {arrays: [brightness_temperature, density], rows: repeat}}
"""


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def cube(rng):
    """(12, 10, 8) cells, nowhere negative."""
    return rng.random((12, 10, 8))


def skies(cubes, **columns) -> Ensemble:
    members = [{"brightness_temperature": cube, "cell_size": np.float64(1.5)} for cube in cubes]
    return Ensemble.from_arrays(members, columns, "skies")


def cone(cube, **arrays) -> Ensemble:
    depth = cube.shape[2]
    sight = {"redshifts": np.linspace(7, 8, depth), "distances": 8900 + 1.5 * np.arange(depth)}
    return Ensemble.from_arrays([{"brightness_temperature": cube, "cell_size": np.float64(1.5), **sight}], {}, "cones")


def pictures(figure):
    """The axes with a picture, and the words around them."""
    return [axes for axes in figure.axes if axes.images]


@pytest.mark.parametrize(
    ("axis", "plane", "labels", "extent"),
    [
        (0, lambda cube: cube[3], ("z (line of sight)", "y"), [0, 12, 0, 15]),
        (1, lambda cube: cube[:, 2], ("z (line of sight)", "x"), [0, 12, 0, 18]),
        (2, lambda cube: cube[:, :, 2].T, ("x", "y"), [0, 18, 0, 15]),
    ],
)
def test_a_slice_across_each_axis_lies_the_right_way_up(cube, axis, plane, labels, extent):
    figure = (
        SliceGallery(axis=axis, position=0.25)
        .analyse(skies([cube], redshift=[7.0]))
        .figures["slices_brightness_temperature"]
    )
    (axes,) = pictures(figure)
    np.testing.assert_array_equal(axes.images[0].get_array(), plane(cube))
    assert axes.images[0].get_extent() == extent
    assert (axes.get_xlabel(), axes.get_ylabel()) == tuple(f"{name} [Mpc]" for name in labels)
    assert axes.images[0].origin == "lower"


def test_the_last_position_is_the_last_slice(cube):
    figure = SliceGallery(position=1).analyse(skies([cube], redshift=[7.0])).figures["slices_brightness_temperature"]
    np.testing.assert_array_equal(pictures(figure)[0].images[0].get_array(), cube[11])


def test_columns_and_rows_are_ordered_and_the_first_realization_is_shown(cube):
    columns = {
        "redshift": [9.0, 9.0, 7.0, 7.0, 9.0],
        "escape_fraction": [0.2, 0.2, 0.1, 0.2, 0.1],
        "realization": [0, 1, 0, 0, 0],
    }
    simulation = skies([cube * i for i in range(1, 6)], **columns)
    findings = SliceGallery(rows="escape_fraction").analyse(simulation)
    table = findings.tables["slices"]
    assert table["member"].tolist() == [2, 4, 3, 0]
    assert table["row"].tolist() == ["escape fraction = 0.1"] * 2 + ["escape fraction = 0.2"] * 2
    assert table["column"].tolist() == ["redshift = 7", "redshift = 9"] * 2
    figure = findings.figures["slices_brightness_temperature"]
    shown = pictures(figure)
    for axes, member in zip(shown, table["member"], strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), cube[6] * (member + 1))
    assert [axes.get_title() for axes in shown] == ["redshift = 7", "redshift = 9", "", ""]
    assert shown[2].get_ylabel() == "escape fraction = 0.2\ny [Mpc]"
    assert "4 of 5 members are shown" in findings.captions["slices_brightness_temperature"]


def test_a_place_without_a_member_stays_empty(cube):
    simulation = skies([cube] * 3, redshift=[7.0, 8.0, 8.0], escape_fraction=[0.1, 0.1, 0.2])
    figure = SliceGallery(rows="escape_fraction").analyse(simulation).figures["slices_brightness_temperature"]
    assert len(pictures(figure)) == 3


def test_of_many_values_some_are_shown_spread_evenly(cube):
    findings = SliceGallery(most=3).analyse(skies([cube] * 9, redshift=np.arange(5.0, 14.0).tolist()))
    assert findings.tables["slices"]["column"].tolist() == ["redshift = 5", "redshift = 9", "redshift = 13"]


def test_all_pictures_have_one_scale_from_black_at_zero_with_the_unit(cube):
    cubes = [30 * cube, 10 * cube, 0 * cube]
    figure = SliceGallery().analyse(skies(cubes, redshift=[9, 8, 5])).figures["slices_brightness_temperature"]
    images = [axes.images[0] for axes in pictures(figure)]
    assert {(image.norm.vmin, image.norm.vmax) for image in images} == {(0, np.percentile([c[6] for c in cubes], 99.8))}
    assert sum(images[0].cmap(0.0)[:3]) < 0.05
    assert figure.axes[-1].get_ylabel() == "brightness_temperature [mK]"


def test_arrays_of_both_signs_are_white_at_zero(cube):
    figure = SliceGallery(units={}).analyse(skies([cube - 0.4], redshift=[9])).figures["slices_brightness_temperature"]
    image = pictures(figure)[0].images[0]
    assert image.norm.vmin == -image.norm.vmax
    assert min(image.cmap(0.5)[:3]) > 0.95
    assert figure.axes[-1].get_ylabel() == "brightness_temperature"


def test_an_empty_box_is_black(cube):
    figure = SliceGallery().analyse(skies([0 * cube], redshift=[5])).figures["slices_brightness_temperature"]
    assert pictures(figure)[0].images[0].norm.vmax == 1


def test_a_light_cone_has_its_redshift_above(rng):
    field = rng.random((10, 12, 64))
    figure = SliceGallery(columns=None).analyse(cone(field)).figures["slices_brightness_temperature"]
    (axes,) = pictures(figure)
    assert axes.get_xlabel() == "comoving distance [Mpc]"
    assert axes.images[0].get_extent()[:2] == [8899.25, 8899.25 + 96]
    (above,) = axes.child_axes
    assert above.get_xlabel() == "redshift"
    found = {
        float(label.get_text()): place for label, place in zip(above.get_xticklabels(), above.get_xticks(), strict=True)
    }
    assert found[7.0] == 8900
    assert found[8.0] == pytest.approx(8900 + 1.5 * 63)
    assert found[7.4] == pytest.approx(8900 + 0.4 * 1.5 * 63)


def test_light_cones_lie_under_one_another(rng):
    field = rng.random((10, 12, 64))
    simulation = skies([field, field], escape_fraction=[0.1, 0.2])
    figure = SliceGallery(columns="escape_fraction").analyse(simulation).figures["slices_brightness_temperature"]
    upper, lower = pictures(figure)
    assert upper.get_position().x0 == lower.get_position().x0
    assert lower.get_ylabel() == "escape fraction = 0.2\ny [Mpc]"


def test_a_slice_across_the_line_of_sight_of_a_light_cone_is_a_plane_of_the_sky(rng):
    figure = (
        SliceGallery(columns=None, axis=2)
        .analyse(cone(rng.random((10, 12, 64))))
        .figures["slices_brightness_temperature"]
    )
    assert pictures(figure)[0].get_xlabel() == "x [Mpc]"
    assert pictures(figure)[0].child_axes == []


def test_planes_are_refused(cube):
    with pytest.raises(ValueError, match=r"member 0 of 'skies' has the shape \(12, 10\); expected \(nx, ny, nz\)"):
        SliceGallery().analyse(skies([cube[:, :, 0]], redshift=[7]))


def test_mistakes_show_before_a_run():
    outline = Outline("skies", SliceGallery(), ("redshift",), {"brightness_temperature": "", "density": ""})
    assert list(SliceGallery(arrays=("density",)).check(simulation=outline)) == []
    assert list(SliceGallery(arrays=("dens",), rows="z", columns="z").check(simulation=outline)) == [
        ("arrays", "'skies' gives no array 'dens': did you mean 'density'?"),
        ("columns", "the table of 'skies' has no column 'z' (known: redshift); to leave it out, set columns: null"),
        ("rows", "the table of 'skies' has no column 'z' (known: redshift); to leave it out, set rows: null"),
        ("rows", "rows and columns are both 'z'; name two columns, or set rows: null"),
    ]


def test_from_the_command_line(tmp_path, write_project, labrun):
    (tmp_path / "skies.py").write_text(SKIES, encoding="utf-8")
    outcome = labrun("run", write_project(PROJECT), "--workers", 1)
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "skies" / "analyses" / "gallery"
    assert len(pd.read_csv(folder / "slices.csv")) == 4
    for array in ("brightness_temperature", "density"):
        assert (folder / f"slices_{array}.png").stat().st_size > 5000
