"""Windows show pictures of all sizes and margins alike, and give back what a network adds where it belongs."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from labrun_dot_pictures.dots import find_dots, spacing_of
from labrun_dot_pictures.window import LARGEST_SCALE, Window
from labrun_dot_pictures.windows import Windows
from labrun_mechanical_network import MechanicalNetwork
from labrun_spring_networks.drawn import read_drawing

FINE = 8
PLACES = np.array([[20.3, 15.6], [60.1, 18.4], [112.7, 20.2], [25.5, 60.8], [70.9, 55.3], [118.2, 70.4], [65.4, 88.7]])


def draw(places, shape, radius, ink=0, ground=255):
    """A picture (height, width) from 0 to 1 with dots at `places` (column, row), drawn eight times finer by Pillow."""
    height, width = shape
    picture = Image.new("L", (FINE * width, FINE * height), ground)
    for place in FINE * (np.asarray(places, float) + 0.5) - 0.5:
        ImageDraw.Draw(picture).ellipse([*(place - FINE * radius), *(place + FINE * radius)], fill=ink)
    return np.asarray(picture.resize((width, height), Image.Resampling.BOX), float) / 255


def simulated(**fields):
    """One network and its pictures, with channels."""
    arrays = MechanicalNetwork(distortion=0.15, **fields).simulate(np.random.default_rng(5))
    dots, drawing = (arrays[name][..., None].astype(np.float32) / 255 for name in ("dots", "drawing"))
    return dots, drawing, arrays


@pytest.mark.parametrize("radius", [0.8, 1.7, 3.0])
@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (120, 255), (255, 0), (40, 160)])
def test_dots_are_found_in_any_grey_on_any_ground(radius, ink, ground):
    found = find_dots(draw(PLACES, (100, 140), radius, ink, ground))
    assert len(found) == len(PLACES)
    np.testing.assert_allclose(found[np.argsort(found[:, 0])], PLACES[np.argsort(PLACES[:, 0])], atol=0.35)


@pytest.mark.parametrize("empty", [np.ones((20, 30)), np.full((20, 30), 0.3) + 0.02 * np.eye(20, 30)])
def test_there_are_no_dots_in_an_empty_picture(empty):
    assert find_dots(empty).shape == (0, 2)


def test_the_spacing_is_about_the_length_of_a_bond_also_where_two_lengths_alternate():
    for ratio in (0.38, 0.45, 0.5):
        line = np.cumsum(np.tile([2 * ratio, 2 - 2 * ratio], 10))
        square = 7.0 * np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
        assert spacing_of(square) == pytest.approx(7.0, rel=0.05)
    assert spacing_of(np.array([[0, 0], [3, 4]])) == 5
    assert spacing_of(np.zeros((1, 2))) == 0


@pytest.mark.parametrize(("size", "margin"), [(128, 8), (128, 56), (192, 30), (256, 56), ((160, 256), 20)])
def test_all_sizes_and_margins_are_shown_alike(size, margin):
    """The same network, drawn at another scale, with dots of the same size in spacings."""
    reference, _, arrays = simulated(lattice="kagome", size=256, margin=8, dot_radius=4, line_width=1)
    other, _, others = simulated(lattice="kagome", size=size, margin=margin, dot_radius=4, line_width=1)
    windows = Windows(16, 8)
    (one,), (two,) = windows.shown(reference[None]), windows.shown(other[None])
    assert one.shape == two.shape
    for picture, shown, true in ((reference, one, arrays), (other, two, others)):
        window, found = windows.of(picture), find_dots(shown[..., 0])
        middle = (np.array(shown.shape[1::-1]) - 1) / 2
        expected = middle + window.scale * (true["pixels"] - window.centre)
        off = np.linalg.norm(found[:, None] - expected, axis=2)
        assert len(found) == len(expected)
        assert off.min(axis=1).max() < 0.4
    assert spacing_of(find_dots(one[..., 0])) == pytest.approx(16, rel=0.01)
    assert spacing_of(find_dots(two[..., 0])) == pytest.approx(16, rel=0.01)


@pytest.mark.parametrize("size", [96, 128, (140, 256)])
def test_what_a_perfect_network_adds_comes_back_where_it_belongs(size):
    """The expected drawing, seen through the window and put back, has the bonds and the sites of the network."""
    x, y, arrays = simulated(lattice="kagome", cells=[2, 3], size=size, margin=30, dot_radius=4, line_width=1.2)
    windows = Windows(16, 16)
    side = windows.side(x[None])
    expected = windows.shown_pairs(x[None], y[None], side)[1][:, : windows.of(x).shape[0], : windows.of(x).shape[1]]
    (answer,) = windows.answered(x[None], lambda shown: expected)
    assert answer.shape == x.shape
    drawing = read_drawing(np.clip(answer[..., 0], 0, 1))
    nearest = np.linalg.norm(drawing.sites[:, None] - arrays["pixels"], axis=2)
    assert len(drawing.sites) == len(arrays["pixels"])
    assert nearest.min(axis=1).max() < 0.3
    number = nearest.argmin(axis=1)
    found = {tuple(sorted(bond)) for bond in number[drawing.bonds(0.5)].tolist()}
    assert found == {tuple(sorted(bond)) for bond in arrays["bonds"].tolist()}


def test_black_grey_and_white_ink_are_shown_alike_and_drawn_in_their_own():
    windows = Windows(16, 16)
    reference = draw(PLACES, (100, 140), 2.0)[..., None]
    for ink, ground in ((120, 255), (255, 0), (40, 160)):
        picture = draw(PLACES, (100, 140), 2.0, ink, ground)[..., None]
        np.testing.assert_allclose(windows.shown(picture[None]), windows.shown(reference[None]), atol=0.02)
        (answer,) = windows.answered(picture[None], lambda shown: np.maximum(shown, 0.5))
        assert answer[50, 50, 0] == pytest.approx((ink + ground) / 2 / 255, abs=0.01)


def test_dots_are_as_clear_however_small_they_are():
    for radius in (0.8, 3.0):
        shown = Windows(8, 8).shown(draw(PLACES, (100, 140), radius)[None, ..., None])
        assert (shown.min(), shown.max()) == (0, 1)


def test_thin_and_thick_lines_are_learned_alike():
    windows = Windows(16, 16)
    added = []
    for width in (0.3, 1.2):
        x, y, _ = simulated(lattice="square", size=128, dot_radius=4, line_width=width)
        shown, answer = windows.shown_pairs(x[None], y[None], 160)
        assert (answer - shown).min() == 0
        assert (answer - shown).max() == pytest.approx(0.5)
        added.append((answer - shown).mean())
    assert added[0] == pytest.approx(added[1], rel=0.3)
    same, again = windows.shown_pairs(x[None], x[None], 160)
    np.testing.assert_array_equal(same, again)


def test_a_picture_to_which_nothing_is_added_stays_as_it_is(rng):
    pictures = np.stack([draw(PLACES + 3 * i, (120, 160), 1.5) for i in range(2)])[..., None]
    asked = []

    def nothing(shown):
        asked.append(shown.shape)
        return shown

    np.testing.assert_array_equal(Windows(16, 16).answered(pictures, nothing), pictures.astype(np.float32))
    assert [shape[0] for shape in asked] == [1, 1]  # so an answer does not depend on the other pictures


@pytest.mark.parametrize("places", [PLACES[:0], PLACES[:1]])
def test_a_picture_without_neighbouring_dots_is_shown_whole(places):
    picture = draw(places, (100, 140), 2.0)[..., None]
    window = Window.around_dots(picture, 16, 16)
    assert window.shape == (112, 144)
    np.testing.assert_allclose(window.take(picture)[6:-6, 2:-2], picture, atol=1e-6)
    (answer,) = Windows(16, 16).answered(picture[None], lambda shown: shown + 0.5)
    assert np.ptp(answer - picture) < 1e-6  # a grey veil over all, in the ink of the dot


def test_pixels_of_noise_do_not_blow_a_window_up(rng):
    picture = rng.random((50, 80, 1))
    window = Window.around_dots(picture, 64, 16)
    assert window.scale == LARGEST_SCALE
    assert window.shape <= (144, 208)


def test_windows_of_several_sizes_make_one_batch():
    wide, tall = (draw(places, (150, 150), 2.0)[..., None] for places in (PLACES, PLACES[:, ::-1]))
    windows = Windows(20, 4)
    batch = windows.shown(np.stack([wide, tall]))
    assert batch.shape == (2, *np.max([windows.of(one).shape for one in (wide, tall)], axis=0), 1)
    height, width = windows.of(wide).shape
    np.testing.assert_array_equal(batch[0, :height, :width], windows.shown(wide[None])[0])
    assert (batch[0, height:] == batch[0, height - 1]).all()


def test_batches_of_a_training_are_squares_of_one_size(rng):
    """Also where the first batches are small: Keras would expect their sizes of all others."""
    from labrun_dot_pictures.batches import WindowBatches

    few, many = (draw(places, (150, 150), 2.0)[..., None] for places in (PLACES[:3], PLACES))
    pictures = [np.stack([few, few]), np.stack([few, many])]
    batches = WindowBatches([(one, one) for one in pictures], Windows(20, 4))
    assert batches.side == max(Windows(20, 4).of(many).shape) > max(Windows(20, 4).of(few).shape)
    assert [array.shape for number in range(2) for array in batches[number]] == [(2, batches.side, batches.side, 1)] * 4
