"""Pictures are drawn here by Pillow, eight times finer, and read back."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from labrun import Examples
from labrun_mechanical_network import MechanicalNetwork
from labrun_mechanical_network.lattices import LATTICES
from labrun_spring_networks.drawn import (
    candidate_bonds,
    detect_sites,
    dot_radius,
    expected_pictures,
    generated_pictures,
    read_drawing,
    score_bonds,
)

FINE = 8


def draw(places, bonds, size, radius, width, ink=0):
    """A picture (height, width) in grey from 0 to 1, with dots at `places` (column, row) and lines between them [pixels]."""
    height, wide = size
    picture = Image.new("L", (FINE * wide, FINE * height), 255)
    pen = ImageDraw.Draw(picture)
    fine = FINE * (np.asarray(places, float) + 0.5) - 0.5
    for first, second in bonds:
        across = fine[second] - fine[first]
        normal = np.array([-across[1], across[0]]) / np.linalg.norm(across) * (FINE * width / 2)
        corners = (fine[first] + normal, fine[second] + normal, fine[second] - normal, fine[first] - normal)
        pen.polygon([tuple(corner) for corner in corners], fill=ink)
    for place in fine:
        pen.ellipse([*(place - FINE * radius), *(place + FINE * radius)], fill=ink)
    return np.asarray(picture.resize((wide, height), Image.Resampling.BOX), float) / 255


SIZE = (100, 140)
PLACES = np.array([[20.3, 15.6], [60.1, 18.4], [112.7, 20.2], [25.5, 60.8], [70.9, 55.3], [118.2, 70.4], [65.4, 88.7]])
BONDS = np.array([[0, 1], [0, 3], [1, 2], [1, 4], [2, 5], [3, 4], [3, 6]])


@pytest.mark.parametrize("bonds", [BONDS, BONDS[:0]], ids=["with bonds", "dots alone"])
@pytest.mark.parametrize(("radius", "width"), [(0.9, 0.35), (1.7, 0.5), (2.5, 0.5), (2.5, 1.0), (5.0, 1.5)])
def test_dots_are_found_where_they_are(radius, width, bonds):
    picture = draw(PLACES, bonds, SIZE, radius, width)
    found = detect_sites(picture)
    assert len(found) == len(PLACES)
    np.testing.assert_allclose(found, PLACES[np.argsort(PLACES[:, 1])], atol=0.25)
    assert dot_radius(picture) == pytest.approx(radius, abs=0.7)


def test_dots_that_touch_are_two():
    places = [[30.0, 40.0], [36.2, 42.0], [90.0, 50.0]]
    found = detect_sites(draw(places, [[0, 2]], SIZE, 3.2, 0.8))
    np.testing.assert_allclose(found, places, atol=0.5)


def test_a_dot_at_the_edge_is_found():
    np.testing.assert_allclose(
        detect_sites(draw([[2.0, 3.0], [137.0, 97.0]], [], SIZE, 2.5, 1)), [[2, 3], [137, 97]], atol=0.2
    )


@pytest.mark.parametrize("picture", [np.ones(SIZE), np.zeros(SIZE), np.full(SIZE, 0.3)], ids=["white", "black", "grey"])
def test_an_empty_picture_has_no_sites(picture):
    drawing = read_drawing(picture)
    assert drawing.sites.shape == (0, 2)
    assert drawing.bonds(0.5).shape == (0, 2)
    assert drawing.network(0.5).coordination().shape == (0,)
    assert dot_radius(picture) == 0


def test_one_dot_has_no_bonds():
    drawing = read_drawing(draw(PLACES[:1], [], SIZE, 2, 1))
    assert (len(drawing.sites), drawing.bonds(0.5).shape) == (1, (0, 2))


@pytest.mark.parametrize("ink", [0, 90])
@pytest.mark.parametrize("width", [0.3, 0.6, 1.5])
def test_bonds_are_told_by_a_score_that_no_line_width_changes(width, ink):
    drawing = read_drawing(draw(PLACES, BONDS, SIZE, 2.6, width, ink))
    order = np.argsort(PLACES[:, 1])
    expected = np.sort(np.argsort(order)[BONDS], axis=1)
    np.testing.assert_array_equal(drawing.bonds(0.5), expected[np.lexsort(expected.T[::-1])])
    is_bond = drawing.scores >= 0.5
    assert drawing.scores[is_bond].min() > 0.55
    assert drawing.scores[~is_bond].max() < 0.3


def test_dots_alone_have_no_bonds():
    assert not len(read_drawing(draw(PLACES, [], SIZE, 2.6, 1)).bonds(0.3))


def test_a_line_with_a_gap_is_no_bond():
    picture = draw(PLACES, BONDS, SIZE, 2.6, 0.8)
    picture[14:20, 36:44] = 1
    assert len(read_drawing(picture).bonds(0.5)) == len(BONDS) - 1


def test_the_network_has_y_up():
    network = read_drawing(draw(PLACES, BONDS, SIZE, 2.6, 0.8)).network(0.5)
    np.testing.assert_allclose(network.sites[0], [20.3, 99 - 15.6], atol=0.2)
    assert network.sites[:, 1].tolist() == sorted(network.sites[:, 1], reverse=True)
    assert sorted(network.coordination().tolist()) == [1, 1, 2, 2, 2, 3, 3]


def test_candidates_are_near_and_have_nothing_between():
    """Sites 10 apart on a line and one above: of 0-2 the third lies between, 0-4 is too far."""
    sites = np.array([[0.0, 0.0], [10.0, 2.5], [20.0, 0.0], [10.0, 12.0], [45.0, 0.0]])
    found = {(int(i), int(j)) for i, j in candidate_bonds(sites, clearance=3.0, reach=2.4)}
    assert found == {(0, 1), (1, 2), (0, 3), (1, 3), (2, 3)}
    assert (0, 2) in {(int(i), int(j)) for i, j in candidate_bonds(sites, clearance=0.4, reach=2.4)}
    sites[1, 1] = 1.5  # nearer than a fifth of a spacing, and so between them however small dots are
    assert (0, 2) not in {(int(i), int(j)) for i, j in candidate_bonds(sites, clearance=0.4, reach=2.4)}
    assert candidate_bonds(sites[:1], 1.0).shape == (0, 2)


def test_scores_are_those_of_a_plain_loop():
    picture = draw(PLACES, BONDS, SIZE, 2.6, 0.7)
    candidates = candidate_bonds(PLACES, 3.6)
    inks = []
    for i, j in candidates:
        length = float(np.linalg.norm(PLACES[j] - PLACES[i]))
        direction = (PLACES[j] - PLACES[i]) / length
        normal = np.array([-direction[1], direction[0]])
        along = []
        for step in range(32):
            place = PLACES[i] + direction * (3.6 + (length - 7.2) * step / 31)
            column = [place + off * normal for off in (-0.5, 0, 0.5)]
            along.append(sum(0.5 * (1 - bilinear(picture, *point)) for point in column))
        inks.append(np.quantile(along, 0.1))
    expected = np.minimum(np.array(inks) / np.quantile(inks, 0.95), 1)
    np.testing.assert_allclose(score_bonds(picture, PLACES, candidates, 2.6), expected, atol=1e-9)


def bilinear(picture, x, y):
    i, j = int(np.floor(y)), int(np.floor(x))
    rows, columns = (1 - (y - i), y - i), (1 - (x - j), x - j)
    return sum(rows[a] * columns[b] * picture[i + a, j + b] for a in (0, 1) for b in (0, 1))


def ceiling(count, degraded=lambda picture: picture, **fields):
    """F1, lost and spurious sites, and mean displacement [pixels at 256] of perfect drawings, read back."""
    right = wrong = missing = lost = spurious = 0
    off = []
    for seed in range(count):
        arrays = MechanicalNetwork(**fields).simulate(np.random.default_rng([17, seed]))
        drawing = read_drawing(degraded(arrays["drawing"] / 255))
        away = np.linalg.norm(drawing.sites[:, None] - arrays["pixels"][None], axis=2)
        of_true, of_found = away.min(axis=0), away.min(axis=1)
        site = np.where(of_found < 3, away.argmin(axis=1), -1)
        true = {(min(pair), max(pair)) for pair in arrays["bonds"].tolist()}
        found = [(min(pair), max(pair)) for pair in site[drawing.bonds(0.5)].tolist()]
        hits = sum(pair in true for pair in found)
        right, wrong, missing = right + hits, wrong + len(found) - hits, missing + len(true) - hits
        lost, spurious = lost + int(np.sum(of_true >= 3)), spurious + int(np.sum(of_found >= 3))
        off += [*(of_true[of_true < 3] * 256 / drawing.height)]
    return 2 * right / (2 * right + wrong + missing), lost, spurious, float(np.mean(off))


@pytest.mark.parametrize("lattice", LATTICES)
@pytest.mark.parametrize(
    "dots", [{"dot_radius": (1.8, 2.4), "line_width": (0.5, 0.8)}, {"dot_radius": (2.4, 5.0)}], ids=["small", "large"]
)
def test_perfect_drawings_of_any_lattice_are_read_without_an_error(lattice, dots):
    f1, lost, spurious, displacement = ceiling(
        4, lattice=lattice, missing_bonds=0.1, rotation=(0, 90), size=128, **dots
    )
    assert (lost, spurious) == (0, 0)
    assert f1 == 1
    assert displacement < (0.35 if lattice == "triangular_next" else 0.2)


def through_jpeg(picture):
    written = io.BytesIO()
    Image.fromarray(np.round(255 * picture).astype(np.uint8)).save(written, "JPEG", quality=60)
    return np.asarray(Image.open(written)) / 255


@pytest.mark.parametrize("lattice", ["kagome", "square"])
def test_neither_jpeg_nor_noise_nor_a_grey_ground_matters_much(lattice, rng):
    kinds = (
        through_jpeg,
        lambda picture: picture + rng.normal(0, 0.04, picture.shape),
        lambda picture: 0.1 + 0.75 * picture,
    )
    for degraded in kinds:
        f1, lost, spurious, displacement = ceiling(3, degraded, lattice=lattice, size=(128, 160), dot_radius=(2, 4))
        assert (f1, lost, spurious) == (pytest.approx(1, abs=0.01), 0, 0)
        assert displacement < 0.3


def test_a_picture_must_be_in_grey():
    with pytest.raises(
        ValueError, match=r"expected a grey picture, \(height, width\).*received an array of shape \(4, 5, 3\)"
    ):
        read_drawing(np.zeros((4, 5, 3)))


# --- pictures of examples ---------------------------------------------------------------------------------------------------


def examples(x, y, name="pairs"):
    return Examples(lambda i: x[i], lambda i: y[i], np.arange(len(x)), name=name)


def pairs(signed=False, channels=1):
    y = np.repeat(draw(PLACES, BONDS, SIZE, 2.6, 0.8)[None, ..., None].astype(np.float32), channels, axis=3)
    y = np.concatenate([y, y[:, ::-1], y[:, :, ::-1]])
    return examples(2 * y - 1, 2 * y - 1) if signed else examples(y, y)


@pytest.mark.parametrize(("signed", "channels"), [(False, 1), (True, 1), (False, 3), (True, 3)])
def test_pictures_of_either_range_and_of_any_channels_become_grey(signed, channels, monkeypatch):
    monkeypatch.setattr("labrun_spring_networks.drawn.AT_ONCE", 2)
    dataset = pairs(signed, channels)
    expected = [*pairs().load_y(slice(None))[..., 0]]
    copies = SimpleNamespace(name="copies", predict=lambda some: some.load_x(slice(None)))
    for found in (expected_pictures(dataset), generated_pictures(copies, dataset)):
        for one, truth in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, truth, atol=1e-6)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            np.zeros((3, 7)),
            r"shape \(height, width, 1 or 3\), but the prediction of the model 'net' for 'pairs' has shape \(7,\)",
        ),
        (np.full((3, *SIZE, 1), np.nan), "the prediction of the model 'net' for 'pairs' holds NaN or infinity"),
    ],
)
def test_an_answer_that_is_no_picture_is_refused(answer, message):
    net = SimpleNamespace(name="net", predict=lambda _: answer)
    with pytest.raises(ValueError, match=message):
        next(generated_pictures(net, pairs()))
