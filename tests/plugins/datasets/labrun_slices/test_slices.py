"""Slices of cubes: what they show, where they lie, what is told of them, and what is read."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

import labrun_slices
from labrun import Ensemble, Outline
from labrun_persistent_exclusion import PersistentExclusion
from labrun_slices import Slices

COLUMNS = {"redshift": [7.0, 8.0, 7.0, 8.0], "escape_fraction": [0.07] * 2 + [0.13] * 2, "realization": [5, 5, 9, 9]}
NAMES = ("brightness_temperature", "density")


@pytest.fixture
def sky(rng):
    """Two redshifts of two skies: cubes of 6³ cells of 2 Mpc."""
    arrays = [
        {name: rng.standard_normal((6, 6, 6), np.float32) for name in NAMES} | {"cell_size": np.array(2.0)}
        for _ in range(4)
    ]
    return Ensemble.from_arrays(arrays, COLUMNS, "sky")


@pytest.fixture
def light_cone(rng):
    """Two light cones of 4 × 4 × 9 cells, the redshift of each plane beside."""
    arrays = [
        {
            "brightness_temperature": rng.standard_normal((4, 4, 9), np.float32),
            "redshifts": z + np.arange(9) / 100,
            "cell_size": np.array(1.0),
        }
        for z in (7.0, 8.0)
    ]
    return Ensemble.from_arrays(arrays, {"realization": [1, 2]}, "cone")


@pytest.fixture
def dataset(tmp_path):
    def make(ensemble, statistics=None, /, seed=1, **fields):
        folder = tmp_path / "stage"
        folder.mkdir(exist_ok=True)
        return Slices.configured(fields).examples(ensemble, np.random.default_rng(seed), folder, statistics)

    return make


def plane(cube, axis, position):
    """A slice, the slow and obvious way."""
    return np.moveaxis(cube, axis, 0)[position]


# --- what a slice shows -----------------------------------------------------------------------------------------------------


def test_every_plane_along_every_axis_is_an_example(sky, dataset):
    examples = dataset(sky)
    x, y = examples.load(slice(None))
    assert (x.shape, x.dtype, len(examples)) == ((4 * 3 * 6, 6, 6, 1), np.float32, 72)
    np.testing.assert_array_equal(y, x)  # without y, the slice itself
    for picture, row in zip(x, examples.table.itertuples(), strict=True):
        np.testing.assert_array_equal(picture[..., 0], plane(sky.read(row.member, NAMES[0]), row.axis, row.position))
    assert list(examples.table) == ["member", "axis", "position"]
    assert not examples.table.duplicated().any()
    assert examples.periodic


def test_channels_strides_axes_and_constants(sky, dataset):
    examples = dataset(sky, x=list(NAMES), axes=[2, 0], stride=4, divide_by={"brightness_temperature": 70})
    assert examples.table[["axis", "position"]].to_numpy()[:4].tolist() == [[2, 0], [2, 4], [0, 0], [0, 4]]
    x = examples.load_x([5])[0]  # member 1, across axis 2, plane 4
    member = sky.member(1)
    np.testing.assert_allclose(x[..., 0], member["brightness_temperature"][:, :, 4] / 70, rtol=1e-6)
    np.testing.assert_array_equal(x[..., 1], member["density"][:, :, 4])
    everything = dataset(sky, x=list(NAMES), axes=[2], stride=4, divide_by=2).load_x([0])[0]
    np.testing.assert_array_equal(everything[..., 1], sky.read(0, "density")[:, :, 0] / 2)


@pytest.mark.parametrize("stride", [1, 2])
def test_slices_of_blocks_are_slices_of_cubes_cut_out_before(sky, dataset, stride):
    examples = dataset(sky, block=3, stride=stride)
    assert (len(examples), examples.periodic) == (4 * 8 * 3 * len(range(0, 3, stride)), False)
    for picture, row in zip(examples.load_x(slice(None)), examples.table.itertuples(), strict=True):
        corner = 3 * np.array(np.unravel_index(row.block, (2, 2, 2)))
        block = sky.read(row.member, NAMES[0])[tuple(slice(first, first + 3) for first in corner)]
        np.testing.assert_array_equal(picture[..., 0], plane(block, row.axis, row.position - corner[row.axis]))
        assert [row.row, row.column] == np.delete(corner, row.axis).tolist()
        assert (row.position - corner[row.axis]) % stride == 0


def test_two_hundred_cells_make_64_blocks_of_50(dataset):
    one = Ensemble.from_arrays([{"brightness_temperature": np.broadcast_to(np.float32(1), (200, 200, 200))}], {}, "big")
    assert len(dataset(one, block=50, stride=10)) == 64 * 3 * 5
    assert len(dataset(one)) == 600


# --- what is told -----------------------------------------------------------------------------------------------------------


def test_a_column_as_classes_numbers_and_logarithms(sky, dataset):
    classes = dataset(sky, y="redshift", axes=[0], stride=3)
    assert (classes.classes, classes.quantity) == (("7", "8"), None)
    assert classes.load_y(slice(None)).tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    number = dataset(sky, y="escape_fraction", scale="linear", axes=[0], stride=3)
    np.testing.assert_allclose(number.load_y([0, 4]), [0.07, 0.13], rtol=1e-6)
    logarithm = dataset(sky, y="escape_fraction", scale="log", axes=[0], stride=3, unit="%")
    np.testing.assert_allclose(logarithm.load_y([0, 4]), np.log2([0.07, 0.13]), rtol=1e-6)
    assert (str(logarithm.quantity), logarithm.load_y([0]).dtype) == ("escape_fraction [%]", np.float32)


def test_a_number_of_each_member_a_plane_and_a_picture(sky, light_cone, dataset):
    of_member = dataset(sky, y="cell_size", scale="linear")
    assert set(of_member.load_y(slice(None))) == {2.0}
    of_plane = dataset(light_cone, y="redshifts", scale="linear", axes=[2], stride=4)
    np.testing.assert_allclose(of_plane.load_y(slice(None)), [7, 7.04, 7.08, 8, 8.04, 8.08], rtol=1e-6)
    assert dataset(light_cone, y="redshifts", axes=[2], stride=4).classes == ("7", "7.04", "7.08", "8", "8.04", "8.08")
    picture = dataset(sky, x="density", y="brightness_temperature", divide_by={"brightness_temperature": 70}, noise=5)
    x, y = picture.load([10])  # member 0, across axis 1, plane 4: the instrument looks at x alone
    np.testing.assert_allclose(y[0, ..., 0], sky.read(0, "brightness_temperature")[:, 4] / 70, rtol=1e-6)
    assert np.abs(x[0, ..., 0] - sky.read(0, "density")[:, 4]).mean() > 1
    assert picture.classes is picture.quantity is None


def test_only_some_members(sky, dataset):
    some = dataset(sky, y="redshift", axes=[0], only={"escape_fraction": 0.13})
    assert len(some) == 12
    assert some.table["member"].tolist() == [2] * 6 + [3] * 6
    np.testing.assert_array_equal(some.load_x([7])[0, ..., 0], sky.read(3, "brightness_temperature")[1])
    one = dataset(sky, y="redshift", axes=[0], only={"redshift": [8, 9]})
    assert one.classes == ("8",)
    found = dict(Slices(only={"redshif": 7}).check(Outline("sky", Slices(), tuple(COLUMNS), None)))
    assert found["only"] == "the table of 'sky' has no column 'redshif': did you mean 'redshift'?"


def test_classes_that_four_digits_do_not_tell_apart(dataset):
    cubes = [{"brightness_temperature": np.ones((2, 2, 2), np.float32)}] * 2
    near = Ensemble.from_arrays(cubes, {"redshift": [7.50001, 7.50002]}, "near")
    assert dataset(near, y="redshift").classes == ("7.50001", "7.50002")


def test_members_of_one_sky_are_one_group(sky, dataset, rng):
    examples = dataset(sky, y="redshift", axes=[0], group="realization")
    assert examples.groups.tolist() == [0] * 12 + [1] * 12
    arrays = [sky.member(i) for i in range(4)]
    seeded = Ensemble.from_arrays(arrays, sky.columns, "sky", groups=sky.columns["realization"])
    assert dataset(seeded, axes=[0]).groups.tolist() == examples.groups.tolist()
    parts = examples.split({"a": 0.5, "b": 0.5}, rng)
    assert {tuple(part.table["member"].unique()) for part in parts.values()} == {(0, 1), (2, 3)}  # the table goes along
    assert dataset(sky, axes=[0]).groups.tolist() == np.repeat(range(4), 6).tolist()
    by_redshift = dataset(sky, group="redshift", axes=[0]).groups
    assert by_redshift.tolist() == np.repeat([0, 1, 0, 1], 6).tolist()


# --- instrument and scale ---------------------------------------------------------------------------------------------------


def test_the_beam_has_its_width_and_wraps(dataset):
    """A single bright cell at an edge becomes a Gaussian of the full width at half maximum, across the edge."""
    cube = np.zeros((40, 40, 40), np.float32)
    cube[3, 0, 20] = 1
    one = Ensemble.from_arrays([{"brightness_temperature": cube, "cell_size": np.array(1.5)}], {}, "one")
    picture = dataset(one, resolution=9.0, axes=[0]).load_x([3])[0, ..., 0]
    assert picture.sum() == pytest.approx(1, abs=1e-5)
    assert picture[3, 20] / picture[0, 20] == pytest.approx(0.5, abs=1e-4)  # 3 cells of 1.5 Mpc: half of the width
    np.testing.assert_allclose(picture[1:20], picture[:20:-1], atol=1e-7)
    tile = dataset(one, resolution=9.0, axes=[0], block=20).load_x([4 * 3 + 2])[0, ..., 0]  # plane 3, lower left
    np.testing.assert_allclose(tile, picture[20:, :20], atol=1e-7)  # it is smoothed before it is cut


def test_the_beam_does_not_wrap_along_the_line_of_sight_of_a_light_cone(light_cone, dataset):
    cone = light_cone.member(0)
    cone["brightness_temperature"] = np.zeros((4, 4, 9), np.float32)
    cone["brightness_temperature"][0, 0, 0] = 1
    examples = dataset(Ensemble.from_arrays([cone], {}, "cone"), resolution=2.0, axes=[0])
    picture = examples.load_x([0])[0, ..., 0]
    assert picture[:, -1].max() == 0
    assert picture[-1, 0] > 0.1 * picture[0, 0]
    assert not examples.periodic
    assert dataset(light_cone, axes=[2]).periodic


def test_noise_is_white_of_its_rms_and_the_same_whenever_it_is_read(sky, dataset):
    plain, noisy = dataset(sky).load_x(slice(None)), dataset(sky, noise=3.0)
    noise = noisy.load_x(slice(None)) - plain
    assert noise.std() == pytest.approx(3.0, rel=0.05)
    assert abs(np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]) < 0.06
    np.testing.assert_array_equal(noisy.load_x([40, 7]), noisy.load_x(slice(None))[[40, 7]])
    np.testing.assert_array_equal(noisy.take([40]).load_y([0]), noisy.load_x([40]))
    assert (dataset(sky, noise=3.0, seed=2).load_x([0]) != noisy.load_x([0])).all()


def test_standardized_by_own_and_by_other_statistics(sky, dataset, tmp_path):
    own = dataset(sky, x=list(NAMES), standardize=True, divide_by=70).load_x(slice(None))
    np.testing.assert_allclose(own.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(own.std(axis=(0, 1, 2)), 1, rtol=1e-5)
    raw = dataset(sky, x=list(NAMES))
    training = raw.take(np.arange(18), "raw.train")  # the first member
    (tmp_path / "stage" / "statistics.json").unlink()
    other = dataset(sky, training, x=list(NAMES), standardize=True).load_x([70])[0]
    for channel, name in enumerate(NAMES):
        cube = sky.read(0, name)
        expected = (raw.load_x([70])[0, ..., channel] - cube.mean()) / cube.std()
        np.testing.assert_allclose(other[..., channel], expected, rtol=1e-4, atol=1e-5)
    again = dataset(sky, x=list(NAMES), standardize=True).load_x([70])[0]  # what was found is in the folder
    np.testing.assert_array_equal(again, other)


def test_empty_slices_are_dropped_and_cubes_read_once(sky, dataset):
    cubes = [dict(sky.member(i)) for i in range(3)]
    cubes[0]["brightness_temperature"] = np.zeros((6, 6, 6), np.float32)  # ionized
    island = np.zeros((6, 6, 6), np.float32)
    island[1, 4, 5] = 20.0
    cubes[1]["brightness_temperature"] = island
    ensemble = Ensemble.from_arrays(cubes, {"redshift": [5.0, 6.0, 7.0]}, "sky")
    examples = dataset(ensemble, y="redshift", empty="drop")
    table = examples.table
    assert table[table["member"] == 1][["axis", "position"]].to_numpy().tolist() == [[0, 1], [1, 4], [2, 5]]
    assert np.bincount(table["member"], minlength=3).tolist() == [0, 3, 18]
    assert (examples.load_x(slice(None)) != 0).any(axis=(1, 2, 3)).all()
    assert [examples.classes[y] for y in examples.load_y([0, -1])] == ["6", "7"]
    assert len(dataset(ensemble, y="redshift")) == 54


def test_empty_tiles_and_nothing_left(sky, dataset):
    island = np.zeros((6, 6, 6), np.float32)
    island[1, 4, 5] = 20.0
    ensemble = Ensemble.from_arrays([{"brightness_temperature": island}], {}, "island")
    table = dataset(ensemble, empty="drop", block=3).table
    assert table[["axis", "position", "row", "column", "block"]].to_numpy().tolist() == [
        [0, 1, 3, 3, 3],
        [1, 4, 0, 3, 3],
        [2, 5, 0, 3, 3],
    ]


def test_all_slices_empty(dataset):
    ensemble = Ensemble.from_arrays([{"brightness_temperature": np.zeros((6, 6, 6), np.float32)}], {}, "ionized")
    with pytest.raises(ValueError, match="all slices of 'ionized' are 0 everywhere, and 'empty: drop' leaves none"):
        dataset(ensemble, empty="drop")
    with pytest.raises(
        ValueError, match="'brightness_temperature' has one value everywhere, 0, so it cannot be standardized"
    ):
        dataset(ensemble, standardize=True)


# --- what is refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"x": "brightnes"},
            "member 0 of 'sky' has no array 'brightnes'; the first gives brightness_temperature, cell_size, density",
        ),
        ({"x": "cell_size"}, r"'cell_size' of member 0 of 'sky' has the shape \(\); expected a cube"),
        ({"y": "redshif"}, "'sky' has no column and no array 'redshif': did you mean 'redshift'"),
        (
            {"y": "density", "scale": "linear"},
            "scale: 'density' is a cube, and its slices are predicted as pictures; leave it out",
        ),
        ({"block": 4}, "blocks of 4 cells do not fill a plane of 6 × 6: choose a side that divides both"),
    ],
)
def test_what_makes_no_slices(sky, dataset, fields, message):
    with pytest.raises(ValueError, match=message):
        dataset(sky, **fields)


def test_light_cones_are_not_square_along_all_axes(light_cone, dataset):
    with pytest.raises(
        ValueError,
        match=r"slices must be of one size, but there are .*4 × 4 across axis 2.*: name 'axes' whose planes agree",
    ):
        dataset(light_cone)
    with pytest.raises(
        ValueError, match=r"'redshifts' of 'cone' has the shape \(9,\) beside cubes of \(4, 4, 9\); expected a number"
    ):
        dataset(light_cone, axes=[0, 1], y="redshifts")
    assert dataset(light_cone, axes=[0, 1]).load_x([0]).shape == (1, 4, 9, 1)


def test_members_of_different_shapes(sky, dataset):
    cubes = [sky.member(0), {"brightness_temperature": np.zeros((5, 5, 5), np.float32), "density": np.zeros((5, 5, 4))}]
    ensemble = Ensemble.from_arrays(cubes, {"kind": ["a", "b"]}, "mixed")
    with pytest.raises(ValueError, match="slices must be of one size"):
        dataset(ensemble)
    with pytest.raises(
        ValueError,
        match=r"of member 1 of 'mixed' differ in shape: 'brightness_temperature' has \(5, 5, 5\), 'density' \(5, 5, 4\)",
    ):
        dataset(ensemble, x=list(NAMES))
    with pytest.raises(ValueError, match="'kind' holds texts, which are not numbers: set 'scale: class'"):
        dataset(Ensemble.from_arrays(cubes[:1] * 2, ensemble.columns, "a"), y="kind", scale="linear")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"scale": "linear", "unit": "a"}, "scale and unit without y: name what the network predicts"),
        ({"axes": [1, 1]}, r"axes=\[1, 1\]: expected at least one, and none twice"),
        (
            {"x": list(NAMES), "noise": 1.0},
            "an instrument .* observes one array, not brightness_temperature and density",
        ),
        ({"divide_by": {"densty": 1.0}}, "divide_by: 'densty' is neither in x nor y"),
        ({"divide_by": 0.0}, "divide_by"),
    ],
)
def test_fields_that_contradict_each_other(fields, message):
    with pytest.raises(ValidationError, match=message):
        Slices.configured(fields)


def test_mistakes_show_before_a_run():
    simulator = PersistentExclusion(density=0.1, tumbling_rate=0.1)
    outline = Outline("sky", simulator, ("redshift",), {"density": "a cube"})
    found = dict(Slices(x="densty", y="redshif", group="realizatio", resolution=1.0).check(outline))
    assert found["x"] == "'sky' gives no array 'densty': did you mean 'density'?"
    assert found["y"] == "'sky' has no column and no array 'redshif': did you mean 'redshift'?"
    assert found["group"].startswith("the table of 'sky' has no column 'realizatio'")
    assert found["resolution"].startswith("'sky' gives no array 'cell_size'")
    plain = Slices(x="density", y="redshift")
    assert dict(plain.check(outline)) == {}
    found = dict(plain.check(outline, Outline("raw", plain)))
    assert found["standardize"] == "only 'standardize: true' uses statistics, and 'raw' is given as such"
    found = dict(Slices(x="density", standardize=True, divide_by=2.0).check(outline, Outline("raw", plain)))
    assert found["standardize"].endswith("make 'raw' with the same divide_by")
    standard = Slices(x="density", standardize=True)
    assert (
        "make 'raw' with 'standardize: false'" in dict(standard.check(outline, Outline("raw", standard)))["standardize"]
    )
    assert dict(standard.check(outline, Outline("raw", plain))) == {}


# --- reading ----------------------------------------------------------------------------------------------------------------


def test_only_the_slice_is_read(sky, dataset):
    asked = []

    class Watched(Ensemble):
        def read(self, i, name, selection=()):
            asked.append((i, name, selection))
            return super().read(i, name, selection)

    watched = Watched(sky._members, sky.numbers, sky.columns, "sky")
    examples = dataset(watched, y="redshift")
    examples.load_y(slice(None))
    assert asked == []
    examples.load([7])
    assert asked == [(0, "brightness_temperature", (slice(0, 6), 1, slice(0, 6)))]


PROJECT = """\
project: slicing
seed: 4
plugins: [cubes.py]
simulations:
  sky: {use: cubes, sweep: {grid: {redshift: [7, 8], realization: [1, 2, 3, 4]}, seed_by: [realization]}}
datasets:
  raw: {use: slices, from: sky, with: {y: redshift, block: 4}}
  slices:
    use: slices
    from: {simulation: sky, statistics: raw}
    with: {y: redshift, block: 4, standardize: true, empty: drop}
    split: {fractions: {train: 0.5, test: 0.5}}
"""

PLUGIN = """\
from typing import ClassVar

import numpy as np

from labrun import Field, Simulator, hookimpl


class Cubes(Simulator):
    \"\"\"Noise.\"\"\"

    name: ClassVar[str] = "cubes"
    redshift: int = Field(description="z")
    realization: int = Field(description="number of the sky")

    def simulate(self, rng):
        return {"brightness_temperature": self.redshift * rng.standard_normal((8, 8, 8), np.float32)}


@hookimpl
def labrun_simulators():
    return [Cubes]
"""


def test_a_project(tmp_path, labrun_process):
    (tmp_path / "project.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "cubes.py").write_text(PLUGIN, encoding="utf-8")
    outcome = labrun_process("run", "project.yaml")
    assert outcome.code == 0, outcome.err
    stage = tmp_path / "runs/slicing/datasets/slices"
    summary = (stage / "summary.json").read_text(encoding="utf-8")
    assert '"examples": 768' in summary  # 8 members, 8 blocks, 3 axes, 4 planes a block
    assert '"members": 4' in summary  # skies


def test_the_hook_offers_it():
    assert labrun_slices.labrun_datasets() == [Slices]
    assert all(field.description for field in Slices.model_fields.values())
