"""Networks and their pictures, on oblong blocks and oblong pictures: what is drawn, taken away, turned, and told."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

import labrun_mechanical_network
from labrun.contracts.plugin import View
from labrun_mechanical_network import MechanicalNetwork
from labrun_mechanical_network.lattices import LATTICES

KAGOME = {"lattice": "kagome", "cells": [7, 5]}


def simulate(seed=5, **fields):
    return MechanicalNetwork.configured({**KAGOME, **fields}).simulate(np.random.default_rng(seed))


def lengths(arrays):
    first, second = arrays["sites"][arrays["bonds"].T]
    return np.linalg.norm(second + arrays["offsets"] @ arrays["box"] - first, axis=1)


# --- networks ---------------------------------------------------------------------------------------------------------------


def test_arrays_are_of_the_kinds_that_are_told():
    arrays = simulate(size=[50, 70])
    assert set(arrays) == set(MechanicalNetwork.outputs)
    kinds = {name: (array.shape, str(array.dtype)) for name, array in arrays.items()}
    bonds = len(arrays["bonds"])
    assert kinds == {
        "sites": ((105, 2), "float64"),
        "bonds": ((bonds, 2), "int64"),
        "offsets": ((bonds, 2), "int8"),
        "box": ((2, 2), "float64"),
        "periodic": ((), "bool"),
        "pixels": ((105, 2), "float32"),
        "dots": ((50, 70), "uint8"),
        "drawing": ((50, 70), "uint8"),
    }
    np.testing.assert_allclose(arrays["box"], [[14, 0], [5, 5 * np.sqrt(3)]])
    assert (bool(arrays["periodic"]), bool(simulate(boundary="periodic")["periodic"])) == (False, True)


@pytest.mark.parametrize("boundary", ["free", "periodic"])
def test_displacements_are_distributed_as_asked(boundary):
    fields = {"cells": [40, 30], "boundary": boundary, "size": 16}
    at_rest = simulate(**fields, distortion=0)["sites"]
    uniform = simulate(**fields, distortion=0.3)["sites"] - at_rest
    assert (uniform.min(), uniform.max()) == pytest.approx((-0.3, 0.3), abs=1e-3)
    assert np.abs(uniform).max() <= 0.3
    assert uniform.std() == pytest.approx(0.3 / np.sqrt(3), rel=0.02)
    gaussian = simulate(**fields, distortion=0.3, distortion_kind="gaussian")["sites"] - at_rest
    assert gaussian.std() == pytest.approx(0.3, rel=0.02)
    assert (np.abs(gaussian) > 0.6).mean() == pytest.approx(0.0455, abs=0.01)


def test_sites_and_bonds_are_taken_away_by_their_shares():
    whole = simulate(boundary="periodic", distortion=0.1)
    fewer = simulate(boundary="periodic", distortion=0.1, missing_bonds=0.29)
    assert len(fewer["bonds"]) == 210 - 60
    assert (fewer["sites"] == whole["sites"]).all()
    all_bonds = {tuple(bond): length for bond, length in zip(whole["bonds"], lengths(whole), strict=True)}
    kept = {tuple(bond): length for bond, length in zip(fewer["bonds"], lengths(fewer), strict=True)}
    assert len(kept) == 150
    assert kept.items() <= all_bonds.items()

    thinned = simulate(boundary="periodic", distortion=0.1, missing_sites=0.2)
    number_of = {tuple(site): number for number, site in enumerate(whole["sites"])}
    stay = [number_of[tuple(site)] for site in thinned["sites"]]
    assert len(stay) == 84
    assert stay == sorted(stay)
    expected = {bond: length for bond, length in all_bonds.items() if set(bond) <= set(stay)}
    found = [tuple(stay[site] for site in bond) for bond in thinned["bonds"]]
    assert dict(zip(found, lengths(thinned), strict=True)) == expected
    both = simulate(boundary="periodic", distortion=0.1, missing_sites=0.2, missing_bonds=0.5)
    assert len(both["bonds"]) == len(expected) - len(expected) // 2


def test_a_network_without_bonds_or_with_a_single_site_is_drawn_too():
    bare = simulate(missing_bonds=0.9999)
    assert len(bare["bonds"]) == 1
    lone = simulate(lattice="triangular", cells=1, size=[50, 70], dot_radius=8)
    np.testing.assert_array_equal(lone["pixels"], [[34.5, 24.5]])
    assert lone["bonds"].shape == (0, 2)
    np.testing.assert_array_equal(lone["dots"], lone["drawing"])
    assert lone["dots"].min() < 50


def test_rotation_turns_the_network_and_its_box_and_keeps_lengths():
    fields = {"boundary": "periodic", "missing_bonds": 0.2}
    level, turned = simulate(**fields), simulate(**fields, rotation=90)
    np.testing.assert_allclose(turned["sites"], level["sites"] @ [[0, 1], [-1, 0]], atol=1e-12)  # x becomes y
    np.testing.assert_allclose(lengths(simulate(**fields, rotation=31)), lengths(level))


def test_a_lattice_given_as_a_table_is_the_one_of_that_name():
    for name, lattice in LATTICES.items():
        given = json.loads(lattice.model_dump_json())
        ours, theirs = simulate(lattice=name), simulate(lattice=given)
        for array in ours:
            np.testing.assert_array_equal(ours[array], theirs[array])


def test_about_36_sites_unless_told_otherwise():
    sites = {name: len(simulate(lattice=name, cells=None)["sites"]) for name in LATTICES}
    assert sites == {
        "honeycomb": 32, "kagome": 27, "lieb": 27, "snub_square": 36, "square": 36, "star": 24, "triangular": 36, "triangular_next": 36,
    }  # fmt: skip


def test_members_draw_from_ranges():
    fields = {
        "lattice": "square",
        "cells": [[1, 3], [4, 5]],
        "ratio": [0.3, 0.6],
        "rotation": [10, 40],
        "distortion": 0,
    }
    members = [simulate(seed, **fields, boundary="periodic", missing_bonds=[0, 0.5]) for seed in range(150)]
    cells = [tuple(np.linalg.norm(member["box"], axis=1).round().astype(int) // 2) for member in members]
    assert set(cells) == {(columns, rows) for columns in (1, 2, 3) for rows in (4, 5)}
    angles = [np.degrees(np.arctan2(*member["box"][0, ::-1])) for member in members]
    assert (min(angles), max(angles)) == pytest.approx((10, 40), abs=1)
    ratios = [np.linalg.norm(member["sites"][1] - member["sites"][0]) / 2 for member in members]
    assert (min(ratios), max(ratios)) == pytest.approx((0.3, 0.6), abs=0.01)
    missing = [1 - len(member["bonds"]) / (2 * len(member["sites"])) for member in members]
    assert (min(missing), max(missing)) == pytest.approx((0, 0.5), abs=0.02)


def test_members_of_one_seed_differ_only_in_what_their_fields_say():
    plain, other = simulate(dot_radius=3), simulate(dot_radius=[1, 2], line_width=2, cells=[7, [5, 5]], size=64)
    for name in ("sites", "bonds"):
        np.testing.assert_array_equal(plain[name], other[name])
    assert (plain["sites"] != simulate(seed=6, dot_radius=3)["sites"]).all()


def test_networks_do_not_depend_on_how_they_are_drawn():
    plain, other = simulate(), simulate(margin=[8, 56], scale=[4, 9], dot_level=[0, 90], line_level=40)
    for name in ("sites", "bonds"):
        np.testing.assert_array_equal(plain[name], other[name])
    assert (plain["pixels"] != other["pixels"]).all()


def test_margins_and_grey_levels_are_drawn_from_ranges():
    fields = {"lattice": "square", "cells": [[2, 4], [2, 4]], "size": 256, "distortion": 0, "dot_radius": 4}
    members = [simulate(seed, **fields, margin=[8, 56], dot_level=[0, 90]) for seed in range(80)]
    margins = []
    for member in members:
        rows, columns = np.nonzero(member["dots"] < 220)
        margins.append(min(columns.min(), rows.min()))
    assert (min(margins), max(margins)) == pytest.approx((8, 56), abs=2)
    darkest = [member["dots"].min() for member in members]
    assert (min(darkest), max(darkest)) == pytest.approx((0, 90), abs=4)


def test_the_scale_is_the_length_of_a_bond_in_radii_unless_it_does_not_fit():
    fields = {"lattice": "kagome", "cells": 2, "size": 128, "distortion": 0, "dot_radius": 3}
    ratios = []
    for seed in range(60):
        arrays = simulate(seed, **fields, scale=[6, 12])
        first, second = arrays["pixels"][arrays["bonds"].T]
        (length,) = np.unique(np.linalg.norm(second - first, axis=1).round(2))[:1]
        ratios.append(length / 1.5)
    assert (min(ratios), max(ratios)) == pytest.approx((6, 12), abs=0.3)
    np.testing.assert_array_equal(simulate(**fields, scale=200)["pixels"], simulate(**fields)["pixels"])


# --- pictures ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("renderer", ["coverage", "matplotlib"])
@pytest.mark.parametrize("rotation", [0, 100])
def test_a_network_fills_its_picture_up_to_the_margin(renderer, rotation):
    """Margin and radius are told for 256 pixels a side, the shorter side is 200."""
    arrays = simulate(size=[300, 200], margin=12, dot_radius=4, renderer=renderer, rotation=rotation)
    assert arrays["dots"].shape == (300, 200)
    rows, columns = np.nonzero(arrays["dots"] < 128)
    margin = 12 * 200 / 256
    free = columns.min(), 199 - columns.max(), rows.min(), 299 - rows.max()
    assert min(free) == pytest.approx(margin, abs=1)
    assert free[0] == pytest.approx(free[1], abs=1.01)
    assert free[2] == pytest.approx(free[3], abs=1.01)


def test_dots_stand_at_pixels_and_the_picture_keeps_the_shape_of_the_network():
    arrays = simulate(size=[90, 150], dot_radius=3, rotation=20)
    at = arrays["pixels"].round().astype(int)
    assert (arrays["dots"][at[:, 1], at[:, 0]] < 60).all()
    assert len(np.unique(at, axis=0)) == len(at)
    xy = arrays["pixels"] * [1, -1]
    scale = np.ptp(xy, axis=0) / np.ptp(arrays["sites"], axis=0)
    assert scale[0] == pytest.approx(scale[1], rel=1e-5)
    np.testing.assert_allclose(xy - xy[0], scale[0] * (arrays["sites"] - arrays["sites"][0]), atol=1e-4)


def test_bonds_are_dark_along_their_whole_length():
    arrays = simulate(size=256, line_width=2)
    first, second = arrays["pixels"][arrays["bonds"].T]
    for share in np.linspace(0, 1, 21):
        column, row = (first + share * (second - first)).round().astype(int).T
        assert (arrays["drawing"][row, column] < 128).all()
    middle = ((first + second) / 2).round().astype(int)
    assert (arrays["dots"][middle[:, 1], middle[:, 0]] == 255).mean() > 0.95


def test_bonds_over_a_periodic_boundary_are_drawn_half_from_either_side():
    arrays = simulate(size=512, line_width=3, boundary="periodic", margin=2)
    vectors = arrays["sites"][arrays["bonds"][:, 1]] + arrays["offsets"] @ arrays["box"]
    vectors -= arrays["sites"][arrays["bonds"][:, 0]]
    scale = np.ptp(arrays["pixels"][:, 0]) / np.ptp(arrays["sites"][:, 0])
    leaves = arrays["offsets"].any(axis=1)
    assert 0 < leaves.mean() < 0.5
    for end, sign in ((0, 1), (1, -1)):
        places = arrays["pixels"][arrays["bonds"][leaves, end]]
        quarter = places + 0.45 * sign * scale * vectors[leaves] * [1, -1]
        column, row = quarter.round().astype(int).T
        assert (arrays["drawing"][row, column] < 128).all()


def test_sizes_are_those_of_a_picture_of_256_pixels():
    for size in (64, 128, 256):
        arrays = simulate(lattice="triangular", cells=2, size=size, dot_radius=8, line_width=2.5)
        unit = size / 256
        dots = (255.0 - arrays["dots"]).sum() / 255
        assert dots == pytest.approx(4 * np.pi * (8 * unit) ** 2, rel=0.02)
        scale = np.ptp(arrays["pixels"][:, 0]) / np.ptp(arrays["sites"][:, 0])
        bare = scale * lengths(arrays) - 2 * 8 * unit  # between the rims
        lines = (arrays["dots"].astype(float) - arrays["drawing"]).sum() / 255
        assert lines == pytest.approx(2.5 * unit * bare.sum(), rel=0.05)


def test_dots_go_through_jpeg_and_the_drawing_does_not():
    sharp, lossy = simulate(), simulate(jpeg_quality=40)
    stream = io.BytesIO()
    Image.fromarray(sharp["dots"]).save(stream, "JPEG", quality=40)
    np.testing.assert_array_equal(lossy["dots"], np.asarray(Image.open(stream)))
    assert (lossy["dots"] != sharp["dots"]).any()
    np.testing.assert_array_equal(lossy["drawing"], sharp["drawing"])


# --- refusals, and the command line -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lattice": "kagom"}, "Input should be 'honeycomb', 'kagome'"),
        ({"ratio": 1.0}, "less than 1"),
        ({"missing_bonds": 1.0}, "less than 1"),
        ({"cells": 0}, "greater than or equal to 1"),
        ({"cells": [[5, 3], 3]}, r"cells\[0\]=\[5, 3\] is not a range: expected the lower end first"),
        ({"dot_radius": [3, 2.5]}, r"dot_radius=\[3, 2.5\] is not a range: expected the lower end first"),
        ({"margin": [9, 8]}, r"margin=\[9, 8\] is not a range"),
        ({"scale": 1}, "greater than or equal to 2"),
        ({"dot_level": 255}, "less than or equal to 200"),
        ({"size": [50, 5]}, "greater than or equal to 16"),
        ({"jpeg_quality": 0}, "greater than or equal to 1"),
        ({"lattice": {"cell": [[1, 0], [0, 1]], "basis": [[0, 0]], "bonds": [[0, 1, 1, 0]]}}, "basis has 1, numbered"),
    ],
)
def test_what_is_no_network_is_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        MechanicalNetwork.configured({**KAGOME, **fields})


PROJECT = """\
project: networks
simulations:
  pairs:
    use: mechanical_network
    with: {size: 32, rotation: [0, 360]}
    sweep:
      table:
        - {lattice: kagome, cells: [[1, 2], [1, 2]], class: kagome}
        - class: mine
          cells: [3, 4]
          lattice: {cell: [[1, 0], [0, 1]], basis: [[0, 0]], bonds: [[0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 1, 1]]}
      labels: [class]
      repeats: 3
"""


def test_a_project_makes_networks_of_both_kinds(write_project, labrun, labrun_process, tmp_path):
    path = write_project(PROJECT)
    outcome = labrun_process(path, "--workers", "1")
    assert outcome.code == 0, outcome.err
    members = (tmp_path / "runs/networks/simulations/pairs/members.csv").read_text(encoding="utf-8").splitlines()
    assert [line.count("mine") for line in members] == [0, 0, 0, 0, 1, 1, 1]
    outcome = labrun("check", write_project(PROJECT.replace("lattice: kagome", "lattice: kagom")))
    assert outcome.code == 2
    assert outcome.err.splitlines()[0].endswith("found the text 'kagom': did you mean 'kagome'?")
    outcome = labrun("check", write_project(PROJECT.replace("[0, 0, 0, 1]", "[0, 0, 0]")))
    assert "lattice.bonds.1: needs at least 4 item(s)" in outcome.err


def test_it_is_watched_from_the_command_line(labrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = labrun("simulate", "mechanical_network", "lattice=star", "size=64", "--save", "star.png", "--pictures", 1)
    assert outcome.code == 0, outcome.err
    views = list(MechanicalNetwork(**KAGOME).watch(np.random.default_rng(1), 2))
    assert all(isinstance(view, View) for view in views)
    np.testing.assert_array_equal(views[0].image, simulate(seed=1)["drawing"])
    assert (views[0].image != views[1].image).any()
    assert views[0].caption == f"105 sites, {len(simulate(seed=1)['bonds'])} bonds"


def test_the_hook_offers_it():
    assert labrun_mechanical_network.labrun_simulators() == [MechanicalNetwork]
    assert all(field.description for field in MechanicalNetwork.model_fields.values())
